//! The end of campaigns: by hand, or when their time has passed. Keys are destroyed behind everything else.

use anyhow::Context;

use super::printing::print_closed;
use super::{rules, running};
use crate::app::build::{App, BuildError};
use crate::app::command::Format;
use crate::model::Campaign;
use crate::pseudonym::CampaignKey;
use crate::release::{Closed, close_campaign};

pub(super) async fn close(app: &App, campaign: Option<u32>, format: Format) -> anyhow::Result<()> {
    anyhow::ensure!(
        app.is_releasing().await?,
        "release is not started, and what a survey tells is released: look at `quintant release status`, then `quintant release start`"
    );
    let campaigns = match campaign {
        Some(campaign) => vec![running(app, campaign).await?],
        None => app.store().campaigns_fetch().await?.into_iter().filter(|campaign| is_over(app, campaign)).collect(),
    };
    let mut closed = Vec::new();
    for campaign in campaigns {
        anyhow::ensure!(
            is_over(app, &campaign),
            "campaign {} runs until {}, and may be closed {} s later; `--discard` closes it now and destroys its answers unread",
            campaign.id,
            campaign.span.end().monday(),
            app.setup.config.release.settle.as_secs()
        );
        let key = CampaignKey::load(&app.setup.config.survey.keys, &campaign.seal)?;
        let path = CampaignKey::path(&app.setup.config.survey.keys, &campaign.seal);
        let key = key.with_context(|| {
            format!(
                "the key of campaign {} is not at `{}`; close it where it was opened, or with `--discard`",
                campaign.id,
                path.display()
            )
        })?;
        closed.push((end(app, &campaign, Some(&key)).await?, campaign));
    }
    destroy_keys(app).await?;
    print_closed(app, &closed, format);
    Ok(())
}

pub(super) async fn discard(app: &App, campaign: u32, format: Format) -> anyhow::Result<()> {
    let campaign = running(app, campaign).await?;
    let closed = end(app, &campaign, None).await?;
    destroy_keys(app).await?;
    print_closed(app, &[(closed, campaign)], format);
    Ok(())
}

/// Closes every campaign that is over and whose key is here, and destroys what keys an interruption has left.
pub(in crate::app) async fn close_due(app: &App) -> Result<(), BuildError> {
    if app.is_releasing().await? {
        for campaign in app.store().campaigns_fetch().await?.iter().filter(|campaign| is_over(app, campaign)) {
            if let Some(key) = CampaignKey::load(&app.setup.config.survey.keys, &campaign.seal)? {
                end(app, campaign, Some(&key)).await?;
                tracing::info!("closed a survey whose time had passed");
            }
        }
    }
    destroy_keys(app).await
}

async fn end(app: &App, campaign: &Campaign, key: Option<&CampaignKey>) -> Result<Closed, BuildError> {
    Ok(close_campaign(app.store(), campaign.id, key, &rules(app), app.setup.clock.now()).await?)
}

/// Of closed campaigns: an interruption may have left one behind.
async fn destroy_keys(app: &App) -> Result<(), BuildError> {
    for campaign in app.store().campaigns_fetch().await?.iter().filter(|campaign| campaign.is_closed) {
        CampaignKey::destroy(&app.setup.config.survey.keys, &campaign.seal)?;
    }
    Ok(())
}

/// Answers are taken until it is closed, and everybody has as long as late facts have.
pub(super) fn is_over(app: &App, campaign: &Campaign) -> bool {
    let end = app.setup.config.calendar.start_of(campaign.span.end());
    !campaign.is_closed
        && end.saturating_add(app.setup.config.release.settle).is_ok_and(|over| over <= app.setup.clock.now())
}
