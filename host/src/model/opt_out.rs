//! Who wants not to be measured, and from when on.

use jiff::Timestamp;

use super::OptOutDigest;

/// Somebody whose facts are kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptOut {
    pub digest: OptOutDigest,
    pub reach: Reach,
    /// The entry that it was learned by, and goes with.
    pub learned_by: Option<OptOutDigest>,
}

/// Which facts of somebody are kept out; the greater one reaches further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What was erased is not read again.
    Before(Timestamp),
    /// They have opted out.
    All,
}

impl Reach {
    pub fn covers(self, at: Timestamp) -> bool {
        match self {
            Reach::Before(instant) => at < instant,
            Reach::All => true,
        }
    }
}

/// What was asked of the host about one person, as it is noted without the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivacyCommand {
    OptOut,
    Undo,
    Erase,
    Export,
}

impl PrivacyCommand {
    pub const fn as_str(self) -> &'static str {
        match self {
            PrivacyCommand::OptOut => "opt_out",
            PrivacyCommand::Undo => "undo",
            PrivacyCommand::Erase => "erase",
            PrivacyCommand::Export => "export",
        }
    }
}
