//! Growth of message counters, reading by reading.

use expect_test::expect;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{Shared, at, channel, server, source, team};
use crate::show;

/// Reads at each instant, after changing the server, and answers all pages.
struct Readings<'a> {
    server: &'a Shared,
    settings: Value,
    cursor: Option<String>,
    pages: Vec<Page>,
    offsets: Vec<(Instant, i32)>,
}

impl<'a> Readings<'a> {
    fn of(server: &'a Shared) -> Self {
        Self { server, settings: json!({}), cursor: None, pages: Vec::new(), offsets: Vec::new() }
    }

    fn read(&mut self, now: &str) -> &mut Self {
        let source =
            source(self.server, self.settings.clone()).window(at(now), at(now)).utc_offsets(self.offsets.clone());
        let pages = source.drain("message_counts", self.cursor.as_deref()).unwrap();
        self.cursor = pages.last().unwrap().cursor.clone();
        self.pages.extend(pages);
        self
    }

    fn set(&mut self, channel: &str, total: i64, last_post_at: &str) -> &mut Self {
        {
            let mut server = self.server.borrow_mut();
            let channel = server.channel(channel);
            channel["total_msg_count"] = total.into();
            channel["last_post_at"] = at(last_post_at).into();
        }
        self
    }

    fn covered(&self) -> Option<Instant> {
        self.pages.last().unwrap().covered_through
    }
}

#[test]
fn the_first_reading_is_a_baseline_and_each_later_one_tells_the_growth() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    assert_eq!(show(&readings.pages), "");
    readings.set("c1", 107, "2026-07-15T12:30:00Z").read("2026-07-15T13:00:00Z");
    readings.set("c2", 51, "2026-07-15T13:59:00Z").read("2026-07-15T14:00:00Z").read("2026-07-15T15:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(7) with bots
        t1 2026-07-15T13:00:00Z to 2026-07-15T14:00:00Z: Some(1) with bots
        t1 2026-07-15T14:00:00Z to 2026-07-15T15:00:00Z: Some(0) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
    assert_eq!(readings.covered(), Some(at("2026-07-15T15:00:00Z")));
}

