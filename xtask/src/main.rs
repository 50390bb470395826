//! `cargo xtask`: builds, demonstrates and tests Quintant; the product itself never depends on it.

mod adversary;
mod bench;
mod browser;
mod cluster;
mod contracts;
mod debian;
mod debian_rust;
mod demo;
mod demo_folder;
mod first_collection;
mod gate;
mod http;
mod k8s;
mod named_tests;
mod node;
mod openapi;
mod plugins;
mod postgres;
mod process;
mod prometheus;
mod python;
mod query_data;
mod steps;
mod surroundings;
mod wasm_target;
mod witness;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Builds, demonstrates and tests Quintant.
///
/// Every command installs what it needs below target/ (or says what to install) and stops
/// whatever it started, also on Ctrl-C.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Test(gate::Arguments),
    /// Builds the plugins into target/plugins, after making sure that Rust can compile for wasm32-unknown-unknown
    Plugins,
    Sqlx(query_data::Arguments),
    Bench(bench::Arguments),
    Adversary(adversary::Arguments),
    Openapi(openapi::Arguments),
    /// Checks what the GitHub plugin asks against GitHub's own descriptions of its APIs; part of the gate too
    Contracts,
    /// Builds the manifests of k8s/, validates them, and checks the configuration that they carry
    K8s,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<process::Interrupted>() => {
            eprintln!("xtask: interrupted; everything it started is stopped");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    process::catch_interrupts()?;
    let workspace = Workspace::read()?;
    match command {
        Command::Demo(arguments) => demo::run(&workspace, &arguments),
        Command::Test(arguments) => gate::run(&workspace, &arguments),
        Command::Adversary(arguments) => adversary::run(&workspace, &arguments),
        Command::Plugins => plugins::build(&workspace),
        Command::Sqlx(arguments) => query_data::run(&workspace, &arguments),
        Command::Bench(arguments) => bench::run(&workspace, &arguments),
        Command::Openapi(arguments) => openapi::run(&workspace, &arguments),
        Command::Contracts => contracts::run(&workspace),
        Command::K8s => k8s::run(&workspace),
    }
}
