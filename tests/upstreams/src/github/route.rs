//! Reads a path and a query; what is not known here is answered 501 and not guessed at.

/// Where a repository's resources are found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `/repos/{owner}/{name}`
    Name(String),
    /// `/repositories/{id}`
    Id(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Repository,
    Commits,
    Compare { base: String, head: String },
    Pulls,
    Pull(&'a str),
    Reviews(&'a str),
    Events(&'a str),
    Deployments,
    Statuses(&'a str),
    Runs,
    Attempt { run: &'a str, attempt: &'a str },
    Issues,
    Releases,
}

impl Resource<'_> {
    /// Which permission of a fine-grained token lets it be read.
    pub(super) fn permission(&self) -> &'static str {
        match self {
            Self::Repository => "metadata",
            Self::Commits | Self::Compare { .. } | Self::Releases => "contents",
            Self::Pulls | Self::Pull(_) | Self::Reviews(_) => "pull_requests",
            Self::Events(_) | Self::Issues => "issues",
            Self::Deployments | Self::Statuses(_) => "deployments",
            Self::Runs | Self::Attempt { .. } => "actions",
        }
    }
}

/// What an organization has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shared<'a> {
    Repositories,
    Teams,
    Members(&'a str),
    CopilotBilling,
    CopilotReport,
}

impl<'a> Shared<'a> {
    fn of(rest: &[&'a str]) -> Option<Self> {
        Some(match rest {
            ["repos"] => Self::Repositories,
            ["teams"] => Self::Teams,
            ["teams", slug, "members"] => Self::Members(slug),
            ["copilot", "billing"] => Self::CopilotBilling,
            ["copilot", "metrics", "reports", "organization-1-day"] => Self::CopilotReport,
            _ => return None,
        })
    }

    fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Repositories => &["type", "sort", "per_page", "page"],
            Self::Teams => &["per_page", "page"],
            Self::Members(_) => &["role", "per_page", "page"],
            Self::CopilotBilling => &[],
            Self::CopilotReport => &["day"],
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    User,
    RateLimit,
    /// `/orgs/{login}`, or `/organizations/{id}`, where links lead to.
    In(&'a str, Shared<'a>),
    Of(Place<'a>, Resource<'a>),
}

impl<'a> Route<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (place, rest) = match segments.as_slice() {
            ["user"] => return Some(Self::User),
            ["rate_limit"] => return Some(Self::RateLimit),
            ["orgs" | "organizations", organization, rest @ ..] => {
                return Shared::of(rest).map(|resource| Self::In(organization, resource));
            }
            ["repos", owner, name, rest @ ..] => (Place::Name(format!("{}/{}", decoded(owner), decoded(name))), rest),
            ["repositories", id, rest @ ..] => (Place::Id(id), rest),
            _ => return None,
        };
        let resource = match rest {
            [] => Resource::Repository,
            ["commits"] => Resource::Commits,
            ["compare", ends] => {
                let ends = decoded(ends);
                let (base, head) = ends.split_once("...")?;
                Resource::Compare { base: base.to_owned(), head: head.to_owned() }
            }
            ["pulls"] => Resource::Pulls,
            ["pulls", number] => Resource::Pull(number),
            ["pulls", number, "reviews"] => Resource::Reviews(number),
            ["issues", number, "events"] => Resource::Events(number),
            ["deployments"] => Resource::Deployments,
            ["deployments", id, "statuses"] => Resource::Statuses(id),
            ["actions", "runs"] => Resource::Runs,
            ["actions", "runs", run, "attempts", attempt] => Resource::Attempt { run, attempt },
            ["issues"] => Resource::Issues,
            ["releases"] => Resource::Releases,
            _ => return None,
        };
        Some(Self::Of(place, resource))
    }

    fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::In(_, resource) => resource.parameters(),
            Self::User | Self::RateLimit | Self::Of(_, Resource::Repository | Resource::Pull(_)) => &[],
            Self::Of(_, Resource::Commits) => &["sha", "since", "until", "per_page", "page"],
            Self::Of(_, Resource::Pulls) => &["state", "sort", "direction", "per_page", "page"],
            Self::Of(_, Resource::Runs) => &["created", "exclude_pull_requests", "per_page", "page"],
            Self::Of(_, Resource::Attempt { .. }) => &["exclude_pull_requests"],
            Self::Of(_, Resource::Issues) => &["state", "labels", "sort", "direction", "since", "per_page", "page"],
            Self::Of(
                _,
                Resource::Compare { .. }
                | Resource::Reviews(_)
                | Resource::Events(_)
                | Resource::Deployments
                | Resource::Releases
                | Resource::Statuses(_),
            ) => &["per_page", "page"],
        }
    }
}

/// The parameters of a query, decoded, in the order in which they were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// # Errors
    /// The first parameter that the route does not know.
    pub(super) fn of(route: &Route<'_>, query: &str) -> Result<Self, String> {
        let mut parameters = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name);
            if !route.parameters().contains(&name.as_str()) {
                return Err(name);
            }
            parameters.push((name, decoded(&value.replace('+', " "))));
        }
        Ok(Self(parameters))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Everything but the page, encoded again, each with `&` after it.
    pub(super) fn without_page(&self) -> String {
        self.0
            .iter()
            .filter(|(name, _)| name != "page")
            .map(|(name, value)| format!("{name}={}&", encoded(value)))
            .collect()
    }
}

pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let value = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(first));
        rest = if value.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_by_name_and_by_id() {
        let name = |name: &str| Place::Name(name.to_owned());
        assert_eq!(Route::of("/repos/acme/api/pulls"), Some(Route::Of(name("acme/api"), Resource::Pulls)));
        assert_eq!(
            Route::of("/repositories/7/pulls/3/reviews"),
            Some(Route::Of(Place::Id("7"), Resource::Reviews("3")))
        );
        let compare = Resource::Compare { base: "a".to_owned(), head: "b".to_owned() };
        assert_eq!(Route::of("/repos/acme/api/compare/a...b"), Some(Route::Of(name("acme/api"), compare)));
        let attempt = Resource::Attempt { run: "7", attempt: "2" };
        assert_eq!(Route::of("/repos/acme/api/actions/runs/7/attempts/2"), Some(Route::Of(name("acme/api"), attempt)));
        assert_eq!(Route::of("/repos/acme/api/environments"), None);
        assert_eq!(Route::of("/orgs/acme"), None);
    }

    #[test]
    fn unknown_parameters_are_named() {
        let route = Route::of("/repos/acme/api/pulls").unwrap();
        assert_eq!(Query::of(&route, "state=all&since=2026"), Err("since".to_owned()));
        let query = Query::of(&route, "state=a%20l%26l&page=2").unwrap();
        assert_eq!(query.get("state"), Some("a l&l"));
        assert_eq!(query.without_page(), "state=a%20l%26l&");
    }
}
