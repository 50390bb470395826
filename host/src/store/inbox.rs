//! What is submitted, as `api` may store it: it can add, and read back neither answers, reports nor tokens.

use sqlx::postgres::PgPool;

use super::{StoreError, campaign};
use crate::model::{Campaign, Client, Report, Sealed, Submission, SurveyToken, TeamName, TokenHash};

/// Takes answers to surveys and reports of friction.
#[derive(Debug, Clone)]
pub struct Inbox {
    pub(super) pool: PgPool,
}

impl Inbox {
    /// Who shows the token with this hash, if it may submit.
    pub async fn client_fetch(&self, hash: &TokenHash) -> Result<Option<Client>, StoreError> {
        let row = sqlx::query!("SELECT team FROM app.client WHERE hash = $1 AND scope = 'submit'", hash.as_bytes())
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let team: Option<TeamName> =
            row.team.map(|team| team.parse()).transpose().map_err(|_| StoreError::Corrupt("a team that is no name"))?;
        Ok(Some(Client { team }))
    }

    /// Every campaign, the oldest first.
    pub async fn campaigns_fetch(&self) -> Result<Vec<Campaign>, StoreError> {
        campaign::fetch(&mut *self.pool.acquire().await?).await
    }

    /// Takes an answer to a campaign; `token` vouches for it and is used up, or a client does.
    pub async fn answer_add(
        &self,
        campaign: &Campaign,
        token: Option<&SurveyToken>,
        sealed: &Sealed,
    ) -> Result<Submission, StoreError> {
        let became = sqlx::query_scalar!(
            r#"SELECT app.survey_submit($1, $2, $3) AS "became!""#,
            campaign::index(campaign.id),
            token.map(|token| token.hash.as_bytes()) as Option<&[u8; 32]>,
            sealed.as_bytes(),
        )
        .fetch_one(&self.pool)
        .await?;
        submission(&became)
    }

    /// Takes a report of friction; `token` vouches for it and is used up, or a client does.
    pub async fn report_add(&self, token: Option<&SurveyToken>, report: &Report) -> Result<Submission, StoreError> {
        let friction = &report.friction;
        let became = sqlx::query_scalar!(
            r#"SELECT app.friction_submit($1, $2, $3, $4, $5, $6) AS "became!""#,
            token.map(|token| campaign::index(token.campaign)),
            token.map(|token| token.hash.as_bytes()) as Option<&[u8; 32]>,
            report.week.index(),
            friction.category.as_str(),
            friction.severity.as_str(),
            friction.team.as_ref().map(TeamName::as_str),
        )
        .fetch_one(&self.pool)
        .await?;
        submission(&became)
    }
}

fn submission(became: &str) -> Result<Submission, StoreError> {
    match became {
        "taken" => Ok(Submission::Taken),
        "used" => Ok(Submission::Used),
        "closed" => Ok(Submission::Closed),
        _ => Err(StoreError::Corrupt("a function that this version does not know")),
    }
}
