//! The end of a survey: answers are opened in memory, and with them go their atom in, their rows out and, behind all that, their key.

use jiff::Timestamp;

use super::{Rules, survey_measures};
use crate::model::{Atom, CampaignId, Family};
use crate::pseudonym::CampaignKey;
use crate::store::{Store, StoreError};

/// What became of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Its figures are released.
    Told,
    /// It is released that there is nothing to be told.
    Withheld,
    /// It was closed before.
    Before,
}

/// Ends a campaign and releases its atom, all or nothing. Without its key nothing is told. The key is to be destroyed afterwards: until then, a
/// try that was interrupted can be made again.
pub async fn close_campaign(
    store: &Store,
    id: CampaignId,
    key: Option<&CampaignKey>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Closed, StoreError> {
    let mut releasing = store.releasing().await?;
    let campaign = releasing.campaigns_fetch().await?.into_iter().find(|campaign| campaign.id == id);
    let Some(campaign) = campaign.filter(|campaign| !campaign.is_closed) else { return Ok(Closed::Before) };
    let sealed = releasing.campaign_close(id).await?;
    // What does not open was not sealed here, and is nobody's answer.
    let answers: Vec<_> =
        key.map_or_else(Vec::new, |key| sealed.iter().filter_map(|sealed| key.open(sealed)).collect());
    let invited = campaign.invited.and_then(|invited| usize::try_from(invited).ok());
    let measures = survey_measures(&answers, invited, rules);
    let closed = if measures.is_empty() { Closed::Withheld } else { Closed::Told };
    let facet = Some(campaign.instrument.facet());
    let atom = Atom { span: campaign.span, family: Family::Survey, facet, measures };
    releasing.commit(&[], &[atom], &[], now).await?;
    Ok(closed)
}
