//! The types of content that a deployment of backrest's API declares: `[[compat.backrest.content]]`, a table for each.

use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::Source;
use super::load::Draft;
use super::setting::{Raw, Setting};
use super::{KEYS, suggest};

/// The key as the file spells it.
pub(super) const PATH: &str = "compat.backrest.content";

const KNOWN: [&str; 4] = ["name", "plural", "file", "schema"];

/// Paths that the API has itself.
const OWN: [&str; 7] = ["signup", "login", "logout", "reset", "password", "email", "userprofile"];

/// Fields that all content has, or that nobody sets.
const COMMON: [&str; 8] =
    ["id", "title", "description", "creation_date", "modification_date", "categories", "owner", "__meta__"];

/// One type of content.
#[derive(Clone, Debug, PartialEq)]
pub struct ContentType {
    /// Its word: the type of the project data that it is kept as. 1 to 60 small letters, digits, `-` or `_`.
    pub name: String,
    /// Whether its collection stands under the name with an `s` behind it, as it does by default.
    pub plural: bool,
    /// The field that brings a file, if there is one.
    pub file: Option<String>,
    /// JSON Schema of its own fields: an object with `properties`.
    pub schema: Json,
}

impl ContentType {
    /// What its collection is called in paths.
    #[must_use]
    pub fn collection(&self) -> String {
        if self.plural { format!("{}s", self.name) } else { self.name.clone() }
    }

    /// Its own fields, with the schema of each.
    pub fn properties(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.schema.get("properties").and_then(Json::as_object).into_iter().flatten()
    }
}

/// Only shown: the file has tables, which are read by [`take`].
impl Setting for ContentType {
    fn expected() -> String {
        "tables, which only the file can have".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        Err(raw.describe())
    }

    fn show(&self) -> Json {
        serde_json::json!({ "name": self.name, "plural": self.plural, "file": self.file, "schema": self.schema })
    }
}

/// What is wrong, and where.
type Fault = (Range<usize>, String);

/// Takes the tables of the file.
pub(super) fn take(draft: &mut Draft, source: &Source<'_>, value: &Spanned<DeValue<'_>>) {
    let place = source.at(&value.span());
    let DeValue::Array(items) = value.get_ref() else {
        draft.refuse(place, format!("`{PATH}` is a list of tables; expected [[{PATH}]] with its keys below"));
        return;
    };
    let mut types: Vec<ContentType> = Vec::new();
    let mut faults = Vec::new();
    for item in items {
        let before = faults.len();
        let read = match item.get_ref() {
            DeValue::Table(table) => one(table, item.span(), &mut faults),
            other => {
                let found = Raw::Toml(other).describe();
                faults.push((item.span(), format!("{PATH}: found {found}; expected [[{PATH}]] with its keys below")));
                None
            }
        };
        let Some(read) = read.filter(|_| faults.len() == before) else { continue };
        if types.iter().any(|other| other.collection() == read.collection() || other.name == read.name) {
            let message = format!("{PATH}: there is a type at `/{}` or of this name already", read.collection());
            faults.push((item.span(), message));
        }
        types.push(read);
    }
    if faults.is_empty() {
        draft.config.backrest.content = types;
        draft.content = items.iter().map(|item| source.at(&item.span())).collect();
        if let Some(key) = KEYS.iter().find(|key| key.path == PATH) {
            draft.origins.insert(key.path, place);
        }
    }
    for (span, message) in faults {
        draft.refuse(source.at(&span), message);
    }
}

