//! What one person may ask for. Whether anybody is known by a name, no answer tells.

use serde_json::{Value, json};

use super::build::{App, BuildError};
use crate::model::{Alias, OptOut, OptOutDigest, PrivacyCommand, Reach, SourceName};
use crate::pseudonym::{EpochKeys, IdentityKey, KeyError, OptOuts, Person, Recipient, Roster};
use crate::store::StoreError;

/// Exports are as long as the next power of two from here on, so that their length tells little.
const SHORTEST_EXPORT_BYTES: usize = 1 << 20;

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    #[error(
        "before the colon stands no source; write `SOURCE:ACCOUNT`, sources are: {}",
        .0.iter().map(SourceName::as_str).collect::<Vec<_>>().join(", ")
    )]
    NoSource(Vec<SourceName>),
    #[error(transparent)]
    Roster(#[from] BuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A person is called as in the roster, or `SOURCE:ACCOUNT`.
impl App {
    /// Deletes what is stored of a person, under every account that the roster names, and keeps out whatever comes.
    pub async fn opt_out(&self, person: &str) -> Result<(), PrivacyError> {
        self.keep_out(person, Reach::All, PrivacyCommand::OptOut).await
    }

    /// Deletes what is stored of a person, and keeps out whatever is from before now.
    pub async fn erase(&self, person: &str) -> Result<(), PrivacyError> {
        self.keep_out(person, Reach::Before(self.setup.clock.now()), PrivacyCommand::Erase).await
    }

    /// Lets a person's later facts in again.
    pub async fn undo_opt_out(&self, person: &str) -> Result<(), PrivacyError> {
        let roster = self.setup.roster()?;
        let subject = self.subject(&roster, person)?;
        let mut erasing = self.store().erasing().await?;
        erasing.unlist(&subject.digests).await?;
        erasing.note(PrivacyCommand::Undo, subject.digests[0], self.setup.clock.now()).await?;
        Ok(erasing.commit().await?)
    }

    /// The roster as figures are made of it: without those who have opted out. What is shown of a roster is never made of this.
    pub(super) async fn counted_roster(&self) -> Result<Roster, BuildError> {
        let list: OptOuts = self.store().opt_outs_fetch().await?.1.into_iter().collect();
        Ok(self.setup.roster()?.without(&list, self.setup.pipe.key.opt_outs()))
    }

    /// What is stored about a person, for the recipient alone.
    pub async fn export(&self, person: &str, recipient: &Recipient) -> Result<Vec<u8>, PrivacyError> {
        let roster = self.setup.roster()?;
        let subject = self.subject(&roster, person)?;
        let mut erasing = self.store().erasing().await?;
        let keys = self.setup.pipe.key.epochs(&erasing.salts_fetch().await?);
        let rows = erasing.rows_fetch(&subject.aliases(&keys)).await?;
        let list: OptOuts = self.store().opt_outs_fetch().await?.1.into_iter().collect();
        // Noted before anybody can read it.
        erasing.note(PrivacyCommand::Export, subject.digests[0], self.setup.clock.now()).await?;
        erasing.commit().await?;
        let kept_out = list.reach(subject.digests.iter().copied()).map(|reach| match reach {
            Reach::All => "all".to_owned(),
            Reach::Before(instant) => format!("before {instant}"),
        });
        let stored: Vec<Value> = rows
            .iter()
            .map(|row| serde_json::from_str(row).map_err(|_| StoreError::Corrupt("a row that makes no JSON")))
            .collect::<Result<_, _>>()?;
        let document = json!({
            "at": self.setup.clock.now().to_string(),
            "roster": subject.person.map(roster_json),
            "kept_out": kept_out,
            "stored": stored,
        });
        let mut text = format!("{document:#}\n").into_bytes();
        text.resize(text.len().next_power_of_two().max(SHORTEST_EXPORT_BYTES), b' ');
        Ok(recipient.encrypt(&text)?)
    }

    async fn keep_out(&self, person: &str, reach: Reach, command: PrivacyCommand) -> Result<(), PrivacyError> {
        let roster = self.setup.roster()?;
        let subject = self.subject(&roster, person)?;
        let mut erasing = self.store().erasing().await?;
        let keys = self.setup.pipe.key.epochs(&erasing.salts_fetch().await?);
        // All that is there, be it dated a little ahead.
        erasing.erase(&subject.aliases(&keys), Reach::All).await?;
        erasing.list(&entries(&subject.digests, reach)).await?;
        erasing.note(command, subject.digests[0], self.setup.clock.now()).await?;
        Ok(erasing.commit().await?)
    }

    fn subject<'a>(&self, roster: &'a Roster, person: &str) -> Result<Subject<'a>, PrivacyError> {
        let sources = self.setup.config.sources.iter().map(|source| source.name.clone()).collect();
        Subject::find(roster, sources, &self.setup.pipe.key, person)
    }
}

