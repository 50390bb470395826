//! What services had counted themselves: messages between two readings of a counter, and seats on the day of a reading.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Oracle;
use crate::organisation::chat::{Channel, ChannelId, PostKind};

/// Messages that were posted in the week of that Monday, as far as two readings tell; none where no two do.
pub(super) fn messages(oracle: &Oracle<'_>, monday: Date) -> Option<i64> {
    let readings = || oracle.readings.iter().zip(oracle.readings.iter().skip(1));
    let within = readings().filter(|(from, to)| is_of(oracle, **from, monday) || is_of(oracle, **to, monday));
    let mut counted: Option<i64> = None;
    for (from, to) in within {
        // Two readings in a week tell of it even where nothing was said, and of a week that ends between them what lies before.
        *counted.get_or_insert(0) += of_channels(oracle, *from, *to, monday);
    }
    counted
}

fn is_of(oracle: &Oracle<'_>, at: Timestamp, monday: Date) -> bool {
    oracle.calendar.week_of(at) == monday
}

fn of_channels(oracle: &Oracle<'_>, from: Timestamp, to: Timestamp, monday: Date) -> i64 {
    let chat = &oracle.organisation.chat;
    let mut all = 0;
    for (number, channel) in chat.channels.iter().enumerate() {
        let is_listed = |at: Timestamp| {
            let is_in_open_team = channel.team.is_some_and(|team| chat.teams[team].is_open);
            is_in_open_team && channel.exists_at(at) && channel.is_public_at(at) && !channel.is_archived_at(at)
        };
        let is_new = channel.created_at >= from;
        if !is_listed(to) || !(is_listed(from) || is_new) {
            continue;
        }
        let count = |at: Timestamp| i64::try_from(chat.counter(ChannelId(number), at)).expect("few messages");
        let grown = count(to) - if is_new { 0 } else { count(from) };
        if grown > 0 && lies_in(oracle, channel, number, (from, to), monday) {
            all += grown;
        }
    }
    all
}

/// By when the channel began and when the last message came, all of them lie in that one week.
fn lies_in(
    oracle: &Oracle<'_>,
    channel: &Channel,
    number: usize,
    (from, to): (Timestamp, Timestamp),
    monday: Date,
) -> bool {
    let posts = oracle.organisation.chat.posts.iter();
    let counted =
        posts.filter(|post| post.channel == ChannelId(number) && post.kind != PostKind::System && post.at <= to);
    let last = counted.map(|post| post.at).max().filter(|at| *at >= from).unwrap_or(to);
    is_of(oracle, channel.created_at.max(from), monday) && is_of(oracle, last, monday)
}

/// Used seats, and all, summed over the days of that week on which they were read.
pub(super) fn seats(oracle: &Oracle<'_>, monday: Date) -> Option<(i64, i64)> {
    let mut days: Vec<Date> = oracle.looks.iter().map(|look| oracle.calendar.date_of(*look)).collect();
    days.dedup();
    let told: Vec<(i64, i64)> = days
        .into_iter()
        .filter(|day| super::calendar::monday_at_or_before(*day) == monday)
        .map(|day| oracle.organisation.copilot.billed(day))
        .map(|(used, all)| (i64::try_from(used).expect("few"), i64::try_from(all).expect("few")))
        .collect();
    (!told.is_empty()).then(|| (told.iter().map(|(used, _)| used).sum(), told.iter().map(|(_, all)| all).sum()))
}
