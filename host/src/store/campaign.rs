//! `app.campaign`, the tokens that were issued for each, and `app.client`: who is asked, and who may submit. Answers are read at a close alone.

use sqlx::PgConnection;

use super::{Releasing, Store, StoreError, span};
use crate::model::{Campaign, CampaignId, CampaignSeal, Client, Instrument, Sealed, Span, TeamName, TokenHash};

impl Store {
    /// Opens a campaign; `None` where its cell is asked the same from that week on already.
    pub async fn campaign_open(
        &self,
        instrument: Instrument,
        span: &Span,
        invited: Option<u32>,
        seal: &CampaignSeal,
    ) -> Result<Option<CampaignId>, StoreError> {
        let teams: Vec<String> = span.teams.iter().map(|team| team.as_str().to_owned()).collect();
        let id = sqlx::query_scalar!(
            "INSERT INTO app.campaign (instrument, cell, teams, start_week, weeks, invited, seal) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING RETURNING id",
            instrument.as_str(),
            span.cell,
            &teams,
            span.start.index(),
            span.weeks,
            invited.map(|invited| i32::try_from(invited).unwrap_or(i32::MAX)),
            seal.as_bytes(),
        )
        .fetch_optional(&self.pool)
        .await?;
        id.map(campaign_id).transpose()
    }

    /// Every campaign, the oldest first.
    pub async fn campaigns_fetch(&self) -> Result<Vec<Campaign>, StoreError> {
        fetch(&mut *self.pool.acquire().await?).await
    }

    /// Tokens that are good for one answer each.
    pub async fn survey_tokens_add(&self, campaign: CampaignId, hashes: &[TokenHash]) -> Result<(), StoreError> {
        let mut hashes: Vec<[u8; 32]> = hashes.iter().map(|hash| *hash.as_bytes()).collect();
        // In an order that is not the one in which they are handed out.
        hashes.sort_unstable();
        sqlx::query!(
            "INSERT INTO app.survey_token (campaign, hash) SELECT $1, * FROM UNNEST($2::bytea[])",
            index(campaign),
            &hashes as &[[u8; 32]],
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A program that may submit from now on; false where one has that name already.
    pub async fn client_add(&self, name: &str, hash: &TokenHash, client: &Client) -> Result<bool, StoreError> {
        let added = sqlx::query!(
            "INSERT INTO app.client (hash, name, scope, team) VALUES ($1, $2, 'submit', $3) ON CONFLICT DO NOTHING",
            hash.as_bytes(),
            name,
            client.team.as_ref().map(TeamName::as_str),
        )
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() > 0)
    }
}

impl Releasing {
    /// Ends a campaign with this release, and answers what was answered; nothing where it was ended before.
    pub async fn campaign_close(&mut self, campaign: CampaignId) -> Result<Vec<Sealed>, StoreError> {
        // In one row: a log of statements tells how many there are.
        let sealed = sqlx::query_scalar!(r#"SELECT app.survey_close($1) AS "sealed!""#, index(campaign))
            .fetch_one(self.connection())
            .await?;
        Ok(sealed.into_iter().map(Sealed::new).collect())
    }

    /// Every campaign, the oldest first.
    pub async fn campaigns_fetch(&mut self) -> Result<Vec<Campaign>, StoreError> {
        fetch(self.connection()).await
    }
}

pub(super) async fn fetch(connection: &mut PgConnection) -> Result<Vec<Campaign>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, instrument, cell, teams, start_week, weeks, invited, seal, is_closed FROM app.campaign ORDER BY id"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let seal = row.seal.try_into().map_err(|_| StoreError::Corrupt("a seal that is not 32 bytes long"))?;
            Ok(Campaign {
                id: campaign_id(row.id)?,
                instrument: Instrument::from_name(&row.instrument)
                    .ok_or(StoreError::Corrupt("an instrument that this version does not know"))?,
                span: span::span(row.cell, row.start_week, row.weeks, &row.teams, true)?,
                invited: row.invited.and_then(|invited| u32::try_from(invited).ok()),
                seal: CampaignSeal::from_bytes(seal),
                is_closed: row.is_closed,
            })
        })
        .collect()
}

/// A number that nobody was given is none's.
pub(super) fn index(campaign: CampaignId) -> i32 {
    i32::try_from(campaign.index()).unwrap_or_default()
}

fn campaign_id(index: i32) -> Result<CampaignId, StoreError> {
    let index = u32::try_from(index).map_err(|_| StoreError::Corrupt("a campaign's number below zero"))?;
    Ok(CampaignId::from_index(index))
}
