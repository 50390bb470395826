//! Has a credential at hand before each request, and another one when it was refused.

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Method, StatusCode};

use super::app_token::{self, App};
use super::credential::{CredentialError, Held, Way};
use super::endpoint::Endpoint;
use super::governor::Turn;
use super::trouble::Trouble;
use super::{Egress, limit, throttled};
use crate::plugin::contract::quintant::collector::http::HttpError;

impl Egress {
    /// Asks for an app's token where there is none, or where it is about to end.
    pub(super) async fn hold_credential(&mut self, endpoint: &Endpoint, turn: &mut Turn<'_>) -> Result<(), HttpError> {
        let is_missing = turn.held().is_none_or(Held::is_due);
        match turn.way() {
            Some(Way::App(app)) if is_missing => {
                let held = self.mint(endpoint, app, turn).await?;
                turn.hold(held);
            }
            Some(_) if is_missing => {
                turn.read_again().map_err(|error| self.unreadable(&error))?;
            }
            _ => {}
        }
        if let Some(held) = turn.held() {
            self.remember(&held.secret);
        }
        Ok(())
    }

    /// True when there is another credential now in place of one that was refused.
    pub(super) async fn renew_credential(
        &mut self,
        endpoint: &Endpoint,
        turn: &mut Turn<'_>,
    ) -> Result<bool, HttpError> {
        if let Some(Way::App(app)) = turn.way() {
            let held = self.mint(endpoint, app, turn).await?;
            turn.hold(held);
            return Ok(true);
        }
        turn.read_again().map_err(|error| self.unreadable(&error))
    }

    async fn mint(&mut self, endpoint: &Endpoint, app: &App, turn: &Turn<'_>) -> Result<Held, HttpError> {
        let claim = app.signed(Timestamp::now()).map_err(|error| self.unreadable(&error.into()))?;
        self.remember(&claim);
        let request = endpoint.client.request(Method::POST, app.url(&endpoint.reach.base));
        let claim = Held::new("Bearer", claim, None).map_err(|error| self.unreadable(&error.into()))?;
        let request = request
            .map_err(|refused| self.refused(refused))?
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, claim.header);
        let answer = self.deliver(request).await?;
        let told = limit::told(answer.status, &answer.headers, &answer.body, Timestamp::now());
        if let Some(wait) = turn.learn_of_another(&told) {
            return Err(throttled(wait));
        }
        let minted = app_token::minted(&answer.headers, &answer.body, Timestamp::now());
        let Some((secret, lifetime)) = minted.filter(|_| answer.status == StatusCode::CREATED) else {
            let status = answer.status.as_u16();
            let reason = format!("the source gave no token to the GitHub App: it answered with status {status}");
            if answer.status.is_server_error() {
                return Err(HttpError::Unreachable(reason));
            }
            self.note(Trouble::Token(reason));
            return Err(no_credential());
        };
        self.remember(&secret);
        tracing::debug!(seconds = lifetime.as_secs(), "the GitHub App has a new token");
        Held::new("Bearer", secret, Some(lifetime)).map_err(|error| self.unreadable(&error.into()))
    }

    fn unreadable(&mut self, error: &CredentialError) -> HttpError {
        self.note(Trouble::Credential(error.to_string()));
        no_credential()
    }
}

fn no_credential() -> HttpError {
    HttpError::Denied("there is no credential to ask with".to_owned())
}
