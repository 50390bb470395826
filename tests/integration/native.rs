//! A collector, run natively as a host would run it, against a service over real HTTP; all its pages and runs are kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use quintant_sdk::http::Target;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use quintant_upstreams::fetch;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// One feed of one source, from its first run on.
pub(crate) struct Feeding<C> {
    url: String,
    token: &'static str,
    settings: Value,
    feed: &'static str,
    overlap: SignedDuration,
    covered_from: Timestamp,
    covered_through: Option<Timestamp>,
    cursor: Option<String>,
    pub(crate) stored: BTreeMap<String, Envelope>,
    pub(crate) problems: Vec<String>,
    collector: std::marker::PhantomData<C>,
}

impl<C: Collector> Feeding<C> {
    pub(crate) fn new(
        url: &str,
        token: &'static str,
        settings: Value,
        feed: &'static str,
        (covered_from, overlap): (Timestamp, SignedDuration),
    ) -> Self {
        Self {
            url: url.to_owned(),
            token,
            settings,
            feed,
            overlap,
            covered_from,
            covered_through: None,
            cursor: None,
            stored: BTreeMap::new(),
            problems: Vec::new(),
            collector: std::marker::PhantomData,
        }
    }

    /// One run at `now`, which must succeed.
    pub(crate) fn run(&mut self, now: Timestamp) {
        self.try_run(now).unwrap();
    }

    pub(crate) fn try_run(&mut self, now: Timestamp) -> Result<()> {
        let from =
            self.covered_through.map_or(self.covered_from, |through| (through - self.overlap).max(self.covered_from));
        let (url, token) = (self.url.clone(), self.token);
        let source = Source::<C>::new(self.settings.clone(), move |request| Ok(exchange(&url, token, request)))
            .bots(["*-ci"])
            .window(from.as_millisecond(), now.as_millisecond());
        for page in source.drain(self.feed, self.cursor.as_deref())? {
            self.take(page);
        }
        Ok(())
    }

    fn take(&mut self, page: Page) {
        for retraction in page.retractions {
            self.stored.remove(&retraction.key);
        }
        self.stored.extend(page.facts.into_iter().map(|fact| (fact.key.clone(), fact)));
        self.problems.extend(page.problems.into_iter().map(|problem| format!("{problem:?}")));
        self.cursor = page.cursor.or(self.cursor.take());
        let through = page.covered_through.map(|at| Timestamp::from_millisecond(at).unwrap());
        self.covered_through = self.covered_through.max(through);
    }
}

fn exchange(url: &str, token: &str, request: &HttpRequest) -> Response {
    let target = match &request.target {
        Target::Path(path) => format!("{url}{path}"),
        Target::Url(url) => url.clone(),
    };
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let url = format!("{target}{}{}", if query.is_empty() { "" } else { "?" }, query.join("&"));
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("Authorization", bearer.as_str()), ("User-Agent", "test")];
    headers.extend(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let answer = block_in_place(|| {
        Handle::current().block_on(async {
            match &request.body {
                Some(body) => fetch::post(&url, &headers, std::str::from_utf8(body).unwrap()).await,
                None => fetch::get(&url, &headers).await,
            }
        })
    });
    let answer = answer.unwrap();
    let response = Response::new(answer.status).body(answer.body);
    answer.headers.into_iter().fold(response, |response, (name, value)| response.with(&name, value))
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:,".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Instants from `from` to `to` in steps of at most `longest`, of no regularity.
pub(crate) fn steps(from: Timestamp, to: Timestamp, longest: SignedDuration) -> Vec<Timestamp> {
    let mut chance = 0x5157_494e_5441_4e54_u64;
    let mut instants = vec![from];
    while let Some(last) = instants.last().copied().filter(|last| *last < to) {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = i64::try_from(chance >> 33).unwrap() % longest.as_secs();
        instants.push((last + SignedDuration::from_secs(step + 1)).min(to));
    }
    instants
}