/// Puts every account of the roster's people on the list who are on it under another one, and removes what is stored of it: the roster
/// may have named it only now.
pub(super) async fn keep_whole(app: &App) -> Result<(), BuildError> {
    let (_, listed) = app.store().opt_outs_fetch().await?;
    if listed.is_empty() {
        return Ok(());
    }
    let (list, roster, key) = (OptOuts::from_iter(listed), app.setup.roster()?, &app.setup.pipe.key);
    for person in roster.people() {
        let digests: Vec<OptOutDigest> = person.opt_out_digests(key.opt_outs()).collect();
        let Some(reach) = list.reach(digests.iter().copied()) else { continue };
        if digests.iter().all(|digest| list.get(*digest) == Some(reach)) {
            continue;
        }
        let mut erasing = app.store().erasing().await?;
        let keys = key.epochs(&erasing.salts_fetch().await?);
        erasing.erase(&person.aliases(&keys).collect::<Vec<_>>(), reach).await?;
        erasing.list(&entries(&digests, reach)).await?;
        erasing.commit().await?;
    }
    Ok(())
}

/// Who is meant.
struct Subject<'a> {
    /// Where the roster knows them.
    person: Option<&'a Person>,
    /// What they are known by on the list, themselves first.
    digests: Vec<OptOutDigest>,
    account: Option<(SourceName, String)>,
}

impl<'a> Subject<'a> {
    fn find(roster: &'a Roster, sources: Vec<SourceName>, key: &IdentityKey, text: &str) -> Result<Self, PrivacyError> {
        if let Some(person) = roster.named(text) {
            return Ok(Self::of(person, key));
        }
        let Some((source, account)) = text.split_once(':') else {
            return Ok(Self { person: None, digests: vec![key.opt_outs().person(text)], account: None });
        };
        let Some(source) = sources.iter().find(|known| known.as_str() == source).cloned() else {
            return Err(PrivacyError::NoSource(sources));
        };
        if let Some(person) = roster.owner(&source, account) {
            return Ok(Self::of(person, key));
        }
        let digests = vec![key.opt_outs().spelling(&source, account)];
        Ok(Self { person: None, digests, account: Some((source, account.to_owned())) })
    }

    fn of(person: &'a Person, key: &IdentityKey) -> Self {
        Self { person: Some(person), digests: person.opt_out_digests(key.opt_outs()).collect(), account: None }
    }

    fn aliases(&self, keys: &EpochKeys) -> Vec<Alias> {
        match (self.person, &self.account) {
            (Some(person), _) => person.aliases(keys).collect(),
            (None, Some((source, account))) => {
                keys.iter().map(|(_, key)| key.alias(source.as_str(), account)).collect()
            }
            (None, None) => Vec::new(),
        }
    }
}

fn roster_json(person: &Person) -> Value {
    let moves: Vec<Value> =
        person.moves().iter().map(|(from, team)| json!({ "from": from.to_string(), "team": team })).collect();
    let accounts: Vec<Value> =
        person.accounts().map(|(source, account)| json!({ "source": source, "account": account })).collect();
    json!({ "person": person.name(), "teams": moves, "accounts": accounts })
}

fn entries(digests: &[OptOutDigest], reach: Reach) -> Vec<OptOut> {
    digests.iter().map(|digest| OptOut { digest: *digest, reach, learned_by: None }).collect()
}
