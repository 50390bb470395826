//! The oracle's own arithmetic, held against organisations small enough to count by hand.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::organisation::chat::Chat;
use crate::organisation::copilot::Copilot;
use crate::organisation::delivery::Delivery;
use crate::organisation::survey::Survey;
use crate::organisation::voices::Voices;
use crate::organisation::{
    Account, AccountId, AccountKind, Change, Commit, CommitAccount, CommitAuthor, Event, Membership, Push, Repository,
    Review, Team,
};

/// A Monday that begins an epoch of 13 weeks.
const MONDAY: &str = "2026-07-27";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// People `p1`, `p2`, … in teams of the given sizes, each with an account of the same name, then bot, machine, ghost and an outsider.
struct Story {
    organisation: Organisation,
    next_commit: usize,
}

impl Story {
    fn of(teams: &[(&str, usize)]) -> Self {
        let mut accounts = Vec::new();
        let mut roster = Vec::new();
        let mut add = |login: &str, kind: AccountKind| {
            let email = format!("{login}@example.invalid");
            accounts.push(Account {
                id: accounts.len() as u64 + 1,
                login: login.to_owned(),
                name: login.to_owned(),
                email,
                kind,
            });
        };
        for (team, size) in teams {
            for _ in 0..*size {
                let login = format!("p{}", roster.len() + 1);
                add(&login, AccountKind::User);
                let team = (!team.is_empty()).then(|| (*team).to_owned());
                roster.push(Membership {
                    person: login.clone(),
                    team,
                    from: "2020-01-01".parse().unwrap(),
                    github: vec![login.to_uppercase()],
                    mattermost: Vec::new(),
                });
            }
        }
        add("helper[bot]", AccountKind::Bot);
        add("acme-ci", AccountKind::User);
        add("ghost", AccountKind::User);
        add("outsider", AccountKind::User);
        let teams = teams
            .iter()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, _)| Team { name: (*name).to_owned(), owns: vec![format!("acme/{name}-*")] })
            .collect();
        let root = commit("root", &[], "root@example.invalid", "2020-01-01T00:00:00Z");
        let repositories = ["acme/a-one", "acme/b-one"]
            .map(|name| Repository {
                id: 1,
                name: name.to_owned(),
                former_name: None,
                created_at: at("2020-01-01T00:00:00Z"),
                commits: vec![root.clone()],
                pushes: vec![Push { at: root.committed_at, head: 0 }],
                changes: Vec::new(),
            })
            .to_vec();
        let organisation = Organisation {
            start: at("2026-01-01T00:00:00Z"),
            end: at("2026-12-01T00:00:00Z"),
            teams,
            roster,
            bots: vec!["*-ci".to_owned()],
            accounts,
            repositories,
            delivery: Delivery::default(),
            chat: Chat::default(),
            survey: Survey::default(),
            copilot: Copilot::default(),
            voices: Voices::default(),
            opted_out: Vec::new(),
        };
        Self { organisation, next_commit: 0 }
    }

    fn account(&self, login: &str) -> AccountId {
        AccountId(self.organisation.accounts.iter().position(|account| account.login == login).unwrap())
    }

    /// A squash merge in `acme/a-one` that was opened ten hours before.
    fn merged(&mut self, author: &str, merged_at: &str, reviews: &[(&str, &str)]) -> &mut Change {
        let author = self.account(author);
        let email = self.organisation.accounts[author.0].email.clone();
        self.next_commit += 1;
        let sha = format!("squash-{}", self.next_commit);
        let reviews = reviews
            .iter()
            .map(|(reviewer, reviewed_at)| Review {
                id: 1,
                reviewer: Some(self.account(reviewer)),
                at: at(reviewed_at),
                state: ReviewState::Approved,
                dismissed_at: None,
                comments: 0,
            })
            .collect();
        let repository = &mut self.organisation.repositories[0];
        let parent = repository.commits.len() - 1;
        let mut squash = commit(&sha, &[parent], &email, merged_at);
        squash.author.account = CommitAccount::Known(author);
        repository.commits.push(squash);
        repository.pushes.push(Push { at: at(merged_at), head: parent + 1 });
        let merged = EventKind::Merged { commit: parent + 1 };
        let events = vec![event(merged_at, merged), event(merged_at, EventKind::Closed)];
        let opened_at = at(merged_at) - SignedDuration::from_hours(10);
        repository.changes.push(Change {
            number: u32::try_from(self.next_commit).unwrap(),
            id: 1,
            title: String::new(),
            body: None,
            branch: String::new(),
            fork_deleted: false,
            author: Some(author),
            opened_at,
            opened_as_draft: false,
            events,
            reviews,
            heads: vec![(opened_at, "head".to_owned())],
            comments: Vec::new(),
        });
        repository.changes.last_mut().unwrap()
    }

    /// Everybody of `p1` … `p{people}` gets one change merged that day, reviewed three hours after it was opened by the next one.
    fn busy_day(&mut self, people: usize, date: &str) {
        for person in 1..=people {
            let reviewer = format!("p{}", person % people + 1);
            self.merged(
                &format!("p{person}"),
                &format!("{date}T20:00:00Z"),
                &[(&reviewer, &format!("{date}T13:00:00Z"))],
            );
        }
    }

    fn oracle(&self, covered_through: &str) -> Oracle<'_> {
        Oracle {
            organisation: &self.organisation,
            history_start: at("2026-07-27T00:00:00Z"),
            looks: vec![at(covered_through)],
            settle: SignedDuration::from_hours(36),
            calendar: Calendar::UTC,
            sources: Sources::default(),
            readings: Vec::new(),
            opened: Vec::new(),
            heard: Vec::new(),
        }
    }
}

