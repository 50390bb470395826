//! What was said is deterministic, lies in the story, and is odd in every way that a chat is.

use std::collections::HashSet;

use super::super::Organisation;
use super::*;

fn organisation(seed: u64) -> Organisation {
    Organisation::generate(seed, "2026-07-01T12:00:00Z".parse().unwrap())
}

#[test]
fn posts_lie_in_the_story_and_in_the_life_of_their_channel() {
    let Organisation { chat, start, end, .. } = organisation(1);
    for post in &chat.posts {
        let channel = &chat.channels[post.channel.0];
        assert!((start..end).contains(&post.at));
        assert!(channel.exists_at(post.at) && !channel.is_archived_at(post.at));
        assert!(post.edited_at.is_none_or(|at| at > post.at) && post.deleted_at.is_none_or(|at| at > post.at));
    }
    assert!(chat.posts.is_sorted_by_key(|post| post.at));
}

#[test]
fn ids_are_distinct_and_26_characters_long() {
    let chat = organisation(1).chat;
    let ids = chat.posts.iter().map(|post| &post.id).chain(chat.users.iter().map(|user| &user.id));
    let ids: Vec<&String> = ids.chain(chat.channels.iter().map(|channel| &channel.id)).collect();
    assert!(ids.iter().all(|id| id.len() == 26));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
}

#[test]
fn a_person_posts_a_few_times_a_week() {
    let Organisation { chat, .. } = organisation(1);
    let messages = chat.posts.iter().filter(|post| post.kind == PostKind::Message).count();
    let a_person_and_week = messages / (chat.users.len() * 26);
    assert!((3..=12).contains(&a_person_and_week), "{a_person_and_week}");
}

#[test]
fn every_oddity_of_a_chat_occurs() {
    for seed in [1, 2, 3] {
        let Organisation { chat, .. } = organisation(seed);
        let has = |what: &str, found: &dyn Fn(&Post) -> bool| {
            assert!(chat.posts.iter().any(found), "{what}, seed {seed}");
        };
        let in_channel = |post: &Post, privacy: fn(Privacy) -> bool| privacy(chat.channels[post.channel.0].privacy);
        has("system", &|post| post.kind == PostKind::System);
        has("webhook", &|post| post.kind == PostKind::Webhook);
        has("bot", &|post| post.kind == PostKind::Bot);
        has("edited", &|post| post.edited_at.is_some());
        has("deleted", &|post| post.deleted_at.is_some());
        has("in a thread", &|post| post.root.is_some());
        has("private", &|post| in_channel(post, |privacy| privacy == Privacy::Private));
        has("direct", &|post| in_channel(post, |privacy| privacy == Privacy::Direct));
        has("before it was public", &|post| {
            in_channel(post, |privacy| matches!(privacy, Privacy::PublicSince(_)))
                && !chat.channels[post.channel.0].is_public_at(post.at)
        });
        has("several in one millisecond", &|post| {
            chat.posts.iter().filter(|other| other.at == post.at && other.channel == post.channel).count() > 2
        });
        let resets = chat.channels.iter().enumerate().filter_map(|(number, channel)| {
            let (at, _) = channel.counter_reset?;
            let before = chat.counter(ChannelId(number), at - jiff::SignedDuration::from_secs(1));
            Some((before, chat.counter(ChannelId(number), at)))
        });
        assert!(resets.into_iter().all(|(before, after)| after < before));
        assert!(chat.channels.iter().any(|channel| channel.archived_at.is_some()));
        assert!(chat.channels.iter().any(|channel| channel.created_at > organisation(seed).start));
    }
}

#[test]
fn the_roster_spells_user_names_and_addresses() {
    let organisation = organisation(1);
    let known: HashSet<String> =
        organisation.chat.users.iter().flat_map(|user| [user.username.clone(), user.email.clone()]).collect();
    let spelled: Vec<&String> = organisation.roster.iter().flat_map(|row| &row.mattermost).collect();
    assert!(spelled.iter().all(|spelling| known.contains(&spelling.to_lowercase())));
    assert!(spelled.iter().any(|spelling| spelling.contains('@')));
    assert!(organisation.roster.iter().any(|row| row.mattermost.is_empty()));
    assert!(organisation.roster.iter().any(|row| row.mattermost.iter().any(|name| !row.github.contains(name))));
}
