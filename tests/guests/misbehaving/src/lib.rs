//! A guest that does, on request, whatever a host must survive. It is built like any plugin and loaded by tests alone.

use quintant_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// What `collect` does.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// One fact, and all is covered.
    Behave,
    /// Panics.
    Trap,
    /// Never returns.
    Loop,
    /// Asks for ever more memory.
    Hoard,
    /// Says that a time to come is covered.
    CoverTheFuture,
    /// A cursor of more than a mebibyte.
    HugeCursor,
    /// One page after another without an end.
    NeverDone,
    /// A fact first, then a trap on the next page.
    TrapOnSecondPage,
    /// Facts that no host may take.
    BadFacts,
    /// Log lines without an end, with control characters.
    Chatter,
    /// Asks for a target outside its endpoint.
    Escape,
    /// Follows the URL of the settings, with a header of its own, and fails where that fails.
    Follow,
    /// A fact first, then requests without an end, whatever comes of them.
    Flood,
    /// One page after another, each with a fact and a bit of work.
    Toil,
}

/// What it is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    behaviour: Behaviour,
    /// Where `follow` leads.
    #[serde(default)]
    url: String,
}

/// The collector.
pub struct Misbehaving;

impl Collector for Misbehaving {
    type Settings = Settings;

    fn describe() -> Descriptor {
        Descriptor::new("misbehaving", "0.1.0", "Misbehaving", "Does what a host must survive")
            .endpoint(Endpoint::new("api", "Anything").auth([Auth::None, Auth::Bearer]))
            .feed(Feed::new("facts", "Facts", [FactKind::Commit]))
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        let now = request.context.now;
        let mut page = Page::new();
        match request.context.settings.behaviour {
            Behaviour::Behave => {
                page.push("acme/app@1", now - 1000, commit(now - 2000));
                page.covered_through(now);
            }
            Behaviour::Trap => panic!("as asked"),
            Behaviour::Loop => loop {
                std::hint::spin_loop();
            },
            Behaviour::Hoard => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(vec![1; 1 << 20]);
                    std::hint::black_box(&hoard);
                }
            }
            Behaviour::CoverTheFuture => page.covered_through(now + 3_600_000),
            Behaviour::HugeCursor => page.cursor = Some("x".repeat((1 << 20) + 1)),
            Behaviour::NeverDone => page.more = true,
            Behaviour::TrapOnSecondPage => {
                assert!(request.cursor::<u32>()?.is_none(), "as asked");
                page.push("acme/app@1", now - 1000, commit(now - 2000));
                page.save(&1)?;
                page.more = true;
            }
            Behaviour::BadFacts => {
                page.push("acme/app@1", now + 3_600_000, commit(now));
                page.push("", now - 1000, commit(now - 2000));
                page.push("acme/app@2", i64::MAX, commit(now - 2000));
                page.push("k".repeat(513), now - 1000, commit(now - 2000));
                page.push("acme/app#4", now - 1000, Change::merged("acme/app", "acme/app#4", now - 2000));
                page.push("acme/app@5", now - 1000, commit(now - 2000));
                page.covered_through(now);
            }
            Behaviour::Chatter => {
                for _ in 0..10_000 {
                    log::warn("chatter\u{1b}[31m\nforged line", &[]);
                }
                page.covered_through(now);
            }
            Behaviour::Escape => {
                for url in ["http://127.0.0.2:1/", "file:///etc/passwd", "http://user@127.0.0.1/"] {
                    match client.send(&HttpRequest::follow("api", url)) {
                        Err(HttpError::Denied(_)) => {}
                        other => return Err(Error::Permanent(format!("`{url}` was not denied: {other:?}"))),
                    }
                }
                page.covered_through(now);
            }
            Behaviour::Follow => {
                let url = &request.context.settings.url;
                let asked = HttpRequest::follow("api", url).header("accept", "text/plain").header("x-api-key", "own");
                let answer = client.send(&asked)?;
                if answer.status != 200 {
                    return Err(Error::Permanent(format!("status {}", answer.status)));
                }
                page.covered_through(now);
            }
            Behaviour::Flood => {
                if request.cursor::<u32>()?.is_none() {
                    page.push("acme/app@1", now - 1000, commit(now - 2000));
                    page.save(&1)?;
                    page.more = true;
                    return Ok(page);
                }
                while !matches!(client.send(&HttpRequest::get("api", "/flood")), Err(HttpError::Throttled(_))) {}
                page.covered_through(now);
            }
            Behaviour::Toil => {
                for step in 0..30_000_000_u32 {
                    std::hint::black_box(step);
                }
                page.push("acme/app@1", now - 1000, commit(now - 2000));
                page.more = true;
            }
        }
        Ok(page)
    }
}

fn commit(authored_at: Instant) -> Commit {
    Commit::new("acme/app", "0123", authored_at, 1)
}

quintant_sdk::collector!(Misbehaving);
