//! Serves all services of an organisation and writes the configuration that collects from them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use quintant_upstreams::configuration::{Options, write_configuration};
use quintant_upstreams::services::Services;

use crate::stopping::until_told_to_stop;
use crate::story::Story;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    story: Story,
    /// Address of the simulated GitHub; Jenkins, Mattermost and the survey service listen on the three ports after it. Port 0
    /// takes any free ones
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Folder to write quintant.toml, roster.csv and the secrets' files to
    #[arg(long, value_name = "DIR")]
    write: PathBuf,
    /// Address that the written configuration lets Quintant listen on
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    quintant_listen: String,
    /// Folder that holds github.wasm and the other plugins [default: where Quintant looks for plugins]
    #[arg(long, value_name = "PATH")]
    plugins_dir: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let organisation = Arc::new(arguments.story.organisation());
    let services = Services::start(Arc::clone(&organisation), arguments.listen)
        .await
        .with_context(|| format!("listening from `{}` on", arguments.listen))?;
    let mut options = services.configured(Options { listen: arguments.quintant_listen, ..Options::default() });
    if let Some(plugins) = arguments.plugins_dir {
        let plugins = std::path::absolute(&plugins).with_context(|| format!("finding `{}`", plugins.display()))?;
        options.plugin = plugins.join("github.wasm").display().to_string();
    }
    let written = write_configuration(&organisation, &arguments.write, services.github.url(), &options)
        .with_context(|| format!("writing the configuration to `{}`", arguments.write.display()))?;
    eprintln!("seed {}, until {}; wrote {}", arguments.story.seed, organisation.end, written.display());
    for (name, url) in services.urls() {
        println!("{name} {url}");
    }
    println!("ready");
    until_told_to_stop().await.context("waiting for signals")?;
    Ok(ExitCode::SUCCESS)
}
