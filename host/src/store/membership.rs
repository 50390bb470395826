//! `raw.membership`.

use super::table::table;
use crate::model::{EntityKey, Membership, Pseudonym, TeamName};

table! {
    "membership", "f.account", Membership<Pseudonym, EntityKey> {
        "account" "$7::bytea[]" = |membership| membership.account.as_bytes(),
        "team_key" "$8::bytea[]" = |membership| membership.team.as_ref().map(|team| team.key.as_bytes()),
        "team" "$9::text[]" = |membership| membership.team.as_ref().and_then(|team| team.name.as_ref()).map(TeamName::as_str),
    }
}
