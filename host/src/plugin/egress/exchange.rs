//! One question and its whole answer, without a second try.

use reqwest::header::{AUTHORIZATION, HeaderMap, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};

use super::address::Refused;
use super::budget::UsedUp;
use super::endpoint::Endpoint;
use super::governor::Turn;
use super::target::{Hop, Place};
use super::trouble::Trouble;
use super::{Egress, client, header};
use crate::plugin::contract::quintant::collector::http::HttpError;

/// What goes to wherever the request leads.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Egress {
    /// Sends once, and takes in the whole answer.
    pub(super) async fn exchange(
        &mut self,
        endpoint: &Endpoint,
        question: &Question,
        hop: &Hop,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, HttpError> {
        self.hold_credential(endpoint, turn).await?;
        let request = endpoint.client.request(question.method.clone(), hop.url.clone());
        let mut request = request.map_err(|refused| self.refused(refused))?;
        request = match hop.place {
            Place::Home => request.headers(question.headers.clone()),
            Place::Elsewhere => request.headers(header::for_strangers(&question.headers)),
        };
        if let Some(held) = turn.held() {
            request = request.header(AUTHORIZATION, held.header.clone());
        }
        if question.method == Method::POST {
            request = request.body(question.body.clone());
        }
        self.deliver(request).await
    }

    /// Within the run's budgets.
    pub(super) async fn deliver(&mut self, request: RequestBuilder) -> Result<Answer, HttpError> {
        self.budget.request().map_err(|used_up| self.end(used_up))?;
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: self.body(response).await? })
    }

    async fn body(&mut self, mut response: Response) -> Result<Vec<u8>, HttpError> {
        let limit = self.limits.response_bytes;
        let too_large = || HttpError::TooLarge(u32::try_from(limit).unwrap_or(u32::MAX));
        let told = response.content_length().map_or(Ok(0), usize::try_from);
        let told = told.ok().filter(|told| *told <= limit).ok_or_else(too_large)?;
        let mut body = Vec::with_capacity(told);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            self.budget.bytes(chunk.len()).map_err(|used_up| self.end(used_up))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn end(&mut self, used_up: UsedUp) -> HttpError {
        self.used_up = Some(self.budget.failure(used_up));
        HttpError::Throttled(None)
    }

    fn failed(&mut self, error: &reqwest::Error) -> HttpError {
        match client::refused(error) {
            Some(refused) => self.refused(refused.clone()),
            None => HttpError::Unreachable(client::reason(error).to_owned()),
        }
    }

    /// Where the address is inside, the guest need not know it.
    pub(super) fn refused(&mut self, refused: Refused) -> HttpError {
        self.note(Trouble::Address(refused));
        HttpError::Denied("the host's address is not permitted".to_owned())
    }
}

impl Answer {
    /// Where it leads on to. What was sent with POST is not sent twice.
    pub(super) fn redirect(&self, method: &Method) -> Option<&str> {
        let is_redirect =
            self.status.is_redirection() && self.status != StatusCode::NOT_MODIFIED && *method != Method::POST;
        // A location that is no text leads nowhere.
        self.headers.get(LOCATION).filter(|_| is_redirect).map(|location| location.to_str().unwrap_or("about:blank"))
    }
}
