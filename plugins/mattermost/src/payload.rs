//! What Mattermost sends, read generously. No type here has a place for a message.

use std::collections::HashMap;
use std::fmt;

use quintant_sdk::prelude::*;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// An immutable id: 26 letters and digits. Needs no percent-encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    /// As the server spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_plain { Ok(Self(text)) } else { Err("an id is made of letters and digits") }
    }
}

/// Something that a listing lists once.
pub trait Listed {
    /// What it is known by.
    fn id(&self) -> &Id;
}

/// A Mattermost team.
#[derive(Clone, Debug, Deserialize)]
pub struct Team {
    pub id: Id,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub delete_at: Option<Instant>,
}

impl Team {
    /// Whether everybody on the server may join it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kind.as_deref() == Some("O")
    }

    /// Whether it is archived.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.delete_at.is_some_and(|at| at > 0)
    }
}

impl Listed for Team {
    fn id(&self) -> &Id {
        &self.id
    }
}

/// A channel. Its name stays here.
#[derive(Clone, Debug, Deserialize)]
pub struct Channel {
    pub id: Id,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub create_at: Option<Instant>,
    pub delete_at: Option<Instant>,
    pub last_post_at: Option<Instant>,
    /// Posts there ever were, without those of the system.
    pub total_msg_count: Option<i64>,
}

impl Channel {
    /// Whether everybody in its team may read it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.kind == "O"
    }

    /// Whether it is archived.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.delete_at.is_some_and(|at| at > 0)
    }
}

impl Listed for Channel {
    fn id(&self) -> &Id {
        &self.id
    }
}

/// An account. Whether the address is told depends on the server and on who asks.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    pub id: Id,
    pub username: Option<String>,
    pub email: Option<String>,
    pub is_bot: Option<bool>,
}

/// A post, without what it says.
#[derive(Clone, Debug, Deserialize)]
pub struct Post {
    pub create_at: Instant,
    delete_at: Option<Instant>,
    pub user_id: Id,
    /// Of the post that this is an earlier version of.
    original_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    props: Option<Props>,
}

#[derive(Clone, Debug, Deserialize)]
struct Props {
    from_webhook: Option<Value>,
    from_bot: Option<Value>,
    from_plugin: Option<Value>,
}

impl Post {
    /// Whether a person wrote it, as far as the post itself tells: not the system, a webhook or an integration, and not
    /// deleted.
    #[must_use]
    pub fn counts(&self) -> bool {
        let is_set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let is_true = |mark: &Option<Value>| matches!(mark, Some(mark) if mark == "true" || mark == true);
        let by_machine = self.props.as_ref().is_some_and(|props| {
            is_true(&props.from_webhook) || is_true(&props.from_bot) || is_true(&props.from_plugin)
        });
        let is_deleted = self.delete_at.is_some_and(|at| at > 0);
        !(is_deleted || is_set(&self.kind) || is_set(&self.original_id) || by_machine)
    }
}

/// A page of a channel's posts, newest first.
#[derive(Clone, Debug, Default)]
pub struct PostPage {
    /// With the id that the page orders it by; roots of threads that come along are not among them.
    pub posts: Vec<(Id, Post)>,
    pub rejected: u32,
    /// The server holds posts back that its licence hides.
    pub is_truncated: bool,
}

impl PostPage {
    /// Reads an answer to `/channels/{id}/posts`.
    ///
    /// # Errors
    /// When the body is no list of posts at all.
    pub fn read(response: &Response) -> Result<Self> {
        #[derive(Deserialize)]
        struct List {
            order: Vec<Value>,
            posts: Option<HashMap<String, Doubtful<Post>>>,
            first_inaccessible_post_time: Option<Value>,
        }
        let list: List = response.json()?;
        let mut page = Self {
            is_truncated: list.first_inaccessible_post_time.is_some_and(|at| at.as_i64().is_some_and(|at| at > 0))
                || response.header("has-inaccessible-posts").is_some_and(|has| has.eq_ignore_ascii_case("true")),
            ..Self::default()
        };
        let mut posts = list.posts.unwrap_or_default();
        for id in list.order {
            let post = id.as_str().and_then(|id| Some((Id::try_from(id.to_owned()).ok()?, posts.remove(id)?.0?)));
            match post {
                Some(post) => page.posts.push(post),
                None => page.rejected = page.rejected.saturating_add(1),
            }
        }
        Ok(page)
    }

    /// Whether the server listed nothing: there is no more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.rejected == 0
    }
}

/// Something that may be of another form: then there is none.
struct Doubtful<T>(Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Doubtful<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// A row of the analytics: `{"name":"2026-07-01","value":12.0}`.
#[derive(Clone, Debug, Deserialize)]
pub struct AnalyticsRow {
    pub name: String,
    pub value: f64,
}
