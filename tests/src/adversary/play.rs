//! A world through the real release, week by week, and what each released figure counts, worked out apart from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::model::{
    Assignment, Atom, Calendar, Component, CountedUse, EntityKey, Epoch, EpochSalt, FactKind, Family, GivenReview,
    LandedCommit, MergedChange, Pseudonym, ReportedFriction, SourceName, Span, Spelling, TakenTally, Week,
};
use quintant::pseudonym::{EpochKeys, IdentityKey, Roster};
use quintant::release::{
    Deliveries, Delivery, Facts, FeedCoverage, Ground, Membership, MetricTerms, Rules, Stretch, Terms, decide,
};
use quintant::store::{Coverage, Released};

use super::world::{Account, MERGED_AFTER, Merge, Who, World};

/// What was released of a world.
pub struct Played {
    pub atoms: Vec<Atom>,
    /// The cell in which an account's work of a week was told first.
    cells: BTreeMap<(&'static str, Account, Week), String>,
    /// How many weeks were over when a span was told, which says by which roster.
    told_at: BTreeMap<(String, Week), i32>,
    /// How many people the roster had in a span's cell when it began.
    sizes: BTreeMap<(String, Week), usize>,
}

pub(super) const CODE: &str = "code";
pub(super) const CHAT: &str = "chat";

/// As far as a first collection looks back, and as long as facts are kept.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Collects and releases, a week at a time. Everything is pure but the passing of weeks.
pub fn play(world: &World, rules: Rules) -> Played {
    let calendar = Calendar::new(TimeZone::UTC);
    let key = IdentityKey::from_bytes(&[7; 32]);
    let keys = keys(&key, world);
    let sources: [SourceName; 2] = [CODE.parse().unwrap(), CHAT.parse().unwrap()];
    let spellings = spellings(world, &keys);
    let (facts, worked) = (facts(world, &calendar), worked(world));
    let metrics =
        MetricTerms { platform_tools: BTreeSet::from(["backstage".parse().unwrap()]), ..MetricTerms::default() };
    let (mut released, mut assignments): (Released, Vec<Assignment>) = (Released::default(), Vec::new());
    let mut spans: Vec<Span> = Vec::new();
    let mut played =
        Played { atoms: Vec::new(), cells: BTreeMap::new(), told_at: BTreeMap::new(), sizes: BTreeMap::new() };
    for over in 1..=world.weeks {
        let roster = Roster::parse(&world.roster(over), &world.teams, &sources).unwrap();
        let terms = Terms {
            calendar: &calendar,
            teams: &world.teams,
            roster: &roster,
            key: &key,
            rules,
            metrics: metrics.clone(),
            settle: Duration::ZERO,
        };
        let now = moment(world, over);
        let coverage = coverage(now - LOOK_BACK, now);
        let Some(stretch) = Stretch::of(&terms, &coverage) else { continue };
        let due = stretch.due(&terms, &released, &spans);
        let membership = Membership::new(&roster, &keys, &spellings, assignments.clone(), &rules);
        let ground = Ground {
            rules,
            calendar: &calendar,
            terms: &metrics,
            membership: &membership,
            has_changes: true,
            has_incidents: false,
        };
        played.note(world, over, &due.spans, &worked);
        for span in &due.begun {
            played.sizes.insert((span.cell.clone(), span.start), people_of(world, over, span));
        }
        let (atoms, assigned) = decide(&due, std::mem::take(&mut released), &facts, &ground);
        assignments.extend(assigned);
        spans.extend(due.begun);
        played.atoms.extend(atoms);
        played.atoms.iter().for_each(|atom| released.note(atom));
    }
    played
}

impl Played {
    /// Notes where work is told of from now on.
    fn note(&mut self, world: &World, over: i32, due: &[(Span, Vec<Family>)], worked: &Worked) {
        let mut told = BTreeMap::new();
        for (span, _) in due.iter().filter(|(span, _)| span.cell != Span::ORGANIZATION) {
            self.told_at.insert((span.cell.clone(), span.start), over);
            for (source, account, week) in worked {
                if span.contains(*week) && self.cell_of(world, over, span, source, *account, *week) {
                    told.insert((*source, *account, *week), span.cell.clone());
                }
            }
        }
        for (place, cell) in told {
            self.cells.entry(place).or_insert(cell);
        }
    }

    fn cell_of(
        &self,
        world: &World,
        over: i32,
        span: &Span,
        source: &'static str,
        account: Account,
        week: Week,
    ) -> bool {
        if let Some(cell) = self.cells.get(&(source, account, week)) {
            return *cell == span.cell;
        }
        match team_of(world, over, account, week) {
            Some(team) => span.teams.contains(&world.teams[team]),
            None => span.cell == Span::UNASSIGNED,
        }
    }

