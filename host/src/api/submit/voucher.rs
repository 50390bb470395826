//! Who vouches that an answer is one person's and that person's only one.

use axum::http::{HeaderMap, header};

use super::{Counter, unavailable};
use crate::api::Problem;
use crate::api::problem::Code;
use crate::model::{Client, SurveyToken};
use crate::pseudonym::ClientToken;

pub(super) enum Voucher {
    /// The person, by a token that is good once.
    Token(SurveyToken),
    /// A program that knows its people.
    Client(Client),
    /// It counts for nothing.
    Nobody,
}

impl Counter {
    /// A token in the body is stricter, and so it goes before a client's.
    pub(super) async fn voucher(&self, headers: &HeaderMap, token: Option<&str>) -> Result<Voucher, Problem> {
        if let Some(text) = token {
            return self.tokens.read(text).map(Voucher::Token).ok_or_else(unknown_token);
        }
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return if self.original_api { Ok(Voucher::Nobody) } else { Err(nobody()) };
        };
        let bearer = shown.to_str().ok().and_then(|text| text.split_once(' '));
        let token = bearer
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| ClientToken::read(token.trim()));
        let known = match token {
            Some(token) => self.inbox.client_fetch(&token.hash()).await.map_err(unavailable)?,
            None => None,
        };
        known.map(Voucher::Client).ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                "`Authorization` shows no known token; `quintant token new --scope submit` makes one",
            )
        })
    }
}

pub(super) fn unknown_token() -> Problem {
    Problem::new(Code::Unauthorized, "this is none of the tokens that were issued; look for a letter that was mistyped")
}

fn nobody() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "nobody vouches for this; send a survey token as the field `token`, or a client's as `Authorization: Bearer`",
    )
}
