//! Pull requests and reviews as GraphQL tells them, and the same in the words of REST.

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::payload::{Date, DoubtfulDate, Id};
use crate::people::{Kind, User};
use crate::pulls::payload::{Base, BaseRepository, Event, PullRequest, SubmittedReview};

/// What the query `PullRequests` finds; the id survives renames.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    database_id: Id,
    default_branch_ref: Option<Branch>,
    pull_requests: Edges,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
}

/// A page of pull requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edges {
    pub page_info: PageInfo,
    pub edges: Items<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// A pull request, and where the list goes on after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Edge {
    pub cursor: String,
    pub node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    number: u32,
    state: Option<String>,
    author: Option<Actor>,
    created_at: Date,
    updated_at: Option<Date>,
    closed_at: Option<Date>,
    merged_at: Option<Date>,
    merge_commit: Option<MergeCommit>,
    base_ref_name: Option<String>,
    additions: Option<u32>,
    deletions: Option<u32>,
    changed_files: Option<u32>,
    commits: Option<Nodes<FirstCommit>>,
    timeline_items: Option<Nodes<Ready>>,
    comments: Option<Comments>,
    reviews: Reviews,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct MergeCommit {
    oid: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct FirstCommit {
    commit: Authored,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authored {
    authored_date: DoubtfulDate,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    created_at: Option<Date>,
}

/// A page of the reviews of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reviews {
    pub page_info: PageInfo,
    nodes: Items<Review>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review {
    full_database_id: Id,
    state: Option<String>,
    submitted_at: Option<Date>,
    author: Option<Actor>,
    comments: Option<Counted>,
}

/// A page of what was said in the conversation of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comments {
    pub page_info: PageInfo,
    nodes: Items<Comment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Comment {
    author: Option<Actor>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    total_count: u32,
}

/// Whoever did something; which kind of account has an id, and where, depends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Actor {
    #[serde(rename = "__typename")]
    kind: Kind,
    login: Option<String>,
    database_id: Option<Id>,
    user: Option<EnterpriseUser>,
}

/// The account behind that of an enterprise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnterpriseUser {
    login: Option<String>,
    database_id: Option<Id>,
}

/// What the query `MoreReviews` finds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedRepository {
    pull_request: Option<Reviewed>,
}

#[derive(Deserialize)]
struct Reviewed {
    reviews: Reviews,
}

/// What the query `MoreComments` finds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentedRepository {
    pull_request: Option<Commented>,
}

#[derive(Deserialize)]
struct Commented {
    comments: Comments,
}

impl PageInfo {
    /// Where the next page begins; none: there is none.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.end_cursor.as_deref().filter(|_| self.has_next_page)
    }
}

impl Repository {
    /// The base of its pull requests, and a page of them.
    #[must_use]
    pub fn into_parts(self) -> (BaseRepository, Edges) {
        let default_branch = self.default_branch_ref.map(|branch| branch.name);
        (BaseRepository { id: self.database_id, default_branch }, self.pull_requests)
    }
}

impl Node {
    /// The pull request, its events, and the first pages of its reviews and of its comments, where these were asked for.
    #[must_use]
    pub fn into_parts(self, repository: &BaseRepository) -> (PullRequest, Vec<Event>, Reviews, Option<Comments>) {
        let first_commit = self.commits.and_then(|commits| commits.nodes.into_iter().next());
        let pull = PullRequest {
            number: self.number,
            state: self.state.map(|state| state.to_lowercase()),
            user: self.author.map(Actor::into_user),
            created_at: self.created_at,
            updated_at: self.updated_at,
            closed_at: self.closed_at,
            merged_at: self.merged_at,
            merge_commit_sha: self.merge_commit.map(|commit| commit.oid),
            base: Base { branch: self.base_ref_name, repo: repository.clone() },
            additions: self.additions,
            deletions: self.deletions,
            changed_files: self.changed_files,
            first_commit_at: first_commit.and_then(|first| first.commit.authored_date.0),
            commenters: None,
        };
        let ready = self.timeline_items.into_iter().flat_map(|items| items.nodes);
        let events = ready.map(|ready| Event::ready_for_review(ready.created_at)).collect();
        (pull, events, self.reviews, self.comments)
    }
}

impl Reviews {
    /// Those of this page.
    #[must_use]
    pub fn submitted(self) -> Items<SubmittedReview> {
        let Items { items, rejected } = self.nodes;
        let items = items.into_iter().map(Review::into_submitted).collect();
        Items { items, rejected }
    }
}

impl Review {
    fn into_submitted(self) -> SubmittedReview {
        SubmittedReview {
            id: self.full_database_id,
            user: self.author.map(Actor::into_user),
            state: self.state,
            submitted_at: self.submitted_at,
            comments: self.comments.map(|comments| comments.total_count),
        }
    }
}

impl Comments {
    /// Who made those of this page.
    #[must_use]
    pub fn commenters(self) -> Items<Option<User>> {
        let Items { items, rejected } = self.nodes;
        let items = items.into_iter().map(|comment| comment.author.map(Actor::into_user)).collect();
        Items { items, rejected }
    }
}

impl CommentedRepository {
    /// None: the pull request is gone.
    #[must_use]
    pub fn comments(self) -> Option<Comments> {
        Some(self.pull_request?.comments)
    }
}

impl ReviewedRepository {
    /// None: the pull request is gone.
    #[must_use]
    pub fn reviews(self) -> Option<Reviews> {
        Some(self.pull_request?.reviews)
    }
}

impl Actor {
    fn into_user(self) -> User {
        let Self { kind, login, database_id, user } = self;
        let (id, login) = match user {
            Some(user) => (user.database_id, user.login),
            None => (database_id, login),
        };
        // GraphQL leaves out what REST marks the logins of bots with.
        let login = login.map(|login| {
            let is_bare = kind == Kind::Bot && !login.ends_with("[bot]");
            if is_bare { format!("{login}[bot]") } else { login }
        });
        User { id, login, kind: Some(kind) }
    }
}
