//! An attacker who knows every answer, solves them exactly, and looks for a person or a group that is too small to hide one.
//!
//! Worlds are made up, release is the real code, and what the attacker knows of it is what anybody may ask: any window of whole spans of
//! any cell, so every released atom by itself. The truth is used only to judge what was found.

mod attack;
mod hosted;
mod listing;
mod play;
mod questions;
mod sums;
mod twin;
mod world;

pub use attack::{Finding, findings};
pub use hosted::{Hosted, Seen, cells, see};
pub use play::{Played, play};
pub use questions::{Breadth, questions};
pub use sums::Told;
pub use twin::{Twins, twins};
pub use world::{Account, Dice, Incident, Merge, Who, World};
