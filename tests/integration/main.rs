//! Everything together: a real database, the real plugins, real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain fails at the right line")]

mod adversary;
mod answers;
mod api;
mod asked;
mod backfilling;
mod backups;
mod bad_guests;

mod bounds;
mod browser;
mod canary;
mod cancelling;
mod chat_and_survey;
mod checking_online;
mod code_cache;
mod collecting;
mod configuration;
mod contract;
mod copying;
mod delivered;
mod egress;
mod friction;
mod graphql;
mod invariants;
mod jenkins;
mod kinds;
mod late_feeds;
mod mattermost;
mod moving;
mod native;
mod nps;
mod oracle;
mod oracle_voices;
mod people;
mod privacy;
mod program;
mod prometheus;
mod recorded;
mod reidentify;
mod reloading;
mod requests;
mod retention;
mod roles;
mod roster;
mod rules;
mod scenarios;
mod scheduling;
mod serving;
mod snapshot;
mod sources;
mod survey_pages;
mod surveys;
mod views;
mod whole;