#[test]
fn a_counter_that_went_back_gives_no_number_for_its_channel() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    readings.set("c1", 20, "2026-07-15T12:30:00Z").set("c2", 55, "2026-07-15T12:30:00Z").read("2026-07-15T13:00:00Z");
    readings.set("c1", 22, "2026-07-15T13:30:00Z").read("2026-07-15T14:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(5) with bots
        t1 2026-07-15T13:00:00Z to 2026-07-15T14:00:00Z: Some(2) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn a_new_channel_counts_from_its_first_message_and_one_that_becomes_public_does_not() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    let mut fresh = channel("c3", "launch", 4);
    fresh["create_at"] = at("2026-07-15T12:10:00Z").into();
    let mut published = channel("c4", "was-private", 900);
    published["type"] = "P".into();
    server.borrow_mut().channels.get_mut("t1").unwrap().extend([fresh, published]);
    readings.read("2026-07-15T13:00:00Z");
    server.borrow_mut().channel("c4")["type"] = "O".into();
    readings.read("2026-07-15T14:00:00Z");
    readings.set("c4", 903, "2026-07-15T14:30:00Z").read("2026-07-15T15:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(4) with bots
        t1 2026-07-15T13:00:00Z to 2026-07-15T14:00:00Z: Some(0) with bots
        t1 2026-07-15T14:00:00Z to 2026-07-15T15:00:00Z: Some(3) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn a_channel_that_is_missing_for_a_while_is_told_over_its_own_period() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    server.borrow_mut().channel("c1")["listed"] = false.into();
    readings.read("2026-07-15T13:00:00Z");
    server.borrow_mut().channel("c1")["listed"] = true.into();
    readings.set("c1", 130, "2026-07-15T13:30:00Z").read("2026-07-15T14:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(0) with bots
        t1 2026-07-15T12:00:00Z to 2026-07-15T14:00:00Z: Some(30) with bots
        t1 2026-07-15T13:00:00Z to 2026-07-15T14:00:00Z: Some(0) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn a_period_over_the_end_of_a_week_is_cut_where_messages_allow_it() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-12T23:00:00Z");
    // The one channel was quiet after midnight, the other one was not.
    readings.set("c1", 103, "2026-07-12T23:40:00Z").set("c2", 60, "2026-07-13T00:05:00Z");
    let mut fresh = channel("c3", "launch", 2);
    fresh["create_at"] = at("2026-07-13T00:10:00Z").into();
    fresh["last_post_at"] = at("2026-07-13T00:20:00Z").into();
    server.borrow_mut().channels.get_mut("t1").unwrap().push(fresh);
    readings.read("2026-07-13T00:30:00Z");
    expect![[r#"
        t1 2026-07-12T23:00:00Z to 2026-07-13T00:00:00Z: Some(3) with bots
        t1 2026-07-12T23:00:00Z to 2026-07-13T00:30:00Z: Some(10) with bots
        t1 2026-07-13T00:00:00Z to 2026-07-13T00:30:00Z: Some(2) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn weeks_are_those_of_the_calendars_zone() {
    let server = server();
    let mut readings = Readings { offsets: vec![(0, 7_200)], ..Readings::of(&server) };
    readings.read("2026-07-12T21:30:00Z");
    readings.set("c1", 103, "2026-07-12T21:40:00Z").read("2026-07-12T22:30:00Z");
    expect![[r#"
        t1 2026-07-12T21:30:00Z to 2026-07-12T22:00:00Z: Some(3) with bots
        t1 2026-07-12T22:00:00Z to 2026-07-12T22:30:00Z: Some(0) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn pages_are_read_until_one_is_empty() {
    let server = server();
    let channels = (0..120).map(|number| channel(&format!("x{number:03}"), "room", 1)).collect();
    server.borrow_mut().channels.insert("t1".to_owned(), channels);
    server.borrow_mut().page_cap = Some(50);
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z").set("x119", 6, "2026-07-15T12:10:00Z").read("2026-07-15T13:00:00Z");
    assert!(show(&readings.pages).ends_with(": Some(5) with bots\n"), "{}", show(&readings.pages));
    let listed = server.borrow().seen.iter().filter(|url| url.contains("/channels?")).count();
    assert_eq!(listed, 8);
}

#[test]
fn archived_private_and_excluded_channels_are_not_read() {
    let server = server();
    let mut readings = Readings { settings: json!({ "channels_except": ["ALERTS-*"] }), ..Readings::of(&server) };
    let mut archived = channel("c3", "old", 10);
    archived["delete_at"] = 5.into();
    let mut private = channel("c4", "secret", 10);
    private["type"] = "P".into();
    let mut direct = channel("c5", "u1__u2", 10);
    direct["type"] = "D".into();
    server.borrow_mut().channels.get_mut("t1").unwrap().extend([archived, private, direct]);
    readings.read("2026-07-15T12:00:00Z");
    for id in ["c2", "c3", "c4", "c5"] {
        readings.set(id, 500, "2026-07-15T12:30:00Z");
    }
    readings.read("2026-07-15T13:00:00Z");
    assert_eq!(show(&readings.pages), "t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(0) with bots\n");
}

#[test]
fn open_teams_are_read_and_invite_only_ones_when_they_are_named() {
    let server = server();
    server.borrow_mut().teams.push(team("t2", "board", "I"));
    server.borrow_mut().teams.push(json!({ "id": "t3", "name": "gone", "type": "O", "delete_at": 7 }));
    server.borrow_mut().channels.insert("t2".to_owned(), vec![channel("c9", "general", 3)]);
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z").read("2026-07-15T13:00:00Z");
    assert_eq!(show(&readings.pages), "t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(0) with bots\n");
    let mut readings = Readings { settings: json!({ "teams": ["board", "gone", "nowhere"] }), ..Readings::of(&server) };
    readings.read("2026-07-15T12:00:00Z").read("2026-07-15T13:00:00Z");
    expect![[r#"
        t2 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(0) with bots
        problem NotFound team gone x1
        problem NotFound team nowhere x1
        problem NotFound team gone x1
        problem NotFound team nowhere x1
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn a_team_that_does_not_answer_holds_coverage_back_and_is_told_over_the_longer_period() {
    let server = server();
    server.borrow_mut().teams.push(team("t2", "design", "O"));
    server.borrow_mut().channels.insert("t2".to_owned(), vec![channel("c9", "general", 3)]);
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    server.borrow_mut().fault = Some(Box::new(|url| url.contains("/t2/").then(|| Ok(Response::new(503)))));
    readings.set("c1", 101, "2026-07-15T12:30:00Z").read("2026-07-15T13:00:00Z");
    assert_eq!(readings.covered(), None);
    server.borrow_mut().fault = None;
    readings.set("c9", 9, "2026-07-15T12:30:00Z").read("2026-07-15T14:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T13:00:00Z: Some(1) with bots
        t1 2026-07-15T13:00:00Z to 2026-07-15T14:00:00Z: Some(0) with bots
        t2 2026-07-15T12:00:00Z to 2026-07-15T14:00:00Z: Some(6) with bots
        problem Unavailable team design x1
    "#]]
    .assert_eq(&show(&readings.pages));
    assert_eq!(readings.covered(), Some(at("2026-07-15T14:00:00Z")));
}

#[test]
fn readings_are_timed_by_the_servers_clock_unless_it_is_ahead() {
    let server = server();
    let mut readings = Readings::of(&server);
    readings.read("2026-07-15T12:00:00Z");
    server.borrow_mut().date = Some("Wed, 15 Jul 2026 12:59:30 GMT".to_owned());
    readings.read("2026-07-15T13:00:00Z");
    server.borrow_mut().date = Some("Wed, 15 Jul 2026 16:00:00 GMT".to_owned());
    readings.read("2026-07-15T14:00:00Z");
    server.borrow_mut().date = Some("Wed, 15 Jul 2026 11:00:00 GMT".to_owned());
    readings.set("c1", 108, "2026-07-15T14:10:00Z").read("2026-07-15T15:00:00Z");
    server.borrow_mut().date = None;
    readings.read("2026-07-15T16:00:00Z");
    expect![[r#"
        t1 2026-07-15T12:00:00Z to 2026-07-15T12:59:30Z: Some(0) with bots
        t1 2026-07-15T12:59:30Z to 2026-07-15T14:00:00Z: Some(0) with bots
        t1 2026-07-15T14:00:00Z to 2026-07-15T16:00:00Z: Some(8) with bots
    "#]]
    .assert_eq(&show(&readings.pages));
}

#[test]
fn growth_adds_up_over_readings_at_any_instants() {
    let server = server();
    let mut readings = Readings::of(&server);
    let (mut total, mut minute, mut chance) = (100_i64, 0_i64, 7_u64);
    let instant = |minute: i64| instant::format_rfc3339(at("2026-07-06T00:00:00Z") + minute * 60_000);
    readings.read(&instant(0));
    while minute < 21 * 24 * 60 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = 1 + i64::try_from(chance >> 33).unwrap() % 900;
        total += step % 40;
        let last = instant(minute + step / 2);
        minute += step;
        readings.set("c1", total, &last).read(&instant(minute));
    }
    let facts = crate::stored(&readings.pages);
    let told: u32 = facts
        .values()
        .map(|fact| {
            let Fact::Tally(tally) = &fact.fact else { panic!("{fact:?}") };
            tally.count.unwrap()
        })
        .sum();
    assert_eq!(i64::from(told), total - 100);
}

#[test]
fn the_other_feed_is_switched_off() {
    let server = server();
    let page = source(&server, json!({})).collect("posts", None).unwrap();
    assert_eq!((page.facts.len(), page.covered_through), (0, None));
    assert!(server.borrow().seen.is_empty());
}
