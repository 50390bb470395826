//! Surveys and the programs that may submit, as an operator opens, hands out, reminds of and closes them. Nobody's name is ever asked for.

mod closing;
mod printing;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

pub(super) use closing::close_due;

use super::build::App;
use super::command::Format;
use crate::model::{Campaign, CampaignId, Client, Instrument, TeamName};
use crate::plugin::post_message;
use crate::pseudonym::{CampaignKey, ClientToken};
use crate::release::{Planned, Rules, planned};
use closing::{close, discard};
use printing::{condition, described, line};

const MOST_TOKENS: u32 = 100_000;
const LONGEST_CLIENT_NAME: usize = 64;

#[derive(Subcommand)]
pub(super) enum SurveyCommand {
    /// Ask every cell that is not asked already: each team, small teams pooled, and the people without a team.
    ///
    /// Ten people and more answer the pulse over one week, fewer over four; the other surveys take four weeks.
    Open {
        #[arg(default_value = "pulse")]
        instrument: InstrumentName,
    },
    /// Show the campaigns: who is asked, until when, and whether the key is here. Never how many have answered.
    List,
    /// Print one-time tokens of a campaign, one a line, in no order: hand each person one, and keep no list of who got which.
    Tokens {
        /// The campaign's number.
        campaign: u32,
        /// How many. Where it is left out, as many as there are people.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TOKENS)))]
        count: Option<u32>,
    },
    /// Print a reminder to everybody, and post it where `survey.webhook` is configured.
    Remind {
        #[arg(default_value = "pulse")]
        instrument: InstrumentName,
    },
    /// Close campaigns that are over: release what they tell, and destroy the answers and the keys. `serve` does it, too.
    Close {
        /// The campaign's number. Where it is left out, every campaign that is over.
        campaign: Option<u32>,
        /// Close it whether it is over or not, and destroy its answers unread.
        #[arg(long, requires = "campaign")]
        discard: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for a program that submits answers and friction for people it knows, and prints it once: only its hash is kept.
    New {
        /// What the program may do.
        #[arg(long)]
        scope: Scope,
        /// What the program is called.
        #[arg(long)]
        name: String,
        /// The team of everybody that it submits for.
        #[arg(long)]
        team: Option<TeamName>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum InstrumentName {
    Pulse,
    Nps,
    Annual,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Scope {
    /// Answers to surveys, one a person, and reports of friction.
    Submit,
}

impl From<InstrumentName> for Instrument {
    fn from(name: InstrumentName) -> Self {
        match name {
            InstrumentName::Pulse => Instrument::Pulse,
            InstrumentName::Nps => Instrument::Nps,
            InstrumentName::Annual => Instrument::Annual,
        }
    }
}

pub(super) async fn survey(app: &App, command: &SurveyCommand, format: Format) -> anyhow::Result<bool> {
    match command {
        SurveyCommand::Open { instrument } => open(app, (*instrument).into(), format).await?,
        SurveyCommand::List => list(app, format).await?,
        SurveyCommand::Tokens { campaign, count } => tokens(app, *campaign, *count, format).await?,
        SurveyCommand::Remind { instrument } => remind(app, (*instrument).into(), format).await?,
        SurveyCommand::Close { campaign: Some(campaign), discard: true } => discard(app, *campaign, format).await?,
        SurveyCommand::Close { campaign, .. } => close(app, *campaign, format).await?,
    }
    Ok(true)
}

pub(super) async fn token(app: &App, command: &TokenCommand, format: Format) -> anyhow::Result<bool> {
    let TokenCommand::New { scope: Scope::Submit, name, team } = command;
    if name.is_empty() || name.chars().count() > LONGEST_CLIENT_NAME || name.contains(char::is_control) {
        anyhow::bail!("`--name` has 1 to {LONGEST_CLIENT_NAME} characters");
    }
    if let Some(team) = team.as_ref().filter(|team| !app.setup.teams().contains(team)) {
        let known = app.setup.teams().iter().map(|team| format!("`{team}`")).collect::<Vec<_>>().join(", ");
        anyhow::bail!("there is no team `{team}`; configured are: {known}");
    }
    let token = ClientToken::issue()?;
    if !app.store().client_add(name, &token.hash(), &Client { team: team.clone() }).await? {
        anyhow::bail!("a program is called `{name}` already; give this one another name");
    }
    app.setup.pipe.open_reports(app.store(), app.setup.clock.now()).await?;
    match format {
        Format::Text => println!("{}", token.expose()),
        Format::Json => {
            println!("{}", json!({ "name": name, "scope": "submit", "team": team, "token": token.expose() }))
        }
    }
    Ok(true)
}

async fn open(app: &App, instrument: Instrument, format: Format) -> anyhow::Result<()> {
    let (setup, store) = (&app.setup, app.store());
    let week = setup.config.calendar.week_of(setup.clock.now());
    let existing = store.campaigns_fetch().await?;
    let rules = rules(app);
    let (mut opened, mut not_asked) = (Vec::new(), Vec::new());
    for Planned { span, invited } in planned(instrument, &setup.roster()?, &setup.teams(), &existing, week, &rules) {
        if !span.admitted {
            not_asked.push(span.cell);
            continue;
        }
        let seal = CampaignKey::create(&setup.config.survey.keys)?.seal();
        match store.campaign_open(instrument, &span, invited, &seal).await? {
            Some(id) => opened.push(Campaign { id, instrument, span, invited, seal, is_closed: false }),
            // Somebody else was faster.
            None => drop(CampaignKey::destroy(&setup.config.survey.keys, &seal)?),
        }
    }
    match format {
        Format::Json => {
            let opened: Vec<Value> = opened.iter().map(|campaign| described(app, campaign)).collect();
            println!("{}", json!({ "opened": opened, "too_few_people": not_asked }));
        }
        Format::Text => {
            for campaign in &opened {
                println!("opened {}", line(app, campaign));
            }
            for cell in &not_asked {
                println!("not asked: {cell}, because there are fewer than {} people", rules.minimum_group);
            }
            if opened.is_empty() {
                println!("nothing new is open: `quintant survey list` shows who is asked");
            }
        }
    }
    Ok(())
}

async fn list(app: &App, format: Format) -> anyhow::Result<()> {
    let campaigns = app.store().campaigns_fetch().await?;
    match format {
        Format::Json => {
            let campaigns: Vec<Value> = campaigns.iter().map(|campaign| described(app, campaign)).collect();
            println!("{}", json!({ "campaigns": campaigns }));
        }
        Format::Text => {
            for campaign in &campaigns {
                println!("{}: {}", line(app, campaign), condition(app, campaign));
            }
        }
    }
    Ok(())
}

async fn tokens(app: &App, campaign: u32, count: Option<u32>, format: Format) -> anyhow::Result<()> {
    let campaign = running(app, campaign).await?;
    let count = count.or(campaign.invited).context("nobody knows how many people are asked; say it with `--count`")?;
    let issued = (0..count.min(MOST_TOKENS)).map(|_| app.setup.pipe.key.survey_tokens().issue(campaign.id));
    let (texts, hashes): (Vec<String>, Vec<_>) = issued.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    app.store().survey_tokens_add(campaign.id, &hashes).await?;
    app.setup.pipe.open_reports(app.store(), app.setup.clock.now()).await?;
    match format {
        Format::Text => println!("{}", texts.join("\n")),
        Format::Json => println!("{}", json!({ "campaign": campaign.id.index(), "tokens": texts })),
    }
    Ok(())
}

async fn remind(app: &App, instrument: Instrument, format: Format) -> anyhow::Result<()> {
    let survey = &app.setup.config.survey;
    let open: Vec<Campaign> = app
        .store()
        .campaigns_fetch()
        .await?
        .into_iter()
        .filter(|campaign| campaign.instrument == instrument && !campaign.is_closed)
        .collect();
    anyhow::ensure!(!open.is_empty(), "no survey `{}` is open", instrument.as_str());
    let text = reminder(instrument, &open, survey.address.as_ref().map(url::Url::as_str));
    if let Some(webhook) = &survey.webhook {
        let url = webhook.read().context("the webhook")?;
        post_message(&url, &survey.webhook_networks, &text).await?;
    }
    let is_posted = survey.webhook.is_some();
    match format {
        Format::Text if is_posted => println!("posted: {text}"),
        Format::Text => println!("{text}"),
        Format::Json => println!("{}", json!({ "text": text, "posted": is_posted })),
    }
    Ok(())
}

/// The same for everybody: who has not answered yet is known to nobody.
fn reminder(instrument: Instrument, open: &[Campaign], address: Option<&str>) -> String {
    let whom: Vec<String> =
        open.iter().map(|campaign| format!("{} until {}", campaign.span.cell, campaign.span.end().monday())).collect();
    let name = instrument.as_str();
    let place = format!("{}/surveys/{name}", address.unwrap_or_default().trim_end_matches('/'));
    format!(
        "The survey `{name}` is open: {}. Answer at {place} with the token that you were given. Answers are sealed until the survey is closed, \
         and nothing is told of fewer than five people. Whoever has answered already: thank you.",
        whom.join(", ")
    )
}

async fn running(app: &App, number: u32) -> anyhow::Result<Campaign> {
    let id = CampaignId::from_index(number);
    let campaigns = app.store().campaigns_fetch().await?;
    let campaign = campaigns.into_iter().find(|campaign| campaign.id == id);
    let campaign = campaign.with_context(|| format!("there is no campaign {id}; `quintant survey list` shows them"))?;
    anyhow::ensure!(!campaign.is_closed, "campaign {id} is closed");
    Ok(campaign)
}

fn rules(app: &App) -> Rules {
    Rules::new(usize::try_from(app.setup.config.privacy.minimum_group).unwrap_or(usize::MAX))
}
