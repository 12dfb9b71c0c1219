//! "Did you mean ..?"

use super::{KEYS, SECTIONS};

/// The names that may stand in a table of the file: of the root table (`""`), or of a section.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let keys = KEYS.iter().filter_map(|key| match key.path.rsplit_once('.') {
        Some((part, name)) => (part == section).then_some(name),
        None => section.is_empty().then_some(key.path),
    });
    let below = |path: &'static str| {
        let inside = if section.is_empty() { Some(path) } else { path.strip_prefix(section)?.strip_prefix('.') };
        inside.and_then(|inside| inside.split('.').next())
    };
    let mut names: Vec<_> = keys.chain(SECTIONS.iter().copied().filter_map(below)).collect();
    names.dedup();
    names
}

/// What to say after "unknown key": a name that the writer may have meant, or all that there are.
pub(super) fn instead_of(section: &str, name: &str) -> String {
    let here = names_in(section);
    if let Some(near) = nearest(name, here.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    // A known name in the wrong section, most often a key written above or below its header.
    let elsewhere = KEYS.iter().find(|key| key.path.rsplit('.').next() == Some(name));
    if let Some(key) = elsewhere {
        return match key.path.rsplit_once('.') {
            Some((part, _)) => format!("did you mean `{}`, in the section [{part}]?", key.path),
            None => format!("did you mean `{}`, above the first section?", key.path),
        };
    }
    format!("known here: {}", here.join(", "))
}

/// The candidate that differs in the fewest letters, if a third of them at most.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
