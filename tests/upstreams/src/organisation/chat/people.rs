//! Who has an account in Mattermost, under which name, and how the roster spells it.

use jiff::Timestamp;

use super::super::people::People;
use super::super::random::Random;
use super::{ChatUser, UserId};

const ID_LETTERS: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// 26 letters and digits.
pub(super) fn id(random: &mut Random) -> String {
    (0..26).map(|_| char::from(*random.pick(ID_LETTERS))).collect()
}

/// A third keeps the login of the code host, most have another name, and some have no account.
fn username(person: usize) -> Option<String> {
    match person % 17 {
        3 => None,
        _ if person.is_multiple_of(3) => Some(format!("dev-{:03}", person + 1)),
        _ => Some(format!("person.{:03}", person + 1)),
    }
}

/// What the roster's column holds for a person: the user name or the address, in any case.
pub(in super::super) fn roster_spelling(person: usize, email: &str) -> Vec<String> {
    let Some(name) = username(person) else { return Vec::new() };
    vec![match person % 10 {
        6 => email.to_owned(),
        8 => name.to_uppercase(),
        _ => name,
    }]
}

pub(super) struct Cast {
    pub(super) users: Vec<ChatUser>,
    /// The account of each person.
    pub(super) of_person: Vec<Option<UserId>>,
    pub(super) helper_bot: UserId,
    /// A machine that signs in like a person.
    pub(super) machine: UserId,
    /// Left the company; the account was deactivated.
    pub(super) former: UserId,
}

pub(super) fn cast(people: &People, left_at: Timestamp, random: &mut Random) -> Cast {
    let mut users = Vec::new();
    let mut add = |username: String, email: String, is_bot: bool, random: &mut Random| {
        users.push(ChatUser { id: id(random), username, email, is_bot, deactivated_at: None });
        UserId(users.len() - 1)
    };
    let of_person = people
        .people
        .iter()
        .enumerate()
        .map(|(number, person)| {
            let email = people.accounts[person.accounts[0].0].email.clone();
            username(number).map(|name| add(name, email, false, random))
        })
        .collect();
    let helper_bot = add("release-helper".to_owned(), "release-helper@localhost".to_owned(), true, random);
    let machine = add("acme-ci".to_owned(), "acme-ci@example.invalid".to_owned(), false, random);
    let former = add("former-colleague".to_owned(), "former-colleague@example.invalid".to_owned(), false, random);
    users[former.0].deactivated_at = Some(left_at);
    Cast { users, of_person, helper_bot, machine, former }
}
