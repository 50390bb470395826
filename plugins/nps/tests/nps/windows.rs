//! Which windows there are, and how each is asked for.

use quintant_plugin_nps::settings::Windows;
use quintant_plugin_nps::window::{Dates, SurveyWindow};
use quintant_sdk::calendar::Calendar;
use quintant_sdk::prelude::*;

use crate::server::at_utc;

fn check(at: &str, windows: Windows, offsets: &[(Instant, i32)], campaign: &str, start: &str, end: &str) {
    let window = SurveyWindow::around(at_utc(at), windows, Calendar::new(offsets)).unwrap();
    assert_eq!(window.campaign(), campaign);
    assert_eq!(window.bounds(Dates::Naive), (start.to_owned(), end.to_owned()));
    assert_eq!(window.bounds(Dates::Aware), (format!("{start}Z"), format!("{end}Z")));
    for dates in [Dates::Naive, Dates::Aware] {
        let (start, end) = window.bounds(dates);
        assert!(window.is_echoed(&start, &end), "{start} {end}");
        assert!(!window.is_echoed(&end, &start), "{start} {end}");
    }
}

#[test]
fn windows_end_a_microsecond_before_the_next() {
    let week = Windows::Week;
    check("2026-07-01T12:00:00", week, &[], "week-2026-06-29", "2026-06-29T00:00:00", "2026-07-05T23:59:59.999999");
    check(
        "2026-02-28T12:00:00",
        Windows::Month,
        &[],
        "month-2026-02-01",
        "2026-02-01T00:00:00",
        "2026-02-28T23:59:59.999999",
    );
    check(
        "2026-12-31T23:59:59",
        Windows::Quarter,
        &[],
        "quarter-2026-10-01",
        "2026-10-01T00:00:00",
        "2026-12-31T23:59:59.999999",
    );
}

#[test]
fn windows_follow_the_calendars_zone_and_are_asked_for_in_utc() {
    let berlin = [(at_utc("2026-01-01T00:00:00"), 3600), (at_utc("2026-03-29T01:00:00"), 7200)];
    check(
        "2026-03-29T12:00:00",
        Windows::Week,
        &berlin,
        "week-2026-03-23",
        "2026-03-22T23:00:00",
        "2026-03-29T21:59:59.999999",
    );
    check(
        "2026-03-31T23:00:00",
        Windows::Quarter,
        &berlin,
        "quarter-2026-04-01",
        "2026-03-31T22:00:00",
        "2026-06-30T21:59:59.999999",
    );
}

#[test]
fn windows_follow_each_other_without_a_gap() {
    let berlin = [(at_utc("2026-01-01T00:00:00"), 3600), (at_utc("2026-03-29T01:00:00"), 7200)];
    for windows in [Windows::Week, Windows::Month, Windows::Quarter] {
        let mut window = SurveyWindow::around(at_utc("2025-12-30T00:00:00"), windows, Calendar::new(&berlin)).unwrap();
        for _ in 0..60 {
            let next = window.next(windows, Calendar::new(&berlin)).unwrap();
            assert_eq!(next.start(), window.end());
            assert!(next.last_instant() > next.start());
            window = next;
        }
    }
}

#[test]
fn instants_that_cannot_be_written_have_no_window() {
    for at in [Instant::MIN, Instant::MAX] {
        for windows in [Windows::Week, Windows::Month, Windows::Quarter] {
            let _none_or_some = SurveyWindow::around(at, windows, Calendar::new(&[]));
        }
    }
}