fn commit(sha: &str, parents: &[usize], email: &str, committed_at: &str) -> Commit {
    Commit {
        sha: sha.to_owned(),
        parents: parents.to_vec(),
        author: CommitAuthor { name: String::new(), email: email.to_owned(), account: CommitAccount::Null },
        authored_at: at(committed_at),
        by_web: false,
        committed_at: at(committed_at),
        message: String::new(),
    }
}

fn event(when: &str, kind: EventKind) -> Event {
    Event { id: 1, at: at(when), actor: None, kind }
}

fn figures(answer: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| answer[name].clone()).collect()
}

const ACTIVITY: [&str; 4] = ["commits_count", "pull_requests_count", "code_reviews_count", "active_developers_count"];

#[test]
fn a_week_of_five_authors_is_answered_in_full() {
    let mut story = Story::of(&[("a", 10)]);
    story.busy_day(7, "2026-07-29");
    let answer = story.oracle("2026-08-04T12:00:00Z").answer("activity", Range::Week, &Scope::Organisation);
    assert_eq!(
        answer,
        json!({
            "commits_count": 7,
            "pull_requests_count": 7,
            "code_reviews_count": 7,
            "active_developers_count": 5.0,
            "ai_tool_adoption_rate": null,
            "platform_usage_count": null,
            "active_share": 50.0,
            "window": {"from": MONDAY, "to": "2026-08-03", "weeks_total": 1, "weeks_covered": 1, "as_of": "2026-08-03"},
            "withheld": {"ai_tool_adoption_rate": "no_source", "platform_usage_count": "no_source"},
            "details": {
                "commits_count": {"as_of": "2026-08-03", "weeks_covered": 1},
                "pull_requests_count": {"as_of": "2026-08-03", "weeks_covered": 1},
                "code_reviews_count": {"as_of": "2026-08-03", "weeks_covered": 1},
                "active_developers_count": {"as_of": "2026-08-03", "weeks_covered": 1},
                "active_share": {"as_of": "2026-08-03", "weeks_covered": 1},
            },
        })
    );
    let answer =
        story.oracle("2026-08-04T12:00:00Z").answer("communication", Range::Week, &Scope::Cell("a".to_owned()));
    assert_eq!(answer["avg_review_time_hours"], 3.0);
    assert_eq!(answer["withheld"]["cross_team_prs"], "suppressed");
}

