//! Outbound HTTP on behalf of a guest: it names an alias and a path; host, credential, limits and retries are the host's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, redirect};
use tokio::time::Instant;
use url::Url;

use super::contract::quintant::collector::http::{
    HttpError, Method as WitMethod, Request, Response as WitResponse, Target,
};
use super::contract::quintant::collector::types::Methods;
use super::limits::Limits;
use super::rate;

const USER_AGENT: &str = concat!("quintant/", env!("CARGO_PKG_VERSION"));
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;
const MOST_TRIES: u32 = 3;
const MAY_PASS: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];
/// Shorter words would be found in any text.
const SHORTEST_SECRET: usize = 8;
const LONGEST_URL_BYTES: usize = 8192;
const LARGEST_REQUEST_BYTES: usize = 1 << 20;
/// What a guest may not say itself.
const DROPPED_REQUEST_HEADERS: [&str; 22] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "accept-encoding",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];
const DROPPED_RESPONSE_HEADERS: [&str; 3] = ["set-cookie", "set-cookie2", "proxy-authenticate"];

/// An endpoint as the operator bound it.
pub(super) struct Bound {
    pub(super) base: Url,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) methods: Methods,
}

impl Bound {
    fn secret(&self) -> Option<&str> {
        let (_, secret) = self.authorization.as_ref()?.to_str().ok()?.split_once(' ')?;
        Some(secret).filter(|secret| secret.len() >= SHORTEST_SECRET)
    }
}

/// One source's way out, for one run.
pub(super) struct Egress {
    client: reqwest::Client,
    endpoints: Arc<BTreeMap<String, Bound>>,
    limits: Limits,
    requests_left: u32,
    blocked_until: BTreeMap<String, Instant>,
}

