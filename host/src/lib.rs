//! Quintant measures developer experience in the five SPACE dimensions without measuring developers.
//!
//! The rooms, in the order in which data flows. A room is reached by its path; ARCHITECTURE.md tells what each may know.

pub mod model;

pub mod config;

pub mod schedule;

pub mod plugin;

pub mod normalize;

pub mod pseudonym;

pub mod ingest;

pub mod store;

pub mod release;

pub mod metrics;

pub mod api;

pub mod app;
