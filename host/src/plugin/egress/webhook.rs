//! What the host itself says to a chat: one message to a webhook, under the rules that hold for every connection.

use ipnet::IpNet;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::client::{self, Client, ClientError};
use crate::config::{Endpoint, Secret};
use crate::plugin::limits::Limits;

/// Why a message was not posted. Says nothing of the URL, which is a secret.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("the webhook is no `http://` or `https://` URL")]
    BadUrl,
    #[error("the webhook's address is not public; name its network in `survey.webhook_networks`")]
    NotPublic,
    #[error("the webhook cannot be reached: {0}")]
    Unreachable(&'static str),
    #[error("the webhook answers {0}, where 200 says that the message is posted")]
    Refused(u16),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Posts a message to whoever reads the channel.
pub async fn post_message(webhook: &Secret, networks: &[IpNet], text: &str) -> Result<(), WebhookError> {
    let url =
        Url::parse(webhook.expose()).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let url = url.ok_or(WebhookError::BadUrl)?;
    let endpoint = Endpoint {
        url: None,
        auth: None,
        networks: networks.to_vec(),
        also: Vec::new(),
        proxy: None,
        ca: Vec::new(),
        requests_per_hour: None,
    };
    let client = Client::new(Some(&endpoint), &Limits::default())?;
    let request = client.request(Method::POST, url).map_err(|_| WebhookError::NotPublic)?;
    let body = serde_json::json!({ "text": text }).to_string();
    let answer = request.header(CONTENT_TYPE, "application/json").body(body).send().await.map_err(|error| {
        if client::refused(&error).is_some() {
            WebhookError::NotPublic
        } else {
            WebhookError::Unreachable(client::reason(&error))
        }
    })?;
    if answer.status().is_success() { Ok(()) } else { Err(WebhookError::Refused(answer.status().as_u16())) }
}
