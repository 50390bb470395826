//! How an endpoint is reached, as a person writes it: networks, further origins, a proxy, a GitHub App.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};
use url::{Origin, Url};

use super::mistake::Note;
use super::read::{Key, Node, Read, Reader, section};
use super::secret::SecretRef;
use super::value::Whole;

/// A network that is not public, such as `10.1.2.0/24`.
pub(super) struct Network(pub(super) IpNet);

impl Read for Network {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let right = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
            (Ok(network), _) if network == network.trunc() => return Some(Self(network)),
            (Ok(network), _) => network.trunc().to_string(),
            (_, Ok(address)) => IpNet::from(address).to_string(),
            _ => "10.1.2.0/24".to_owned(),
        };
        reader.wrong_value(node, format!("`{}` names no network", node.key), format!("write for example `{right}`"))
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^[0-9A-Fa-f.:]+/[0-9]+$", "examples": ["10.1.2.0/24"] })
    }
}

/// `https://HOST`, `https://HOST:PORT`, or a host alone.
pub(super) struct OtherOrigin(pub(super) Origin);

impl Read for OtherOrigin {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        match root(&whole, &["http", "https"]) {
            Some(url) => Some(Self(url.origin())),
            None => refuse(node, reader, "names no origin", "write for example `https://objects.example.com`"),
        }
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^(https?://)?[^/?#@]+/?$", "examples": ["https://objects.example.com"] })
    }
}

/// `http://HOST:PORT`; proxies that ask for a user are not supported.
pub(super) struct Proxy(pub(super) Url);

impl Read for Proxy {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        match root(text, &["http"]) {
            Some(url) => Some(Self(url)),
            None => refuse(node, reader, "is no proxy", "write `http://HOST:PORT`, without a user"),
        }
    }

    fn schema() -> Value {
        json!({ "type": "string", "format": "uri", "pattern": "^http://[^/?#@]+/?$" })
    }
}

/// Ids are whole numbers from 1 up.
type Id = Whole<1, { u32::MAX }>;

section! {
    /// A GitHub App, as which the host signs in.
    AppKeys {
        /// The App's id.
        id: Id,
        /// The installation whose repositories are read.
        installation: Id,
        /// The App's private key, PEM, as a secret.
        key: SecretRef,
    }
}

/// A GitHub App, as which the host signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubApp {
    pub id: u32,
    pub installation: u32,
    /// Its private key, PEM.
    pub key: SecretRef,
}

impl Read for GithubApp {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let AppKeys { id, installation, key } = AppKeys::read(node, reader)?;
        Some(Self { id: id.0, installation: installation.0, key })
    }

    fn schema() -> Value {
        AppKeys::schema()
    }
}

/// The value is not shown: a user and a password may stand in it.
fn refuse<T>(node: Node, reader: &mut Reader, flaw: &str, right: &str) -> Option<T> {
    reader.note(node.value.span(), Note::new(format!("`{}` {flaw}", node.key)).label(right));
    None
}

fn root(text: &str, schemes: &[&str]) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| schemes.contains(&url.scheme()) && url.has_host() && url.path() == "/")
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
}