#[test]
fn four_authors_are_withheld_and_reviews_stand_alone() {
    let mut story = Story::of(&[("a", 10)]);
    story.busy_day(4, "2026-07-29");
    let answer = story.oracle("2026-08-04T12:00:00Z").answer("activity", Range::Week, &Scope::Organisation);
    assert_eq!(figures(&answer, &ACTIVITY), json!([null, null, null, null]));
    assert_eq!(answer["withheld"]["commits_count"], "suppressed");

    let mut story = Story::of(&[("a", 10), ("b", 10)]);
    for (author, reviewer) in [("p1", "p5"), ("p2", "p6"), ("p3", "p7"), ("p4", "p8"), ("p11", "p9")] {
        story.merged(author, "2026-07-29T20:00:00Z", &[(reviewer, "2026-07-29T13:00:00Z")]);
    }
    let answer = story.oracle("2026-08-04T12:00:00Z").answer("activity", Range::Week, &Scope::Cell("a".to_owned()));
    assert_eq!(figures(&answer, &ACTIVITY), json!([null, null, 5, 5.0]));
}

#[test]
fn nothing_is_released_before_the_span_has_settled() {
    let mut story = Story::of(&[("a", 10)]);
    story.busy_day(7, "2026-07-29");
    let answer = story.oracle("2026-08-04T11:59:59Z").answer("activity", Range::Day, &Scope::Organisation);
    assert_eq!(
        answer["window"],
        json!({"from": null, "to": null, "weeks_total": 0, "weeks_covered": 0, "as_of": null})
    );
    assert_eq!(answer["withheld"]["commits_count"], "not_covered");
    assert_eq!(answer["withheld"]["platform_usage_count"], "no_source");
}

#[test]
fn dates_snap_inward_and_too_short_windows_say_so() {
    let mut story = Story::of(&[("a", 10)]);
    story.busy_day(7, "2026-07-29");
    story.busy_day(7, "2026-08-05");
    let oracle = story.oracle("2026-08-12T12:00:00Z");
    let dates = |from: &str, to: &str| Range::Dates { from: from.parse().unwrap(), to: to.parse().unwrap() };
    let answer = oracle.answer("activity", dates("2026-07-28", "2026-08-16"), &Scope::Organisation);
    assert_eq!(answer["pull_requests_count"], 7);
    assert_eq!(
        answer["window"],
        json!({"from": "2026-08-03", "to": "2026-08-10", "weeks_total": 1, "weeks_covered": 1, "as_of": "2026-08-10"})
    );
    for range in [dates("2026-07-28", "2026-08-09"), Range::Day] {
        let answer = oracle.answer("activity", range, &Scope::Organisation);
        assert_eq!(answer["withheld"]["pull_requests_count"], "window_too_short");
        assert_eq!(
            answer["window"],
            json!({"from": "2026-08-10", "to": "2026-08-10", "weeks_total": 0, "weeks_covered": 0, "as_of": "2026-08-10"})
        );
    }
    let answer = oracle.answer("activity", dates("2026-08-24", "2026-09-07"), &Scope::Organisation);
    assert_eq!(answer["withheld"]["pull_requests_count"], "not_covered");
    assert_eq!(answer["window"]["weeks_total"], 2);
}