/// Reads one table; none when what it cannot do without is missing.
fn one(table: &DeTable<'_>, span: Range<usize>, faults: &mut Vec<Fault>) -> Option<ContentType> {
    let mut name = None;
    let mut read = ContentType { name: String::new(), plural: true, file: None, schema: Json::Object(Map::new()) };
    for (key, value) in table {
        let (raw, span) = (Raw::Toml(value.get_ref()), value.span());
        let taken = match &**key.get_ref() {
            "name" => text(&raw).and_then(named).map(|text| name = Some(text)),
            "plural" => {
                bool::read(&raw).map(|plural| read.plural = plural).map_err(|found| expected(&found, "true or false"))
            }
            "file" => text(&raw).map(|text| read.file = Some(text)),
            "schema" => schema(value.get_ref()).map(|schema| read.schema = schema),
            other => {
                let near = suggest::nearest(other, KNOWN.into_iter());
                let instead = near.map_or_else(
                    || format!("known here: {}", KNOWN.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                faults.push((key.span(), format!("unknown key `{PATH}.{other}`; {instead}")));
                Ok(())
            }
        };
        if let Err(message) = taken {
            faults.push((span, format!("{PATH}.{}: {message}", key.get_ref())));
        }
    }
    let Some(name) = name else {
        if !table.keys().any(|key| key.get_ref() == "name") {
            faults.push((span, format!("{PATH}: `name` is missing; expected one such as name = \"document\"")));
        }
        return None;
    };
    read.name = name;
    if OWN.contains(&read.collection().as_str()) {
        faults.push((span, format!("{PATH}: `/{}` is a path of the API itself; take another name", read.collection())));
        return None;
    }
    fields(&read, span, faults);
    Some(read)
}

fn text(raw: &Raw<'_>) -> Result<String, String> {
    String::read(raw).map_err(|found| expected(&found, "a string"))
}

fn expected(found: &str, right: &str) -> String {
    format!("found {found}; expected {right}")
}

fn named(name: String) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > 60 || !name.bytes().all(fits) {
        return Err(format!("found {name:?}; expected 1 to 60 small letters, digits, `-` or `_`"));
    }
    Ok(name)
}

/// Fields must be told apart from those that all content has.
fn fields(read: &ContentType, span: Range<usize>, faults: &mut Vec<Fault>) {
    for name in read.properties().map(|(name, _)| name).chain(&read.file) {
        if name.is_empty() || COMMON.contains(&name.as_str()) {
            faults.push((span.clone(), format!("{PATH}: `{name}` is a field that all content has; take another name")));
        }
    }
    let required = read.schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    for name in required.filter(|name| read.properties().all(|(own, _)| own != name)) {
        let message =
            format!("{PATH}: the schema requires `{name}`, which is no property of it: nothing could be created");
        faults.push((span.clone(), message));
    }
    if let Some(file) = &read.file
        && read.properties().any(|(name, _)| name == file)
    {
        faults.push((span, format!("{PATH}: `{file}` brings the file; it has no place in the schema")));
    }
}

/// A schema: a table, or the path of a file with JSON in it, relative to the working directory.
fn schema(value: &DeValue<'_>) -> Result<Json, String> {
    const EXPECTED: &str = "expected a table with `properties`, or the path of a file with such a JSON Schema";
    let (schema, place) = match value {
        DeValue::Table(table) => (object(table)?, String::new()),
        DeValue::String(path) => {
            let text = std::fs::read_to_string(&**path)
                .map_err(|error| format!("{path:?} cannot be read: {error}; {EXPECTED}"))?;
            let read = serde_json::from_str(&text).map_err(|error| format!("{path}: not JSON: {error}"))?;
            (read, format!("{path}: "))
        }
        other => return Err(format!("found {}; {EXPECTED}", Raw::Toml(other).describe())),
    };
    if !schema.get("properties").is_some_and(Json::is_object) {
        return Err(format!("{place}`properties` is missing; {EXPECTED}"));
    }
    Ok(schema)
}

fn object(table: &DeTable<'_>) -> Result<Json, String> {
    let field = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        Ok((name.to_string(), json(value.get_ref())?))
    };
    table.iter().map(field).collect::<Result<Map<_, _>, String>>().map(Json::Object)
}

