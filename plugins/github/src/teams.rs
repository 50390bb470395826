//! The feed of teams: who is in which, from the moment it was seen.
//!
//! GitHub lists the members of child teams with those of their parent. Whoever is in both belongs to the child; whoever is in
//! several that are not above each other belongs to the one that is deepest, and then first by name.

use std::collections::BTreeMap;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, Loss, Stop};
use crate::payload::Id;
use crate::people::{self, User};
use crate::scan;
use crate::settings::{Organization, Settings};

/// Each costs a request: a call must end in time even where the server is slow.
const MOST_TEAMS_A_CALL: usize = 25;
/// What has not changed is told again after so long: the host asks for it every week, and a run may be late.
const TOLD_AGAIN_AFTER: Instant = 6 * DAY;

/// What is kept between runs, and within one.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// Who was told to be where, by the account's id.
    told: BTreeMap<u64, Member>,
    /// When everybody was told last.
    #[serde(default)]
    all_told_at: Instant,
    scan: Option<Scan>,
}

/// Login and team.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Member(String, String);

#[derive(Default, Serialize, Deserialize)]
struct Scan {
    /// Organizations that are listed.
    listed: usize,
    /// Teams whose members are still to be read, the deepest last.
    teams: Vec<Team>,
    found: BTreeMap<u64, Member>,
    /// Something could not be read: nobody has left for not being found.
    has_loss: bool,
    held_back: bool,
}

#[derive(Serialize, Deserialize)]
struct Team {
    organization: Organization,
    slug: String,
}

/// An item of `GET /orgs/{org}/teams`.
#[derive(Debug, Deserialize)]
struct Listed {
    id: Id,
    slug: String,
    parent: Option<Parent>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    id: Id,
}

/// Answers one call of the feed.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let context = &request.context;
    let organizations = &context.settings.organizations;
    let api = Api::new(client, context.now);
    let mut page = Page::new();
    let mut cursor: Cursor = request.cursor()?.unwrap_or_default();
    let mut scan = cursor.scan.take().unwrap_or_default();
    let mut left = MOST_TEAMS_A_CALL;
    while left > 0 {
        left -= 1;
        let (organization, read) = match (scan.teams.last(), organizations.get(scan.listed)) {
            (Some(team), _) => {
                let organization = team.organization.clone();
                let read = members(&api, team).map(|members| scan.take(members, context, &mut page));
                (organization, read)
            }
            (None, Some(organization)) => {
                let read = teams(&api, organization).map(|teams| scan.add(organization, teams, &mut page));
                (organization.clone(), read)
            }
            (None, None) => break,
        };
        match read {
            Ok(()) => {}
            Err(Stop::Here(loss)) => {
                scan::report(loss, organization.as_str(), &mut page);
                scan.has_loss = true;
                scan.held_back |= loss == Loss::Unavailable;
                if scan.teams.pop().is_none() {
                    scan.listed += 1;
                }
            }
            Err(Stop::Run(Error::RateLimited(_))) if left + 1 < MOST_TEAMS_A_CALL => break,
            Err(Stop::Run(error)) => return Err(error),
        }
        if api.take_truncated() {
            page.problem(ProblemKind::Truncated, Some(organization.as_str()));
            scan.has_loss = true;
        }
    }
    page.more = !scan.teams.is_empty() || scan.listed < organizations.len();
    if page.more {
        cursor.scan = Some(scan);
    } else {
        if api.now() >= cursor.all_told_at.saturating_add(TOLD_AGAIN_AFTER) {
            cursor.all_told_at = api.now();
            tell_again(&cursor.told, &scan.found, scan.has_loss, api.now(), &mut page);
        }
        tell(&mut cursor.told, scan.found, scan.has_loss, api.now(), &mut page);
        if !scan.held_back {
            page.covered_through(api.started_at());
        }
    }
    page.save(&cursor)?;
    Ok(page)
}

/// Adds what is as it was told; who could not be found for a loss is still believed to be there.
fn tell_again(
    told: &BTreeMap<u64, Member>,
    found: &BTreeMap<u64, Member>,
    has_loss: bool,
    at: Instant,
    page: &mut Page,
) {
    let stays = |id: &u64, member: &Member| found.get(id).map_or(has_loss, |found| found == member);
    for (id, Member(login, team)) in told.iter().filter(|(id, member)| stays(id, member)) {
        push(*id, login, Some(team.clone()), at, page);
    }
}

/// Adds what is different from what was told.
fn tell(told: &mut BTreeMap<u64, Member>, found: BTreeMap<u64, Member>, has_loss: bool, at: Instant, page: &mut Page) {
    if !has_loss {
        told.retain(|id, Member(login, _)| {
            let is_there = found.contains_key(id);
            if !is_there {
                push(*id, login, None, at, page);
            }
            is_there
        });
    }
    for (id, member) in found {
        if told.get(&id) != Some(&member) {
            push(id, &member.0, Some(member.1.clone()), at, page);
            told.insert(id, member);
        }
    }
}

fn push(id: u64, login: &str, team: Option<String>, at: Instant, page: &mut Page) {
    page.push(format!("{id}/{at}"), at, Membership::new(Account::new(id.to_string(), [login]), team));
}

impl Scan {
    fn add(&mut self, organization: &Organization, listed: Items<Listed>, page: &mut Page) {
        page.reject(Some(organization.as_str()), listed.rejected);
        self.has_loss |= listed.rejected > 0;
        let parents: BTreeMap<u64, u64> =
            listed.items.iter().filter_map(|team| Some((team.id.0, team.parent.as_ref()?.id.0))).collect();
        let mut teams: Vec<(usize, String)> =
            listed.items.into_iter().map(|team| (depth(team.id.0, &parents), team.slug)).collect();
        // Read from the end: the deepest first, and those of a depth by name.
        teams.sort_by(|(a, first), (b, second)| a.cmp(b).then_with(|| second.cmp(first)));
        let teams = teams.into_iter().filter(|(_, slug)| is_plain(slug));
        self.teams = teams.map(|(_, slug)| Team { organization: organization.clone(), slug }).collect();
        self.listed += 1;
    }

    fn take(&mut self, members: Items<User>, context: &Context<Settings>, page: &mut Page) {
        let Some(team) = self.teams.pop() else { return };
        page.reject(Some(team.organization.as_str()), members.rejected);
        self.has_loss |= members.rejected > 0;
        for user in members.items {
            let is_human = people::account(Some(&user), context).is_some_and(|account| !account.bot);
            if let (true, Some(id), Some(login)) = (is_human, user.id, user.login) {
                self.found.entry(id.0).or_insert_with(|| Member(login, team.slug.clone()));
            }
        }
    }
}

/// How many teams are above one.
fn depth(team: u64, parents: &BTreeMap<u64, u64>) -> usize {
    let above = std::iter::successors(parents.get(&team), |parent| parents.get(*parent));
    // Teams that were above each other would have no end.
    above.take(parents.len()).count()
}

/// Whether a name needs no percent-encoding in a path.
fn is_plain(slug: &str) -> bool {
    !slug.is_empty() && slug.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn teams(api: &Api<'_>, organization: &Organization) -> Result<Items<Listed>, Stop> {
    api.all(api::get(format!("/orgs/{organization}/teams")).query("per_page", "100"))
}

fn members(api: &Api<'_>, team: &Team) -> Result<Items<User>, Stop> {
    let path = format!("/orgs/{}/teams/{}/members", team.organization, team.slug);
    api.all(api::get(path).query("role", "all").query("per_page", "100"))
}
