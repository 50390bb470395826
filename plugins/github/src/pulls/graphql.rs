//! Pull requests by GraphQL: pages of them with all that belongs to each, and further pages of reviews where there are many.

use quintant_sdk::instant::SECOND;
use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{Loss, Stop};
use crate::graphql::{self, Answer, Door, Query, Trouble};
use crate::people::User;
use crate::pulls::node::{CommentedRepository, Comments, Edge, Repository, ReviewedRepository, Reviews};
use crate::pulls::payload::SubmittedReview;
use crate::pulls::{Lesson, State, mapping};
use crate::scan::{self, Step, Visit};
use crate::settings::{Repository as Name, Settings};

const DOCUMENT: &str = include_str!("pull_requests.graphql");
/// Pages of reviews and comments after which a call ends: it must be in time even where the server is slow.
const MOST_FURTHER_PAGES_A_CALL: u32 = 50;
/// Of one pull request.
const MOST_FURTHER_PAGES: u32 = 100;

/// After which pull request to go on.
#[derive(Serialize, Deserialize)]
pub struct Position {
    door: Door,
    /// None: from the newest update on.
    after: Option<String>,
    etag: Option<String>,
    trail: Trail,
}

/// Whether the page that was read is followed by another one.
enum Then {
    GoOn,
    Done,
}

impl Position {
    /// From the newest update on; `etag` is the validator of the probe.
    #[must_use]
    pub fn new(door: Door, etag: Option<String>) -> Self {
        Self { door, after: None, etag, trail: Trail::default() }
    }

    /// The validator of the probe.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    fn go_on(mut self, visit: &Visit<'_, State>) -> Step<State, Self> {
        if self.after.as_deref().is_none_or(|after| self.trail.visit(after)) {
            return Step::More(self);
        }
        visit.api.truncated();
        self.done()
    }

    fn done(self) -> Step<State, Self> {
        Step::Done(State { etag: self.etag })
    }
}

/// Reads on from `position`.
///
/// # Errors
/// When GraphQL is refused, and when the repository, or GitHub as a whole, cannot be read on.
pub fn step(
    visit: &Visit<'_, State>,
    mut position: Position,
    lesson: &mut Lesson,
    page: &mut Page,
) -> Result<Step<State, Position>, Trouble> {
    let before = position.after.clone();
    let page_size = visit.context.settings.page_size;
    let first = lesson.page_size.unwrap_or(page_size);
    let mut reading = Reading { visit, door: position.door.clone(), first, lesson, further_pages: 0 };
    match reading.page(&mut position.after, page) {
        Ok(Then::GoOn) => Ok(position.go_on(visit)),
        Ok(Then::Done) => {
            lesson.grow(page_size);
            Ok(position.done())
        }
        Err(Trouble::TooMuch) if first > 1 => {
            let half = first / 2;
            lesson.page_size = Some(half);
            log::info("GitHub did not answer that much: asking for less", &[("page_size", &half.to_string())]);
            Ok(Step::More(position))
        }
        Err(Trouble::Stop(Stop::Run(Error::RateLimited(_)))) if position.after != before => Ok(position.go_on(visit)),
        Err(trouble) => Err(trouble),
    }
}

/// One call's way through a page.
struct Reading<'a> {
    visit: &'a Visit<'a, State>,
    door: Door,
    /// Items a page.
    first: u32,
    lesson: &'a mut Lesson,
    /// Of reviews and comments.
    further_pages: u32,
}

