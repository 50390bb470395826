//! Commits as GitHub lists and compares them; what is not needed is not read.

use quintant_sdk::json::Items;
use serde::Deserialize;

use crate::payload::{DoubtfulDate, Id};
use crate::people::User;

/// An item of `GET /repos/{owner}/{repo}/commits` and of a comparison.
#[derive(Debug, Deserialize)]
pub struct ListedCommit {
    pub sha: String,
    pub commit: Option<GitCommit>,
    pub author: Option<User>,
    pub parents: Option<Vec<Parent>>,
}

/// The commit as git has it.
#[derive(Debug, Default, Deserialize)]
pub struct GitCommit {
    pub author: Option<Signature>,
    pub committer: Option<Signature>,
}

/// Who and when, as typed into somebody's git.
#[derive(Debug, Default, Deserialize)]
pub struct Signature {
    pub email: Option<String>,
    #[serde(default)]
    pub date: Option<DoubtfulDate>,
}

/// A reference to a parent.
#[derive(Debug, Deserialize)]
pub struct Parent {
    pub sha: String,
}

/// `GET /repos/{owner}/{repo}/compare/{base}...{head}`.
#[derive(Debug, Deserialize)]
pub struct Comparison {
    pub commits: Items<ListedCommit>,
}

/// `GET /repos/{owner}/{repo}`.
#[derive(Debug, Deserialize)]
pub struct RepositoryId {
    pub id: Id,
}
