//! Reads a request: one operation of a document, its fragments put in place and its variables filled in.

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Directive, Document, OperationDefinition, Selection as Parsed, SelectionSet, Type, TypeCondition,
    Value as Written, VariableDefinition, parse_query,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    query: String,
    operation_name: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, Value>,
}

pub(super) enum Selection {
    Field(Field),
    /// Only for objects of that type, or all of them.
    On(Option<String>, Vec<Selection>),
}

pub(super) struct Field {
    pub(super) name: String,
    /// What it is called in the answer.
    pub(super) key: String,
    pub(super) arguments: BTreeMap<String, Value>,
    pub(super) selections: Vec<Selection>,
}

impl Field {
    pub(super) fn number(&self, argument: &str) -> Option<u64> {
        self.arguments.get(argument).and_then(Value::as_u64)
    }

    pub(super) fn text(&self, argument: &str) -> Option<&str> {
        self.arguments.get(argument).and_then(Value::as_str)
    }
}

/// # Errors
/// What is wrong with the request, as the real service would say it among `errors`.
pub(super) fn read(body: &[u8]) -> Result<Vec<Selection>, String> {
    let body: Body = serde_json::from_slice(body).map_err(|_| "Problems parsing JSON".to_owned())?;
    let document = parse_query::<String>(&body.query).map_err(|error| format!("Parse error: {error}"))?;
    let (variables, selections) = operation(&document, body.operation_name.as_deref())?;
    let variables = filled(variables, &body.variables)?;
    Reader { document: &document, variables }.selections(selections)
}

type Operation<'a> = (&'a [VariableDefinition<'a, String>], &'a SelectionSet<'a, String>);

fn operation<'a>(document: &'a Document<'a, String>, name: Option<&str>) -> Result<Operation<'a>, String> {
    let mut found = document.definitions.iter().filter_map(|definition| match definition {
        Definition::Operation(OperationDefinition::Query(query)) => {
            let wanted = name.is_none() || query.name.as_deref() == name;
            wanted.then_some((query.variable_definitions.as_slice(), &query.selection_set))
        }
        Definition::Operation(OperationDefinition::SelectionSet(set)) => {
            name.is_none().then_some((&[] as &[VariableDefinition<'_, String>], set))
        }
        Definition::Operation(_) | Definition::Fragment(_) => None,
    });
    match (found.next(), found.next()) {
        (Some(operation), None) => Ok(operation),
        (None, _) => Err("No query of that name is in the document".to_owned()),
        (Some(_), Some(_)) => Err("An operation name is required".to_owned()),
    }
}

/// Every variable that is declared, with the type that was declared; nothing else may be given.
fn filled(
    declared: &[VariableDefinition<'_, String>],
    given: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, String> {
    if let Some(unknown) = given.keys().find(|name| declared.iter().all(|variable| variable.name != **name)) {
        return Err(format!("Variable ${unknown} is not declared"));
    }
    let mut filled = BTreeMap::new();
    for VariableDefinition { name, var_type, .. } in declared {
        let value = given.get(name).cloned().unwrap_or_default();
        let (kind, may_be_null) = match var_type {
            Type::NonNullType(inner) => (inner.as_ref(), false),
            other => (other, true),
        };
        let fits = match kind {
            _ if value.is_null() => may_be_null,
            Type::NamedType(kind) if kind == "Int" => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
            Type::NamedType(kind) if kind == "String" => value.is_string(),
            Type::NamedType(kind) if kind == "Boolean" => value.is_boolean(),
            _ => false,
        };
        if !fits {
            return Err(format!("Variable ${name} of type {var_type} was provided invalid value"));
        }
        filled.insert(name.clone(), value);
    }
    Ok(filled)
}

struct Reader<'a> {
    document: &'a Document<'a, String>,
    variables: BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn selections(&self, set: &SelectionSet<'_, String>) -> Result<Vec<Selection>, String> {
        let mut selections = Vec::new();
        for item in &set.items {
            let directives = match item {
                Parsed::Field(field) => &field.directives,
                Parsed::InlineFragment(fragment) => &fragment.directives,
                Parsed::FragmentSpread(spread) => &spread.directives,
            };
            if self.is_included(directives)? {
                selections.push(self.selection(item)?);
            }
        }
        Ok(selections)
    }

    fn is_included(&self, directives: &[Directive<'_, String>]) -> Result<bool, String> {
        for directive in directives {
            let condition = match directive.arguments.as_slice() {
                [(name, value)] if name == "if" => self.value(value)?.as_bool(),
                _ => None,
            };
            match (directive.name.as_str(), condition) {
                ("include", Some(true)) | ("skip", Some(false)) => {}
                ("include", Some(false)) | ("skip", Some(true)) => return Ok(false),
                (name, _) => return Err(format!("Directive @{name} is not defined, or lacks a condition")),
            }
        }
        Ok(true)
    }

    fn selection(&self, parsed: &Parsed<'_, String>) -> Result<Selection, String> {
        let on = |TypeCondition::On(name): &TypeCondition<'_, String>| name.clone();
        Ok(match parsed {
            Parsed::Field(field) => {
                let arguments = field.arguments.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?)));
                Selection::Field(Field {
                    name: field.name.clone(),
                    key: field.alias.as_ref().unwrap_or(&field.name).clone(),
                    arguments: arguments.collect::<Result<_, String>>()?,
                    selections: self.selections(&field.selection_set)?,
                })
            }
            Parsed::InlineFragment(fragment) => {
                Selection::On(fragment.type_condition.as_ref().map(on), self.selections(&fragment.selection_set)?)
            }
            Parsed::FragmentSpread(spread) => {
                let named = self.document.definitions.iter().find_map(|definition| match definition {
                    Definition::Fragment(fragment) if fragment.name == spread.fragment_name => Some(fragment),
                    _ => None,
                });
                let fragment =
                    named.ok_or_else(|| format!("Fragment {} was used, but not defined", spread.fragment_name))?;
                Selection::On(Some(on(&fragment.type_condition)), self.selections(&fragment.selection_set)?)
            }
        })
    }

    fn value(&self, written: &Written<'_, String>) -> Result<Value, String> {
        Ok(match written {
            Written::Variable(name) => {
                self.variables.get(name).cloned().ok_or_else(|| format!("Variable ${name} is used but not declared"))?
            }
            Written::Int(number) => Value::from(number.as_i64()),
            Written::Float(number) => Value::from(*number),
            Written::String(text) | Written::Enum(text) => Value::from(text.as_str()),
            Written::Boolean(truth) => Value::from(*truth),
            Written::Null => Value::Null,
            Written::List(items) => Value::Array(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?),
            Written::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.value(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
        })
    }
}
