//! An attacker who knows every answer, solves them exactly, and looks for a person or a group that is too small to hide one.
//!
//! Worlds are made up, release is the real code, and what the attacker knows of it is what anybody may ask: any window of whole spans of
//! any cell, so every released atom by itself. The truth is used only to judge what was found.

mod attack;
mod listing;
mod play;
mod world;

pub use attack::{Finding, findings};
pub use listing::listings;
pub use play::{Played, moment, play};
pub use world::{Account, Dice, Merge, Who, World};
