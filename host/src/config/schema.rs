//! JSON Schema of the configuration, from the same declarations by which it is read.

use serde_json::{Map, Value, json};
use toml::de::DeValue;

use super::file::File;
use super::read::{Key, Read};
use super::value::to_json;

/// JSON Schema (2020-12) of the whole file.
pub fn schema() -> Value {
    let mut schema = File::schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Quintant's configuration");
    schema
}

/// Whether some section has a key of this name.
pub(super) fn is_key(name: &str) -> bool {
    fn is_in(schema: &Value, name: &str) -> bool {
        match schema {
            Value::Object(parts) => {
                parts.get("properties").is_some_and(|properties| properties.get(name).is_some())
                    || parts.values().any(|part| is_in(part, name))
            }
            Value::Array(parts) => parts.iter().any(|part| is_in(part, name)),
            _ => false,
        }
    }
    is_in(&File::schema(), name)
}

pub(super) fn section(about: &str, keys: &[Key], types: &[Value], is_required: &[bool]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for ((key, schema), is_required) in keys.iter().zip(types).zip(is_required) {
        let mut schema = described(schema.clone(), key.about);
        match key.default {
            Some(toml) => schema["default"] = to_json(&DeValue::parse(toml).expect("a default is TOML")),
            None if *is_required => required.push(key.name),
            None => {}
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    described(schema, about)
}

pub(super) fn choice(about: &str, keys: &[(&str, &str, Value)]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|(name, about, schema)| ((*name).to_owned(), described(schema.clone(), about))).collect();
    let schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    });
    described(schema, about)
}

/// The key says more than its type.
fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about.trim());
    schema
}
