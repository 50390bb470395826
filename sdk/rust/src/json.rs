//! JSON arrays from servers that do not always keep their own schema.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

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
    /// Reads an array in one pass; only when an item does not fit is it read once more.
    ///
    /// # Errors
    /// When `json` is no JSON array.
    pub fn parse(json: &[u8]) -> serde_json::Result<Self> {
        if let Ok(items) = serde_json::from_slice(json) {
            return Ok(Self { items, rejected: 0 });
        }
        let raw: Vec<&RawValue> = serde_json::from_slice(json)?;
        let all = raw.len();
        let items: Vec<T> =
            raw.into_iter().filter_map(|item| serde_json::from_slice(item.get().as_bytes()).ok()).collect();
        let rejected = u32::try_from(all - items.len()).unwrap_or(u32::MAX);
        Ok(Self { items, rejected })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}
