//! Recorded payloads are read, and stay harmless when their fields are deleted, nulled and retyped.

use expect_test::expect;
use quintant_plugin_jenkins::payload::Item;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{DATE, NOW, PIPELINE, json_body, source};
use crate::show;

const BUILDS: [&str; 3] = [
    include_str!("../fixtures/freestyle_build.json"),
    include_str!("../fixtures/pipeline_build.json"),
    include_str!("../fixtures/git_build.json"),
];

/// Reads one job with these builds, whatever is asked of it.
fn read(builds: Value, describe: Value, settings: Value) -> Vec<Page> {
    let server = crate::server::JenkinsServer {
        fault: Some(Box::new(move |url| {
            let body = if url.starts_with("/api") {
                json!({ "jobs": [{ "_class": PIPELINE, "name": "x", "lastBuild": { "timestamp": NOW } }] })
            } else if url.contains("wfapi") {
                describe.clone()
            } else {
                json!({ "builds": builds })
            };
            Some(Ok(json_body(&body).with("date", DATE)))
        })),
        ..Default::default()
    };
    source(&server.shared(), settings).window(0, NOW).drain("builds", None).unwrap()
}

fn recorded(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn recorded_builds_are_read() {
    let [freestyle, pipeline, mut git] = BUILDS.map(recorded);
    git["number"] = json!(3);
    let pages = read(json!([git, freestyle]), json!({}), json!({ "coverage": false }));
    let deploy = json!({ "deployments": [{ "job": "x" }], "coverage": false });
    let deployed = read(json!([pipeline]), json!({}), deploy);
    let stages = read(
        json!([pipeline]),
        pipeline.clone(),
        json!({ "deployments": [{ "job": "x", "stage": "Test" }], "coverage": false }),
    );
    expect![[r#"
        x#3@1372553675652 at 2013-06-30T00:54:36Z: x #3 success, branch, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702
        x#1@1370042140000 at 2013-05-31T23:15:45Z: x #1 success
        x/production/x#1@1370042140000 at 2013-05-31T23:15:45Z: x to production success
        x/production/x#1@1370042140000/stage-id-2 at 2013-05-31T23:15:48Z: x to production success
        x#1@1370042140000 at 2013-05-31T23:15:45Z: x #1 success
    "#]]
    .assert_eq(&[pages, deployed, stages].iter().map(|pages| show(pages)).collect::<String>());
}

#[test]
fn a_recorded_job_of_old_style_is_a_job() {
    let item: Item = serde_json::from_str(include_str!("../fixtures/job.json")).unwrap();
    assert_eq!((item.name.0.as_deref(), item.is_folder()), (Some("foo"), false));
}

/// Whatever happens to its fields, a build is told or counted, and never stops the others.
#[test]
fn changed_builds_are_mapped_or_counted() {
    let mut chance = Chance(1);
    let settings = json!({ "deployments": [{ "job": "x", "stage": "*" }], "coverage": false });
    let whole = recorded(BUILDS[2]);
    for round in 0..3_000 {
        let mut build = recorded(BUILDS[round % 3]);
        build["number"] = json!(7);
        for _ in 0..=chance.below(3) {
            chance.change(&mut build);
        }
        let mut describe = recorded(BUILDS[1]);
        chance.change(&mut describe);
        let pages = read(json!([build, whole]), describe, settings.clone());
        let mut builds = 0;
        let mut rejected = 0;
        for page in &pages {
            builds += page.facts.iter().filter(|fact| matches!(fact.fact, Fact::Build(_))).count();
            rejected += page.problems.iter().filter(|problem| problem.kind == ProblemKind::Rejected).count();
        }
        let waits = pages.last().unwrap().cursor.as_ref().unwrap().contains(r#""waiting":[{"#);
        assert_eq!(builds + rejected + usize::from(waits), 2, "round {round}: {build}");
    }
}

/// A small deterministic source of chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// Deletes, nulls or retypes one field, at any depth.
    fn change(&mut self, value: &mut Value) {
        let deeper = self.below(3) > 0;
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let position = self.below(fields.len());
                let name = fields.keys().nth(position).unwrap().clone();
                let has_fields = matches!(&fields[&name], Value::Object(_) | Value::Array(_));
                if deeper && has_fields {
                    self.change(fields.get_mut(&name).unwrap());
                } else if self.below(3) == 0 {
                    fields.remove(&name);
                } else {
                    let other = self.other();
                    fields.insert(name, other);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let position = self.below(items.len());
                if deeper { self.change(&mut items[position]) } else { items[position] = self.other() }
            }
            value => *value = self.other(),
        }
    }

    fn other(&mut self) -> Value {
        let others = [
            Value::Null,
            json!(true),
            json!(-1),
            json!(1.5),
            json!(9_007_199_254_740_993_u64),
            json!(u64::MAX),
            json!(""),
            json!("2026-13-99"),
            json!([]),
            json!([null]),
            json!({}),
            json!({ "items": 7 }),
        ];
        others[self.below(others.len())].clone()
    }
}
