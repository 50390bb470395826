//! Who did it: GitHub's user objects, and commits that only have an e-mail.

use std::fmt;

use quintant_sdk::prelude::*;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::payload::Id;
use crate::settings::Settings;

/// A user as GitHub nests it; null, `{}` and `ghost` all mean that nobody is known.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct User {
    pub id: Option<Id>,
    pub login: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
}

/// What sort of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bot,
    Other,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Kind;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a type of account")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Kind, E> {
                Ok(if word == "Bot" { Kind::Bot } else { Kind::Other })
            }
        }

        deserializer.deserialize_str(Word)
    }
}

/// The account of a user, flagged when it is a bot to GitHub or to the operator.
#[must_use]
pub fn account(user: Option<&User>, context: &Context<Settings>) -> Option<Account> {
    let user = user?;
    let (id, login) = user.known()?;
    Some(Account::new(id.to_string(), [login]).bot(user.is_bot(login, context)))
}

/// The id of a user who is known, bot or not.
#[must_use]
pub fn known(user: Option<&User>) -> Option<Id> {
    user?.known().map(|(id, _)| id)
}

/// The id of a user who is known and no bot.
#[must_use]
pub fn human(user: Option<&User>, context: &Context<Settings>) -> Option<Id> {
    let user = user?;
    user.known().filter(|(_, login)| !user.is_bot(login, context)).map(|(id, _)| id)
}

impl User {
    fn known(&self) -> Option<(Id, &str)> {
        Some((self.id?, self.login.as_deref()?)).filter(|(_, login)| *login != "ghost")
    }

    fn is_bot(&self, login: &str, context: &Context<Settings>) -> bool {
        self.kind == Some(Kind::Bot) || login.ends_with("[bot]") || context.is_bot(login)
    }
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
