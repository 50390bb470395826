//! What commands print. Exact figures of runs are for operators; no person, account or message is among them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::build::App;
use super::collect::Collector;
use super::command::Format;
use crate::ingest::own_feed;
use crate::model::{
    Epoch, Family, FeedName, Pseudonym, RunProblem, RunReport, SourceName, Spelling, StampedFact, Week,
};
use crate::plugin::{CheckItem, CheckStatus, Failure};
use crate::release::{
    ENOUGH_FOR_DAYS, FeedCoverage, Membership, PersonKey, Readiness, Stretch, Terms, has_enough_people, readiness,
    readiness_of_days,
};
use crate::schedule::is_quarantined;
use crate::store::{Coverage, LastRun, RunSummary};

/// A feed as `status` shows it.
struct FeedStatus {
    source: SourceName,
    feed: FeedName,
    last: Option<LastRun>,
    /// When the next run should begin; `None` when there was none yet.
    next: Option<Timestamp>,
    /// Who is reading its source now.
    reader: Option<String>,
    coverage: Option<Coverage>,
    /// Where weeks before it were released before the feed was added.
    counts_from: Option<Week>,
}

/// How the last run of each feed went, when the next one comes, and what is covered.
pub(super) async fn status(app: &App, format: Format) -> anyhow::Result<()> {
    let mut feeds = Vec::new();
    for (source, feed) in app.setup.feeds() {
        let id = app.store().source_register(&source.name).await?;
        let mut last = app.store().last_run_fetch(id, &feed.name).await?;
        if let Some(last) = &mut last {
            let report = last.report.as_ref();
            let opened =
                report.and_then(|sealed| app.setup.pipe.key.cursors().open_report(&source.name, &feed.name, sealed));
            last.summary.report = opened.unwrap_or_default();
        }
        feeds.push(FeedStatus {
            source: source.name.clone(),
            feed: feed.name.clone(),
            next: last.as_ref().map(|last| app.setup.rhythm(source, feed).due(Some(last))),
            last,
            reader: app.store().lease_owner_fetch(id).await?,
            coverage: app.store().coverage_fetch(id, &feed.name).await?,
            counts_from: app.store().counts_from_fetch(id, &feed.name).await?,
        });
    }
    feeds.extend(reported(app).await?);
    match format {
        Format::Json => println!("{}", json!({ "feeds": feeds.iter().map(status_json).collect::<Vec<_>>() })),
        Format::Text => feeds.iter().for_each(print_status),
    }
    Ok(())
}

/// What is reported to this program itself, from when on somebody may.
async fn reported(app: &App) -> anyhow::Result<Option<FeedStatus>> {
    let (source, feed) = (SourceName::own(), own_feed());
    let id = app.store().source_register(&source).await?;
    let coverage = app.store().own_coverage_fetch(id, &feed).await?;
    let status = |coverage| FeedStatus {
        source,
        feed,
        last: None,
        next: None,
        reader: None,
        coverage: Some(coverage),
        counts_from: None,
    };
    Ok(coverage.map(status))
}

fn status_json(status: &FeedStatus) -> Value {
    let FeedStatus { source, feed, last, next, reader, coverage, counts_from } = status;
    json!({
        "source": source,
        "feed": feed,
        "last_run": last.as_ref().map(|last| {
            let mut run = run_json(&last.summary);
            run["started"] = json!(last.started.to_string());
            run["ended"] = json!(last.ended.map(|ended| ended.to_string()));
            run["strikes"] = json!(last.strikes);
            run
        }),
        "next_run": next.map(|next| next.to_string()),
        "read_by": reader,
        "counts_from": counts_from.map(|week| week.monday().to_string()),
        "covered": coverage.map(|coverage| json!({ "from": coverage.from.to_string(), "through": coverage.through.to_string() })),
    })
}

fn print_status(status: &FeedStatus) {
    println!("{}/{}", status.source, status.feed);
    match &status.last {
        None if status.source == SourceName::own() => {
            println!("  reported   by people; taken in by `serve`, once a minute");
        }
        None => println!("  last run   never"),
        Some(last) => {
            println!("  last run   {} {}", last.started, run_line(&last.summary));
            report_lines(&last.summary.report).iter().for_each(|line| println!("{line}"));
        }
    }
    if let Some(reader) = &status.reader {
        println!("  reading    {reader}");
    }
    if let (Some(next), Some(last)) = (status.next, &status.last) {
        let strikes = last.strikes;
        let why = if is_quarantined(strikes) {
            format!(": in quarantine after {strikes} failures of the plugin in a row; `run-once` tries it now")
        } else {
            String::new()
        };
        println!("  next run   {next}{why}");
    }
    match status.coverage {
        None => println!("  covered    nothing yet: no run was complete"),
        Some(coverage) => println!("  covered    {} to {}", coverage.from, coverage.through),
    }
    if let Some(week) = status.counts_from {
        let monday = week.monday();
        println!(
            "  counts     from {monday} on: weeks before were released before this feed was added, and what is released never changes"
        );
    }
}

