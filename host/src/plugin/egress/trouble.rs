//! Why a source could not be asked, where the host knows more than a guest is told.

use super::address::Refused;
use crate::plugin::failure::{Failure, FailureCode};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum Trouble {
    /// No connection was made.
    Address(Refused),
    /// A URL of the source's leads to this origin.
    Elsewhere(String),
    /// The source gave no token for the credential.
    Token(String),
    /// The credential can no longer be read.
    Credential(String),
    Unreachable(String),
}

impl Trouble {
    /// What the run fails with, where the guest's own word says less.
    pub(in crate::plugin) fn failure(&self) -> Option<Failure> {
        let code = match self {
            Trouble::Address(_) | Trouble::Credential(_) => FailureCode::Misconfigured,
            Trouble::Token(_) => FailureCode::Unauthorized,
            Trouble::Elsewhere(_) | Trouble::Unreachable(_) => return None,
        };
        Some(Failure::new(code, self.message()))
    }

    pub(in crate::plugin) fn message(&self) -> String {
        match self {
            Trouble::Address(refused) => refused.to_string(),
            Trouble::Elsewhere(origin) => {
                format!("the source leads to `{origin}`, which is neither the endpoint's nor one of its `also`")
            }
            Trouble::Token(reason) | Trouble::Credential(reason) => reason.clone(),
            Trouble::Unreachable(reason) => format!("the source cannot be reached: {reason}"),
        }
    }

    /// What the operator should write.
    pub(in crate::plugin) fn hint(&self) -> Option<String> {
        match self {
            Trouble::Address(refused) => Some(format!("if that is meant, write `{}` for the endpoint", refused.line())),
            Trouble::Elsewhere(origin) => {
                Some(format!("if that is meant, write `also = [\"{origin}\"]` for the endpoint"))
            }
            Trouble::Token(_) => Some("compare `id`, `installation` and `key` with the app's settings".to_owned()),
            Trouble::Credential(_) | Trouble::Unreachable(_) => None,
        }
    }
}