impl Reading<'_> {
    /// Delivers a page, and keeps in `after` how far it came.
    fn page(&mut self, after: &mut Option<String>, page: &mut Page) -> Result<Then, Trouble> {
        let visit = self.visit;
        let scope = Some(visit.repository.as_str());
        let found: Repository = self.ask(&pull_requests(visit, self.first, after.as_deref()))?;
        let (base, pulls) = found.into_parts();
        page.reject(scope, pulls.edges.rejected);
        let mut left = pulls.edges.items.len();
        for Edge { cursor, node } in pulls.edges.items {
            let (mut pull, events, reviews, comments) = node.into_parts(&base);
            if pull.updated_at.is_some_and(|updated_at| updated_at.0 < visit.since) {
                return Ok(Then::Done);
            }
            let parts = self.all_reviews(pull.number, reviews).and_then(|reviews| {
                let comments = comments.map(|first| self.all_comments(pull.number, first)).transpose()?;
                Ok((reviews, comments))
            });
            match parts {
                Ok((reviews, comments)) => {
                    page.reject(scope, reviews.rejected);
                    page.reject(scope, comments.as_ref().map_or(0, |comments| comments.rejected));
                    pull.commenters = comments.map(|comments| comments.items);
                    mapping::change(visit, &pull, &reviews.items, &events, page);
                    mapping::reviews(visit, &pull, &reviews.items, page);
                }
                Err(Trouble::Stop(Stop::Here(loss))) if loss != Loss::Unavailable => {
                    scan::report(loss, visit.repository.as_str(), page);
                }
                Err(trouble) => return Err(trouble),
            }
            *after = Some(cursor);
            left -= 1;
            let is_enough = page.facts.len() >= visit.max_facts || self.further_pages >= MOST_FURTHER_PAGES_A_CALL;
            if is_enough && left > 0 {
                return Ok(Then::GoOn);
            }
        }
        Ok(match pulls.page_info.next() {
            Some(end) => {
                *after = Some(end.to_owned());
                Then::GoOn
            }
            None => Then::Done,
        })
    }

    /// The reviews that came with a pull request, and those that did not.
    fn all_reviews(&mut self, number: u32, first: Reviews) -> Result<Items<SubmittedReview>, Trouble> {
        let (mut trail, mut pages) = (Trail::default(), 0);
        let mut next = first.page_info.next().map(str::to_owned);
        let mut all = first.submitted();
        let page_size = self.visit.context.settings.page_size;
        while let Some(after) = next {
            if pages == MOST_FURTHER_PAGES || !trail.visit(&after) {
                self.visit.api.truncated();
                break;
            }
            pages += 1;
            let found: ReviewedRepository = self.ask(&more_reviews(self.visit, number, page_size, &after))?;
            let reviews = found.reviews().ok_or(Stop::Here(Loss::NotFound))?;
            next = reviews.page_info.next().map(str::to_owned);
            let more = reviews.submitted();
            all.items.extend(more.items);
            all.rejected = all.rejected.saturating_add(more.rejected);
        }
        self.further_pages += pages;
        Ok(all)
    }

    /// Who made the comments that came with a pull request, and those that did not.
    fn all_comments(&mut self, number: u32, first: Comments) -> Result<Items<Option<User>>, Trouble> {
        let (mut trail, mut pages) = (Trail::default(), 0);
        let mut next = first.page_info.next().map(str::to_owned);
        let mut all = first.commenters();
        let page_size = self.visit.context.settings.page_size;
        while let Some(after) = next {
            if pages == MOST_FURTHER_PAGES || !trail.visit(&after) {
                self.visit.api.truncated();
                break;
            }
            pages += 1;
            let found: CommentedRepository =
                self.ask(&more_comments(self.visit.repository, number, page_size, &after))?;
            let comments = found.comments().ok_or(Stop::Here(Loss::NotFound))?;
            next = comments.page_info.next().map(str::to_owned);
            let more = comments.commenters();
            all.items.extend(more.items);
            all.rejected = all.rejected.saturating_add(more.rejected);
        }
        self.further_pages += pages;
        Ok(all)
    }

    fn ask<T: DeserializeOwned>(&mut self, query: &Query) -> Result<T, Trouble> {
        let now = self.visit.context.now;
        let left = self.lesson.exhausted_until.map_or(0, |until| until.saturating_sub(now) / SECOND);
        if left > 0 {
            let seconds = u32::try_from(left).unwrap_or(u32::MAX);
            return Err(Stop::from(Error::RateLimited(Some(seconds))).into());
        }
        let Answer { repository, rate_limit } = graphql::ask(self.visit.api, &self.door, query)?;
        // The reset is told by the server's clock; what is kept is by the host's.
        let exhausted_for = rate_limit.and_then(|limit| limit.exhausted_for(self.visit.api.now()));
        self.lesson.exhausted_until = exhausted_for.map(|left| now.saturating_add(left));
        Ok(repository)
    }
}

impl Lesson {
    /// After pages that were small enough; carefully.
    fn grow(&mut self, page_size: u32) {
        self.page_size = self.page_size.map(|small| small * 2).filter(|grown| *grown < page_size);
    }
}

/// The newest pull request of a repository with all that is read of one.
#[must_use]
pub fn newest(repository: &Name, settings: &Settings) -> Query {
    page(repository, settings, 1, None)
}

fn pull_requests(visit: &Visit<'_, State>, first: u32, after: Option<&str>) -> Query {
    page(visit.repository, &visit.context.settings, first, after)
}

fn page(repository: &Name, settings: &Settings, first: u32, after: Option<&str>) -> Query {
    let (owner, name) = repository.parts();
    let comments = settings.comments;
    let variables = json!({ "owner": owner, "name": name, "first": first, "after": after, "comments": comments });
    Query { document: DOCUMENT, operation: "PullRequests", variables }
}

fn more_reviews(visit: &Visit<'_, State>, number: u32, first: u32, after: &str) -> Query {
    let mut query = further("MoreReviews", visit.repository, number, first, after);
    query.variables["comments"] = visit.context.settings.comments.into();
    query
}

fn more_comments(repository: &Name, number: u32, first: u32, after: &str) -> Query {
    further("MoreComments", repository, number, first, after)
}

fn further(operation: &'static str, repository: &Name, number: u32, first: u32, after: &str) -> Query {
    let (owner, name) = repository.parts();
    let variables = json!({ "owner": owner, "name": name, "number": number, "first": first, "after": after });
    Query { document: DOCUMENT, operation, variables }
}
