//! `quintant plugin compile`: a line a plugin, and how long it takes where somebody looks on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::command::Format;
use super::log::{self, LogFormat};
use crate::config::Config;
use crate::plugin::{Plugin, Runtime};

const BLINK: Duration = Duration::from_millis(200);

/// The files that are meant: those named, or all of the configuration.
pub(super) fn files(config: &Config, named: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = if named.is_empty() {
        config.sources.iter().map(|source| source.plugin.clone()).collect()
    } else {
        let file = |name: &String| match name.ends_with(".wasm") {
            true => PathBuf::from(name),
            false => config.plugins.directory.join(format!("{name}.wasm")),
        };
        named.iter().map(file).collect()
    };
    anyhow::ensure!(!files.is_empty(), "the configuration has no `[[source]]` and so no plugin; name one to compile");
    files.sort();
    files.dedup();
    Ok(files)
}

/// Compiles what is not in the cache; answers whether every plugin is there and describes itself.
pub(super) async fn plugins(
    runtime: &Arc<Runtime>,
    files: &[PathBuf],
    (format, log_format): (Format, LogFormat),
) -> anyhow::Result<bool> {
    let mut is_good = true;
    for (number, file) in files.iter().enumerate() {
        let place = format!("{} of {}", number + 1, files.len());
        let spinner = spinner(file, &place);
        let loaded = Plugin::load(runtime, file).await;
        spinner.finish_and_clear();
        match loaded {
            Ok(plugin) => tell(&plugin, file, format)?,
            Err(error) => {
                is_good = false;
                if format == Format::Json {
                    println!("{}", serde_json::json!({ "file": file, "error": error.to_string() }));
                }
                log::say(&error.to_string(), log_format);
            }
        }
    }
    Ok(is_good)
}

fn tell(plugin: &Plugin, file: &Path, format: Format) -> std::io::Result<()> {
    let (name, version) = (&plugin.descriptor.name, &plugin.descriptor.version);
    let kilobytes = plugin.code_bytes.div_ceil(1000);
    let mut output = std::io::stdout().lock();
    match (format, plugin.compiling) {
        (Format::Text, Some(took)) => {
            writeln!(output, "plugin `{name}` {version}: compiled in {:.1} s, {kilobytes} kB", took.as_secs_f64())
        }
        (Format::Text, None) => writeln!(output, "plugin `{name}` {version}: already compiled, {kilobytes} kB"),
        (Format::Json, took) => writeln!(
            output,
            "{}",
            serde_json::json!({
                "plugin": name,
                "version": version,
                "file": file,
                "sha256": plugin.digest,
                "code_bytes": plugin.code_bytes,
                "compiled_seconds": took.map(|took| (took.as_secs_f64() * 1000.0).round() / 1000.0),
            })
        ),
    }
}

/// Turns on a terminal, leaves no trace, and is nothing elsewhere.
fn spinner(file: &Path, place: &str) -> ProgressBar {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let style = ProgressStyle::with_template("{spinner} compiling plugin {prefix}: {msg}, {elapsed}")
        .expect("the template is a literal");
    let spinner = ProgressBar::new_spinner().with_style(style).with_prefix(place.to_owned());
    spinner.set_message(format!("`{name}`"));
    spinner.enable_steady_tick(BLINK);
    spinner
}
