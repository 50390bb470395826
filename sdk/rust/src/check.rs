//! What a collector found out about its upstream, for `quintant check --online`.

pub use crate::bindings::exports::quintant::collector::collector::{CheckItem, CheckStatus};

impl CheckItem {
    /// Works as it should.
    pub fn pass(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Pass, name.into(), message.into())
    }

    /// Works, but somebody should look at it.
    pub fn warn(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Warn, name.into(), message.into())
    }

    /// Does not work.
    pub fn fail(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Fail, name.into(), message.into())
    }

    /// Says what the operator should do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn new(status: CheckStatus, name: String, message: String) -> Self {
        Self { name, status, message, hint: None }
    }
}
