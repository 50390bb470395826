//! Which teams and public channels are read.

use quintant_sdk::pattern;
use quintant_sdk::prelude::*;

use crate::api::{Api, Listing, Loss, Stop, get};
use crate::payload::{Channel, Team};
use crate::settings::{Settings, TeamName};

/// The teams to read, and which of the configured ones cannot be.
#[derive(Debug, Default)]
pub struct Teams {
    pub found: Vec<Team>,
    pub lost: Vec<(TeamName, Loss)>,
    pub rejected: u32,
    pub is_truncated: bool,
}

impl Teams {
    /// Reports what is missing.
    pub fn report(&self, page: &mut Page) {
        for (name, loss) in &self.lost {
            loss.report(&format!("team {name}"), page);
        }
        page.reject(Some("teams"), self.rejected);
        if self.is_truncated {
            page.problem(ProblemKind::Truncated, Some("teams"));
        }
    }

    /// Whether a team that may still answer did not.
    #[must_use]
    pub fn held_back(&self) -> bool {
        self.lost.iter().any(|(_, loss)| *loss == Loss::Unavailable)
    }
}

/// The configured teams, or all open ones.
///
/// # Errors
/// When nothing can be read in this run.
pub fn teams(api: &Api<'_>, settings: &Settings) -> Result<Teams> {
    let mut teams = Teams::default();
    if settings.teams.is_empty() {
        let listing = match api.list::<Team>("/teams", settings.page_size) {
            Ok(listing) => listing,
            Err(Stop::Run(error)) => return Err(error),
            Err(Stop::Here(loss)) => return Err(no_teams(loss)),
        };
        teams.found = listing.items.into_iter().filter(|team| team.is_open() && !team.is_archived()).collect();
        (teams.rejected, teams.is_truncated) = (listing.rejected, listing.is_truncated);
        return Ok(teams);
    }
    for name in &settings.teams {
        let team = api
            .send(&get(format_args!("/teams/name/{name}")))
            .and_then(|response| Ok(response.json::<Team>()?))
            .and_then(|team| if team.is_archived() { Err(Stop::Here(Loss::NotFound)) } else { Ok(team) });
        match team {
            Ok(team) => teams.found.push(team),
            Err(Stop::Here(loss)) => teams.lost.push((name.clone(), loss)),
            Err(Stop::Run(error)) => return Err(error),
        }
    }
    Ok(teams)
}

/// The public channels of a team that are not left out.
///
/// # Errors
/// When the team, or Mattermost as a whole, cannot be read on.
pub fn channels(api: &Api<'_>, team: &str, settings: &Settings) -> Result<Listing<Channel>, Stop> {
    let mut listing = api.list::<Channel>(&format!("/teams/{team}/channels"), settings.page_size)?;
    listing.items.retain(|channel| channel.is_public() && !channel.is_archived() && is_wanted(channel, settings));
    Ok(listing)
}

/// Whether the operator does not leave it out.
#[must_use]
pub fn is_wanted(channel: &Channel, settings: &Settings) -> bool {
    let name = channel.name.as_deref().unwrap_or_default();
    !settings.channels_except.iter().any(|pattern| pattern::matches(pattern, name))
}

fn no_teams(loss: Loss) -> Error {
    match loss {
        Loss::Unavailable => Error::Transient("Mattermost gives no usable answer".to_owned()),
        Loss::Forbidden => Error::Misconfigured(
            "the account may not list teams: name them in `teams`, or give it the permission `list_public_teams`"
                .to_owned(),
        ),
        Loss::NotFound | Loss::NotOffered => Error::Misconfigured(
            "there is no Mattermost at the endpoint's `url`: `/api/v4/teams` is not found".to_owned(),
        ),
    }
}
