//! Who did it: GitHub's user objects, and commits that only have an e-mail.

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::payload::Id;
use crate::settings::Settings;

/// A user as GitHub nests it; null, `{}` and `ghost` all mean that nobody is known.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct User {
    pub id: Option<Id>,
    pub login: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// The account of a user, flagged when it is a bot to GitHub or to the operator.
#[must_use]
pub fn account(user: Option<&User>, context: &Context<Settings>) -> Option<Account> {
    let user = user?;
    let (id, login) = (user.id?, user.login.as_deref()?);
    if login == "ghost" {
        return None;
    }
    let bot = user.kind.as_deref() == Some("Bot") || login.ends_with("[bot]") || context.is_bot(login);
    Some(Account::new(id.to_string(), [login]).bot(bot))
}

/// The author of a commit: the GitHub user where there is one, else the e-mail.
#[must_use]
pub fn commit_author(user: Option<&User>, email: Option<&str>, context: &Context<Settings>) -> Option<Account> {
    let email = email.map(str::trim).filter(|email| !email.is_empty());
    if let Some(mut account) = account(user, context) {
        account.names.extend(email.map(str::to_owned));
        return Some(account);
    }
    let email = email?;
    let bot = email.contains("[bot]@") || context.is_bot(email);
    Some(Account::new(format!("email:{}", email.to_lowercase()), [email]).bot(bot))
}
