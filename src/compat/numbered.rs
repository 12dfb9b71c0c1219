//! Pages of a hundred that have numbers, as Django REST framework gives them, and the links between them.

use std::collections::BTreeMap;

use super::call::Call;

/// Items of a page.
pub(super) const SIZE: i64 = 100;

/// Names and values of an address' query, in their order.
pub(super) type Query = [(String, String)];

/// Which page a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Page(i64),
    Last,
}

impl Wanted {
    /// What `page` says, if the address has it; an empty one is no page. None for what is none.
    pub(super) fn of(given: Option<&str>) -> Option<Self> {
        match given {
            None => Some(Self::Page(1)),
            Some("last") => Some(Self::Last),
            Some(given) => {
                let number = whole(given).filter(|number| (1..=1 << 24).contains(number) && !given.contains('.'));
                number.and_then(|number| i64::try_from(number).ok()).map(Self::Page)
            }
        }
    }

    /// How many items lie before it; of the last one that is not known before they are counted.
    pub(super) fn skip(self) -> i64 {
        match self {
            Self::Page(page) => (page - 1) * SIZE,
            Self::Last => 0,
        }
    }
}

/// The number of the last page: a list of nothing has one.
pub(super) fn last(total: i64) -> i64 {
    (total - 1).div_euclid(SIZE).max(0) + 1
}

/// The addresses of the pages after and before one of a list at this path, where there are any.
pub(super) fn around(call: &Call, path: &str, query: &Query, page: i64, total: i64) -> [Option<String>; 2] {
    let next = (page < last(total)).then(|| link(call, path, query, Some(page + 1)));
    let previous = (page > 1).then(|| link(call, path, query, Some(page - 1).filter(|page| *page > 1)));
    [next, previous]
}

/// The address of another page of the same list: its parameters sorted by name, empty ones kept.
fn link(call: &Call, path: &str, query: &Query, page: Option<i64>) -> String {
    let mut parameters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in query.iter().filter(|(name, _)| name != "page") {
        parameters.entry(name).or_default().push(value);
    }
    let page = page.map(|page| page.to_string());
    if let Some(page) = &page {
        parameters.insert("page", vec![page]);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, values) in &parameters {
        for value in values {
            query.append_pair(name, value);
        }
    }
    let (address, query) = (call.link(path), query.finish());
    if query.is_empty() { address } else { format!("{address}?{query}") }
}

/// Reads `12`, ` +12 ` and `12.0` as Python does; what is too long for any bound is cut down to what is beyond all of them.
pub(super) fn whole(text: &str) -> Option<i128> {
    let text = text.trim();
    let text = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || digits.len() > 1_000 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().unwrap_or(i128::MAX);
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_nothing_has_one_page() {
        assert_eq!([0, 1, 100, 101, 171_609].map(last), [1, 1, 1, 2, 1_717]);
    }

    #[test]
    fn whole_numbers_are_read_as_python_does() {
        for (text, number) in [("12", Some(12)), (" +12 ", Some(12)), ("12.0", Some(12)), ("-3.", Some(-3))] {
            assert_eq!(whole(text), number, "{text}");
        }
        for text in ["", "12.5", "1e3", "0x1", "True", "--1", "1 2"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