    /// Whether an account's work of a week, known by one of the sources, lies in an atom.
    pub fn is_in(
        &self,
        world: &World,
        atom: &Atom,
        source: &'static str,
        account: Option<Account>,
        week: Week,
    ) -> bool {
        atom.span.contains(week)
            && account.map_or(atom.span.cell == Span::UNASSIGNED, |account| {
                self.cell_of(world, self.over(&atom.span), &atom.span, source, account, week)
            })
    }

    /// The changes that lie in an atom.
    pub fn merges<'w>(&self, world: &'w World, atom: &Atom) -> Vec<&'w Merge> {
        World::within(&world.merges, &atom.span, |merge| merge.week)
            .iter()
            .filter(|merge| self.is_in(world, atom, CODE, merge.author, merge.week))
            .collect()
    }

    /// How many people a cell had when a span of it began.
    pub fn roster(&self, span: &Span) -> usize {
        self.sizes[&(span.cell.clone(), span.start)]
    }

    fn over(&self, span: &Span) -> i32 {
        self.told_at[&(span.cell.clone(), span.start)]
    }

    /// The team that somebody's change was told in: as the roster was then.
    pub fn team_when_told(&self, world: &World, span: &Span, account: Account, week: Week) -> Option<usize> {
        team_of(world, self.over(span), account, week)
    }

    /// Merged changes that are told of, and all of them in spans that were decided.
    pub fn share(&self, world: &World) -> (i64, i64) {
        let changes = || self.atoms.iter().filter(|atom| atom.family == Family::Change);
        let told = changes().filter_map(|atom| Some(atom.measures.get(&Component::MergedChanges)?.count)).sum();
        let all = changes().map(|atom| self.merges(world, atom).len()).sum::<usize>();
        (told, i64::try_from(all).unwrap())
    }
}

type Worked = BTreeSet<(&'static str, Account, Week)>;

/// Which accounts of which source worked in which week, or saw their work come into production.
fn worked(world: &World) -> Worked {
    let mut worked = BTreeSet::new();
    for merge in &world.merges {
        worked.extend(merge.author.map(|author| (CODE, author, merge.week)));
        worked.extend(merge.reviewer.map(|reviewer| (CODE, reviewer, merge.week)));
        worked.extend(merge.author.zip(delivered_in(merge)).map(|(author, week)| (CODE, author, week)));
    }
    worked.extend(world.commits.iter().map(|(week, author)| (CODE, *author, *week)));
    worked.extend(world.uses.iter().map(|usage| (CHAT, usage.actor, usage.week)));
    worked
}

/// How many people of the roster a span's cell has in its first week.
fn people_of(world: &World, over: i32, span: &Span) -> usize {
    let people = (0..world.members.len()).filter(|index| {
        let member = &world.members[*index];
        let is_there = member.moves[0].0 <= span.start;
        let team = team_of(world, over, World::account(*index), span.start);
        is_there
            && match span.cell.as_str() {
                Span::ORGANIZATION => true,
                Span::UNASSIGNED => team.is_none(),
                _ => team.is_some_and(|team| span.teams.contains(&world.teams[team])),
            }
    });
    people.count()
}

/// The team that counts in a week.
pub(super) fn team_of(world: &World, over: i32, account: Account, week: Week) -> Option<usize> {
    let Who::Member(index) = account.who else { return None };
    let member = &world.members[index];
    match world.edit.filter(|(when, who, _)| *when <= over && *who == index) {
        Some((_, _, team)) => (member.moves[0].0 <= week).then_some(team).flatten(),
        None => member.team_in(week).flatten(),
    }
}

fn accounts(world: &World) -> impl Iterator<Item = Account> + '_ {
    let members = world.members.iter().enumerate();
    let members = members.flat_map(|(index, member)| {
        (0..member.accounts).map(move |number| Account { who: Who::Member(index), number })
    });
    members.chain((0..world.outsiders).map(|outsider| Account { who: Who::Outsider(outsider), number: 0 }))
}

/// The week in which a change came into production.
pub(super) fn delivered_in(merge: &Merge) -> Option<Week> {
    const WEEK_SECONDS: i64 = 7 * 24 * 3600;
    // It is opened as its week begins.
    Some(merge.week.plus(i32::try_from(merge.delivered? / WEEK_SECONDS).unwrap()))
}

/// When a world is looked at, so many weeks after its first began.
pub(super) fn moment(world: &World, over: i32) -> Timestamp {
    Calendar::new(TimeZone::UTC).start_of(world.first.plus(over)) + SignedDuration::from_hours(30)
}

fn coverage(from: Timestamp, through: Timestamp) -> Vec<FeedCoverage> {
    let feed = |source: &str, emits: &[FactKind]| FeedCoverage {
        source: source.parse().unwrap(),
        feed: "all".parse().unwrap(),
        emits: emits.to_vec(),
        coverage: Some(Coverage { from, through }),
    };
    vec![
        feed(CODE, &[FactKind::Change, FactKind::Review, FactKind::Commit, FactKind::Deployment]),
        feed(CHAT, &[FactKind::Usage, FactKind::Friction, FactKind::Tally]),
    ]
}

