//! Content of a declared type: what comes as the fields of a body, is kept as data of a project, and is shown again.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::file::{self, Given, New};
use super::form::{Form, is_nothing};
use super::wire::{bare, moment};
use crate::compat::Call;
use crate::domain::content::Type;

/// Content, as it is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    /// The global id, where it is asked for.
    pub(super) id: Option<String>,
    number: i32,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    description: String,
    value: Option<Value>,
    categories: Vec<String>,
    is_shared: bool,
    created_at: String,
    updated_at: String,
    owner: Option<Owner>,
    file: Option<Kept>,
}

#[derive(Clone, Debug, Deserialize)]
struct Owner {
    id: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    id: String,
    name: String,
    media_type: String,
    size: u64,
}

impl Content {
    /// Whether this is content of a type, and not other data that the caller may see.
    pub(super) fn is_of(&self, of: &Type) -> bool {
        self.is_shared && self.kind == of.name
    }

    /// Whether this user (a global id) made it.
    pub(super) fn is_by(&self, user: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.id == user)
    }

    /// Its own fields, as they are kept.
    fn own(&self) -> Map<String, Value> {
        match &self.value {
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) | None => Map::new(),
        }
    }

    /// All of it, with every field that its type declares.
    pub(super) fn into_json(self, call: &Call, of: &Type) -> Value {
        let mut own = self.own();
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        put("id", self.number.into());
        put("title", self.title.into());
        put("description", self.description.into());
        put("categories", self.categories.into());
        put("creation_date", moment(&self.created_at).into());
        put("modification_date", moment(&self.updated_at).into());
        for (name, _) in of.properties() {
            put(name, own.remove(name).unwrap_or_default());
        }
        if let Some(field) = &of.file {
            put(field, self.file.map_or(Value::Null, |file| file.into_json(call)));
        }
        shown.into()
    }
}

impl Kept {
    fn into_json(self, call: &Call) -> Value {
        let id = bare(&self.id);
        let url = call.link(&format!("/{id}~"));
        json!({ "id": id, "filename": self.name, "mimetype": self.media_type, "size": self.size, "url": url })
    }
}

/// What a body says of content; what is absent was not said.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) categories: Option<Vec<String>>,
    /// The own fields that it sets.
    pub(super) fields: Map<String, Value>,
    pub(super) file: Given<New>,
}

impl Draft {
    /// Reads a body, and notes in it what is wrong. `before` is what it changes.
    pub(super) fn read(form: &mut Form, of: &Type, before: Option<&Content>) -> Self {
        let title = match form.get("title") {
            None if before.is_some() => None,
            _ => Some(form.required("title")),
        };
        let description = match form.get("description") {
            Some(Value::String(text)) if text.is_empty() => Some(String::new()),
            _ => form.optional("description"),
        };
        let categories = categories(form);
        let fields = own(form, of, before);
        let file = of.file.as_deref().map_or(Given::Nothing, |field| file::read(form, field));
        Self { title, description, categories, fields, file }
    }
}

/// A list of words, if there is one.
fn categories(form: &mut Form) -> Option<Vec<String>> {
    let given = form.get("categories")?;
    let words = match given {
        value if is_nothing(value) => Some(Vec::new()),
        Value::Array(words) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    if words.is_none() {
        form.blame("categories", "It is not a list of words");
    }
    words
}

/// The own fields that a body sets, noting what is wrong with all of them as they will be then. What is left out of a
/// change stays, unless the schema has a default: then it is that again, as it was with the old server. What is shown
/// of a field that is not set may come back: null stands for nothing where it is no value of the field.
fn own(form: &mut Form, of: &Type, before: Option<&Content>) -> Map<String, Value> {
    let (mut set, mut nothing) = (Map::new(), Vec::new());
    for (name, schema) in of.properties() {
        let given = form.take(name);
        let is_none = given == Some(Value::Null) && !of.takes_null(name);
        if is_none {
            nothing.push(name.as_str());
        }
        let value = given.filter(|_| !is_none).or_else(|| schema.get("default").cloned());
        set.extend(value.map(|value| (name.clone(), value)));
    }
    // What stays is not looked at again: the schema may be newer.
    if before.is_none() || !set.is_empty() {
        let mut all = before.map(Content::own).unwrap_or_default();
        all.extend(set.clone());
        blame(form, of, &nothing, all);
    }
    set
}

/// Notes what is wrong with own fields; those that are `nothing` came without a value.
fn blame(form: &mut Form, of: &Type, nothing: &[&str], all: Map<String, Value>) {
    let required = of.schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = required.filter(|name| !all.contains_key(*name)).collect();
    for name in &missing {
        let text = if nothing.contains(name) { "Required".to_owned() } else { format!("{name} is missing") };
        form.blame(name, text);
    }
    for fault in of.faults(&all.into()) {
        // What is missing is told already.
        let Some(name) = fault.path.split('/').nth(1) else {
            if missing.is_empty() {
                form.blame_body(fault.message);
            }
            continue;
        };
        form.blame(name, fault.message);
    }
}
