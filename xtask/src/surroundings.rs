//! What tests and benchmarks find around them: a scratch PostgreSQL, the built guests, the program.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cluster::ScratchCluster;
use crate::contracts;
use crate::postgres;
use crate::workspace::Workspace;

/// Tests start whole hosts; more of them at once than this only wait for each other.
const TEST_THREADS: &str = "2";

/// Lives as long as the tests do.
pub(crate) struct Surroundings {
    cluster: ScratchCluster,
    programs: PathBuf,
    /// Where cargo has put our own programs.
    built: PathBuf,
}

impl Surroundings {
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let programs = postgres::find_or_install(workspace)?;
        let built = workspace.target.join("debug");
        Ok(Self { cluster: ScratchCluster::start(&programs)?, programs, built })
    }

    /// With programs that are optimised.
    pub(crate) fn start_for_benchmarks(workspace: &Workspace) -> Result<Self> {
        Ok(Self { built: workspace.target.join("release"), ..Self::start(workspace)? })
    }

    pub(crate) fn add_to<'a>(&self, command: &'a mut Command, workspace: &Workspace) -> &'a mut Command {
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            command.env("RUST_TEST_THREADS", TEST_THREADS);
        }
        command
            .env("QUINTANT_TEST_DATABASE_URL", self.cluster.url("postgres"))
            .env("QUINTANT_TEST_PLUGINS", workspace.plugins_folder())
            .env("QUINTANT_TEST_GUESTS", workspace.test_guests_folder())
            .env("QUINTANT_TEST_CACHE", workspace.target.join("test-cache"))
            .env("QUINTANT_TEST_PROGRAM", self.built.join("quintant"))
            .env("QUINTANT_TEST_POSTGRES_BIN", &self.programs)
            .env("QUINTANT_TEST_RECORDING", contracts::recording(workspace))
            .env("SQLX_OFFLINE", "true")
    }
}
