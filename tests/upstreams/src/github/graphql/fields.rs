//! How objects and pages of objects become JSON, whatever their type.

use serde_json::{Map, Value};

use super::Refusal;
use super::connection::Slice;
use super::query::{Field, Selection};

pub(super) type Told = Result<Value, Refusal>;

/// The fields of one object that are selected, each as `told` tells it.
pub(super) fn object(kind: &str, selections: &[Selection], told: &mut dyn FnMut(&Field) -> Told) -> Told {
    if selections.is_empty() {
        return Err(Refusal::invalid(format!("Field must have selections (returns {kind} but has no selections)")));
    }
    let mut object = Map::new();
    fill(&mut object, kind, selections, told)?;
    Ok(Value::Object(object))
}

fn fill(
    object: &mut Map<String, Value>,
    kind: &str,
    selections: &[Selection],
    told: &mut dyn FnMut(&Field) -> Told,
) -> Result<(), Refusal> {
    for selection in selections {
        match selection {
            Selection::On(on, selections) => {
                let is_actor = matches!(kind, "User" | "Bot");
                let fits = on.as_deref().is_none_or(|on| on == kind || (is_actor && on == "Actor"));
                if fits {
                    fill(object, kind, selections, told)?;
                }
            }
            Selection::Field(field) => {
                let value = if field.name == "__typename" { leaf(field, kind)? } else { told(field)? };
                object.insert(field.key.clone(), value);
            }
        }
    }
    Ok(())
}

/// A page of a list, as every connection shows it.
pub(super) fn connection<T>(
    of: &str,
    page: &Slice<T>,
    selections: &[Selection],
    node: &dyn Fn(&T, &[Selection]) -> Told,
) -> Told {
    let kind = format!("{of}Connection");
    object(&kind, selections, &mut |field| match field.name.as_str() {
        "totalCount" => leaf(field, page.total),
        "nodes" => page.items.iter().map(|(_, item)| node(item, &field.selections)).collect(),
        "edges" => page
            .items
            .iter()
            .map(|(cursor, item)| {
                object(&format!("{of}Edge"), &field.selections, &mut |field| match field.name.as_str() {
                    "cursor" => leaf(field, cursor.as_str()),
                    "node" => node(item, &field.selections),
                    _ => unknown(&format!("{of}Edge"), field),
                })
            })
            .collect(),
        "pageInfo" => object("PageInfo", &field.selections, &mut |field| match field.name.as_str() {
            "hasNextPage" => leaf(field, page.has_next),
            "hasPreviousPage" => leaf(field, page.has_previous),
            "startCursor" => leaf(field, page.items.first().map(|(cursor, _)| cursor.as_str())),
            "endCursor" => leaf(field, page.items.last().map(|(cursor, _)| cursor.as_str())),
            _ => unknown("PageInfo", field),
        }),
        _ => unknown(&kind, field),
    })
}

/// A scalar without arguments.
pub(super) fn leaf(field: &Field, value: impl Into<Value>) -> Told {
    arguments(field, &[])?;
    if field.selections.is_empty() {
        return Ok(value.into());
    }
    Err(Refusal::invalid(format!("Selections can't be made on scalars (field '{}')", field.name)))
}

/// Refuses every argument but these.
pub(super) fn arguments(field: &Field, known: &[&str]) -> Result<(), Refusal> {
    match field.arguments.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Refusal::Unknown(format!("the argument `{name}` of `{}`", field.name))),
        None => Ok(()),
    }
}

pub(super) fn unknown(kind: &str, field: &Field) -> Told {
    Err(Refusal::Unknown(format!("the field `{}` of `{kind}`", field.name)))
}