/// What may be released and what each family waits for.
pub(super) async fn release(app: &App, format: Format) -> anyhow::Result<()> {
    let (teams, roster) = (app.setup.teams(), app.setup.roster()?);
    let counted = app.counted_roster().await?;
    let terms = app.setup.terms(&teams, &counted);
    let feeds = Collector::new(app, CancellationToken::new()).coverage().await?;
    let released = app.store().atoms_count().await?;
    let started = app.store().release_started_fetch().await?;
    let due = due_atoms(app, &terms, &feeds).await?;
    let keys = app.setup.pipe.key.epochs(&app.store().salts_fetch().await?);
    let spellings = app.store().spellings_fetch().await?;
    let membership = Membership::new(&counted, &keys, &spellings, Vec::new(), &terms.rules);
    let (matched, unmatched) = accounts(&membership, &spellings);
    // Whoever has opted out passes for seen.
    let unseen = counted.people().len() - membership.seen_people().len();
    let week = app.setup.config.calendar.week_of(app.setup.clock.now());
    let sizes: BTreeMap<String, usize> = roster
        .sizes_in(week)
        .into_iter()
        .map(|(team, size)| (team.map_or("unassigned", |team| team.as_str()).to_owned(), size))
        .collect();
    let waits: BTreeMap<&str, String> =
        Family::ALL.iter().map(|family| (family.as_str(), waiting(*family, &feeds, app))).collect();
    let days = app.setup.config.privacy.daily_system.then(|| waiting_days(&terms, &feeds, week));
    if format == Format::Json {
        println!(
            "{}",
            json!({
                "started": started.map(|started| started.to_string()),
                "released_atoms": released,
                "due_atoms": due,
                "accounts": { "matched": matched, "unmatched": unmatched },
                "people": { "on_roster": roster.people().len(), "never_seen": unseen },
                "teams": sizes,
                "families": waits,
                "days": days,
            })
        );
        return Ok(());
    }
    match started {
        Some(started) => println!("releasing since {started}; {released} atoms released, {due} due"),
        None => println!("nothing is released before `quintant release start`; {due} atoms are due then"),
    }
    println!("accounts   {matched} belong to somebody on the roster, {unmatched} do not");
    println!("roster     {} people, {unseen} of them not seen in any source", roster.people().len());
    println!("teams this week");
    for (team, size) in sizes {
        println!("  {team}: {size} people");
    }
    println!("families");
    for (family, text) in waits {
        println!("  {family}: {text}");
    }
    if let Some(text) = days {
        println!("days of what runs, which `privacy.daily_system` has told");
        println!("  organization: {text}");
    }
    Ok(())
}

/// How many families of spans could be released now.
async fn due_atoms(app: &App, terms: &Terms<'_>, feeds: &[FeedCoverage]) -> anyhow::Result<usize> {
    let Some(stretch) = Stretch::of(terms, feeds) else { return Ok(0) };
    let released = app.store().released_fetch(stretch.history()).await?;
    let spans = app.store().spans_fetch(stretch.history()).await?;
    Ok(stretch.due(terms, &released, &spans).spans.iter().map(|(_, families)| families.len()).sum())
}

/// How many accounts belong to somebody on the roster, and how many do not. An account has another pseudonym in each epoch, so that they
/// are counted in the one that saw most.
fn accounts(membership: &Membership<'_>, spellings: &[Spelling]) -> (usize, usize) {
    let mut epochs: BTreeMap<Epoch, BTreeSet<Pseudonym>> = BTreeMap::new();
    for spelling in spellings {
        epochs.entry(spelling.epoch).or_default().insert(spelling.account);
    }
    let fullest = epochs.into_values().max_by_key(BTreeSet::len).unwrap_or_default();
    let is_matched = |account: &&Pseudonym| matches!(membership.person(**account), PersonKey::Rostered(_));
    let matched = fullest.iter().filter(is_matched).count();
    (matched, fullest.len() - matched)
}

fn waiting(family: Family, feeds: &[FeedCoverage], app: &App) -> String {
    readiness_line("weeks", &readiness(family, feeds, app.setup.config.release.settle))
}

/// What days wait for. How many people are counted is not told: with the roster it would tell of who has opted out.
fn waiting_days(terms: &Terms<'_>, feeds: &[FeedCoverage], week: Week) -> String {
    if has_enough_people(terms, week) {
        readiness_line("days", &readiness_of_days(terms, feeds))
    } else {
        format!("wait for a roster of {ENOUGH_FOR_DAYS} people")
    }
}

