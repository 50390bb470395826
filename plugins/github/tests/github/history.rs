//! A git history to serve, and the plain truth about when its commits landed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use quintant_sdk::instant::{DAY, SECOND, format_rfc3339};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::NOW;

#[derive(Clone, Default)]
pub(crate) struct History {
    pub(crate) head: String,
    commits: BTreeMap<String, Commit>,
}

#[derive(Clone)]
struct Commit {
    parents: Vec<String>,
    at: Instant,
}

impl History {
    /// Adds a commit; the caller moves the head.
    pub(crate) fn commit(&mut self, parents: &[&str], at: Instant) -> String {
        let sha = format!("{:040x}", self.commits.len() * 7_919 + 1);
        let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
        // Git counts in seconds.
        let at = at - at.rem_euclid(SECOND);
        self.commits.insert(sha.clone(), Commit { parents, at });
        sha
    }

    /// Goes on from the head with `count` landings: commits, and merges of branches that start
    /// anywhere on the way and hold commits of any age. Dates of the branch itself only grow.
    pub(crate) fn grow(&mut self, random: &mut impl FnMut(u64) -> u64, count: u64, from: Instant, to: Instant) {
        let mut chain = self.chain();
        chain.reverse();
        for step in 1..=count {
            let at = from + (to - from) / i64::try_from(count).unwrap() * i64::try_from(step).unwrap();
            let mut parents: Vec<String> = chain.last().cloned().into_iter().collect();
            let branches = if chain.is_empty() { 0 } else { [0, 0, 0, 1, 1, 2][index(random(6))] };
            for _ in 0..branches {
                let mut tip = chain[index(random(chain.len() as u64))].clone();
                for _ in 0..=random(6) {
                    let age = i64::try_from(random(120)).unwrap() * DAY;
                    let mut onto = vec![tip.clone()];
                    if random(5) == 0 {
                        onto.push(chain[index(random(chain.len() as u64))].clone());
                    }
                    let onto: Vec<&str> = onto.iter().map(String::as_str).collect();
                    tip = self.commit(&onto, at - age);
                }
                parents.push(tip);
            }
            let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
            chain.push(self.commit(&parents, at));
        }
        self.head = chain.pop().unwrap_or_default();
    }

    /// When each commit became reachable: the oldest commit of the first-parent chain whose
    /// ancestors hold it.
    pub(crate) fn landings(&self) -> BTreeMap<String, Instant> {
        let mut landings = BTreeMap::new();
        for sha in self.chain().iter().rev() {
            for reached in self.reach(sha) {
                landings.entry(reached).or_insert(self.commits[sha].at);
            }
        }
        landings
    }

    pub(crate) fn listing(&self, head: &str, since: Instant) -> Vec<Value> {
        let mut shas: Vec<String> = self.reach(head).into_iter().collect();
        shas.retain(|sha| self.commits[sha].at >= since);
        // As git does: the head first, then by date.
        shas.sort_by_key(|sha| (sha != head, Reverse(self.commits[sha].at), sha.clone()));
        shas.iter().map(|sha| self.json(sha)).collect()
    }

    pub(crate) fn comparison(&self, base: &str, head: &str) -> Option<Vec<Value>> {
        self.commits.get(base)?;
        let old = self.reach(base);
        let mut new: Vec<String> = self.reach(head).difference(&old).cloned().collect();
        new.sort_by_key(|sha| (self.commits[sha].at, sha.clone()));
        Some(new.iter().map(|sha| self.json(sha)).collect())
    }

    /// Forgets a commit, as after a rewrite and a clean-up.
    pub(crate) fn forget(&mut self, sha: &str) {
        self.commits.remove(sha);
    }

    fn chain(&self) -> Vec<String> {
        let next = |sha: &String| self.commits.get(sha)?.parents.first().cloned();
        let head = (!self.head.is_empty()).then(|| self.head.clone());
        std::iter::successors(head, next).collect()
    }

    fn reach(&self, head: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![head.to_owned()];
        while let Some(sha) = open.pop() {
            if let Some(commit) = self.commits.get(&sha).filter(|_| !reached.contains(&sha)) {
                open.extend(commit.parents.clone());
                reached.insert(sha);
            }
        }
        reached
    }

    fn json(&self, sha: &str) -> Value {
        let Commit { parents, at } = &self.commits[sha];
        let parents: Vec<Value> = parents.iter().map(|sha| json!({ "sha": sha })).collect();
        let signature = json!({ "email": "Dev@Example.invalid", "date": format_rfc3339(*at) });
        json!({
            "sha": sha,
            "commit": { "author": signature, "committer": signature, "message": "…" },
            "author": null,
            "parents": parents,
        })
    }
}

/// A reproducible source of numbers below its argument.
pub(crate) fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

pub(crate) fn days_ago(days: i64) -> Instant {
    NOW - days * DAY
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
