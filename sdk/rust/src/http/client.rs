//! The handle that requests go through: the host's import, or a closure in native tests.

use super::{HttpError, HttpRequest, Response};
use crate::error::Result;
use crate::paging::Pages;

/// Sends requests: through the host on `wasm32`, through a closure in native tests.
pub struct Client {
    transport: Transport,
}

type Answer = dyn Fn(&HttpRequest) -> Result<Response, HttpError>;

enum Transport {
    #[cfg(target_arch = "wasm32")]
    Host,
    Closure(Box<Answer>),
}

impl Client {
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn host() -> Self {
        Self { transport: Transport::Host }
    }

    /// A client that is answered by `answer`: the door for native tests.
    pub fn answered_by(answer: impl Fn(&HttpRequest) -> Result<Response, HttpError> + 'static) -> Self {
        Self { transport: Transport::Closure(Box::new(answer)) }
    }

    /// Sends one request and waits for the answer.
    ///
    /// # Errors
    /// When there is no answer; `?` turns it into the fitting [`Error`](crate::Error).
    pub fn send(&self, request: &HttpRequest) -> Result<Response, HttpError> {
        match &self.transport {
            #[cfg(target_arch = "wasm32")]
            Transport::Host => host::send(request),
            Transport::Closure(answer) => answer(request),
        }
    }

    /// Sends `request`, then whatever `rel="next"` hands out, page by page.
    #[must_use]
    pub fn pages(&self, request: HttpRequest) -> Pages<'_> {
        Pages::new(self, request)
    }
}

#[cfg(target_arch = "wasm32")]
mod host {
    use super::super::{HttpError, HttpRequest, Method, Response, Target};
    use crate::bindings::quintant::collector::http;

    pub(super) fn send(request: &HttpRequest) -> Result<Response, HttpError> {
        let request = http::Request {
            endpoint: request.endpoint.clone(),
            method: match request.method {
                Method::Get => http::Method::Get,
                Method::Head => http::Method::Head,
                Method::Post => http::Method::Post,
            },
            target: match &request.target {
                Target::Path(path) => http::Target::Path(path.clone()),
                Target::Url(url) => http::Target::Url(url.clone()),
            },
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        match http::send(&request) {
            Ok(http::Response { status, headers, body }) => Ok(Response { status, headers, body }),
            Err(http::HttpError::Denied(why)) => Err(HttpError::Denied(why)),
            Err(http::HttpError::Throttled(seconds)) => Err(HttpError::Throttled(seconds)),
            Err(http::HttpError::Unreachable(why)) => Err(HttpError::Unreachable(why)),
            Err(http::HttpError::TooLarge(limit)) => Err(HttpError::TooLarge(limit)),
            Err(http::HttpError::Cancelled) => Err(HttpError::Cancelled),
        }
    }
}
