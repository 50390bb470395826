//! Where a guest's target, or a redirect, may lead: below the endpoint, or without the credential to an origin that the operator named.

use reqwest::Method;
use url::{Origin, Url};

use crate::plugin::contract::quintant::collector::http::Target;

/// How far an endpoint reaches.
pub(super) struct Reach {
    pub(super) base: Url,
    pub(super) also: Vec<Origin>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The endpoint's origin: the credential goes along.
    Home,
    /// Neither the credential nor the guest's own headers go along.
    Elsewhere,
}

/// It leads where it may not; to this origin, where it is one of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outside(pub(super) Option<String>);

impl Outside {
    fn of(url: &Url) -> Self {
        Self(["http", "https"].contains(&url.scheme()).then(|| url.origin().ascii_serialization()))
    }
}

impl Reach {
    /// The one place where a guest's target becomes a URL.
    pub(super) fn first(&self, method: &Method, target: &Target, query: &[(String, String)]) -> Result<Hop, Outside> {
        let mut hop = match target {
            Target::Path(path) => Hop { url: self.below(path).ok_or(Outside(None))?, place: Place::Home },
            Target::Url(text) => {
                let url = Url::parse(text).map_err(|_| Outside(None))?;
                if self.is_home(&url) { Hop { url, place: Place::Home } } else { self.elsewhere(url, method)? }
            }
        };
        if !query.is_empty() {
            hop.url.query_pairs_mut().extend_pairs(query);
        }
        Ok(hop)
    }

    /// Whoever has led a request away cannot lead the credential back.
    pub(super) fn next(&self, from: &Hop, method: &Method, location: &str) -> Result<Hop, Outside> {
        let url = from.url.join(location).map_err(|_| Outside(None))?;
        match (from.place, self.is_home(&url)) {
            (Place::Home, true) => Ok(Hop { url, place: Place::Home }),
            (Place::Elsewhere, true) => Ok(Hop { url, place: Place::Elsewhere }),
            (_, false) => self.elsewhere(url, method),
        }
    }

    fn below(&self, path: &str) -> Option<Url> {
        let is_plain = path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains(['\\', '#'])
            && !path.chars().any(char::is_control);
        let prefix = self.base.path().trim_end_matches('/');
        let url = self.base.join(&format!("{prefix}{path}")).ok().filter(|_| is_plain)?;
        (url.path().starts_with(&format!("{prefix}/")) && self.is_home(&url)).then_some(url)
    }

    fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && has_no_user(url)
    }

    fn elsewhere(&self, url: Url, method: &Method) -> Result<Hop, Outside> {
        if *method == Method::GET && has_no_user(&url) && self.also.contains(&url.origin()) {
            Ok(Hop { url, place: Place::Elsewhere })
        } else {
            Err(Outside::of(&url))
        }
    }
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(base: &str) -> Reach {
        let also = ["https://objects.invalid", "https://store.invalid:8443"];
        Reach { base: base.parse().unwrap(), also: also.map(|url| Url::parse(url).unwrap().origin()).to_vec() }
    }

    fn check(base: &str, target: &Target, expected: Option<&str>) {
        let query = [("q".to_owned(), "a b".to_owned())];
        let hop = reach(base).first(&Method::GET, target, &query).ok();
        assert!(hop.as_ref().is_none_or(|hop| hop.place == Place::Home), "{target:?}");
        assert_eq!(hop.map(|hop| String::from(hop.url)).as_deref(), expected, "{target:?}");
    }

    fn url(text: &str) -> Target {
        Target::Url(text.to_owned())
    }

    #[test]
    fn a_path_stays_below_the_endpoint() {
        let path = |path: &str| Target::Path(path.to_owned());
        check("https://api.example.invalid", &path("/repos"), Some("https://api.example.invalid/repos?q=a+b"));
        check(
            "https://ghes.invalid/api/v3",
            &path("/repos?page=2"),
            Some("https://ghes.invalid/api/v3/repos?page=2&q=a+b"),
        );
        for hostile in
            ["repos", "//evil.invalid/", "/\\evil.invalid", "/../../admin", "/a#b", "/a\nHost: b", "/%2e%2e/%2e%2e/x"]
        {
            check("https://ghes.invalid/api/v3", &path(hostile), None);
        }
        check("https://api.example.invalid", &path("@evil.invalid/"), None);
    }

    #[test]
    fn a_url_stays_on_the_origin() {
        check(
            "https://api.example.invalid",
            &url("https://api.example.invalid/x"),
            Some("https://api.example.invalid/x?q=a+b"),
        );
        check(
            "https://api.example.invalid",
            &url("https://api.example.invalid:443/x"),
            Some("https://api.example.invalid/x?q=a+b"),
        );
        for hostile in [
            "http://api.example.invalid/x",
            "https://api.example.invalid:8443/x",
            "https://evil.invalid/x",
            "https://user@api.example.invalid/x",
            "https://api.example.invalid.evil.invalid/x",
            "https://objects.invalid.evil.invalid/x",
            "https://user@objects.invalid/x",
            "http://objects.invalid/x",
            "https://objects.invalid:8443/x",
            "https://store.invalid/x",
            "file:///etc/passwd",
        ] {
            check("https://api.example.invalid", &url(hostile), None);
        }
    }

    #[test]
    fn a_named_origin_is_read_as_a_stranger() {
        let reach = reach("https://api.example.invalid");
        for named in
            ["https://objects.invalid/x?sig=1", "https://objects.invalid:443/x", "https://store.invalid:8443/x"]
        {
            let hop = reach.first(&Method::GET, &url(named), &[]).unwrap();
            assert_eq!(hop.place, Place::Elsewhere, "{named}");
            assert_eq!(
                reach.first(&Method::POST, &url(named), &[]),
                Err(Outside::of(&hop.url)),
                "{named}: nothing is sent there"
            );
        }
    }

    #[test]
    fn a_redirect_keeps_the_credential_on_the_origin_only() {
        let reach = reach("https://api.example.invalid/v3");
        let home = reach.first(&Method::GET, &Target::Path("/a/b".to_owned()), &[]).unwrap();
        let next = |from: &Hop, location: &str| {
            reach.next(from, &Method::GET, location).map(|hop| (hop.url.to_string(), hop.place))
        };
        let to = |url: &str, place| Ok((url.to_owned(), place));
        assert_eq!(next(&home, "c"), to("https://api.example.invalid/v3/a/c", Place::Home));
        assert_eq!(next(&home, "/login"), to("https://api.example.invalid/login", Place::Home));
        assert_eq!(next(&home, "//objects.invalid/x"), to("https://objects.invalid/x", Place::Elsewhere));
        let away = reach.next(&home, &Method::GET, "https://objects.invalid/x").unwrap();
        assert_eq!(next(&away, "/y"), to("https://objects.invalid/y", Place::Elsewhere));
        assert_eq!(
            next(&away, "https://api.example.invalid/admin"),
            to("https://api.example.invalid/admin", Place::Elsewhere)
        );
        assert_eq!(next(&home, "https://evil.invalid/x?a"), Err(Outside(Some("https://evil.invalid".to_owned()))));
        assert_eq!(next(&away, "http://evil.invalid/"), Err(Outside(Some("http://evil.invalid".to_owned()))));
        assert_eq!(next(&home, "file:///etc/passwd"), Err(Outside(None)));
        assert_eq!(
            reach.next(&home, &Method::HEAD, "https://objects.invalid/x"),
            Err(Outside(Some("https://objects.invalid".to_owned())))
        );
    }
}