#[test]
fn bots_machines_ghosts_and_authors_themselves_are_no_reviewers() {
    let mut story = Story::of(&[("a", 10)]);
    for person in 1..=6 {
        let (author, next) = (format!("p{person}"), format!("p{}", person % 6 + 1));
        let reviews: Vec<(&str, &str)> = vec![
            ("helper[bot]", "2026-07-29T11:00:00Z"),
            ("acme-ci", "2026-07-29T11:01:00Z"),
            ("ghost", "2026-07-29T11:02:00Z"),
            (&author, "2026-07-29T11:03:00Z"),
            (&next, "2026-07-29T15:00:00Z"),
            (&next, "2026-08-06T15:00:00Z"),
        ];
        story.merged(&author, "2026-07-29T20:00:00Z", &reviews);
    }
    story.merged("helper[bot]", "2026-07-29T20:00:01Z", &[("p1", "2026-07-29T15:00:00Z")]);
    story.merged("acme-ci", "2026-07-29T20:00:02Z", &[]);
    story.merged("ghost", "2026-07-29T20:00:03Z", &[]);
    let oracle = story.oracle("2026-08-12T12:00:00Z");
    let first = Range::Dates { from: MONDAY.parse().unwrap(), to: "2026-08-03".parse().unwrap() };
    let answer = oracle.answer("activity", first, &Scope::Organisation);
    assert_eq!(figures(&answer, &ACTIVITY), json!([6, 6, 7, 5.0]));
    assert_eq!(oracle.answer("communication", first, &Scope::Organisation)["avg_review_time_hours"], 5.0);
    // A second review of the same pair is no review of the second week.
    assert_eq!(
        oracle.answer("activity", Range::Week, &Scope::Organisation)["withheld"]["code_reviews_count"],
        "suppressed"
    );
    let expected = oracle.expected_facts();
    assert_eq!(expected.merged_changes, Count { total: 9, human: 6 });
    assert_eq!(expected.reviews, Count { total: 6 * 6 + 1, human: 6 * 3 + 1 });
    assert_eq!(expected.self_reviews, 6);
    assert_eq!(expected.commits, Count { total: 9, human: 6 });
}

#[test]
fn the_wait_begins_when_the_draft_became_ready_for_the_last_time() {
    let mut story = Story::of(&[("a", 10)]);
    for person in 1..=5 {
        let (author, reviewer) = (format!("p{person}"), format!("p{}", person % 5 + 1));
        let change = story.merged(&author, "2026-07-29T20:00:00Z", &[(&reviewer, "2026-07-29T15:00:00Z")]);
        let ready = |when: &str| event(when, EventKind::ReadyForReview);
        match person {
            1 => {
                change.events =
                    [vec![ready("2026-07-29T11:00:00Z"), ready("2026-07-29T13:00:00Z")], change.events.clone()].concat()
            }
            // Reviewed while it was a draft: the wait began when it was opened.
            2 => change.events.insert(0, ready("2026-07-29T16:00:00Z")),
            _ => {}
        }
    }
    let waited = &story.oracle("2026-08-04T12:00:00Z").atoms()[0].measures["review_time"];
    assert_eq!((waited.total, waited.count, waited.alone), ((2 + 4 * 5) * 3600, 5, true));
}

#[test]
fn few_people_behind_the_rest_blur_the_mean() {
    let mut story = Story::of(&[("a", 12)]);
    for person in 1..=6 {
        let reviewer = format!("p{}", person % 6 + 1);
        story.merged(
            &format!("p{person}"),
            "2026-07-29T20:00:00Z",
            &[(&reviewer, &format!("2026-07-29T1{person}:22:00Z"))],
        );
    }
    let mean = |story: &Story| {
        story.oracle("2026-08-04T12:00:00Z").answer("communication", Range::Week, &Scope::Organisation)["avg_review_time_hours"]
            .clone()
    };
    assert_eq!(mean(&story), 3.9);
    for person in 7..=11 {
        story.merged(&format!("p{person}"), "2026-07-30T20:00:00Z", &[]);
    }
    assert_eq!(mean(&story), 3.87);
}