/// A value of TOML in JSON, which has no dates.
fn json(value: &DeValue<'_>) -> Result<Json, String> {
    match value {
        DeValue::String(text) => Ok(Json::from(&**text)),
        DeValue::Boolean(value) => Ok(Json::from(*value)),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(number.as_str(), number.radix());
            read.map(Json::from).map_err(|_| format!("{number} is too large; expected at most 64 bits"))
        }
        DeValue::Float(number) => {
            let read = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            read.map(Json::from).ok_or_else(|| format!("{number} is no number of JSON"))
        }
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
        DeValue::Datetime(_) => Err("a date or time has no place in a JSON Schema; write it as a string".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::parse;

    fn read(text: &str) -> (Vec<ContentType>, Vec<String>) {
        let mut draft = Draft::default();
        parse(&mut draft, "docket.toml", text);
        (draft.config.backrest.content, draft.problems.iter().map(ToString::to_string).collect())
    }

    const GOOD: &str = "[[compat.backrest.content]]\nname = \"document\"\nfile = \"attachment\"\n\
        [compat.backrest.content.schema.properties]\nsize = { type = \"integer\", default = 0 }\n\
        [[compat.backrest.content]]\nname = \"news\"\nplural = false\nschema.properties = { rank.type = \"number\", rank.minimum = 0.5 }\n";

    #[test]
    fn types_are_tables_with_a_schema_each() {
        let (types, problems) = read(GOOD);
        assert_eq!(problems, [""; 0]);
        let [document, news] = &types[..] else { panic!("{types:?}") };
        assert_eq!((document.collection(), news.collection()), ("documents".to_owned(), "news".to_owned()));
        assert_eq!(document.file.as_deref(), Some("attachment"));
        let size = serde_json::json!({ "type": "integer", "default": 0 });
        assert_eq!(document.properties().collect::<Vec<_>>(), [(&"size".to_owned(), &size)]);
        assert_eq!(news.schema["properties"]["rank"]["minimum"], 0.5);
    }

    #[test]
    fn a_schema_may_be_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("schema.json");
        std::fs::write(&path, "{\"properties\": {\"size\": {}}}").expect("it is written");
        let text = format!("[[compat.backrest.content]]\nname = \"a\"\nschema = {:?}", path.display().to_string());
        assert_eq!(read(&text).0[0].properties().count(), 1);
        std::fs::write(&path, "{").expect("it is written");
        assert!(read(&text).1[0].contains("not JSON: EOF"), "{:?}", read(&text).1);
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let head = "[[compat.backrest.content]]\n";
        for (text, told) in [
            ("name = 3", "docket.toml:2:8: compat.backrest.content.name: found 3; expected a string"),
            (
                "name = \"A b\"",
                "docket.toml:2:8: compat.backrest.content.name: found \"A b\"; expected 1 to 60 small letters, digits, `-` or `_`",
            ),
            (
                "nmae = \"a\"\nname = \"a\"",
                "docket.toml:2:1: unknown key `compat.backrest.content.nmae`; did you mean `name`?",
            ),
            (
                "name = \"a\"\nplural = 1",
                "docket.toml:3:10: compat.backrest.content.plural: found 1; expected true or false",
            ),
            (
                "name = \"a\"\nschema = \"nowhere.json\"",
                "docket.toml:3:10: compat.backrest.content.schema: \"nowhere.json\" cannot be read: No such file or \
                 directory (os error 2); expected a table with `properties`, or the path of a file with such a JSON Schema",
            ),
            (
                "name = \"a\"\nschema = { type = \"object\" }",
                "docket.toml:3:10: compat.backrest.content.schema: `properties` is missing; expected a table with \
                 `properties`, or the path of a file with such a JSON Schema",
            ),
        ] {
            assert_eq!(read(&format!("{head}{text}")).1, [told], "{text}");
        }
        for (text, told) in [
            ("plural = true", "`name` is missing; expected one such as name = \"document\""),
            ("name = \"login\"\nplural = false", "`/login` is a path of the API itself; take another name"),
            ("name = \"a\"\nfile = \"title\"", "`title` is a field that all content has; take another name"),
            (
                "name = \"a\"\nfile = \"x\"\nschema.properties.x = {}",
                "`x` brings the file; it has no place in the schema",
            ),
            (
                "name = \"a\"\nschema = { required = [\"title\"], properties = { x = {} } }",
                "the schema requires `title`, which is no property of it",
            ),
            (
                "name = \"a\"\n[[compat.backrest.content]]\nname = \"a\"",
                "there is a type at `/as` or of this name already",
            ),
        ] {
            let (types, problems) = read(&format!("{head}{text}"));
            assert!(types.is_empty() && problems.len() == 1 && problems[0].contains(told), "{text}: {problems:?}");
            assert!(problems[0].starts_with("docket.toml:"), "{problems:?}");
        }
        let (_, problems) = read("[compat.backrest]\ncontent = 3");
        assert_eq!(
            problems,
            [
                "docket.toml:2:11: `compat.backrest.content` is a list of tables; expected [[compat.backrest.content]] with its \
              keys below"
            ]
        );
    }
}
