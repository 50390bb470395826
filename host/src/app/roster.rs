//! `quintant roster`: keeps the roster true. Names come from its file and from sources that are read in memory; no name is stored.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::build::{App, Setup};
use super::command::{Format, find_source};
use crate::ingest::FeedRun;
use crate::model::{FactKind, SourceName, TeamName, Week};
use crate::plugin::FeedSpec;
use crate::pseudonym::{Meeting, Named, OptOuts, Person, PersonChange, Roster, RosterDifference, Suggestions, Upkeep};

#[derive(Subcommand)]
pub(super) enum RosterArguments {
    /// Show accounts that no source has shown, accounts that were renamed, and how many accounts belong to nobody.
    ///
    /// Accounts are stored as keyed hashes, so whose they are can be told for those alone that the roster names. `--source` asks a source
    /// for the others; what it answers is printed, and not kept.
    Status {
        /// Read this source now, and show its accounts that belong to nobody and, where it knows teams, who is in another one.
        #[arg(long, value_name = "SOURCE")]
        source: Option<SourceName>,
    },
    /// Show what another roster changes, and put it into the place of `roster.file` with `--yes`.
    ///
    /// A roster with mistakes is refused, all of them at once. What is released stays as it is: a move that is dated back counts from the
    /// first week that is not released.
    Import {
        file: PathBuf,
        /// Put it into its place. A host that runs takes it with its next run.
        #[arg(long)]
        yes: bool,
        /// Also compare it with the teams of this source, which is read now.
        #[arg(long, value_name = "SOURCE")]
        memberships: Option<SourceName>,
    },
}

