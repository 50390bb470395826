//! The HTTP client of one endpoint: connects to checked addresses only, and shares its connections with no other credential.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Method, Proxy, RequestBuilder, redirect};
use url::{Host, Url};

use super::address::{self, Refused};
use crate::config;
use crate::plugin::limits::Limits;

const USER_AGENT: &str = concat!("quintant/", env!("CARGO_PKG_VERSION"));
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the `ca` file `{}` cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("the `ca` file `{}` holds no PEM certificate", .0.display())]
    NoCertificate(PathBuf),
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

pub(super) struct Client {
    http: reqwest::Client,
    networks: Arc<[IpNet]>,
    /// It is what is connected to; names go to it as they are.
    proxy: Option<Url>,
    request_limit: Duration,
}

impl Client {
    pub(super) fn new(given: Option<&config::Endpoint>, limits: &Limits) -> Result<Self, ClientError> {
        static TLS: std::sync::Once = std::sync::Once::new();
        TLS.call_once(|| {
            // An error says that the program around us has chosen a provider already.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let networks: Arc<[IpNet]> = given.map_or_else(Arc::default, |given| given.networks.as_slice().into());
        let proxy = given.and_then(|given| given.proxy.clone());
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT.min(limits.request))
            .pool_max_idle_per_host(2)
            .dns_resolver(Resolver { networks: Arc::clone(&networks) });
        if let Some(proxy) = &proxy {
            builder = builder.proxy(Proxy::all(proxy.clone())?);
        }
        for path in given.map_or(&[][..], |given| &given.ca) {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        Ok(Self { http: builder.build()?, networks, proxy, request_limit: limits.request })
    }

    /// The resolver sees names only, so an address in the URL is checked here.
    pub(super) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Refused> {
        let dialled = self.proxy.as_ref().unwrap_or(&url);
        let literal = match dialled.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        if let Some(address) = literal {
            let host = dialled.host_str().unwrap_or_default();
            address::permitted(host, [SocketAddr::new(address, 0)], &self.networks)?;
        }
        Ok(self.http.request(method, url).timeout(self.request_limit))
    }
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>, ClientError> {
    let bytes = std::fs::read(path).map_err(|reason| ClientError::Unreadable { path: path.clone(), reason })?;
    let found = Certificate::from_pem_bundle(&bytes).unwrap_or_default();
    if found.is_empty() {
        return Err(ClientError::NoCertificate(path.clone()));
    }
    Ok(found)
}

struct Resolver {
    networks: Arc<[IpNet]>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = Arc::clone(&self.networks);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses = address::permitted(name.as_str(), found, &networks)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The refusal behind an error, if that is what it was.
pub(super) fn refused(error: &reqwest::Error) -> Option<&Refused> {
    causes(error).find_map(|cause| cause.downcast_ref::<Refused>())
}

/// What happened, without the URL, which may hold more than should be told.
pub(super) fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the time limit of the request passed"
    } else if causes(error).any(is_tls) {
        "its certificate or TLS is not accepted; an authority of your own is named in `ca`"
    } else if error.is_dns() {
        "its name cannot be resolved"
    } else if error.is_connect() {
        "no connection could be made"
    } else if error.is_decode() {
        "the answer's encoding is broken"
    } else {
        "the connection broke off"
    }
}

/// One error of IO may hold another.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || inner.is_some_and(|inner| is_tls(inner))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