fn readiness_line(what: &str, readiness: &Readiness) -> String {
    match readiness {
        Readiness::NoFeed => "no source brings what it rests on".to_owned(),
        Readiness::Waiting(feeds) => {
            let names: Vec<String> = feeds.iter().map(|(source, feed)| format!("`{source}/{feed}`")).collect();
            format!("waits for the first complete run of {}", names.join(", "))
        }
        Readiness::Through { from, through } => {
            format!("{what} from {from} that end by {through} are covered and settled")
        }
    }
}

/// What each source says of itself.
pub(super) fn checks(reports: &[(SourceName, Result<Vec<CheckItem>, Failure>)], format: Format) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    for (source, report) in reports {
        let items = match report {
            Ok(items) => items.clone(),
            Err(failure) => vec![CheckItem {
                name: failure.code.as_str().to_owned(),
                status: CheckStatus::Fail,
                message: failure.message.clone(),
                hint: None,
            }],
        };
        for item in items {
            let status = match item.status {
                CheckStatus::Pass => "pass",
                CheckStatus::Warn => "warn",
                CheckStatus::Fail => "fail",
            };
            if format == Format::Json {
                let line = json!({ "source": source, "name": item.name, "status": status, "message": item.message, "hint": item.hint });
                writeln!(output, "{line}")?;
                continue;
            }
            writeln!(output, "{source}: {status} {}: {}", item.name, item.message)?;
            if let Some(hint) = item.hint {
                writeln!(output, "    hint: {hint}")?;
            }
        }
    }
    Ok(())
}

/// One line about a run.
pub(super) fn run(output: &mut impl Write, feed: &str, summary: &RunSummary, format: Format) -> std::io::Result<()> {
    match format {
        Format::Text => {
            writeln!(output, "{feed}: {}", run_line(summary))?;
            report_lines(&summary.report).iter().try_for_each(|line| writeln!(output, "{line}"))
        }
        Format::Json => {
            let mut run = run_json(summary);
            run["feed"] = json!(feed);
            writeln!(output, "{run}")
        }
    }
}

/// A fact as it would be stored.
pub(super) fn fact(stamped: &StampedFact) -> Value {
    let key: String = stamped.fact.key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "kind": stamped.fact.body.kind().as_str(),
        "key": key,
        "at": stamped.fact.at.to_string(),
        "week": stamped.week.monday().to_string(),
    })
}

fn run_line(summary: &RunSummary) -> String {
    let mut line = format!("{}: {} facts in {} pages", summary.outcome, summary.facts, summary.pages);
    for (count, what) in [(summary.problems, "problems"), (summary.rejected, "rejected"), (summary.late, "late")] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    if summary.requests > 0 {
        line.push_str(&format!(", {} requests", summary.requests));
    }
    if summary.retries > 0 {
        line.push_str(&format!(", {} of them again", summary.retries));
    }
    if summary.waited_seconds > 0 {
        line.push_str(&format!(", {} s waited for rate limits", summary.waited_seconds));
    }
    if let Some(code) = &summary.code {
        line.push_str(&format!(", code `{code}`"));
    }
    if let Some(retry) = summary.retry_at {
        line.push_str(&format!(", not again before {retry}"));
    }
    line
}

/// What a run brought, left out and could not read.
fn report_lines(report: &RunReport) -> Vec<String> {
    let mut lines = Vec::new();
    if !report.facts.is_empty() {
        let kinds: Vec<String> =
            report.facts.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
        lines.push(format!("  brought    {}", kinds.join(", ")));
    }
    if !report.rejected.is_empty() {
        let reasons: Vec<String> =
            report.rejected.iter().map(|(reason, count)| format!("{count} {}", reason.as_str())).collect();
        lines.push(format!("  rejected   {}", reasons.join(", ")));
    }
    for RunProblem { kind, scope, count } in &report.problems {
        let scope = scope.as_ref().map_or_else(String::new, |scope| format!(" `{scope}`"));
        lines.push(format!("  problem    {count} {kind}{scope}"));
    }
    for (name, count) in &report.unmapped {
        lines.push(format!("  unmapped   {count} about `{name}`, which no `[[service]]` covers"));
    }
    lines
}

fn run_json(summary: &RunSummary) -> Value {
    json!({
        "outcome": summary.outcome,
        "code": summary.code,
        "retry_at": summary.retry_at.map(|retry| retry.to_string()),
        "pages": summary.pages,
        "facts": summary.facts,
        "rejected": summary.rejected,
        "late": summary.late,
        "problems": summary.problems,
        "requests": summary.requests,
        "retries": summary.retries,
        "waited_seconds": summary.waited_seconds,
        "details": summary.report,
    })
}
