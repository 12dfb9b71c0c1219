//! Short names made of titles.

use std::iter::repeat_with;

use crate::infra::secret::random_bytes;

/// A word that is nobody's name: in full names it stands for the server itself.
pub(super) const RESERVED: &str = "server";

/// What of a title stays, in characters: room for a number after it.
const LONGEST: usize = 56;

/// Names with small numbers, which people read best. Each costs a look whether somebody has it: beyond these a number is
/// drawn that nobody has had.
const SMALL: u32 = 20;

/// The names that a title may become, the best first: `Word statistics` becomes `word-statistics`, `word-statistics-2`
/// and so on, and at last something like `word-statistics-0c4f81a`. A title without a letter or digit becomes `otherwise`.
pub(super) fn names(title: &str, otherwise: &str) -> impl Iterator<Item = String> {
    numbered(slug(title).unwrap_or_else(|| otherwise.to_owned()))
}

/// The same for what has a name elsewhere, by which people look for it: all of it stays that a name may hold, so
/// `fc_lab` is still `fc_lab`.
pub(super) fn near(title: &str, otherwise: &str) -> impl Iterator<Item = String> {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let base: String = title.trim().chars().map(|c| if kept(c) { c } else { '-' }).take(LONGEST).collect();
    let has_letter = base.contains(|c: char| c.is_ascii_alphanumeric());
    numbered(if has_letter { base } else { otherwise.to_owned() })
}

fn numbered(base: String) -> impl Iterator<Item = String> {
    let small = |number: u32| if number == 1 { String::new() } else { format!("-{number}") };
    let drawn = || format!("-{:07x}", u32::from_be_bytes(random_bytes()) >> 4);
    let ends = (1..=SMALL).map(small).chain(repeat_with(drawn).take(5));
    ends.map(move |end| format!("{base}{end}")).filter(|name| name != RESERVED)
}

/// ASCII letters and digits in lower case, everything else a dash, 56 characters at most.
fn slug(title: &str) -> Option<String> {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(title: &str) -> String {
        names(title, "project").next().unwrap_or_default()
    }

    #[test]
    fn titles_become_names() {
        assert_eq!(first("Word statistics, 2nd"), "word-statistics-2nd");
        assert_eq!(first("  Über uns! "), "ber-uns");
        assert_eq!(first("数据"), "project");
        assert_eq!(first("Server"), "server-2");
        assert_eq!(first(&"x".repeat(200)).len(), 56);
        let kept = |title| near(title, "account").next().unwrap_or_default();
        assert_eq!(["fc_Lab.2", " a lab ", "数据", "server"].map(kept), ["fc_Lab.2", "a-lab", "account", "server-2"]);
        assert_eq!(kept(&"x".repeat(200)).len(), 56);
        assert_eq!(names("a", "b").nth(2).as_deref(), Some("a-3"));
        let last = names(&"x".repeat(200), "b").last().unwrap_or_default();
        assert_eq!((last.len(), names("a", "b").count()), (64, 25), "{last}");
    }
}
