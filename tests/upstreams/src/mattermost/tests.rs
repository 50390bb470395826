//! The simulated server over real HTTP: its quirks are Mattermost's.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::*;
use crate::fetch::{self, get, post};
use crate::organisation::chat::{PostKind, Privacy};

async fn simulation(options: Options) -> Simulation {
    let organisation = Arc::new(Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap()));
    Simulation::start(organisation, options).await.unwrap()
}

async fn ask_as(token: &str, simulation: &Simulation, path: &str) -> fetch::Answer {
    let bearer = format!("Bearer {token}");
    get(&format!("{}/api/v4{path}", simulation.url()), &[("Authorization", &bearer)]).await.unwrap()
}

async fn ask(simulation: &Simulation, path: &str) -> fetch::Answer {
    ask_as(TOKEN, simulation, path).await
}

async fn json(simulation: &Simulation, path: &str) -> Value {
    let answer = ask(simulation, path).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.json().unwrap()
}

/// Id of the channel with that name in the team `acme`.
fn channel<'a>(simulation: &'a Simulation, name: &str) -> &'a str {
    let chat = &simulation.organisation().chat;
    let found = chat.channels.iter().find(|channel| channel.name == name && channel.team != Some(1));
    &found.unwrap().id
}

#[tokio::test]
async fn only_open_teams_and_public_channels_that_are_there_are_listed() {
    let simulation = simulation(Options::default()).await;
    let chat = &simulation.organisation().chat;
    let teams = json(&simulation, "/teams?page=0&per_page=200").await;
    let names: Vec<&str> = teams.as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme", "guild"]);
    assert_eq!(json(&simulation, "/teams/name/leads").await["type"], "I");
    let listed = json(&simulation, &format!("/teams/{}/channels?page=0&per_page=200", chat.teams[0].id)).await;
    let listed: HashSet<&str> =
        listed.as_array().unwrap().iter().map(|channel| channel["name"].as_str().unwrap()).collect();
    assert!(listed.contains("launch") && listed.contains("was-private"), "{listed:?}");
    assert!(!listed.contains("old-project") && !listed.iter().any(|name| name.ends_with("-internal")), "{listed:?}");
    let opened_up = chat.channels.iter().find_map(|channel| match channel.privacy {
        Privacy::PublicSince(at) => Some(at),
        _ => None,
    });
    simulation.set_now(opened_up.unwrap() - jiff::SignedDuration::from_secs(1));
    assert_eq!(ask(&simulation, &format!("/channels/{}", channel(&simulation, "was-private"))).await.status, 403);
}

#[tokio::test]
async fn pages_are_cut_short_without_a_word() {
    let simulation = simulation(Options { largest_page: 5, ..Options::default() }).await;
    let path = format!("/teams/{}/channels?per_page=200", simulation.organisation().chat.teams[0].id);
    let mut names = Vec::new();
    for number in 0.. {
        let page = json(&simulation, &format!("{path}&page={number}")).await;
        let page = page.as_array().unwrap().clone();
        assert!(page.len() <= 5);
        if page.is_empty() {
            break;
        }
        names.extend(page.into_iter().map(|channel| channel["name"].as_str().unwrap().to_owned()));
    }
    assert!(names.len() > 10 && names.is_sorted(), "{names:?}");
}

