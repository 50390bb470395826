//! Everything together: a real database, the real plugins, real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain fails at the right line")]

mod answers;
mod collecting;
