//! Reads a channel's posts backwards in time, a page a step.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use super::count::{Chunk, Counts};
use crate::api::{Api, Stop, get};
use crate::payload::{Channel, Id, Post, PostPage};

/// A channel, and how far back it is read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Place {
    channel: Id,
    last_post_at: Option<Instant>,
    /// The oldest post that is dealt with; none: nothing was read yet.
    before: Option<Id>,
    is_read_out: bool,
}

/// How a step ended.
pub(super) enum Depth {
    /// The channel may have more of the chunk.
    More,
    /// It has no more.
    Reached,
}

impl Place {
    pub(super) fn new(channel: &Channel) -> Self {
        let Channel { id, last_post_at, .. } = channel;
        Self { channel: id.clone(), last_post_at: *last_post_at, before: None, is_read_out: false }
    }

    pub(super) fn id(&self) -> Id {
        self.channel.clone()
    }

    /// What operators find it by; its name is not kept.
    pub(super) fn scope(&self) -> String {
        format!("channel {}", self.channel)
    }

    pub(super) fn was_busy_since(&self, at: Instant) -> bool {
        self.last_post_at.is_none_or(|last| last >= at)
    }

    /// Reads nothing of it any more.
    pub(super) fn give_up(&mut self) {
        self.is_read_out = true;
    }

    /// Counts the next page of posts that lie in the chunk.
    ///
    /// # Errors
    /// When the channel, or Mattermost as a whole, cannot be read on.
    pub(super) fn read(
        &mut self,
        api: &Api<'_>,
        page_size: u32,
        chunk: &Chunk,
        counts: &mut Counts,
        page: &mut Page,
    ) -> Result<Depth, Stop> {
        if self.is_read_out || !self.was_busy_since(chunk.start()) {
            return Ok(Depth::Reached);
        }
        let posts = PostPage::read(&api.send(&self.next_page(page_size))?)?;
        page.reject(Some(&self.scope()), posts.rejected);
        if posts.is_truncated {
            page.problem(ProblemKind::Truncated, Some(&self.scope()));
        }
        if posts.is_empty() {
            self.is_read_out = true;
            return Ok(Depth::Reached);
        }
        let in_reach = posts.posts.iter().position(|(_, post)| post.create_at < chunk.start());
        let newer = &posts.posts[..in_reach.unwrap_or(posts.posts.len())];
        let dealt_with = match in_reach {
            Some(_) => newer,
            None => without_last_instant(newer),
        };
        for (_, post) in dealt_with.iter().filter(|(_, post)| post.counts()) {
            counts.add(&post.user_id, post.create_at, chunk);
        }
        let last = dealt_with.last().map(|(id, _)| id.clone());
        let goes_on = last.is_some() && last != self.before;
        self.before = last.or(self.before.take());
        if in_reach.is_some() {
            return Ok(Depth::Reached);
        }
        if !goes_on {
            // A page that says nothing, or the same as before: there is no way to what lies behind it.
            page.problem(ProblemKind::Truncated, Some(&self.scope()));
            self.is_read_out = true;
            return Ok(Depth::Reached);
        }
        Ok(Depth::More)
    }

    fn next_page(&self, page_size: u32) -> HttpRequest {
        let request = get(format_args!("/channels/{}/posts", self.channel)).query("per_page", page_size.to_string());
        match &self.before {
            Some(id) => request.query("before", id.as_str()),
            None => request.query("page", "0"),
        }
    }
}

/// Without the posts of the page's last instant: the next page holds what is older than a post, so that others of the
/// same instant would be lost. A page that is all of one instant is taken as it is.
fn without_last_instant(posts: &[(Id, Post)]) -> &[(Id, Post)] {
    let Some((_, last)) = posts.last() else { return posts };
    match posts.iter().rposition(|(_, post)| post.create_at != last.create_at) {
        Some(end) => &posts[..=end],
        None => posts,
    }
}
