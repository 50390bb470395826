//! JSON arrays from servers that do not always keep their own schema.

use std::cell::Cell;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// How [`Items`] are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One for itself.
    Singly,
    /// All at once: what does not fit ends it.
    Together,
    /// That has come to pass, whatever is made of the error.
    Failed,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Singly) };
}

/// Reads in one pass, as if every item fitted; only when one does not are lists looked through item by item.
///
/// # Errors
/// When it is no JSON, or of another form outside of [`Items`].
pub fn read<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    together(json).map_or_else(|| serde_json::from_slice(json), Ok)
}

fn together<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let before = MODE.replace(Mode::Together);
    let read = serde_json::from_slice(json).ok();
    let after = MODE.replace(before);
    read.filter(|_| after == Mode::Together)
}

/// The items of a JSON array that could be read, and how many could not.
///
/// ```
/// use quintant_sdk::json::Items;
/// let items = Items::<u32>::parse(br#"[1, "two", 3]"#).unwrap();
/// assert_eq!((items.items, items.rejected), (vec![1, 3], 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items<T> {
    /// Those that fit, in order.
    pub items: Vec<T>,
    /// How many did not.
    pub rejected: u32,
}

impl<T: DeserializeOwned> Items<T> {
    /// Reads an array in one pass; only when an item does not fit is each read for itself.
    ///
    /// # Errors
    /// When `json` is no JSON array.
    pub fn parse(json: &[u8]) -> serde_json::Result<Self> {
        if let Some(items) = together(json) {
            return Ok(Self { items, rejected: 0 });
        }
        let raw: Vec<&RawValue> = serde_json::from_slice(json)?;
        let all = raw.len();
        let items: Vec<T> = raw.into_iter().filter_map(|item| read(item.get().as_bytes()).ok()).collect();
        let rejected = u32::try_from(all - items.len()).unwrap_or(u32::MAX);
        Ok(Self { items, rejected })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if MODE.get() != Mode::Singly {
            let items = Vec::deserialize(deserializer).inspect_err(|_| MODE.set(Mode::Failed))?;
            return Ok(Self { items, rejected: 0 });
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_of_the_innermost_list() {
        type Rows = Items<(u32, Items<u32>)>;
        let check = |json: &str, expected: &str| {
            let rows: Rows = read(json.as_bytes()).unwrap();
            let rows: Vec<String> = std::iter::once(format!("{}", rows.rejected))
                .chain(rows.items.iter().map(|(name, items)| format!("{name} {:?} {}", items.items, items.rejected)))
                .collect();
            assert_eq!(rows.join(", "), expected, "{json}");
        };
        check("[[7, [1, 2]], [8, []]]", "0, 7 [1, 2] 0, 8 [] 0");
        check("[[7, [1, null, 3]], [8, [2]]]", "0, 7 [1, 3] 1, 8 [2] 0");
        check("[[7, [1, null, 3]], [8], [9, [4]], [\"a\", [5]]]", "2, 7 [1, 3] 1, 9 [4] 0");
        // Whoever takes what he gets hides nothing.
        #[derive(serde::Deserialize)]
        struct Kept(#[serde(deserialize_with = "forgiving")] Option<Items<u32>>);
        fn forgiving<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Items<u32>>, D::Error> {
            let raw = <&RawValue>::deserialize(deserializer)?;
            Ok(serde_json::from_str(raw.get()).ok())
        }
        assert_eq!(read::<Kept>(b"[1, null]").unwrap().0, Some(Items { items: vec![1], rejected: 1 }));
        assert!(read::<Rows>(b"[[7, [1, 2]]").is_err() && read::<Rows>(b"{}").is_err());
    }
}
