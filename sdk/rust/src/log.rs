//! Lines for the host's log, which adds source, feed and run. Never a login, an e-mail or a body.

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Every step.
    Trace,
    /// What a developer of the plugin wants to see.
    Debug,
    /// What an operator wants to see.
    Info,
    /// Something an operator should look at.
    Warn,
    /// Something that does not work.
    Error,
}

/// Writes a line. The host limits rate and length; in native tests nothing happens.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    #[cfg(target_arch = "wasm32")]
    {
        use crate::bindings::quintant::collector::log as host;
        let level = match level {
            Level::Trace => host::Level::Trace,
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        };
        if host::enabled(level) {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            host::write(level, message, &fields);
        }
    }
    #[cfg(not(target_arch = "wasm32"))]
    let (_, _, _) = (level, message, fields);
}

/// Writes a line at [`Level::Debug`].
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    write(Level::Debug, message, fields);
}

/// Writes a line at [`Level::Info`].
pub fn info(message: &str, fields: &[(&str, &str)]) {
    write(Level::Info, message, fields);
}

/// Writes a line at [`Level::Warn`].
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    write(Level::Warn, message, fields);
}