fn keys(key: &IdentityKey, world: &World) -> EpochKeys {
    let epochs = world.first.plus(-14).epoch().index()..=world.first.plus(world.weeks + 3).epoch().index();
    let salts =
        epochs.map(|epoch| (Epoch::from_index(epoch), EpochSalt::from_bytes([u8::try_from(epoch % 251).unwrap(); 32])));
    key.epochs(&salts.collect())
}

pub(super) fn name(account: Account) -> String {
    match account.who {
        Who::Member(index) => format!("dev-{index:03}-{}", account.number),
        Who::Outsider(index) => format!("out-{index:03}"),
    }
}

/// Any number will do, as long as it is another one in each source and epoch.
fn pseudonym(source: &str, account: Account, week: Week) -> Pseudonym {
    let (kind, index) = match account.who {
        Who::Member(index) => (1, index),
        Who::Outsider(index) => (2, index),
    };
    let mut bytes = [0; 16];
    bytes[0] = kind;
    bytes[1] = u8::try_from(index).unwrap();
    bytes[2] = account.number;
    bytes[3] = u8::from(source == CHAT);
    bytes[4..8].copy_from_slice(&week.epoch().index().to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

fn spellings(world: &World, keys: &EpochKeys) -> Vec<Spelling> {
    let mut spellings = Vec::new();
    for (epoch, key) in keys.iter() {
        for account in accounts(world) {
            for source in [CODE, CHAT] {
                let alias = key.alias(source, &name(account));
                spellings.push(Spelling { epoch, alias, account: pseudonym(source, account, epoch.first_week()) });
            }
        }
    }
    spellings
}

fn facts(world: &World, calendar: &Calendar) -> Facts {
    let mut facts = Facts::default();
    let mut deliveries = Vec::new();
    for (index, merge) in world.merges.iter().enumerate() {
        let opened_at = calendar.start_of(merge.week);
        let first_review_at = merge.reviewer.map(|_| opened_at + SignedDuration::from_secs(merge.waited));
        let mut key = [0; 16];
        key[..8].copy_from_slice(&index.to_be_bytes());
        let merged_at = opened_at + SignedDuration::from_secs(MERGED_AFTER);
        facts.changes.push(change(world, merge, EntityKey::from_bytes(key), (opened_at, merged_at), first_review_at));
        if let (Some(reviewer), Some(at)) = (merge.reviewer, first_review_at) {
            facts.reviews.push(GivenReview {
                week: merge.week,
                at,
                change: EntityKey::from_bytes(key),
                earlier_change: None,
                change_author: merge.author.map(|author| pseudonym(CODE, author, merge.week)),
                reviewer: pseudonym(CODE, reviewer, merge.week),
            });
        }
        if let (Some(week), Some(seconds)) = (delivered_in(merge), merge.delivered) {
            let author = merge.author.map(|author| pseudonym(CODE, author, merge.week));
            deliveries.push(Delivery { week, author, seconds });
        }
    }
    facts.deliveries = deliveries.into_iter().collect::<Deliveries>();
    for (week, author) in &world.commits {
        facts.commits.push(LandedCommit { week: *week, author: pseudonym(CODE, *author, *week) });
    }
    for usage in &world.uses {
        facts.uses.push(CountedUse {
            week: usage.week,
            actor: pseudonym(CHAT, usage.actor, usage.week),
            tool: usage.tool.parse().unwrap(),
            count: usage.count,
        });
    }
    for (week, category, team) in &world.friction {
        let team = team.map(|team| world.teams[team].clone());
        facts.friction.push(ReportedFriction { week: *week, category: category.parse().unwrap(), team });
    }
    for (week, messages) in &world.tallies {
        let tool = "mattermost".parse().unwrap();
        facts.tallies.push(TakenTally { week: *week, tool, count: Some(*messages), people: None, eligible: None });
    }
    facts
}

fn change(
    world: &World,
    merge: &Merge,
    change: EntityKey,
    (opened_at, merged_at): (Timestamp, Timestamp),
    first_review_at: Option<Timestamp>,
) -> MergedChange {
    MergedChange {
        week: merge.week,
        merged_at,
        change,
        earlier_change: None,
        author: merge.author.map(|author| pseudonym(CODE, author, merge.week)),
        owner: merge.owner.map(|owner| world.teams[owner].clone()),
        first_commit_at: None,
        opened_at,
        ready_at: None,
        first_review_at,
        first_reviewer: merge.reviewer.map(|reviewer| pseudonym(CODE, reviewer, merge.week)),
        merge_commit: None,
        review_comments: merge.comments,
    }
}
