//! Watches how a host's first collection goes, feed by feed, as `quintant status` tells it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Says each feed once, when its first run has ended.
#[derive(Default)]
pub(crate) struct FirstCollection {
    said: BTreeSet<String>,
}

impl FirstCollection {
    /// Whether all feeds that `status` lists have been read; fails where one could not be.
    pub(crate) fn look(&mut self, status: &str) -> Result<bool> {
        let status: Value = serde_json::from_str(status).context("reading what `quintant status` printed")?;
        let feeds = status["feeds"].as_array().context("`quintant status` lists no `feeds`")?;
        let mut is_over = !feeds.is_empty();
        for feed in feeds {
            let name = format!("{}/{}", text(&feed["source"]), text(&feed["feed"]));
            let run = &feed["last_run"];
            if run["ended"].is_null() {
                is_over = false;
                continue;
            }
            // A feed that is switched off asks nothing, and covers nothing.
            let is_off = text(&run["outcome"]) == "partial" && run["requests"] == 0;
            if text(&run["outcome"]) != "ok" && !is_off {
                bail!("{name} ended `{}` instead of `ok`: {run}", text(&run["outcome"]));
            }
            if self.said.insert(name.clone()) && !is_off {
                eprintln!("xtask: {name}: {} facts in {} requests", run["facts"], run["requests"]);
            }
        }
        Ok(is_over)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn feed(name: &str, ended: &Value, outcome: &str, requests: u32) -> Value {
        let run = json!({ "ended": ended, "outcome": outcome, "facts": 3, "requests": requests });
        json!({ "source": "ci", "feed": name, "last_run": run })
    }

    #[test]
    fn it_is_over_when_every_feed_has_ended_well_or_is_switched_off() {
        let mut collection = FirstCollection::default();
        let ended = json!("2026-07-01T12:00:00Z");
        let builds = feed("builds", &ended, "ok", 2);
        let never = json!({ "source": "ci", "feed": "releases", "last_run": null });
        let mut look = |feeds: Value| collection.look(&json!({ "feeds": feeds }).to_string());
        assert!(!look(json!([])).unwrap());
        assert!(!look(json!([builds, never])).unwrap());
        assert!(!look(json!([builds, feed("releases", &Value::Null, "running", 1)])).unwrap());
        assert!(look(json!([builds, feed("releases", &ended, "partial", 0)])).unwrap());
        let error = look(json!([feed("builds", &ended, "partial", 2)])).unwrap_err().to_string();
        assert!(error.starts_with("ci/builds ended `partial` instead of `ok`: {"), "{error}");
    }
}