#[tokio::test]
async fn posts_come_newest_first_with_the_roots_of_their_threads() {
    let simulation = simulation(Options::default()).await;
    let path = format!("/channels/{}/posts", channel(&simulation, "amber"));
    let first = json(&simulation, &format!("{path}?page=0&per_page=40")).await;
    let order: Vec<&str> = first["order"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let at = |id: &str| first["posts"][id]["create_at"].as_i64().unwrap();
    assert_eq!(order.len(), 40);
    assert!(order.is_sorted_by(|newer, older| at(newer) >= at(older)));
    assert!(first["posts"].as_object().unwrap().len() > order.len());
    let last = order.last().unwrap();
    let next = json(&simulation, &format!("{path}?per_page=40&before={last}")).await;
    let oldest = at(last);
    assert!(next["posts"][next["order"][0].as_str().unwrap()]["create_at"].as_i64().unwrap() < oldest);
    assert_eq!(json(&simulation, &format!("{path}?before=unknown")).await["order"], json!([]));
}

#[tokio::test]
async fn since_tells_at_most_1000_and_also_what_was_deleted() {
    let simulation = simulation(Options::default()).await;
    let busiest = format!("/channels/{}/posts?since=1", channel(&simulation, "town-square"));
    let found = json(&simulation, &busiest).await;
    assert_eq!(found["order"].as_array().unwrap().len(), 1000);
    assert!(found["posts"].as_object().unwrap().values().any(|post| post["delete_at"] != 0));
}

#[tokio::test]
async fn counters_grow_with_messages_and_go_back_at_a_reset() {
    let simulation = simulation(Options::default()).await;
    let chat = &simulation.organisation().chat;
    let imported = chat.channels.iter().find(|channel| channel.counter_reset.is_some()).unwrap();
    let (reset_at, count) = imported.counter_reset.unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    let mut totals = Vec::new();
    for now in [reset_at - second, reset_at] {
        simulation.set_now(now);
        totals
            .push(json(&simulation, &format!("/channels/{}", imported.id)).await["total_msg_count"].as_u64().unwrap());
    }
    assert!(totals[0] > totals[1] && totals[1] == count, "{totals:?}");
}

#[tokio::test]
async fn accounts_tell_bots_and_nothing_of_unknown_ids() {
    let simulation = simulation(Options::default()).await;
    let chat = &simulation.organisation().chat;
    let bot = chat.users.iter().find(|user| user.is_bot).unwrap();
    let ids = json!([chat.users[0].id, bot.id, "unknown"]).to_string();
    let bearer = format!("Bearer {TOKEN}");
    let url = format!("{}/api/v4/users/ids", simulation.url());
    let found = post(&url, &[("Authorization", &bearer)], &ids).await.unwrap().json().unwrap();
    let bots: Vec<bool> = found.as_array().unwrap().iter().map(|user| user["is_bot"] == true).collect();
    assert_eq!(bots, [false, true]);
    assert_eq!(post(&url, &[("Authorization", &bearer)], "{}").await.unwrap().status, 400);
}

#[tokio::test]
async fn the_limiter_speaks_in_seconds_or_epochs_and_in_plain_text() {
    for (reset, expected) in [(Reset::Seconds, 1), (Reset::Epoch, 1_782_907_201)] {
        let simulation = simulation(Options { requests_per_second: Some(2), reset, ..Options::default() }).await;
        let mut refused = None;
        for _ in 0..10 {
            let answer = ask(&simulation, "/users/me").await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.expect("ten requests take less than five seconds");
        assert_eq!(refused.header("x-ratelimit-reset"), Some(expected.to_string().as_str()));
        assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(refused.body, b"limit exceeded\n");
    }
}

#[tokio::test]
async fn a_licence_hides_old_posts_and_says_so() {
    let from = "2026-06-20T00:00:00Z".parse().unwrap();
    let simulation = simulation(Options { history_from: Some(from), ..Options::default() }).await;
    let answer = ask(&simulation, &format!("/channels/{}/posts?per_page=200", channel(&simulation, "amber"))).await;
    assert_eq!(answer.header("has-inaccessible-posts"), Some("true"));
    let body = answer.json().unwrap();
    assert!(body["first_inaccessible_post_time"].as_i64().unwrap() > 0);
    let posts = body["posts"].as_object().unwrap();
    assert!(!posts.is_empty() && posts.values().all(|post| post["create_at"].as_i64() >= Some(from.as_millisecond())));
}

#[tokio::test]
async fn analytics_are_the_administrators_and_include_private_channels() {
    let simulation = simulation(Options::default()).await;
    let chat = &simulation.organisation().chat;
    let path = format!("/analytics/old?name=post_counts_day&team_id={}", chat.teams[0].id);
    assert_eq!(ask(&simulation, &path).await.status, 403);
    let rows = ask_as(ADMINISTRATOR_TOKEN, &simulation, &path).await.json().unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() <= 30 && rows[0]["name"] == "2026-06-30", "{}", rows[0]);
    let of_day = |is_wanted: &dyn Fn(&Post) -> bool| {
        let on_day = chat.posts.iter().filter(|post| post.at.to_string().starts_with("2026-06-30"));
        on_day.filter(|post| chat.channels[post.channel.0].team == Some(0) && is_wanted(post)).count()
    };
    assert_eq!(rows[0]["value"].as_f64(), Some(f64::from(u32::try_from(of_day(&|_| true)).unwrap())));
    assert!(of_day(&|post| chat.channels[post.channel.0].privacy == Privacy::Private) > 0);
    let few = Options { most_users_for_statistics: 10, ..Options::default() };
    let crowded = self::simulation(few).await;
    let rows = ask_as(ADMINISTRATOR_TOKEN, &crowded, &path).await.json().unwrap();
    assert_eq!(rows, json!([{ "name": "", "value": -1 }]));
}

#[tokio::test]
async fn time_moves_and_hides_what_is_deleted() {
    let simulation = simulation(Options::default()).await;
    let chat = &simulation.organisation().chat;
    let is_public = |post: &Post| chat.channels[post.channel.0].privacy == Privacy::Public;
    let gone = chat.posts.iter().find(|post| {
        post.deleted_at.is_some()
            && post.kind == PostKind::Message
            && is_public(post)
            && chat.channels[post.channel.0].archived_at.is_none()
    });
    let gone = gone.unwrap();
    let path = format!("/channels/{}/posts?page=0&per_page=200", chat.channels[gone.channel.0].id);
    let mut shown = Vec::new();
    for now in [gone.at - jiff::SignedDuration::from_millis(1), gone.at, gone.deleted_at.unwrap()] {
        simulation.set_now(now);
        let order = json(&simulation, &path).await["order"].as_array().unwrap().clone();
        shown.push(order.iter().any(|id| id == &gone.id));
    }
    assert_eq!(shown, [false, true, false]);
}

#[tokio::test]
async fn strangers_are_401_and_what_is_not_known_is_501() {
    let simulation = simulation(Options::default()).await;
    let refused = ask_as("wrong", &simulation, "/teams").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json().unwrap()["id"], "api.context.session_expired.app_error");
    assert_eq!(ask(&simulation, "/channels").await.status, 501);
    assert_eq!(ask(&simulation, "/teams?sort=name").await.status, 501);
    assert_eq!(ask_as("wrong", &simulation, "/system/ping").await.status, 200);
    assert_eq!(simulation.requests().len(), 4);
}
