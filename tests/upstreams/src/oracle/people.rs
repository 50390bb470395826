//! Says who did something and which team that person was in: the roster read row by row, every time.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::organisation::chat::ChatUser;
use crate::organisation::{Account, AccountId, AccountKind, CommitAccount, CommitAuthor, Membership, Organisation};

/// Who is behind an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Person(Person),
    /// Its work is no work.
    Bot,
    /// Somebody who has opted out: a source tells of them, and nothing of it is kept.
    OptedOut,
    /// A deleted account.
    Nobody,
}

/// A known human: a roster person's name, or the spelling of an account that the roster does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Person {
    Rostered(String),
    Outsider(String),
}

impl Person {
    pub(super) fn is_rostered(&self) -> bool {
        matches!(self, Self::Rostered(_))
    }
}

impl Who {
    pub(super) fn person(self) -> Option<Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Bot | Self::OptedOut | Self::Nobody => None,
        }
    }
}

pub(super) fn who(organisation: &Organisation, account: Option<AccountId>) -> Who {
    let Some(id) = account else {
        return Who::Nobody;
    };
    let account = organisation.account(id);
    if account.login.eq_ignore_ascii_case("ghost") {
        Who::Nobody
    } else if is_bot(account, &organisation.bots) {
        Who::Bot
    } else {
        known(organisation, spelled(&organisation.roster, &account.login))
    }
}

/// The commit's account; without one, its e-mail address.
pub(super) fn who_committed(organisation: &Organisation, author: &CommitAuthor) -> Who {
    match author.account {
        CommitAccount::Known(id) => who(organisation, Some(id)),
        CommitAccount::Null | CommitAccount::Empty => known(organisation, spelled(&organisation.roster, &author.email)),
    }
}

/// By the user name or the address of an account in Mattermost.
pub(super) fn who_posted(organisation: &Organisation, user: &ChatUser) -> Who {
    if user.is_bot || is_pattern_of(&organisation.bots, &user.username) {
        return Who::Bot;
    }
    let is_of = |row: &&Membership| {
        row.mattermost
            .iter()
            .any(|known| [&user.username, &user.email].iter().any(|own| own.eq_ignore_ascii_case(known)))
    };
    let person = match organisation.roster.iter().find(is_of) {
        Some(row) => Person::Rostered(row.person.clone()),
        None => Person::Outsider(user.id.clone()),
    };
    known(organisation, person)
}

fn known(organisation: &Organisation, person: Person) -> Who {
    match &person {
        Person::Rostered(name) if organisation.opted_out.contains(name) => Who::OptedOut,
        _ => Who::Person(person),
    }
}

fn spelled(roster: &[Membership], spelling: &str) -> Person {
    for row in roster {
        if row.github.iter().any(|known| known.to_lowercase() == spelling.to_lowercase()) {
            return Person::Rostered(row.person.clone());
        }
    }
    Person::Outsider(spelling.to_lowercase())
}

fn is_bot(account: &Account, patterns: &[String]) -> bool {
    account.kind == AccountKind::Bot || account.login.ends_with("[bot]") || is_pattern_of(patterns, &account.login)
}

fn is_pattern_of(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(&pattern.to_lowercase(), &name.to_lowercase()))
}

/// `*` stands for any run of characters, also for none.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => match text.strip_prefix(before) {
            None => false,
            Some(rest) => (0..=rest.len()).any(|skipped| rest.get(skipped..).is_some_and(|rest| matches(after, rest))),
        },
    }
}

/// The team in the week that begins on that Monday.
pub(super) fn team_in_week<'a>(organisation: &'a Organisation, person: &Person, monday: Date) -> Option<&'a str> {
    match person {
        Person::Rostered(name) => team_named(organisation, name, monday),
        Person::Outsider(_) => None,
    }
}

/// The same of somebody who is called so on the roster.
pub(super) fn team_named<'a>(organisation: &'a Organisation, name: &str, monday: Date) -> Option<&'a str> {
    let mut latest: Option<&Membership> = None;
    for row in &organisation.roster {
        let newer = latest.is_none_or(|latest| row.from >= latest.from);
        if row.person == name && row.from <= monday && newer {
            latest = Some(row);
        }
    }
    latest.and_then(|row| row.team.as_deref())
}

/// Everybody whom the roster knows in the week of that Monday; who joins later is not yet among them, and who opted out never is.
pub(super) fn whole_roster(organisation: &Organisation, monday: Date) -> Vec<Person> {
    let people = named(organisation, monday).into_iter().filter(|name| !organisation.opted_out.contains(name));
    people.map(Person::Rostered).collect()
}

fn named(organisation: &Organisation, monday: Date) -> BTreeSet<String> {
    organisation.roster.iter().filter(|row| row.from <= monday).map(|row| row.person.clone()).collect()
}

/// How many people of a team (none: in no team) a survey asks: those who opted out, too, as fewer would tell of them.
pub(super) fn invited(organisation: &Organisation, team: Option<&str>, monday: Date) -> usize {
    named(organisation, monday).iter().filter(|name| team_named(organisation, name, monday) == team).count()
}

/// How many of them are in that team (none: in no team).
pub(super) fn roster_size(organisation: &Organisation, team: Option<&str>, monday: Date) -> usize {
    let people = whole_roster(organisation, monday);
    people.iter().filter(|person| team_in_week(organisation, person, monday) == team).count()
}

/// The team that owns a repository.
pub(super) fn owner<'a>(organisation: &'a Organisation, repository: &str) -> Option<&'a str> {
    organisation
        .teams
        .iter()
        .find(|team| team.owns.iter().any(|pattern| matches(pattern, repository)))
        .map(|team| team.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("*-ci", "acme-ci", true),
            ("*-ci", "-ci", true),
            ("*-ci", "acme-cities", false),
            ("acme/amber-*", "acme/amber-api", true),
            ("acme/amber-*", "acme/amber", false),
            ("a*b*c", "aXbYbZc", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
