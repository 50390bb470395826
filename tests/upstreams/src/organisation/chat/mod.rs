//! What was said in Mattermost: teams, channels that anybody may read and some that nobody else may, and posts about the work.

mod people;
mod talk;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub(super) use self::people::roster_spelling;
pub(super) use self::talk::chat;

/// The whole truth of one Mattermost server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    pub teams: Vec<ChatTeam>,
    pub channels: Vec<Channel>,
    pub users: Vec<ChatUser>,
    /// Oldest first.
    pub posts: Vec<Post>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChatTeam {
    pub id: String,
    pub name: String,
    /// Anybody on the server may join.
    pub is_open: bool,
}

/// Position in [`Chat::channels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub usize);

#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub id: String,
    /// Position in [`Chat::teams`]; none: a direct conversation.
    pub team: Option<usize>,
    pub name: String,
    pub privacy: Privacy,
    pub created_at: Timestamp,
    pub archived_at: Option<Timestamp>,
    /// Messages from before the story, which the server does not show any more.
    pub earlier_messages: u64,
    /// An administrator deleted messages for good: the counter was set to this.
    pub counter_reset: Option<(Timestamp, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    Public,
    Private,
    /// Private, and public from that instant on.
    PublicSince(Timestamp),
    Direct,
}

/// Position in [`Chat::users`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub usize);

#[derive(Clone, Debug, PartialEq)]
pub struct ChatUser {
    pub id: String,
    pub username: String,
    pub email: String,
    /// The server's flag.
    pub is_bot: bool,
    pub deactivated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub id: String,
    pub channel: ChannelId,
    pub author: UserId,
    /// With milliseconds.
    pub at: Timestamp,
    /// Id of the post whose thread it is in.
    pub root: Option<String>,
    pub kind: PostKind,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostKind {
    /// Typed by whoever has the account, or sent by a program that signs in with it.
    Message,
    /// "… joined the channel"; no counter counts it.
    System,
    Webhook,
    /// Of a bot account, and marked as such.
    Bot,
}

impl Channel {
    /// Whether everybody in the team can read it at that instant.
    #[must_use]
    pub fn is_public_at(&self, now: Timestamp) -> bool {
        match self.privacy {
            Privacy::Public => true,
            Privacy::PublicSince(at) => at <= now,
            Privacy::Private | Privacy::Direct => false,
        }
    }

    #[must_use]
    pub fn exists_at(&self, now: Timestamp) -> bool {
        self.created_at <= now
    }

    #[must_use]
    pub fn is_archived_at(&self, now: Timestamp) -> bool {
        self.archived_at.is_some_and(|at| at <= now)
    }
}

impl Post {
    /// Whether it can be read at that instant.
    #[must_use]
    pub fn is_shown_at(&self, now: Timestamp) -> bool {
        self.at <= now && self.deleted_at.is_none_or(|at| at > now)
    }

    /// What it says; nobody but the server and its readers may ever see it.
    #[must_use]
    pub fn message(&self) -> String {
        format!("xylophone {} :wave: please look at this", self.id)
    }
}

impl Chat {
    /// The messages that a channel's counter tells at that instant. Deleting a message does not lower it.
    #[must_use]
    pub fn counter(&self, channel: ChannelId, now: Timestamp) -> u64 {
        let of = &self.channels[channel.0];
        let (from, base) = match of.counter_reset {
            Some((at, count)) if at <= now => (at, count),
            _ => (Timestamp::MIN, of.earlier_messages),
        };
        let since = self.posts.iter().filter(|post| {
            post.channel == channel && post.kind != PostKind::System && post.at > from && post.at <= now
        });
        base + since.count() as u64
    }
}
