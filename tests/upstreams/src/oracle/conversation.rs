//! What a collector of chat and surveys must find, counted one by one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::organisation::chat::{Channel, ChannelId, Chat, Post, PostKind};
use crate::organisation::survey::Survey;
use crate::organisation::{Organisation, date_of};

/// Which channels are meant.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    /// Names that are left out.
    pub except: &'a [&'a str],
}

impl Channels<'_> {
    fn include(&self, chat: &Chat, channel: &Channel, now: Timestamp) -> bool {
        let is_in_open_team = channel.team.is_some_and(|team| chat.teams[team].is_open);
        is_in_open_team && channel.is_public_at(now) && !self.except.contains(&channel.name.as_str())
    }
}

/// How often each person posted on each UTC day from `from` on, as it can be read at `now`; people by the account's id.
#[must_use]
pub fn posts(
    organisation: &Organisation,
    channels: Channels<'_>,
    from: Date,
    now: Timestamp,
) -> BTreeMap<(Date, String), u32> {
    let chat = &organisation.chat;
    let mut counts = BTreeMap::new();
    for post in &chat.posts {
        let author = &chat.users[post.author.0];
        let is_person = !author.is_bot && !author.username.ends_with("-ci");
        let counts_at_all = post.kind == PostKind::Message && is_person && post.is_shown_at(now) && post.at < now;
        let date = date_of(post.at);
        if counts_at_all && date >= from && channels.include(chat, &chat.channels[post.channel.0], now) {
            *counts.entry((date, author.id.clone())).or_default() += 1;
        }
    }
    counts
}

/// By how much the counters of all channels grew between two instants.
#[must_use]
pub fn messages(organisation: &Organisation, channels: Channels<'_>, from: Timestamp, to: Timestamp) -> u64 {
    let chat = &organisation.chat;
    let growth = chat.channels.iter().enumerate().filter(|(_, channel)| channels.include(chat, channel, to));
    growth.map(|(number, _)| chat.counter(ChannelId(number), to) - chat.counter(ChannelId(number), from)).sum()
}

/// Promoters, passives and detractors who answered in `[from, to)`.
#[must_use]
pub fn answers(survey: &Survey, from: Timestamp, to: Timestamp) -> [u32; 3] {
    let mut classes = [0; 3];
    for response in survey.responses.iter().filter(|response| from <= response.at && response.at < to) {
        classes[match response.score {
            9.. => 0,
            7..=8 => 1,
            _ => 2,
        }] += 1;
    }
    classes
}

/// Posts that nobody but their readers may ever see: in private channels and direct conversations.
pub fn private_posts(chat: &Chat) -> impl Iterator<Item = &Post> {
    chat.posts.iter().filter(|post| !chat.channels[post.channel.0].is_public_at(Timestamp::MAX))
}
