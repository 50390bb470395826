//! What somebody may have meant.

use super::mistake::Note;

const LONGEST_SHOWN: usize = 64;

/// For a name that is not among those which are known at that place.
pub fn unknown(what: &str, given: &str, place: &str, known: &[&str]) -> Note {
    let shown: String = given.chars().take(LONGEST_SHOWN).flat_map(char::escape_debug).collect();
    let place = if place.is_empty() { String::new() } else { format!(" in `{place}`") };
    let note = Note::new(format!("unknown {what} `{shown}`{place}")).showing_value();
    let note = match nearest(given, known) {
        Some(meant) => note.label(format!("did you mean `{meant}`?")),
        None => note,
    };
    match known {
        [] => note,
        [only] => note.help(format!("allowed is `{only}`")),
        _ => note.help(format!("allowed are {}", quoted(known))),
    }
}

/// `` `a`, `b`, `c` ``
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The one that a few slips of the finger are enough for.
pub fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given = given.chars().take(LONGEST_SHOWN).collect::<String>().to_lowercase().replace('-', "_");
    let slips = given.chars().count().div_ceil(3);
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase().replace('-', "_")), *name))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
