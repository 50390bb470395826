//! Makes of a recorded payload what a server of another version, or a broken one, might send.

use serde_json::{Value, json};

/// `payload` with one to three of its members deleted, set to null or given another type; the same seed always spoils
/// the same way.
///
/// ```
/// use quintant_sdk::testing::spoiled;
/// let recorded = serde_json::json!({ "id": 7, "author": { "login": "octocat" } });
/// assert_ne!(spoiled(&recorded, 1), recorded);
/// assert_eq!(spoiled(&recorded, 1), spoiled(&recorded, 1));
/// ```
#[must_use]
pub fn spoiled(payload: &Value, seed: u64) -> Value {
    let mut chance = Chance(seed);
    let mut payload = payload.clone();
    for _ in 0..=chance.below(3) {
        let mut places = Vec::new();
        members(&payload, &mut Vec::new(), &mut places);
        if places.is_empty() {
            break;
        }
        let place = places.swap_remove(chance.below(places.len()));
        spoil(&mut payload, &place, &mut chance);
    }
    payload
}

/// One step from a value to what is in it.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

fn members(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let mut visit = |step: Step, inner: &Value| {
        path.push(step);
        found.push(path.clone());
        members(inner, path, found);
        path.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| visit(Step::Key(key.clone()), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| visit(Step::Index(index), inner)),
        _ => {}
    }
}

fn spoil(root: &mut Value, place: &[Step], chance: &mut Chance) {
    let Some((last, way)) = place.split_last() else { return };
    let mut parent = root;
    for step in way {
        let inner = match (step, parent) {
            (Step::Key(key), Value::Object(map)) => map.get_mut(key),
            (Step::Index(index), Value::Array(items)) => items.get_mut(*index),
            _ => None,
        };
        let Some(inner) = inner else { return };
        parent = inner;
    }
    let other = match chance.below(12) {
        0..=2 => None,
        3..=4 => Some(Value::Null),
        5 => Some(json!(true)),
        6 => Some(json!(-1)),
        7 => Some(json!(u64::MAX)),
        8 => Some(json!(1.5)),
        9 => Some(json!("")),
        10 => Some(json!([7])),
        _ => Some(json!({ "odd": "9999-12-31T23:59:60Z" })),
    };
    match (parent, last, other) {
        (Value::Object(map), Step::Key(key), Some(other)) => drop(map.insert(key.clone(), other)),
        (Value::Object(map), Step::Key(key), None) => drop(map.remove(key)),
        (Value::Array(items), Step::Index(index), Some(other)) => items[*index] = other,
        (Value::Array(items), Step::Index(index), None) => drop(items.remove(*index)),
        _ => {}
    }
}

/// splitmix64.
struct Chance(u64);

impl Chance {
    /// Less than `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (bound as u64)).expect("less than a usize")
    }
}
