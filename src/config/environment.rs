//! Variables: `DOCKET_` and the key's path in upper case, `__` between the levels.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::load::{Draft, Origin};
use super::setting::{Key, Raw};
use super::{KEYS, suggest};

const PREFIX: &str = "DOCKET_";

/// Variables of docket that are not settings: of the command line, of the first start, of tests, and
/// of the build.
const NOT_SETTINGS: [&str; 5] = ["DOCKET_CONFIG", "DOCKET_ADMIN_PASSWORD", "DOCKET_TOKEN", "DOCKET_BIN", "DOCKET_UI"];

/// The documented name of a key's variable.
pub(super) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

/// Names are compared with `__` and `_` taken as the same, so that `DOCKET_DATABASE_URL`, the spelling that everybody
/// knows from elsewhere, means `database.url`. No two keys share such a name; a test sees to that.
pub(super) fn folded(name: &str) -> String {
    name.replace("__", "_")
}

/// Takes the values of all variables, in the order of their names.
pub(super) fn read(draft: &mut Draft, variables: &[(OsString, OsString)]) {
    let ours: BTreeMap<&str, &OsString> = variables
        .iter()
        .filter_map(|(name, value)| name.to_str().map(|name| (name, value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let mut seen: BTreeMap<&'static str, &str> = BTreeMap::new();
    for (name, value) in ours {
        let Some(key) = key_of(name) else {
            draft.warnings.extend(unknown(name));
            continue;
        };
        let origin = Origin::Variable(name.to_owned());
        if let Some(other) = seen.insert(key.path, name) {
            draft.refuse(origin, format!("sets {}, which {other} sets too; keep one of them", key.path));
            continue;
        }
        match value.to_str() {
            Some(text) => draft.set(key, &Raw::Text(text), origin),
            None => draft.refuse(origin, "its value is not UTF-8"),
        }
    }
}

fn key_of(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| folded(&variable(key.path)) == folded(name))
}

/// The warning about a variable that stands for nothing; none for those that are no settings.
fn unknown(name: &str) -> Option<String> {
    if NOT_SETTINGS.contains(&name) || name.starts_with("DOCKET_TEST_") {
        return None;
    }
    let names: Vec<String> = KEYS.iter().map(|key| variable(key.path)).collect();
    let instead = suggest::nearest(name, names.iter().map(String::as_str))
        .map_or_else(|| "`docket config show` lists the keys".to_owned(), |near| format!("did you mean {near}?"));
    Some(format!("the environment variable {name} is unknown and has no effect; {instead}"))
}
