//! A source's settings against its plugin's schema: every mistake, at its place, in the words of a configuration.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::config::{Note, Place, unknown};

/// What is wrong with the settings; an error where the schema itself is none.
pub(super) fn mistakes(schema: &Value, settings: &Value) -> Result<Vec<(Place, Note)>, String> {
    let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string())?;
    Ok(validator.iter_errors(settings).flat_map(|error| said(schema, &error)).collect())
}

fn said(schema: &Value, error: &ValidationError) -> Vec<(Place, Note)> {
    let place =
        error.instance_path().iter().fold(Place::default().key("settings"), |place, step| place.key(&step.to_string()));
    let name = place.to_string();
    let properties = schema.pointer(parent(error.schema_path().as_str())).map(|holder| &holder["properties"]);
    let note = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known: Vec<&str> = properties
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|all| all.keys().map(String::as_str))
                .collect();
            return unexpected
                .iter()
                .map(|key| (place.clone().key(key).name(), unknown("setting", key, &name, &known)))
                .collect();
        }
        Kind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let note = Note::new(format!("`{key}` is missing in `{name}`"));
            match properties.and_then(|all| all[key]["description"].as_str()) {
                Some(about) => note.help(format!("`{key}`: {about}")),
                None => note,
            }
        }
        Kind::Type { kind: TypeKind::Single(expected) } => {
            let given = type_name(error.instance());
            Note::new(format!("`{name}` is {given}; it should be of type {expected}"))
                .label(format!("expected {expected}"))
        }
        Kind::Minimum { limit } => wrong_value(&name, &format!("the smallest allowed is {limit}")),
        Kind::Maximum { limit } => wrong_value(&name, &format!("the largest allowed is {limit}")),
        Kind::MinItems { limit } => wrong_value(&name, &format!("it needs at least {limit}")),
        Kind::MaxItems { limit } => wrong_value(&name, &format!("at most {limit} are allowed")),
        Kind::UniqueItems => wrong_value(&name, "each may be there once"),
        Kind::Pattern { pattern } => {
            wrong_value(&name, "not of the form that the plugin asks for").help(format!("it has to match `{pattern}`"))
        }
        Kind::Enum { options } => {
            let words = options.as_array().map_or(&[][..], Vec::as_slice).iter().map(Value::to_string);
            wrong_value(&name, &format!("allowed are {}", words.collect::<Vec<_>>().join(", ")))
        }
        Kind::AnyOf { .. } if !alternatives(schema, error).is_empty() => {
            Note::new(format!("one of {} is missing in `{name}`", alternatives(schema, error).join(", ")))
        }
        _ => Note::new(format!("`{name}` is refused by the plugin: {}", error.masked())),
    };
    vec![(place, note)]
}

/// The keys of which one must be given, where that is what an `anyOf` asks for.
fn alternatives(schema: &Value, error: &ValidationError) -> Vec<String> {
    let choices = schema.pointer(error.schema_path().as_str()).and_then(Value::as_array);
    let required = choices.into_iter().flatten().filter_map(|choice| choice["required"].as_array());
    required.flatten().filter_map(Value::as_str).map(|key| format!("`{key}`")).collect()
}

fn wrong_value(name: &str, label: &str) -> Note {
    Note::new(format!("`{name}` is wrong: {label}")).label(label).showing_value()
}

/// The schema that a keyword belongs to.
fn parent(keyword: &str) -> &str {
    keyword.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    }
}
