//! Sample payloads, whole and spoiled.

use quintant_plugin_mattermost::payload::{Channel, Post, PostPage, Team, User};
use quintant_sdk::prelude::*;
use quintant_sdk::testing::spoiled;
use serde_json::{Value, json};

use crate::server::{at, ok, server, source};
use crate::stored;

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn sample_payloads_are_read() {
    let channels: Items<Channel> = Items::parse(include_bytes!("../fixtures/channels.json")).unwrap();
    assert_eq!((channels.items.len(), channels.rejected), (2, 0));
    assert_eq!(channels.items.iter().map(Channel::is_public).collect::<Vec<_>>(), [true, false]);
    let posts: Items<Post> = Items::parse(include_bytes!("../fixtures/posts.json")).unwrap();
    assert_eq!((posts.items.iter().filter(|post| post.counts()).count(), posts.rejected), (3, 0));
    let page = PostPage::read(&Response::new(200).body(include_bytes!("../fixtures/post_list.json"))).unwrap();
    let order: Vec<&str> = page.posts.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((order, page.rejected, page.is_truncated), (vec!["post2", "post1"], 0, false));
    let user: User = serde_json::from_slice(include_bytes!("../fixtures/user.json")).unwrap();
    assert_eq!((user.username.as_deref(), user.is_bot), (Some("jdoe-sample"), None));
    let team: Team = serde_json::from_slice(include_bytes!("../fixtures/team.json")).unwrap();
    assert!(team.is_open() && !team.is_archived());
}

#[test]
fn roots_of_threads_that_come_along_are_not_counted() {
    let sample = fixture(include_str!("../fixtures/posts.json"));
    let mut root = sample[1].clone();
    root["id"] = "post000".into();
    let body = json!({ "order": ["post123"], "posts": { "post123": sample[2], "post000": root } });
    let page = PostPage::read(&ok(&body)).unwrap();
    assert_eq!((page.posts.len(), page.rejected), (1, 0));
}

#[test]
fn spoiled_posts_are_counted_or_rejected() {
    let sample = fixture(include_str!("../fixtures/posts.json"));
    let (mut counted, mut rejected) = (0, 0);
    for seed in 0..5_000 {
        let post = spoiled(&sample[2], seed);
        let page = PostPage::read(&ok(&json!({ "order": ["a"], "posts": { "a": post } }))).unwrap();
        match (page.posts.as_slice(), page.rejected) {
            ([(_, post)], 0) => counted += u32::from(post.counts()),
            ([], 1) => rejected += 1,
            (posts, rejected) => panic!("seed {seed}: {posts:?} {rejected}"),
        }
    }
    assert!(counted > 1_500 && rejected > 500, "{counted} counted, {rejected} rejected");
}

#[test]
fn spoiled_channels_are_read_or_rejected() {
    let sample = fixture(include_str!("../fixtures/channels.json"));
    let (mut read, mut rejected) = (0, 0);
    for seed in 0..5_000 {
        let channel = spoiled(&sample[0], seed);
        let items: Items<Channel> = ok(&json!([channel])).items().unwrap();
        assert_eq!(items.items.len() + items.rejected as usize, 1);
        read += items.items.len();
        rejected += items.rejected;
    }
    assert!(read > 2_000 && rejected > 500, "{read} read, {rejected} rejected");
}

#[test]
fn spoiled_answers_are_never_a_panic() {
    let teams = json!([fixture(include_str!("../fixtures/team.json"))]);
    let mut channels = fixture(include_str!("../fixtures/channels.json"));
    channels[0]["last_post_at"] = 1_706_400_000_001_i64.into();
    let mut posts = fixture(include_str!("../fixtures/post_list.json"));
    // Of one instant, so that the page is not asked for again.
    posts["posts"]["post2"]["create_at"] = posts["posts"]["post1"]["create_at"].clone();
    let mut user = fixture(include_str!("../fixtures/user.json"));
    user["id"] = "user1".into();
    let users = json!([user]);
    let (mut facts, mut problems, mut refused) = (0, 0, 0);
    for seed in 0..2_000_u64 {
        let bodies = [teams.clone(), channels.clone(), posts.clone(), users.clone()];
        let bodies: Vec<Value> = (0..)
            .zip(bodies)
            .map(|(number, body)| if seed % 4 == number { spoiled(&body, seed) } else { body })
            .collect();
        let server = server();
        let read = std::cell::Cell::new(0_u32);
        server.borrow_mut().fault = Some(Box::new(move |url| {
            read.set(read.get() + 1);
            assert!(read.get() < 200, "no end");
            let number = match url {
                _ if url.contains("page=1&") || url.contains("before=") => return Some(Ok(ok(&empty(url)))),
                _ if url.contains("/posts?") => 2,
                _ if url.contains("/channels?") => 1,
                _ if url.contains("/users/ids") => 3,
                _ if url.contains("/channels/") => return Some(Ok(Response::new(404))),
                _ => 0,
            };
            Some(Ok(ok(&bodies[number])))
        }));
        let mode = if seed % 8 < 4 { "posts" } else { "counts" };
        let feed = if mode == "posts" { "posts" } else { "message_counts" };
        let window = (at("2024-01-27T00:00:00Z"), at("2024-01-29T00:00:00Z"));
        match source(&server, json!({ "mode": mode })).window(window.0, window.1).drain(feed, None) {
            Ok(pages) => {
                facts += stored(&pages).len();
                problems += pages.iter().flat_map(|page| &page.problems).map(|problem| problem.count).sum::<u32>();
            }
            Err(Error::Permanent(_)) => refused += 1,
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert!(facts > 300 && problems > 100 && refused > 10, "{facts} facts, {problems} problems, {refused} refused");
}

fn empty(url: &str) -> Value {
    if url.contains("/posts?") { json!({ "order": [], "posts": {} }) } else { json!([]) }
}
