//! A Mattermost: pages that it cuts short, posts by `before`, faults on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use quintant_plugin_mattermost::Mattermost;
use quintant_sdk::instant::parse_rfc3339;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

type Fault = dyn Fn(&str) -> Option<Result<Response, HttpError>>;

/// The word that is in every message, and may be nowhere else.
pub(crate) const CANARY: &str = "xylophone";

#[derive(Default)]
pub(crate) struct ChatServer {
    pub(crate) teams: Vec<Value>,
    /// By the id of the team.
    pub(crate) channels: BTreeMap<String, Vec<Value>>,
    /// By the id of the channel, in any order.
    pub(crate) posts: BTreeMap<String, Vec<Value>>,
    pub(crate) users: Vec<Value>,
    /// Rows by name of the statistic.
    pub(crate) analytics: BTreeMap<String, Value>,
    /// No page holds more, whatever is asked for.
    pub(crate) page_cap: Option<usize>,
    pub(crate) date: Option<String>,
    pub(crate) fault: Option<Box<Fault>>,
    /// Every request, as path and query.
    pub(crate) seen: Vec<String>,
}

pub(crate) type Shared = Rc<RefCell<ChatServer>>;

/// Team `t1`, called `engineering`, with the public channels `c1` and `c2`.
pub(crate) fn server() -> Shared {
    let mut server = ChatServer { teams: vec![team("t1", "engineering", "O")], ..ChatServer::default() };
    server.channels.insert("t1".to_owned(), vec![channel("c1", "general", 100), channel("c2", "alerts-ci", 50)]);
    server.users = vec![user("u1", "ada-sample"), user("u2", "bo-sample"), user("u3", "cy-sample")];
    Rc::new(RefCell::new(server))
}

/// At Wednesday, 2026-07-15 12:00, with a look-back to Monday.
pub(crate) fn source(server: &Shared, settings: Value) -> Source<Mattermost> {
    let server = Rc::clone(server);
    Source::new(settings, move |request| server.borrow_mut().answer(request))
        .window(at("2026-07-13T00:00:00Z"), at("2026-07-15T12:00:00Z"))
}

pub(crate) fn at(text: &str) -> Instant {
    parse_rfc3339(text).unwrap()
}

pub(crate) fn team(id: &str, name: &str, kind: &str) -> Value {
    json!({ "id": id, "create_at": 1, "update_at": 1, "delete_at": 0, "name": name, "display_name": name, "type": kind })
}

pub(crate) fn channel(id: &str, name: &str, total: i64) -> Value {
    json!({
        "id": id, "create_at": at("2026-01-01T00:00:00Z"), "delete_at": 0, "type": "O", "name": name,
        "display_name": name, "header": "", "purpose": "", "last_post_at": at("2026-07-15T11:00:00Z"),
        "total_msg_count": total, "total_msg_count_root": total,
    })
}

pub(crate) fn post(id: &str, user: &str, created: &str) -> Value {
    json!({
        "id": id, "create_at": at(created), "update_at": at(created), "edit_at": 0, "delete_at": 0, "user_id": user,
        "root_id": "", "original_id": "", "message": format!("{CANARY} {id}"), "type": "", "props": {},
        "metadata": { "embeds": [{ "type": "opengraph", "data": { "title": CANARY } }] },
    })
}

pub(crate) fn user(id: &str, name: &str) -> Value {
    json!({ "id": id, "delete_at": 0, "username": name, "email": format!("{name}@example.invalid"), "roles": "system_user" })
}

impl ChatServer {
    pub(crate) fn channel(&mut self, id: &str) -> &mut Value {
        let all = self.channels.values_mut().flatten();
        all.into_iter().find(|channel| channel["id"] == id).unwrap()
    }

