//! The types of the schema that queries ask for, field by field, from the organisation as of an instant.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Refusal;
use super::connection::{Order, slice};
use super::fields::{Told, arguments, connection, leaf, object, unknown};
use super::price::Price;
use super::query::{Field, Selection};
use crate::github::View;
use crate::github::commits::first_commit;
use crate::github::pulls::{Size, comments, size, status};
use crate::github::repositories::DEFAULT_BRANCH;
use crate::organisation::{AccountId, AccountKind, Change, Event, EventKind, Repository, Review, ReviewState};

/// One query being answered.
pub(super) struct Scene<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) limit: u64,
    pub(super) price: Price,
    pub(super) remaining: u64,
    pub(super) reset_at: Timestamp,
    /// Of the largest page of pull requests that was asked for.
    pub(super) most_pulls: u64,
    /// What goes beside the data.
    pub(super) errors: Vec<Value>,
}

impl Scene<'_> {
    pub(super) fn query(&mut self, selections: &[Selection]) -> Told {
        object("Query", selections, &mut |field| match field.name.as_str() {
            "rateLimit" => {
                arguments(field, &[])?;
                self.rate_limit(&field.selections)
            }
            "repository" => {
                arguments(field, &["owner", "name"])?;
                self.repository_named(field)
            }
            _ => unknown("Query", field),
        })
    }

    fn rate_limit(&self, selections: &[Selection]) -> Told {
        object("RateLimit", selections, &mut |field| match field.name.as_str() {
            "limit" => leaf(field, self.limit),
            "cost" => leaf(field, self.price.points),
            "remaining" => leaf(field, self.remaining),
            "used" => leaf(field, self.limit - self.remaining),
            "nodeCount" => leaf(field, self.price.nodes),
            "resetAt" => leaf(field, self.reset_at.to_string()),
            _ => unknown("RateLimit", field),
        })
    }

    /// Also by the name that it had before.
    fn repository_named(&mut self, field: &Field) -> Told {
        let (owner, name) = (field.text("owner").unwrap_or_default(), field.text("name").unwrap_or_default());
        let name = format!("{owner}/{name}");
        let is_it = |repository: &&Repository| {
            let names = [Some(&repository.name), repository.former_name.as_ref()];
            names.into_iter().flatten().any(|known| known.eq_ignore_ascii_case(&name))
        };
        match self.view.organisation.repositories.iter().find(is_it) {
            Some(repository) => self.repository(repository, &field.selections),
            None => {
                self.errors.push(json!({
                    "type": "NOT_FOUND",
                    "path": [field.key],
                    "locations": [{ "line": 1, "column": 1 }],
                    "message": format!("Could not resolve to a Repository with the name '{name}'."),
                }));
                Ok(Value::Null)
            }
        }
    }

    fn repository(&mut self, repository: &Repository, selections: &[Selection]) -> Told {
        object("Repository", selections, &mut |field| match field.name.as_str() {
            "databaseId" => leaf(field, repository.id),
            "defaultBranchRef" if repository.head_at(self.view.now).is_none() => Ok(Value::Null),
            "defaultBranchRef" => object("Ref", &field.selections, &mut |field| match field.name.as_str() {
                "name" => leaf(field, DEFAULT_BRANCH),
                _ => unknown("Ref", field),
            }),
            "pullRequests" => {
                arguments(field, &["first", "after", "orderBy"])?;
                if field.arguments.get("orderBy") != Some(&json!({ "field": "UPDATED_AT", "direction": "DESC" })) {
                    return Err(Refusal::Unknown("pull requests in another order".to_owned()));
                }
                self.most_pulls = self.most_pulls.max(field.number("first").unwrap_or_default());
                let all = repository.changes.iter().filter(|change| change.opened_at <= self.view.now);
                let all = all.map(|change| ((updated_at(self.view, change), u64::from(change.number)), change));
                let page = slice(all.collect(), Order::Falling, field).map_err(Refusal::invalid)?;
                connection("PullRequest", &page, &field.selections, &|change, selections| {
                    self.pull_request(repository, change, selections)
                })
            }
            "pullRequest" => {
                arguments(field, &["number"])?;
                let number = field.number("number");
                let is_it =
                    |change: &&Change| Some(change.number.into()) == number && change.opened_at <= self.view.now;
                match repository.changes.iter().find(is_it) {
                    Some(change) => self.pull_request(repository, change, &field.selections),
                    None => {
                        self.errors.push(json!({
                            "type": "NOT_FOUND",
                            "path": ["repository", field.key],
                            "locations": [{ "line": 1, "column": 1 }],
                            "message": "Could not resolve to a PullRequest with that number.",
                        }));
                        Ok(Value::Null)
                    }
                }
            }
            _ => unknown("Repository", field),
        })
    }

    fn pull_request(&self, of: &Repository, change: &Change, selections: &[Selection]) -> Told {
        let now = self.view.now;
        let status = status(change, now);
        let Size { additions, deletions, files } = size(change);
        object("PullRequest", selections, &mut |field| match field.name.as_str() {
            "number" => leaf(field, change.number),
            "state" if status.merged.is_some() => leaf(field, "MERGED"),
            "state" => leaf(field, if status.open { "OPEN" } else { "CLOSED" }),
            "isDraft" => leaf(field, status.draft),
            "author" => self.actor(change.author, &field.selections),
            "createdAt" => leaf(field, change.opened_at.to_string()),
            "updatedAt" => leaf(field, status.updated_at.to_string()),
            "closedAt" => leaf(field, status.closed_at.map(|at| at.to_string())),
            "mergedAt" => leaf(field, status.merged.map(|(event, _)| event.at.to_string())),
            "mergeCommit" => match status.merged {
                None => Ok(Value::Null),
                Some((_, commit)) => object("Commit", &field.selections, &mut |field| match field.name.as_str() {
                    "oid" => leaf(field, of.commits[commit].sha.as_str()),
                    _ => unknown("Commit", field),
                }),
            },
            "baseRefName" => leaf(field, DEFAULT_BRANCH),
            "additions" => leaf(field, additions),
            "deletions" => leaf(field, deletions),
            "changedFiles" => leaf(field, files),
            "reviews" => {
                arguments(field, &["first", "after"])?;
                let begun = change.reviews.iter().filter(|review| review.at <= now);
                let all = begun.map(|review| ((review.at.as_second(), review.id), review));
                let page = slice(all.collect(), Order::Rising, field).map_err(Refusal::invalid)?;
                connection("PullRequestReview", &page, &field.selections, &|review, selections| {
                    self.review(review, selections)
                })
            }
            "comments" => {
                arguments(field, &["first", "after"])?;
                let all = comments(self.view, change).into_iter().zip(0..);
                let all = all.map(|((at, author), position)| ((at.as_second(), position), author));
                let page = slice(all.collect(), Order::Rising, field).map_err(Refusal::invalid)?;
                connection("IssueComment", &page, &field.selections, &|author, selections| {
                    object("IssueComment", selections, &mut |field| match field.name.as_str() {
                        "author" => self.actor(*author, &field.selections),
                        _ => unknown("IssueComment", field),
                    })
                })
            }
            "commits" => {
                arguments(field, &["first"])?;
                if field.number("first") != Some(1) {
                    return Err(Refusal::Unknown("other commits of a pull request than the first".to_owned()));
                }
                let first = first_commit(of, change);
                let page = slice(vec![((0, 0), first)], Order::Rising, field).map_err(Refusal::invalid)?;
                connection("PullRequestCommit", &page, &field.selections, &|first, selections| {
                    object("PullRequestCommit", selections, &mut |field| match field.name.as_str() {
                        "commit" => object("Commit", &field.selections, &mut |field| match field.name.as_str() {
                            "oid" => leaf(field, first.sha.as_str()),
                            "authoredDate" => leaf(field, first.authored_at.to_string()),
                            "committedDate" => leaf(field, first.committed_at.to_string()),
                            _ => unknown("Commit", field),
                        }),
                        _ => unknown("PullRequestCommit", field),
                    })
                })
            }
            "timelineItems" => {
                arguments(field, &["itemTypes", "last"])?;
                if field.arguments.get("itemTypes") != Some(&json!(["READY_FOR_REVIEW_EVENT"])) {
                    return Err(Refusal::Unknown("timeline items of another type".to_owned()));
                }
                let ready =
                    change.events.iter().filter(|event| event.at <= now && event.kind == EventKind::ReadyForReview);
                let all = ready.map(|event| ((event.at.as_second(), event.id), event));
                let page = slice(all.collect(), Order::Rising, field).map_err(Refusal::invalid)?;
                connection("PullRequestTimelineItems", &page, &field.selections, &|event, selections| {
                    self.ready_for_review(event, selections)
                })
            }
            _ => unknown("PullRequest", field),
        })
    }

    fn ready_for_review(&self, event: &Event, selections: &[Selection]) -> Told {
        object("ReadyForReviewEvent", selections, &mut |field| match field.name.as_str() {
            "createdAt" => leaf(field, event.at.to_string()),
            "actor" => self.actor(event.actor, &field.selections),
            _ => unknown("ReadyForReviewEvent", field),
        })
    }

    fn review(&self, review: &Review, selections: &[Selection]) -> Told {
        let dismissed = review.dismissed_at.is_some_and(|at| at <= self.view.now);
        let state = match review.state {
            ReviewState::Pending => "PENDING",
            _ if dismissed => "DISMISSED",
            ReviewState::Approved => "APPROVED",
            ReviewState::ChangesRequested => "CHANGES_REQUESTED",
            ReviewState::Commented => "COMMENTED",
        };
        let submitted_at = (review.state != ReviewState::Pending).then(|| review.at.to_string());
        object("PullRequestReview", selections, &mut |field| match field.name.as_str() {
            "fullDatabaseId" => leaf(field, review.id.to_string()),
            "state" => leaf(field, state),
            "submittedAt" => leaf(field, submitted_at.clone()),
            "author" => self.actor(review.reviewer, &field.selections),
            "comments" => {
                arguments(field, &[])?;
                object(
                    "PullRequestReviewCommentConnection",
                    &field.selections,
                    &mut |field| match field.name.as_str() {
                        "totalCount" => leaf(field, review.comments),
                        _ => unknown("PullRequestReviewCommentConnection", field),
                    },
                )
            }
            _ => unknown("PullRequestReview", field),
        })
    }

    /// Nobody where the account was deleted.
    fn actor(&self, id: Option<AccountId>, selections: &[Selection]) -> Told {
        let account = id.map(|id| self.view.organisation.account(id)).filter(|account| account.login != "ghost");
        let Some(account) = account else {
            return Ok(Value::Null);
        };
        let (kind, login) = match account.kind {
            AccountKind::User => ("User", account.login.as_str()),
            AccountKind::Bot => ("Bot", account.login.trim_end_matches("[bot]")),
        };
        object(kind, selections, &mut |field| match field.name.as_str() {
            "login" => leaf(field, login),
            "databaseId" => leaf(field, account.id),
            _ => unknown(kind, field),
        })
    }
}

fn updated_at(view: &View<'_>, change: &Change) -> i64 {
    status(change, view.now).updated_at.as_second()
}
