//! A guest that brings what its upstream lists: pages of facts of every kind, in JSON. It is built like any plugin and loaded by tests alone.

mod item;

use quintant_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use item::Item;

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {}

/// The collector.
pub struct Emitting;

/// What its upstream answers to `/FEED`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    #[serde(default)]
    facts: Vec<Value>,
    /// Pairs of a kind and a key.
    #[serde(default)]
    retract: Vec<(String, String)>,
    /// Scopes that are not found.
    #[serde(default)]
    not_found: Vec<String>,
    #[serde(default)]
    cursor: Option<String>,
    /// The only cursor that is still taken.
    #[serde(default)]
    takes: Option<String>,
    #[serde(default)]
    more: bool,
}

impl Collector for Emitting {
    type Settings = Settings;

    fn describe() -> Descriptor {
        let metric = |name: &str, subject: Subject, aggregation: Aggregation| Metric {
            name: name.to_owned(),
            title: name.to_owned(),
            description: name.to_owned(),
            dimension: Dimension::Efficiency,
            unit: Unit::Count,
            aggregation,
            subject,
        };
        let work = [FactKind::Change, FactKind::Review, FactKind::Commit];
        Descriptor::new("emitting", "0.1.0", "Emitting", "Brings what its upstream lists")
            .endpoint(Endpoint::new("api", "Listings").auth([Auth::None]))
            .feed(Feed::new("work", "Work on code", work))
            .feed(Feed::new("rest", "All other kinds", item::KINDS.into_iter().filter(|kind| !work.contains(kind))))
            .metric(metric("queue_length", Subject::System, Aggregation::Last))
            .metric(metric("focus_hours", Subject::Person, Aggregation::Sum))
            .metric(metric("was_helped", Subject::Anonymous, Aggregation::Ratio))
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        let (cursor, window) = (request.cursor::<String>()?, &request.window);
        let mut asked = HttpRequest::get("api", format!("/{}", request.feed)).query("from", window.start.to_string());
        if let Some(cursor) = &cursor {
            asked = asked.query("cursor", cursor);
        }
        let answer = client.send(&asked)?;
        let listing: Listing =
            serde_json::from_slice(&answer.body).map_err(|error| Error::Permanent(format!("no listing: {error}")))?;
        if cursor.is_some() && listing.takes.is_some() && listing.takes != cursor {
            return Err(Error::CursorExpired("another version saved it".to_owned()));
        }
        let mut page = Page::new();
        for fact in &listing.facts {
            let item = Item(fact);
            page.push(item.text("key"), item.time("at"), item.fact());
        }
        for (kind, key) in listing.retract {
            page.retract(item::kind(&kind), key);
        }
        for scope in &listing.not_found {
            page.problem(ProblemKind::NotFound, Some(scope));
        }
        if let Some(cursor) = &listing.cursor {
            page.save(cursor)?;
        }
        page.more = listing.more;
        page.covered_through(request.context.now);
        Ok(page)
    }
}

quintant_sdk::collector!(Emitting);