    fn answer(&mut self, request: &HttpRequest) -> Result<Response, HttpError> {
        let quintant_sdk::http::Target::Path(mut url) = request.target.clone() else { panic!("a URL is followed") };
        for (index, (name, value)) in request.query.iter().enumerate() {
            url += &format!("{}{name}={value}", if index == 0 { '?' } else { '&' });
        }
        self.seen.push(url.clone());
        let answer = match self.fault.as_ref().and_then(|fault| fault(&url)) {
            Some(answer) => answer?,
            None => self.route(&url, request),
        };
        Ok(match &self.date {
            Some(date) => answer.with("date", date.clone()),
            None => answer,
        })
    }

    fn route(&self, url: &str, request: &HttpRequest) -> Response {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let path = path.strip_prefix("/api/v4").unwrap();
        assert_eq!(request.method == Method::Post, path == "/users/ids", "{path}");
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["system", "ping"] => ok(&json!({ "status": "OK" })),
            ["users", "me"] => ok(&user("u1", "ada-sample")),
            ["users", "ids"] => {
                let ids: Vec<String> = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
                let known = self.users.iter().filter(|user| ids.iter().any(|id| user["id"] == id.as_str()));
                ok(&known.cloned().collect())
            }
            ["teams"] => self.page(self.teams.iter(), &query),
            ["teams", "name", name] => self.teams.iter().find(|team| team["name"] == *name).map_or_else(missing, ok),
            ["teams", id, "channels"] => self.page(self.channels.get(*id).into_iter().flatten(), &query),
            ["channels", id] => {
                let mut all = self.channels.values().flatten();
                all.find(|channel| channel["id"] == *id).map_or_else(missing, ok)
            }
            ["channels", id, "posts"] => self.post_list(id, &query),
            ["analytics", "old"] => self.analytics.get(query["name"]).map_or_else(missing, ok),
            _ => panic!("{url} is not expected"),
        }
    }

    fn size(&self, query: &BTreeMap<&str, &str>) -> usize {
        let asked = query.get("per_page").map_or(60, |size| size.parse().unwrap());
        asked.min(self.page_cap.unwrap_or(200))
    }

    fn page<'a>(&self, items: impl Iterator<Item = &'a Value>, query: &BTreeMap<&str, &str>) -> Response {
        let size = self.size(query);
        let number: usize = query.get("page").map_or(0, |page| page.parse().unwrap());
        let listed = items.filter(|item| item["listed"] != false);
        ok(&listed.skip(number * size).take(size).cloned().collect())
    }

    fn post_list(&self, channel: &str, query: &BTreeMap<&str, &str>) -> Response {
        assert!(query.keys().all(|name| ["page", "per_page", "before"].contains(name)), "{query:?}");
        let mut posts: Vec<&Value> = self.posts.get(channel).into_iter().flatten().collect();
        posts.sort_by_cached_key(|post| std::cmp::Reverse((post["create_at"].as_i64(), post["id"].to_string())));
        let before =
            query.get("before").map(|id| posts.iter().find(|post| post["id"] == *id).unwrap()["create_at"].as_i64());
        let is_older = |post: &&&Value| before.is_none_or(|before| post["create_at"].as_i64() < before);
        let listed = posts.iter().filter(is_older).filter(|post| post["delete_at"] == 0);
        let listed: Vec<&Value> = listed.take(self.size(query)).copied().collect();
        // Roots of threads come along, whatever their age.
        let roots = listed.iter().filter_map(|post| posts.iter().find(|root| root["id"] == post["root_id"]).copied());
        let all: serde_json::Map<String, Value> = listed
            .iter()
            .copied()
            .chain(roots)
            .map(|post| (post["id"].as_str().unwrap().to_owned(), post.clone()))
            .collect();
        let order: Vec<&Value> = listed.iter().map(|post| &post["id"]).collect();
        ok(&json!({ "order": order, "posts": all, "next_post_id": "", "prev_post_id": "" }))
    }
}

pub(crate) fn ok(body: &Value) -> Response {
    Response::new(200).with("content-type", "application/json").body(body.to_string())
}

fn missing() -> Response {
    Response::new(404).body(r#"{"id":"store.sql_channel.get.existing.app_error","status_code":404}"#)
}
