//! The system console's statistics: whole teams, private channels and the system's own posts included.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::json;

use super::answer::{View, forbidden, found, refusal};
use crate::loopback::Answer;
use crate::organisation::chat::{Post, PostKind};
use crate::organisation::date_of;

const MOST_DAYS: i64 = 30;

pub(super) fn analytics(view: &View<'_>) -> Answer {
    if !view.is_administrator {
        return forbidden();
    }
    let of_bots = match view.parameter("name") {
        Some("post_counts_day") => false,
        Some("bot_post_counts_day") => true,
        name => {
            let name = name.unwrap_or_default();
            return refusal(
                501,
                "simulation",
                &format!("the simulated Mattermost does not know the statistic `{name}`"),
            );
        }
    };
    if view.chat.users.len() > view.world.options.most_users_for_statistics {
        return found(&json!([{ "name": "", "value": -1 }]));
    }
    let team = view.chat.teams.iter().position(|team| Some(team.id.as_str()) == view.parameter("team_id"));
    let today = date_of(view.now);
    let first = today - MOST_DAYS.days();
    let mut days: BTreeMap<Date, u32> = BTreeMap::new();
    let is_of_team = |post: &&Post| team.is_none() || view.chat.channels[post.channel.0].team == team;
    let is_of_bot = |post: &&Post| post.kind == PostKind::Bot || view.chat.users[post.author.0].is_bot;
    for post in view.chat.posts.iter().filter(is_of_team).filter(|post| !of_bots || is_of_bot(post)) {
        let date = date_of(post.at);
        if (first..today).contains(&date) {
            *days.entry(date).or_default() += 1;
        }
    }
    let rows =
        days.into_iter().rev().map(|(date, count)| json!({ "name": date.to_string(), "value": f64::from(count) }));
    found(&rows.collect())
}
