//! One scan over all repositories, cut into calls: what both feeds have in common.

use std::collections::BTreeMap;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Loss, Stop};
use crate::selection::{Selected, Selection};
use crate::settings::{Repository, Settings};

/// Repositories without news that one call may pass.
const REPOSITORIES_A_CALL: usize = 25;
/// How far a repository that could not be read for a while is read back.
const LONGEST_ABSENCE: Instant = 90 * DAY;

/// A feed, as seen from one repository.
pub trait Feed {
    /// What is kept of a repository between scans.
    type State: Clone + Serialize + DeserializeOwned;
    /// Where a call stopped inside a repository.
    type Position: Serialize + DeserializeOwned;
    /// What one repository of a scan teaches about the next.
    type Lesson: Default + Serialize + DeserializeOwned;

    /// Reads on from `position`; none: from the start.
    ///
    /// # Errors
    /// When the repository, or GitHub as a whole, cannot be read on.
    fn step(
        visit: &Visit<'_, Self::State>,
        position: Option<Self::Position>,
        lesson: &mut Self::Lesson,
        page: &mut Page,
    ) -> Result<Step<Self::State, Self::Position>, Stop>;
}

/// How a step ended.
pub enum Step<S, P> {
    /// There is more of this repository.
    More(P),
    /// The repository is done; keep this for the next scan.
    Done(S),
}

impl<S, P> Step<S, P> {
    /// The same with another kind of position.
    pub fn at<Q>(self, position: impl FnOnce(P) -> Q) -> Step<S, Q> {
        match self {
            Self::More(inner) => Step::More(position(inner)),
            Self::Done(state) => Step::Done(state),
        }
    }
}

/// One call's view of one repository.
pub struct Visit<'a, S> {
    pub api: &'a Api<'a>,
    pub context: &'a Context<Settings>,
    pub max_facts: usize,
    pub repository: &'a Repository,
    /// Kept from the last completed scan, where that reached back to `since`.
    pub state: Option<&'a S>,
    /// What happened from here on is to be read now.
    pub since: Instant,
    /// The start of the history that was ever asked for: older facts are not reported.
    pub from: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(
    serialize = "F::State: Serialize, F::Position: Serialize, F::Lesson: Serialize",
    deserialize = "F::State: DeserializeOwned, F::Position: DeserializeOwned, F::Lesson: DeserializeOwned"
))]
struct Cursor<F: Feed> {
    known: BTreeMap<Repository, Known<F::State>>,
    scan: Option<Scan<F::Position, F::Lesson>>,
}

#[derive(Serialize, Deserialize)]
struct Known<S> {
    from: Instant,
    through: Instant,
    state: S,
}

#[derive(Serialize, Deserialize)]
struct Scan<P, L> {
    selection: Selection,
    repositories: Vec<Repository>,
    done: usize,
    since: Instant,
    started_at: Option<Instant>,
    held_back: bool,
    position: Option<P>,
    lesson: L,
}

/// Answers one call of a feed.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run<F: Feed>(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let context = &request.context;
    let selection = Selection::of(&context.settings);
    let api = Api::new(client, context.now);
    let mut page = Page::new();
    let cursor: Option<Cursor<F>> = request.cursor()?;
    let (mut known, scan) = cursor.map_or((BTreeMap::new(), None), |saved| (saved.known, saved.scan));
    let mut scan = match scan.filter(|scan| scan.selection == selection && scan.since <= request.window.start) {
        Some(scan) => scan,
        None => {
            let Selected { repositories, loss } = selection.read(&api, &mut page)?;
            if loss.is_none() {
                known.retain(|repository, _| repositories.contains(repository));
            }
            Scan {
                held_back: loss == Some(Loss::Unavailable),
                started_at: (!selection.is_named()).then(|| api.started_at()),
                selection,
                repositories,
                done: 0,
                since: request.window.start,
                position: None,
                lesson: F::Lesson::default(),
            }
        }
    };
    let first = scan.done;

    while let Some(repository) = scan.repositories.get(scan.done) {
        let repository = &repository.clone();
        let before = known.get(repository);
        let since = before
            .map_or(scan.since, |known| known.through.clamp(scan.since.saturating_sub(LONGEST_ABSENCE), scan.since));
        let visit = Visit {
            api: &api,
            context,
            max_facts: usize::try_from(request.max_facts).unwrap_or(usize::MAX).max(1),
            repository,
            state: before.filter(|known| known.from <= since).map(|known| &known.state),
            since,
            from: before.map_or(since, |known| known.from.min(since)),
        };
        let from = visit.from;
        let step = F::step(&visit, scan.position.take(), &mut scan.lesson, &mut page);
        let started_at = *scan.started_at.get_or_insert_with(|| api.started_at());
        if api.take_truncated() {
            page.problem(ProblemKind::Truncated, Some(repository.as_str()));
        }
        match step {
            Ok(Step::More(position)) => {
                scan.position = Some(position);
                break;
            }
            Ok(Step::Done(state)) => {
                known.insert(repository.clone(), Known { from, through: started_at, state });
            }
            Err(Stop::Here(loss)) => {
                scan.held_back |= loss == Loss::Unavailable;
                report(loss, repository.as_str(), &mut page);
            }
            Err(Stop::Run(Error::RateLimited(_))) if scan.done > first => break,
            Err(Stop::Run(error)) => return Err(error),
        }
        scan.done += 1;
        let news = !(page.facts.is_empty() && page.retractions.is_empty());
        if news || scan.done - first >= REPOSITORIES_A_CALL {
            break;
        }
    }

    page.progress = Some(share(scan.done, scan.repositories.len()));
    page.more = scan.done < scan.repositories.len();
    if !page.more && !scan.held_back {
        page.covered_through(scan.started_at.unwrap_or(context.now));
    }
    let scan = page.more.then_some(scan);
    page.save(&Cursor::<F> { known, scan })?;
    Ok(page)
}

/// Reports that a repository, or an item of it, could not be read.
pub fn report(loss: Loss, scope: &str, page: &mut Page) {
    let kind = match loss {
        Loss::Empty => return,
        Loss::NotFound => ProblemKind::NotFound,
        Loss::Forbidden => ProblemKind::Forbidden,
        Loss::Unavailable => ProblemKind::Unavailable,
    };
    page.problem(kind, Some(scope));
}

#[expect(clippy::cast_precision_loss, reason = "for display only")]
fn share(done: usize, all: usize) -> f32 {
    if all == 0 { 1.0 } else { done as f32 / all as f32 }
}
