//! A channel's posts: newest first by pages or before one of them, or what was modified since.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{View, found, millis};
use super::listings::readable;
use crate::loopback::Answer;
use crate::organisation::chat::{Post, PostKind};

/// `since` tells no more, and does not say so.
const MOST_SINCE: usize = 1000;

pub(super) fn posts(view: &View<'_>, channel: &str) -> Answer {
    let position = match readable(view, channel) {
        Ok(position) => position,
        Err(refusal) => return refusal,
    };
    let all = || view.world.posts_of[position].iter().rev().map(|post| &view.chat.posts[*post]);
    let hidden_before = view.world.options.history_from.unwrap_or(Timestamp::MIN);
    let is_shown = |post: &&Post| post.is_shown_at(view.now) && post.at >= hidden_before;
    let listed: Vec<&Post> = if let Some(since) = view.parameter("since").and_then(|since| since.parse::<i64>().ok()) {
        all()
            .filter(|post| post.at <= view.now && updated_at(post, view.now).as_millisecond() > since)
            .take(MOST_SINCE)
            .collect()
    } else if let Some(id) = view.parameter("before") {
        // A post that is unknown, as one that was deleted for good, has nothing before it.
        let before =
            view.world.post(id).filter(|post| post.channel.0 == position).map_or(Timestamp::MIN, |post| post.at);
        view.page(all().filter(|post| post.at < before).filter(is_shown))
    } else {
        view.page(all().filter(is_shown))
    };
    // Roots come along with the posts of their threads.
    let roots = listed.iter().filter_map(|post| view.world.post(post.root.as_deref()?));
    let posts: Map<String, Value> = listed
        .iter()
        .copied()
        .chain(roots)
        .filter(|post| post.at >= hidden_before)
        .map(|post| (post.id.clone(), show(view, post)))
        .collect();
    let order: Vec<&str> = listed.iter().map(|post| post.id.as_str()).collect();
    let hides = view.world.options.history_from.filter(|from| all().any(|post| post.at < *from));
    let answer = found(&json!({
        "order": order, "posts": posts, "next_post_id": "", "prev_post_id": "", "has_next": false,
        "first_inaccessible_post_time": millis(hides),
    }));
    if hides.is_some() { answer.with("has-inaccessible-posts", "true") } else { answer }
}

fn updated_at(post: &Post, now: Timestamp) -> Timestamp {
    let changes = [post.edited_at, post.deleted_at].into_iter().flatten().filter(|at| *at <= now);
    changes.max().unwrap_or(post.at)
}

fn show(view: &View<'_>, post: &Post) -> Value {
    let props = match post.kind {
        PostKind::Message => json!({ "disable_group_highlight": true }),
        PostKind::System => json!({ "username": view.chat.users[post.author.0].username }),
        PostKind::Webhook => {
            json!({ "from_webhook": "true", "override_username": "deployments", "attachments": [{ "text": post.message() }] })
        }
        PostKind::Bot => json!({ "from_bot": "true" }),
    };
    let edited_at = post.edited_at.filter(|at| *at <= view.now);
    let deleted_at = post.deleted_at.filter(|at| *at <= view.now);
    json!({
        "id": post.id, "create_at": post.at.as_millisecond(),
        "update_at": updated_at(post, view.now).as_millisecond(), "edit_at": millis(edited_at),
        "delete_at": millis(deleted_at), "is_pinned": false, "user_id": view.chat.users[post.author.0].id,
        "channel_id": view.chat.channels[post.channel.0].id, "root_id": post.root.as_deref().unwrap_or(""),
        "original_id": "", "message": post.message(),
        "type": if post.kind == PostKind::System { "system_join_channel" } else { "" }, "props": props, "hashtags": "",
        "file_ids": [], "pending_post_id": "", "remote_id": "", "reply_count": 0, "last_reply_at": 0,
        "participants": null, "metadata": {},
    })
}
