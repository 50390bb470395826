//! From counts to facts: who is behind an account, and whether that is a person.

use std::collections::{BTreeMap, BTreeSet};

use quintant_sdk::prelude::*;

use super::count::{Chunk, Counts};
use crate::TOOL;
use crate::api::{self, Api, Loss, Stop};
use crate::payload::{Id, User};
use crate::settings::Settings;

/// Accounts that are asked for at once.
const ACCOUNTS_A_REQUEST: usize = 100;

/// Tells the counts of the next accounts after `after`; answers the last of them, none when there are no more.
///
/// # Errors
/// When it cannot be found out who they are.
pub(super) fn slice(
    api: &Api<'_>,
    context: &Context<Settings>,
    chunk: &Chunk,
    counts: &Counts,
    published: &mut BTreeMap<Instant, BTreeSet<Id>>,
    after: &Option<Id>,
    page: &mut Page,
) -> Result<Option<Id>> {
    let before = chunk.days().iter().filter_map(|day| published.get(day)).flatten();
    let all: BTreeSet<&Id> = counts.accounts().chain(before).collect();
    let is_next = |id: &&Id| after.as_ref().is_none_or(|after| *id > after);
    let accounts: Vec<Id> = all.into_iter().filter(is_next).take(ACCOUNTS_A_REQUEST).cloned().collect();
    let Some(last) = accounts.last().cloned() else { return Ok(None) };
    let mut people = people(api, &accounts, context, page)?;
    for id in accounts {
        let person = people.remove(&id);
        for (number, day) in chunk.days().iter().enumerate() {
            let count = counts.of(&id, number);
            let key = format!("{TOOL}/{}/{id}", context.calendar().date(*day));
            match &person {
                Some(person) if count > 0 => {
                    page.push(key, *day, Usage::new(person.clone(), TOOL, count));
                    published.entry(*day).or_default().insert(id.clone());
                }
                _ => {
                    if published.get_mut(day).is_some_and(|ids| ids.remove(&id)) {
                        page.retract(FactKind::Usage, key);
                    }
                }
            }
        }
    }
    Ok(Some(last))
}

/// Those of the accounts that are people.
fn people(
    api: &Api<'_>,
    accounts: &[Id],
    context: &Context<Settings>,
    page: &mut Page,
) -> Result<BTreeMap<Id, Account>> {
    let users = match users(api, accounts) {
        Ok(users) => users,
        Err(Stop::Run(error)) => return Err(error),
        Err(Stop::Here(Loss::Unavailable)) => {
            return Err(Error::Transient("Mattermost does not tell who posted".to_owned()));
        }
        Err(Stop::Here(_)) => {
            return Err(Error::Misconfigured(
                "the account may not ask who posted: `POST /api/v4/users/ids`".to_owned(),
            ));
        }
    };
    let known: BTreeSet<&Id> = users.items.iter().map(|user| &user.id).collect();
    let unknown = accounts.iter().filter(|id| !known.contains(id)).count();
    page.reject(Some("accounts"), u32::try_from(unknown).unwrap_or(u32::MAX));
    Ok(users.items.iter().filter_map(|user| Some((user.id.clone(), account(user, context)?))).collect())
}

/// Who these accounts are.
///
/// # Errors
/// As [`Api::send`].
pub(crate) fn users(api: &Api<'_>, accounts: &[Id]) -> Result<Items<User>, Stop> {
    let body = serde_json::to_vec(accounts).map_err(|error| Error::Permanent(error.to_string()))?;
    let request = HttpRequest::post(api::ENDPOINT, "/api/v4/users/ids", body);
    Ok(api.send(&request.header("content-type", "application/json"))?.items::<User>()?)
}

/// None for bots, by the server's word or the operator's.
fn account(user: &User, context: &Context<Settings>) -> Option<Account> {
    let names =
        [&user.username, &user.email].into_iter().flatten().map(|name| name.trim()).filter(|name| !name.is_empty());
    let names: Vec<&str> = names.collect();
    let is_bot = user.is_bot == Some(true) || names.iter().any(|name| context.is_bot(name));
    (!is_bot).then(|| Account::new(user.id.as_str(), names))
}
