//! How a run can fail: a closed list that is also the label of metrics and the code in `status`.

/// The reaction is fixed by the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureCode {
    /// The source refused the credential.
    Unauthorized,
    /// The settings or the credential's place are wrong in fact.
    Misconfigured,
    /// Over the source's limit, or over the run's budget of requests.
    RateLimited,
    /// May work at the next run.
    Transient,
    /// The source no longer accepts the cursor; it was dropped.
    CursorExpired,
    /// The source answered what the plugin does not understand.
    Permanent,
    /// The host is shutting down.
    Cancelled,
    /// The plugin crashed.
    Trap,
    /// The plugin used up its processor time.
    CpuExhausted,
    /// The plugin asked for more memory than it may have.
    MemoryExhausted,
    /// The call took longer than allowed.
    TimedOut,
    /// The plugin answered what the contract forbids.
    Nonsense,
    /// Another run moved on with the feed.
    Overtaken,
    /// The database was down or refused; nothing of the page was stored.
    Database,
}

impl FailureCode {
    pub const ALL: [FailureCode; 14] = [
        FailureCode::Unauthorized,
        FailureCode::Misconfigured,
        FailureCode::RateLimited,
        FailureCode::Transient,
        FailureCode::CursorExpired,
        FailureCode::Permanent,
        FailureCode::Cancelled,
        FailureCode::Trap,
        FailureCode::CpuExhausted,
        FailureCode::MemoryExhausted,
        FailureCode::TimedOut,
        FailureCode::Nonsense,
        FailureCode::Overtaken,
        FailureCode::Database,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            FailureCode::Unauthorized => "unauthorized",
            FailureCode::Misconfigured => "misconfigured",
            FailureCode::RateLimited => "rate_limited",
            FailureCode::Transient => "transient",
            FailureCode::CursorExpired => "cursor_expired",
            FailureCode::Permanent => "permanent",
            FailureCode::Cancelled => "cancelled",
            FailureCode::Trap => "trap",
            FailureCode::CpuExhausted => "cpu_exhausted",
            FailureCode::MemoryExhausted => "memory_exhausted",
            FailureCode::TimedOut => "timed_out",
            FailureCode::Nonsense => "nonsense",
            FailureCode::Overtaken => "overtaken",
            FailureCode::Database => "database",
        }
    }

    /// Whether the plugin itself is at fault: several such runs in a row put it in quarantine.
    pub const fn is_strike(self) -> bool {
        use FailureCode::{CpuExhausted, MemoryExhausted, Nonsense, Permanent, TimedOut, Trap};
        matches!(self, Trap | CpuExhausted | MemoryExhausted | TimedOut | Nonsense | Permanent)
    }
}

/// A failed call. The message may hold a plugin's words: for the log of operators, cut and without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: FailureCode,
    /// Seconds until it is worth another try, where the source said so.
    pub retry_after_seconds: Option<u32>,
    pub message: String,
}

impl Failure {
    pub fn new(code: FailureCode, message: impl AsRef<str>) -> Self {
        Self { code, retry_after_seconds: None, message: plain(message.as_ref(), 500) }
    }
}

/// Text from outside as one line of at most `longest` characters.
pub(crate) fn plain(text: &str, longest: usize) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(longest).collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_one_bounded_line() {
        assert_eq!(plain("a\nb\u{1b}[31m", 80), "a b [31m");
        assert_eq!(plain("abcdef", 3), "abc…");
    }
}