/// A client of its own for each source, so that no connection is shared between credentials.
pub(super) fn client(limits: &Limits) -> Result<reqwest::Client, reqwest::Error> {
    static TLS: std::sync::Once = std::sync::Once::new();
    TLS.call_once(|| {
        // An error says that the program around us has chosen a provider already.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT.min(limits.request))
        .pool_max_idle_per_host(2)
        .build()
}

impl Egress {
    pub(super) fn new(client: reqwest::Client, endpoints: Arc<BTreeMap<String, Bound>>, limits: &Limits) -> Self {
        Self {
            client,
            endpoints,
            limits: limits.clone(),
            requests_left: limits.requests,
            blocked_until: BTreeMap::new(),
        }
    }

    /// A guest's words without the credentials, which an upstream may have repeated to it.
    pub(super) fn conceal(&self, text: String) -> String {
        self.endpoints.values().filter_map(Bound::secret).fold(text, |text, secret| text.replace(secret, "***"))
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<WitResponse, HttpError> {
        let endpoints = Arc::clone(&self.endpoints);
        let bound = endpoints
            .get(&request.endpoint)
            .ok_or_else(|| HttpError::Denied("the endpoint is not declared or not configured".to_owned()))?;
        let method = granted(request.method, bound.methods)?;
        if request.body.as_ref().is_some_and(|body| body.len() > LARGEST_REQUEST_BYTES) {
            return Err(HttpError::Denied(format!("the request's body is larger than {LARGEST_REQUEST_BYTES} bytes")));
        }
        let url = target(bound, &request)?;
        let headers = request_headers(&request);
        self.send_until_final(&request.endpoint, bound, method, url, headers, request.body.unwrap_or_default()).await
    }

    /// Retries what may pass, and waits out short rate limits.
    async fn send_until_final(
        &mut self,
        alias: &str,
        bound: &Bound,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<WitResponse, HttpError> {
        let mut pause = self.limits.retry_pause;
        let mut tries = 0;
        loop {
            self.wait_for_limit(alias).await?;
            tries += 1;
            let answer = self.follow(bound, &method, url.clone(), &headers, &body).await;
            let now = Timestamp::now();
            match answer {
                Ok((status, headers, body)) => {
                    if let Some(wait) = rate::refused_for(status, &headers, &body, now) {
                        tracing::info!(
                            http.status = status.as_u16(),
                            wait_seconds = wait.as_secs(),
                            "the source asks for fewer requests"
                        );
                        self.block(alias, wait);
                        if tries < MOST_TRIES {
                            continue;
                        }
                        return Err(throttled(wait));
                    }
                    if let Some(wait) = rate::used_up_for(&headers, now) {
                        self.block(alias, wait);
                    }
                    if !MAY_PASS.contains(&status) || tries >= MOST_TRIES {
                        return Ok(WitResponse { status: status.as_u16(), headers: response_headers(&headers), body });
                    }
                    tracing::debug!(http.status = status.as_u16(), tries, "trying the request again");
                }
                Err(HttpError::Unreachable(reason)) if tries < MOST_TRIES => {
                    tracing::debug!(tries, "trying the request again: {reason}");
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn wait_for_limit(&self, alias: &str) -> Result<(), HttpError> {
        let Some(until) = self.blocked_until.get(alias) else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait > self.limits.longest_wait {
            return Err(throttled(wait));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn block(&mut self, alias: &str, wait: Duration) {
        self.blocked_until.insert(alias.to_owned(), Instant::now() + wait);
    }

    /// One answer, redirects on the same origin included.
    async fn follow(
        &mut self,
        bound: &Bound,
        method: &Method,
        mut url: Url,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), HttpError> {
        for _ in 0..=MOST_REDIRECTS {
            self.requests_left = self.requests_left.checked_sub(1).ok_or(HttpError::Throttled(None))?;
            let mut request =
                self.client.request(method.clone(), url.clone()).headers(headers.clone()).timeout(self.limits.request);
            if let Some(authorization) = &bound.authorization {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            if *method == Method::POST {
                request = request.body(body.to_vec());
            }
            let response = request.send().await.map_err(|error| unreachable_because(&error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let is_redirect = status.is_redirection() && status != StatusCode::NOT_MODIFIED && *method != Method::POST;
            match headers.get(LOCATION).filter(|_| is_redirect) {
                None => return Ok((status, headers, bounded_body(response, self.limits.response_bytes).await?)),
                Some(location) => {
                    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
                    let is_ours = |next: &Url| {
                        next.origin() == bound.base.origin() && next.username().is_empty() && next.password().is_none()
                    };
                    url = next.filter(is_ours).ok_or_else(|| {
                        tracing::warn!(http.status = status.as_u16(), "a redirect to another origin was refused");
                        HttpError::Denied("a redirect to another origin was refused".to_owned())
                    })?;
                }
            }
        }
        Err(HttpError::Denied(format!("more than {MOST_REDIRECTS} redirects")))
    }
}

fn granted(method: WitMethod, methods: Methods) -> Result<Method, HttpError> {
    let (flag, method) = match method {
        WitMethod::Get => (Methods::GET, Method::GET),
        WitMethod::Head => (Methods::HEAD, Method::HEAD),
        WitMethod::Post => (Methods::POST, Method::POST),
    };
    if methods.contains(flag) {
        Ok(method)
    } else {
        Err(HttpError::Denied(format!("the endpoint does not declare the method {method}")))
    }
}

/// The one place where a guest's target becomes a URL. It never leaves the endpoint's origin.
fn target(bound: &Bound, request: &Request) -> Result<Url, HttpError> {
    let outside = || HttpError::Denied("the target is outside the endpoint".to_owned());
    let mut url = match &request.target {
        Target::Path(path) => {
            if !path.starts_with('/')
                || path.starts_with("//")
                || path.contains(['\\', '#'])
                || path.chars().any(char::is_control)
            {
                return Err(outside());
            }
            let prefix = bound.base.path().trim_end_matches('/');
            let url = bound.base.join(&format!("{prefix}{path}")).map_err(|_| outside())?;
            if !url.path().starts_with(&format!("{prefix}/")) {
                return Err(outside());
            }
            url
        }
        Target::Url(text) => Url::parse(text).map_err(|_| outside())?,
    };
    if url.origin() != bound.base.origin() || !url.username().is_empty() || url.password().is_some() {
        return Err(outside());
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    if url.as_str().len() > LONGEST_URL_BYTES {
        return Err(HttpError::Denied(format!("the target is longer than {LONGEST_URL_BYTES} bytes")));
    }
    Ok(url)
}

fn request_headers(request: &Request) -> HeaderMap {
    let is_allowed = |name: &HeaderName| {
        !DROPPED_REQUEST_HEADERS.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-")
    };
    request
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
        .filter(|(name, _)| is_allowed(name))
        .collect()
}

fn response_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !DROPPED_RESPONSE_HEADERS.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

async fn bounded_body(mut response: Response, limit: usize) -> Result<Vec<u8>, HttpError> {
    let too_large = || HttpError::TooLarge(u32::try_from(limit).unwrap_or(u32::MAX));
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_because(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Rounded up: asking again a moment too early is asking too often.
fn throttled(wait: Duration) -> HttpError {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HttpError::Throttled(Some(u32::try_from(seconds).unwrap_or(u32::MAX).max(1)))
}

/// What happened, without the URL, which may hold more than should be told.
fn unreachable_because(error: &reqwest::Error) -> HttpError {
    let what = if error.is_timeout() {
        "the time limit of the request passed"
    } else if error.is_connect() {
        "no connection could be made"
    } else if error.is_decode() {
        "the answer's encoding is broken"
    } else {
        "the connection broke off"
    };
    HttpError::Unreachable(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, target: Target, expected: Option<&str>) {
        let bound = Bound { base: base.parse().unwrap(), authorization: None, methods: Methods::GET };
        let label = format!("{target:?}");
        let request = Request {
            endpoint: "api".into(),
            method: WitMethod::Get,
            target,
            query: vec![("q".into(), "a b".into())],
            headers: Vec::new(),
            body: None,
        };
        assert_eq!(super::target(&bound, &request).ok().map(String::from).as_deref(), expected, "{label}");
    }

    #[test]
    fn a_path_stays_below_the_endpoint() {
        let path = |path: &str| Target::Path(path.to_owned());
        check("https://api.example.invalid", path("/repos"), Some("https://api.example.invalid/repos?q=a+b"));
        check(
            "https://ghes.invalid/api/v3",
            path("/repos?page=2"),
            Some("https://ghes.invalid/api/v3/repos?page=2&q=a+b"),
        );
        for hostile in
            ["repos", "//evil.invalid/", "/\\evil.invalid", "/../../admin", "/a#b", "/a\nHost: b", "/%2e%2e/%2e%2e/x"]
        {
            check("https://ghes.invalid/api/v3", path(hostile), None);
        }
        check("https://api.example.invalid", path("@evil.invalid/"), None);
    }

    #[test]
    fn a_url_stays_on_the_origin() {
        let url = |url: &str| Target::Url(url.to_owned());
        check(
            "https://api.example.invalid",
            url("https://api.example.invalid/x"),
            Some("https://api.example.invalid/x?q=a+b"),
        );
        check(
            "https://api.example.invalid",
            url("https://api.example.invalid:443/x"),
            Some("https://api.example.invalid/x?q=a+b"),
        );
        for hostile in [
            "http://api.example.invalid/x",
            "https://api.example.invalid:8443/x",
            "https://evil.invalid/x",
            "https://user@api.example.invalid/x",
            "https://api.example.invalid.evil.invalid/x",
            "file:///etc/passwd",
        ] {
            check("https://api.example.invalid", url(hostile), None);
        }
    }
}