#[test]
fn people_belong_to_the_team_of_the_weeks_monday() {
    let mut story = Story::of(&[("a", 11), ("b", 11)]);
    story.organisation.roster.push(Membership {
        person: "p1".to_owned(),
        team: Some("b".to_owned()),
        from: "2026-07-29".parse().unwrap(),
        github: vec!["p1".to_owned()],
        mattermost: Vec::new(),
    });
    story.busy_day(6, "2026-07-31");
    story.busy_day(6, "2026-08-05");
    let oracle = story.oracle("2026-08-12T12:00:00Z");
    let changes = |from: &str, to: &str| {
        let range = Range::Dates { from: from.parse().unwrap(), to: to.parse().unwrap() };
        oracle.answer("activity", range, &Scope::Cell("a".to_owned()))["pull_requests_count"].clone()
    };
    assert_eq!(changes(MONDAY, "2026-08-03"), 6);
    assert_eq!(changes("2026-08-03", "2026-08-10"), 5);
}

#[test]
fn cross_team_work_needs_five_on_both_sides() {
    let mut story = Story::of(&[("a", 10), ("b", 10)]);
    for person in 11..=15 {
        story.merged(&format!("p{person}"), "2026-07-29T20:00:00Z", &[]);
    }
    let cross = |story: &Story| {
        story.oracle("2026-08-04T12:00:00Z").answer("communication", Range::Week, &Scope::Cell("b".to_owned()))["cross_team_prs"]
            .clone()
    };
    assert_eq!(cross(&story), Value::Null);
    let first = story.organisation.repositories[0].changes.len();
    for person in 16..=20 {
        story.merged(&format!("p{person}"), "2026-07-30T20:00:00Z", &[]);
    }
    let own = story.organisation.repositories[0].changes.split_off(first);
    story.organisation.repositories[1].changes = own;
    story.organisation.repositories[1].commits = story.organisation.repositories[0].commits.clone();
    assert_eq!(cross(&story), 5);
}

#[test]
fn branch_commits_land_when_they_are_merged_and_old_reviews_do_not_exist() {
    let mut story = Story::of(&[("a", 10)]);
    story.busy_day(5, "2026-07-29");
    let repository = &mut story.organisation.repositories[0];
    let head = repository.commits.len() - 1;
    repository.commits.push(commit("old", &[0], "P6@example.invalid", "2026-01-01T00:00:00Z"));
    repository.commits.push(commit("merge", &[head, head + 1], "p1@example.invalid", "2026-07-30T20:00:00Z"));
    repository.pushes.push(Push { at: at("2026-07-30T20:00:00Z"), head: head + 2 });
    story.organisation.roster[5].github.push("p6@EXAMPLE.invalid".to_owned());
    for change in &mut story.organisation.repositories[0].changes {
        let mut early = change.reviews[0].clone();
        early.at = at("2026-07-26T23:59:59Z");
        change.reviews.insert(0, early);
    }
    let answer = story.oracle("2026-08-04T12:00:00Z").answer("activity", Range::Week, &Scope::Cell("a".to_owned()));
    assert_eq!(figures(&answer, &ACTIVITY), json!([6, 5, 5, 5.0]));
}

#[test]
fn people_of_long_spans_count_for_each_of_their_weeks() {
    let mut story = Story::of(&[("a", 10), ("b", 7)]);
    story.busy_day(17, "2026-07-29");
    story.busy_day(5, "2026-08-05");
    let answer = story.oracle("2026-08-12T12:00:00Z").answer("activity", Range::Month, &Scope::Organisation);
    // Team a: 10 and 5 people in two weeks; team b: 5 people in a span of two weeks.
    assert_eq!(answer["active_developers_count"], 12.5);
    assert_eq!(answer["window"]["weeks_covered"], 2);
    assert_eq!(answer["window"]["weeks_total"], 4);
}