/// What sources have shown of the roster.
pub(super) async fn status(app: &App, source: Option<&SourceName>, format: Format) -> anyhow::Result<bool> {
    let (roster, key) = (app.setup.roster()?, &app.setup.pipe.key);
    let keys = key.epochs(&app.store().salts_fetch().await?);
    let list: OptOuts = app.store().opt_outs_fetch().await?.1.into_iter().collect();
    let sightings = app.store().sightings_fetch().await?;
    let upkeep = Upkeep::of(&roster, &sightings, &keys, &list, key.opt_outs());
    let meeting = match source {
        Some(source) => Some((source, meet(&app.setup, source).await?)),
        None => None,
    };
    let week = this_week(&app.setup);
    let suggestions = meeting.as_ref().map(|(source, meeting)| (*source, meeting.suggestions(&roster, source, week)));
    if format == Format::Json {
        let accounts: Vec<Value> = upkeep
            .accounts
            .iter()
            .map(|(source, (known, unknown))| json!({ "source": source, "of_somebody": known, "of_nobody": unknown }))
            .collect();
        let named = |named: &[Named<'_>]| -> Vec<Value> { named.iter().map(named_json).collect() };
        println!(
            "{}",
            json!({
                "people": roster.people().len(),
                "accounts": accounts,
                "never_seen": named(&upkeep.never_seen),
                "renamed": named(&upkeep.renamed),
                "source": suggestions.as_ref().map(|(source, suggestions)| suggestions_json(source, suggestions)),
            })
        );
        return Ok(true);
    }
    println!("{} people", roster.people().len());
    for (source, (known, unknown)) in &upkeep.accounts {
        println!("{source}: {known} accounts of somebody on the roster, {unknown} of nobody");
    }
    for Named { person, source, account } in &upkeep.never_seen {
        println!("never seen: `{account}` of {} in `{source}`; is it mistyped, or gone?", person.name());
    }
    for Named { person, source, account } in &upkeep.renamed {
        println!("renamed: `{account}` of {} in `{source}`; `--source {source}` shows its new name", person.name());
    }
    if let Some((source, suggestions)) = &suggestions {
        print_suggestions(source, suggestions);
    }
    Ok(true)
}

/// Shows what a file would change; with `yes` it takes the roster's place.
pub(super) async fn import(
    setup: &Setup,
    file: &Path,
    yes: bool,
    memberships: Option<&SourceName>,
    format: Format,
) -> anyhow::Result<bool> {
    let target = setup.config.roster.file.as_deref().context(
        "the configuration names no roster; write `[roster]` with `file = \"roster.csv\"`, which is where this one goes",
    )?;
    let new = setup.roster_at(file)?;
    let old = if target.exists() { setup.roster_at(target)? } else { Roster::default() };
    let week = this_week(setup);
    let difference = RosterDifference::between(&old, &new, week);
    let meeting = match memberships {
        Some(source) => Some((source, meet(setup, source).await?)),
        None => None,
    };
    let suggestions = meeting.as_ref().map(|(source, meeting)| (*source, meeting.suggestions(&new, source, week)));
    if yes {
        replace(target, file).with_context(|| format!("`{}` cannot be replaced", target.display()))?;
    }
    if format == Format::Json {
        let suggestions = suggestions.as_ref().map(|(source, suggestions)| suggestions_json(source, suggestions));
        println!(
            "{}",
            json!({ "applied": yes, "changes": difference.changes.iter().map(change_json).collect::<Vec<_>>(), "source": suggestions })
        );
        return Ok(true);
    }
    difference.changes.iter().for_each(print_change);
    print_sizes(&difference, setup.config.privacy.minimum_group);
    if let Some((source, suggestions)) = &suggestions {
        print_suggestions(source, suggestions);
    }
    match (difference.changes.len(), yes) {
        (0, _) => println!("nothing is different"),
        (_, true) => println!("`{}` is replaced", target.display()),
        (changes, false) => println!("{changes} changes; nothing is done yet, `--yes` puts it into its place"),
    }
    Ok(true)
}

/// Whom a source names now: from its feed of teams where it has one, else from all that it says.
async fn meet(setup: &Setup, name: &SourceName) -> anyhow::Result<Meeting> {
    let source = find_source(setup, name)?;
    let knows_teams = |feed: &&FeedSpec| feed.emits.contains(&FactKind::Membership);
    let of_teams: Vec<&FeedSpec> = source.feeds.iter().filter(knows_teams).collect();
    let feeds = if of_teams.is_empty() { source.feeds.iter().collect() } else { of_teams };
    let mut meeting = Meeting::default();
    for feed in feeds {
        let run = FeedRun { pipe: &setup.pipe, source, feed, clock: &setup.clock, watch: None };
        let summary = run.meet(|fact| meeting.meet(fact)).await;
        let summary = summary.map_err(|failure| {
            anyhow::anyhow!("feed `{}` of `{name}`: {}: {}", feed.name, failure.code.as_str(), failure.message)
        })?;
        anyhow::ensure!(
            summary.outcome == "ok",
            "feed `{}` of `{name}` could not be read whole, so that nothing can be said of who is missing",
            feed.name
        );
    }
    Ok(meeting)
}

fn this_week(setup: &Setup) -> Week {
    setup.config.calendar.week_of(setup.clock.now())
}

/// All of it is there or nothing, whenever this stops.
fn replace(target: &Path, file: &Path) -> std::io::Result<()> {
    let text = std::fs::read(file)?;
    let mode = std::fs::metadata(target).map_or(0o600, |known| known.permissions().mode() & 0o777);
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    let written = new.write_all(&text).and_then(|()| new.sync_all()).and_then(|()| std::fs::rename(&beside, target));
    if written.is_err() {
        std::fs::remove_file(&beside)?;
    }
    written
}

fn print_change(change: &PersonChange<'_>) {
    match change {
        PersonChange::Joins { person } => {
            let teams: Vec<String> = person.moves().iter().map(|(from, team)| place(*from, team.as_ref())).collect();
            println!("+ {} joins: {}", person.name(), teams.join(", "));
        }
        PersonChange::Leaves { person } => println!("- {} leaves", person.name()),
        PersonChange::Moves { person, now, no_longer } => {
            let said = |moves: &[(Date, Option<&TeamName>)]| -> String {
                moves.iter().map(|(from, team)| place(*from, *team)).collect::<Vec<_>>().join(", ")
            };
            let instead = if no_longer.is_empty() { String::new() } else { format!(" instead of {}", said(no_longer)) };
            println!("~ {} moves: {}{instead}", person.name(), said(now));
        }
        PersonChange::Accounts { person, now, no_longer } => {
            let said = |sign: char, accounts: &[(&SourceName, &str)]| -> String {
                accounts.iter().map(|(source, account)| format!(" {sign}`{account}` in `{source}`")).collect()
            };
            println!("~ {} has other accounts:{}{}", person.name(), said('+', now), said('-', no_longer));
        }
    }
}

fn print_sizes(difference: &RosterDifference<'_>, minimum_group: u32) {
    for (team, (before, after)) in difference.sizes.iter().filter(|(_, (before, after))| before != after) {
        let pooled = usize::try_from(minimum_group).is_ok_and(|minimum| *after > 0 && *after < minimum);
        let why = if pooled { format!("; below {minimum_group} it is pooled") } else { String::new() };
        println!("  {}: {before} → {after} people this week{why}", team_name(*team));
    }
}

fn print_suggestions(source: &SourceName, suggestions: &Suggestions<'_>) {
    for (account, team) in &suggestions.unmatched {
        match team {
            Some(team) => println!("`{source}` has `{account}` in team `{team}`, whom the roster does not know"),
            None => println!("`{source}` has `{account}`, whom the roster does not know"),
        }
    }
    for (person, team) in &suggestions.moves {
        println!("`{source}` has {} in team `{team}`", person.name());
    }
    for person in &suggestions.absent {
        println!("`{source}` has {} in no team", person.name());
    }
}

fn place(from: Date, team: Option<&TeamName>) -> String {
    format!("{} from {from}", team_name(team))
}

fn team_name(team: Option<&TeamName>) -> &str {
    team.map_or("no team", TeamName::as_str)
}

fn named_json(named: &Named<'_>) -> Value {
    json!({ "person": named.person.name(), "source": named.source, "account": named.account })
}

fn change_json(change: &PersonChange<'_>) -> Value {
    let moves = |moves: &[(Date, Option<&TeamName>)]| -> Vec<Value> {
        moves.iter().map(|(from, team)| json!({ "from": from.to_string(), "team": team })).collect()
    };
    let accounts = |accounts: &[(&SourceName, &str)]| -> Vec<Value> {
        accounts.iter().map(|(source, account)| json!({ "source": source, "account": account })).collect()
    };
    let own_moves = |person: &Person| -> Vec<Value> {
        person.moves().iter().map(|(from, team)| json!({ "from": from.to_string(), "team": team })).collect()
    };
    match change {
        PersonChange::Joins { person } => {
            json!({ "change": "joins", "person": person.name(), "now": own_moves(person) })
        }
        PersonChange::Leaves { person } => json!({ "change": "leaves", "person": person.name() }),
        PersonChange::Moves { person, now, no_longer } => {
            json!({ "change": "moves", "person": person.name(), "now": moves(now), "no_longer": moves(no_longer) })
        }
        PersonChange::Accounts { person, now, no_longer } => {
            json!({ "change": "accounts", "person": person.name(), "now": accounts(now), "no_longer": accounts(no_longer) })
        }
    }
}

fn suggestions_json(source: &SourceName, suggestions: &Suggestions<'_>) -> Value {
    let unmatched: Vec<Value> =
        suggestions.unmatched.iter().map(|(account, team)| json!({ "account": account, "team": team })).collect();
    let moves: Vec<Value> =
        suggestions.moves.iter().map(|(person, team)| json!({ "person": person.name(), "team": team })).collect();
    let absent: Vec<&str> = suggestions.absent.iter().map(|person| person.name()).collect();
    json!({ "name": source, "unmatched": unmatched, "moves": moves, "absent": absent })
}
