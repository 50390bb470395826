//! The `tree` parameter: `jobs[name,builds[number]{0,100}]` picks fields and stretches of lists; unknown names are ignored silently.

use serde_json::{Map, Value};

/// What is wanted of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree(Vec<Branch>);

#[derive(Debug, PartialEq, Eq)]
struct Branch {
    name: String,
    below: Tree,
    /// The first one inclusive, the second one exclusive.
    stretch: Option<(usize, usize)>,
}

impl Tree {
    /// None where it is no tree.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let tree = Self::list(&mut rest)?;
        rest.is_empty().then_some(tree)
    }

    /// What is asked for below a name.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        self.0.iter().find(|branch| branch.name == name).map(|branch| &branch.below)
    }

    fn list(rest: &mut &str) -> Option<Self> {
        let mut branches = Vec::new();
        loop {
            branches.push(Branch::parse(rest)?);
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(Self(branches)),
            }
        }
    }

    /// `_class` is always there.
    pub(super) fn pick(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut picked = Map::new();
                for (name, field) in fields {
                    let branch = self.0.iter().find(|branch| branch.name == *name || branch.name == "*");
                    if let Some(branch) = branch {
                        picked.insert(name.clone(), branch.pick(field));
                    } else if name == "_class" {
                        picked.insert(name.clone(), field.clone());
                    }
                }
                Value::Object(picked)
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.pick(item)).collect()),
            other => other.clone(),
        }
    }
}

impl Branch {
    fn parse(rest: &mut &str) -> Option<Self> {
        let end = rest.find(|c: char| "[]{},".contains(c)).unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        *rest = &rest[end..];
        let mut below = Tree::default();
        if let Some(after) = rest.strip_prefix('[') {
            *rest = after;
            below = Tree::list(rest)?;
            *rest = rest.strip_prefix(']')?;
        }
        let mut stretch = None;
        if let Some(after) = rest.strip_prefix('{') {
            let (range, after) = after.split_once('}')?;
            *rest = after;
            let (from, to) = range.split_once(',')?;
            let number = |text: &str, default: usize| if text.is_empty() { Some(default) } else { text.parse().ok() };
            stretch = Some((number(from, 0)?, number(to, usize::MAX)?));
        }
        (!name.is_empty()).then_some(Self { name, below, stretch })
    }

    fn pick(&self, field: &Value) -> Value {
        let (from, to) = self.stretch.unwrap_or((0, usize::MAX));
        let field = match field {
            Value::Array(items) => {
                Value::Array(items.iter().skip(from).take(to.saturating_sub(from)).cloned().collect())
            }
            other => other.clone(),
        };
        if self.below.0.is_empty() { without_beans(&field) } else { self.below.pick(&field) }
    }
}

/// A field that is asked for without more shows no fields of the objects in it.
fn without_beans(field: &Value) -> Value {
    match field {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, _)| *name == "_class")
                .map(|(name, class)| (name.clone(), class.clone()))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_beans).collect()),
        other => other.clone(),
    }
}
