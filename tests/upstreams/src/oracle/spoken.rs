//! Lists who posted how much in public channels in which week, and how people answered when they were asked.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Oracle;
use super::conversation::answers;
use super::people::{Person, Who, who_posted};
use crate::organisation::chat::PostKind;

/// A message in a public channel.
pub(super) struct Posted {
    /// The Monday of its week.
    pub(super) week: Date,
    pub(super) author: Person,
}

pub(super) fn posts(oracle: &Oracle<'_>) -> Vec<Posted> {
    let (chat, now) = (&oracle.organisation.chat, oracle.covered_through());
    let mut found = Vec::new();
    for post in chat.posts.iter().filter(|_| oracle.sources.posts) {
        let channel = &chat.channels[post.channel.0];
        let is_in_open_team = channel.team.is_some_and(|team| chat.teams[team].is_open);
        // What was archived before the first reading is in no list of channels.
        let is_listed = !oracle.looks.first().is_some_and(|first| channel.is_archived_at(*first));
        let is_read = is_in_open_team && is_listed && channel.is_public_at(now);
        if !is_read || post.kind != PostKind::Message || !post.is_shown_at(now) || !oracle.knows(post.at) {
            continue;
        }
        if let Who::Person(author) = who_posted(oracle.organisation, &chat.users[post.author.0]) {
            found.push(Posted { week: oracle.calendar.week_of(post.at), author });
        }
    }
    found
}

/// Promoters, passives and detractors of the campaign that is the week of that Monday.
pub(super) fn campaign(oracle: &Oracle<'_>, monday: Date) -> [i64; 3] {
    if !oracle.sources.nps {
        return [0; 3];
    }
    let [from, to] = [monday, monday + 1.week()].map(|date| oracle.calendar.midnight(date));
    answers(&oracle.organisation.survey, from, to).map(i64::from)
}
