//! A made-up software organisation and everything it did in half a year, or at another scale; generation never looks at a clock.

mod changes;
pub mod chat;
mod comments;
pub mod copilot;
pub mod delivery;
mod generate;
mod history;
mod hours;
mod people;
mod random;
mod releases;
mod repositories;
mod reviews;
mod scale;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod voices;
mod work;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use chat::Chat;
use copilot::Copilot;
use delivery::Delivery;
pub use releases::{Release, releases};
pub use scale::{Scale, folder, suffix};
use survey::Survey;
use voices::Voices;

/// The whole truth: who worked where, and what each repository went through.
#[derive(Clone, Debug, PartialEq)]
pub struct Organisation {
    /// First instant of the story; repositories and a few commits are older.
    pub start: Timestamp,
    /// Nothing happens at or after this instant.
    pub end: Timestamp,
    pub teams: Vec<Team>,
    pub roster: Vec<Membership>,
    /// Login patterns of machine accounts, `*` matches any run of characters.
    pub bots: Vec<String>,
    pub accounts: Vec<Account>,
    pub repositories: Vec<Repository>,
    pub delivery: Delivery,
    pub chat: Chat,
    pub survey: Survey,
    pub copilot: Copilot,
    pub voices: Voices,
    /// People who have asked to be left out before anything was read. Services do not know of it.
    pub opted_out: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    pub name: String,
    /// Repository patterns `owner/name`, `*` matches any run of characters.
    pub owns: Vec<String>,
}

/// One roster row: from that date on, the person is in that team, or in none.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    pub person: String,
    pub team: Option<String>,
    pub from: Date,
    /// Logins and e-mail addresses, in any case.
    pub github: Vec<String>,
    /// The same of Mattermost; empty where there is no account.
    pub mattermost: Vec<String>,
}

/// Position in [`Organisation::accounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub usize);

#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub id: u64,
    pub login: String,
    pub name: String,
    pub email: String,
    pub kind: AccountKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    User,
    Bot,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Repository {
    pub id: u64,
    /// `owner/name`.
    pub name: String,
    /// The name it had before it was renamed.
    pub former_name: Option<String>,
    pub created_at: Timestamp,
    /// Every commit that ever reached the default branch; parents come before children.
    pub commits: Vec<Commit>,
    /// The default branch's head after each push, oldest first.
    pub pushes: Vec<Push>,
    pub changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    pub at: Timestamp,
    /// Position in [`Repository::commits`].
    pub head: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub sha: String,
    /// Positions in [`Repository::commits`], the first parent first.
    pub parents: Vec<usize>,
    pub author: CommitAuthor,
    pub authored_at: Timestamp,
    /// Set when the web interface made the commit, as merges and squashes are.
    pub by_web: bool,
    pub committed_at: Timestamp,
    pub message: String,
}

/// Who a commit says wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitAuthor {
    pub name: String,
    pub email: String,
    pub account: CommitAccount,
}

/// What GitHub makes of a commit's e-mail address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CommitAccount {
    Known(AccountId),
    /// No account has the address: `null`.
    Null,
    /// The same, in the form `{}` that some answers carry.
    Empty,
}

/// A pull request against the default branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub number: u32,
    pub id: u64,
    pub title: String,
    pub body: Option<String>,
    pub branch: String,
    /// The fork it came from is gone: `head.repo` is null.
    pub fork_deleted: bool,
    /// None: a deleted account, shown as null.
    pub author: Option<AccountId>,
    pub opened_at: Timestamp,
    pub opened_as_draft: bool,
    /// What happened afterwards, oldest first.
    pub events: Vec<Event>,
    /// Oldest first.
    pub reviews: Vec<Review>,
    /// Heads of its branch, oldest first.
    pub heads: Vec<(Timestamp, String)>,
    /// In its conversation, beside those of its author that are events; oldest first.
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    pub at: Timestamp,
    /// None: a deleted account, shown as null.
    pub author: Option<AccountId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: u64,
    pub at: Timestamp,
    pub actor: Option<AccountId>,
    pub kind: EventKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    ReadyForReview,
    ConvertToDraft,
    Closed,
    Reopened,
    Merged {
        /// Position in [`Repository::commits`].
        commit: usize,
    },
    Labeled,
    /// Moves `updated_at`, but is no issue event.
    Commented,
    ReviewDismissed,
    HeadRefDeleted,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub id: u64,
    /// None: a deleted account, shown as null.
    pub reviewer: Option<AccountId>,
    /// When it was submitted; for a pending one, when it was begun.
    pub at: Timestamp,
    pub state: ReviewState,
    pub dismissed_at: Option<Timestamp>,
    /// On lines, written with it.
    pub comments: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    Approved,
    ChangesRequested,
    Commented,
    Pending,
}

impl Organisation {
    /// The same seed and end give the same organisation, always.
    #[must_use]
    pub fn generate(seed: u64, end: Timestamp) -> Self {
        Self::generate_at(Scale::default(), seed, end)
    }

    /// As [`Organisation::generate`], larger or longer.
    #[must_use]
    pub fn generate_at(scale: Scale, seed: u64, end: Timestamp) -> Self {
        generate::organisation(scale, seed, end)
    }

    #[must_use]
    pub fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.0]
    }

    /// The name an operator would write in the configuration: the former one where there is one.
    #[must_use]
    pub fn configured_repositories(&self) -> Vec<&str> {
        self.repositories
            .iter()
            .map(|repository| repository.former_name.as_deref().unwrap_or(&repository.name))
            .collect()
    }
}

impl Repository {
    /// Position of the default branch's head at that instant; none while it is empty.
    #[must_use]
    pub fn head_at(&self, now: Timestamp) -> Option<usize> {
        self.pushes.iter().take_while(|push| push.at <= now).last().map(|push| push.head)
    }
}

impl Change {
    /// When it was merged, and which commit that made.
    #[must_use]
    pub fn merge(&self) -> Option<(Timestamp, usize)> {
        self.events.iter().find_map(|event| match event.kind {
            EventKind::Merged { commit } => Some((event.at, commit)),
            _ => None,
        })
    }
}

/// The UTC date of an instant.
#[must_use]
pub fn date_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
