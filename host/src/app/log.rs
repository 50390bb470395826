//! The log: a line an event on stderr, as text or as JSON, of what `QUINTANT_LOG` lets through.

use std::env::{VarError, var};
use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const VARIABLE: &str = "QUINTANT_LOG";
const DEFAULT: &str = "info,sqlx=warn";

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// An object a line: `timestamp`, `level`, `message`, the event's fields, and `spans` with theirs.
    Json,
}

/// A filter that would let through something else than what was meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{VARIABLE}` is wrong: {0}; write for example `debug`, `warn` or `info,sqlx=debug`")]
pub(super) struct FilterError(String);

/// Says an error to whoever started the program: as a line of its own, or where a log in JSON is read, as one of its lines.
pub(super) fn say(error: &str, format: LogFormat) {
    match format {
        LogFormat::Text => eprintln!("error: {error}"),
        LogFormat::Json => tracing::error!("{error}"),
    }
}

/// Starts the log of this process.
pub(super) fn start(format: LogFormat) -> Result<(), FilterError> {
    let filter = match var(VARIABLE) {
        Ok(written) => filter(&written)?,
        Err(VarError::NotPresent) => EnvFilter::new(DEFAULT),
        Err(VarError::NotUnicode(_)) => return Err(FilterError("it is no text".to_owned())),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(true).with_ansi(false).init();
        }
    }
    Ok(())
}

/// A word that is no level would be taken for the name of a part of the program, all of whose lines are let through.
fn filter(written: &str) -> Result<EnvFilter, FilterError> {
    if written.trim().is_empty() {
        return Ok(EnvFilter::new(DEFAULT));
    }
    let is_word = |part: &&str| !part.contains(['=', '[', ']', '{', '}']);
    if let Some(word) =
        written.split(',').map(str::trim).filter(is_word).find(|word| word.parse::<LevelFilter>().is_err())
    {
        return Err(FilterError(format!(
            "`{word}` is none of the levels `error`, `warn`, `info`, `debug`, `trace`, `off`"
        )));
    }
    EnvFilter::builder().parse(written).map_err(|error| FilterError(format!("`{written}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_levels_of_parts_are_a_filter() {
        for written in
            ["", "debug", "warn,sqlx=debug", "OFF", "info,quintant[run{feed=a}]=trace", "quintant::store=debug"]
        {
            assert_eq!(filter(written).map(drop), Ok(()), "{written}");
        }
    }

    #[test]
    fn what_would_be_misunderstood_is_refused() {
        for (written, part) in [
            ("debgu", "`debgu` is none of the levels"),
            ("info,sqlx", "`sqlx` is none"),
            ("sqlx=loud", "`sqlx=loud`: "),
            ("info,,x=1=2", ""),
        ] {
            let message = filter(written).map(drop).unwrap_err().to_string();
            assert!(message.starts_with("`QUINTANT_LOG` is wrong: ") && message.contains(part), "{message}");
        }
    }
}
