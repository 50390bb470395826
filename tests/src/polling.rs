//! A host that asks people and hears from them at the time of its own clock: opened by the library, answered over real HTTP.

use quintant::app::Collector;
use quintant::model::{Campaign, CampaignId, Client, Instrument, TeamName};
use quintant::pseudonym::{CampaignKey, ClientToken};
use quintant::release::{Planned, Rules, planned};
use tokio_util::sync::CancellationToken;

use crate::Host;

const MINIMUM_GROUP: usize = 5;

impl Host {
    /// Opens a survey wherever it does not run already.
    pub async fn ask(&self, instrument: Instrument) {
        let (setup, store) = (&self.app.setup, self.app.store());
        let week = setup.config.calendar.week_of(setup.clock.now());
        let existing = store.campaigns_fetch().await.unwrap();
        let (roster, rules) = (setup.roster().unwrap(), Rules::new(MINIMUM_GROUP));
        for Planned { span, invited } in planned(instrument, &roster, &setup.teams(), &existing, week, &rules) {
            if span.admitted {
                let seal = CampaignKey::create(&setup.config.survey.keys).unwrap().seal();
                store.campaign_open(instrument, &span, invited, &seal).await.unwrap().unwrap();
            }
        }
    }

    pub async fn campaigns(&self) -> Vec<Campaign> {
        self.app.store().campaigns_fetch().await.unwrap()
    }

    /// A token for one answer.
    pub async fn survey_token(&self, campaign: CampaignId) -> String {
        let (token, hash) = self.app.setup.pipe.key.survey_tokens().issue(campaign).unwrap();
        self.app.store().survey_tokens_add(campaign, &[hash]).await.unwrap();
        token
    }

    /// A program that submits for people of a team, or of none; from the first one on friction is heard.
    pub async fn client_of(&self, team: Option<&str>) -> String {
        let team: Option<TeamName> = team.map(|team| team.parse().unwrap());
        let (token, name) = (ClientToken::issue().unwrap(), team.as_ref().map_or("none", TeamName::as_str));
        assert!(self.app.store().client_add(name, &token.hash(), &Client { team: team.clone() }).await.unwrap());
        self.app.setup.pipe.open_reports(self.app.store(), self.app.setup.clock.now()).await.unwrap();
        token.expose().to_owned()
    }

    /// Takes in what was submitted, and closes what is over.
    pub async fn listen(&self) {
        Collector::new(&self.app, CancellationToken::new()).listen().await.unwrap();
    }
}