#[test]
fn outsiders_count_among_the_unassigned_but_fill_neither_roster_nor_threshold() {
    let of_four = |story: &mut Story| {
        for person in 11..=14 {
            story.merged(&format!("p{person}"), "2026-07-29T20:00:00Z", &[]);
        }
        story.merged("outsider", "2026-07-29T20:00:00Z", &[]);
    };
    let ask = |story: &Story| {
        let scope = Scope::Cell("unassigned".to_owned());
        story.oracle("2026-10-13T12:00:00Z").answer("activity", Range::Quarter, &scope)["pull_requests_count"].clone()
    };

    let mut story = Story::of(&[("a", 10), ("", 4)]);
    of_four(&mut story);
    let spans = story.oracle("2026-08-04T12:00:00Z").spans();
    let unassigned = spans.iter().find(|span| span.cell == "unassigned").unwrap();
    assert_eq!((unassigned.roster, unassigned.weeks, unassigned.withheld), (4, 1, true));

    let mut story = Story::of(&[("a", 10), ("", 5)]);
    of_four(&mut story);
    assert_eq!(ask(&story), Value::Null);
    story.merged("p15", "2026-07-29T20:00:00Z", &[]);
    assert_eq!(ask(&story), 6);
}

#[test]
fn who_joins_later_is_not_on_the_roster_yet() {
    let mut story = Story::of(&[("a", 10), ("", 4)]);
    story.organisation.roster.push(Membership {
        person: "late".to_owned(),
        team: Some("a".to_owned()),
        from: "2027-01-01".parse().unwrap(),
        github: vec!["late".to_owned()],
        mattermost: Vec::new(),
    });
    let spans = story.oracle("2026-08-04T12:00:00Z").spans();
    assert!(spans.iter().filter(|span| span.cell == "unassigned").all(|span| span.roster == 4 && span.withheld));
    assert!(spans.iter().filter(|span| span.cell == "a").all(|span| span.roster == 10));
}

#[test]
fn most_work_of_a_generated_organisation_is_released_and_every_rule_withholds_some() {
    let mut kept: Vec<Atom> = Vec::new();
    for seed in 1..=5 {
        let organisation = Organisation::generate(seed, at("2026-07-01T12:00:00Z"));
        let mut oracle = Oracle::new(&organisation, organisation.end, organisation.end, SignedDuration::from_hours(36));
        oracle.sources = Sources::ALL;
        let share = oracle.share_released();
        println!("seed {seed}: {} %, {share:?}, {:?}", share.percent(), oracle.expected_facts());
        assert!((60..100).contains(&share.percent()), "seed {seed}: {} %", share.percent());
        kept.extend(oracle.atoms());
    }
    assert!(kept.iter().any(|atom| atom.span.withheld));
    kept.retain(|atom| !atom.span.withheld);
    for weeks in 1..=4 {
        assert!(kept.iter().any(|atom| atom.span.weeks == weeks), "no span of {weeks} weeks");
    }
    let both = |family: &str, name: &str, released: &dyn Fn(&Atom) -> bool| {
        let of_family = || kept.iter().filter(|atom| atom.family == family);
        let (count, all) = (of_family().filter(|atom| released(atom)).count(), of_family().count());
        println!("{family}, {name}: {count} of {all}");
        assert!(count > 0 && count < all, "{family}, {name}: {count} of {all}");
    };
    for (family, components) in [
        (
            "change",
            ["merged_changes", "review_time", "unreviewed_merges", "review_comments", "cross_team_changes"].as_slice(),
        ),
        ("review", &["reviews"]),
        ("commit", &["commits"]),
        ("active", &["active_people", "active_share"]),
        ("lead_time", &["lead_time"]),
        ("build", &["builds", "covered_lines"]),
        ("deployment", &["deployments", "deployment_days", "failed_deployments", "rework"]),
        ("incident", &["recovery", "open_incidents"]),
        ("survey", &["responses", "net_promoters"]),
    ] {
        for component in components {
            both(family, component, &|atom| atom.measures.contains_key(component));
        }
    }
    assert!(kept.iter().any(|atom| atom.measures.contains_key("messages")));
    let review_time = |atom: &Atom| atom.measures.get("review_time").cloned();
    both("change", "alone", &|atom| review_time(atom).is_some_and(|time| time.alone));
    both("change", "not alone", &|atom| review_time(atom).is_some_and(|time| !time.alone));
}
