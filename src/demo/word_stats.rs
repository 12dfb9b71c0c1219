//! Word statistics of a text.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::{Desk, Stop};
use super::work;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    text: String,
    #[serde(default = "usual_top")]
    top: usize,
    #[serde(default = "usual_case")]
    ignore_case: bool,
}

const fn usual_top() -> usize {
    5
}

const fn usual_case() -> bool {
    true
}

/// What is known of a text. Counts are of characters and words, never of bytes.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    characters: usize,
    lines: usize,
    words: usize,
    distinct_words: usize,
    mean_length: f64,
    longest_word: String,
    most_frequent: Vec<Frequency>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Frequency {
    word: String,
    count: usize,
}

/// Does the job at this desk.
pub(super) async fn run(desk: &Desk, parameters: Value) -> Result<Value, Stop> {
    let asked: Parameters = work::parameters(parameters)?;
    desk.log(&format!("Counting the words of {} characters.\n", asked.text.chars().count())).await?;
    let found = work::compute(move || count(&asked)).await?;
    desk.log(&format!("{} words, {} of them distinct.\n", found.words, found.distinct_words)).await?;
    work::results(&found)
}

fn count(asked: &Parameters) -> Statistics {
    let words: Vec<String> =
        words(&asked.text).map(|word| if asked.ignore_case { word.to_lowercase() } else { word.to_owned() }).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in &words {
        *counts.entry(word).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
    ranked.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
    let lengths = words.iter().map(|word| word.chars().count());
    // The first of equals: `max_by_key` alone gives the last.
    let longest = words.iter().rev().max_by_key(|word| word.chars().count());
    Statistics {
        characters: asked.text.chars().count(),
        lines: asked.text.lines().count(),
        words: words.len(),
        distinct_words: ranked.len(),
        mean_length: mean(lengths.sum(), words.len()),
        longest_word: longest.cloned().unwrap_or_default(),
        most_frequent: ranked
            .into_iter()
            .take(asked.top)
            .map(|(word, count)| Frequency { word: word.to_owned(), count })
            .collect(),
    }
}

/// Runs of letters and digits; an apostrophe or a hyphen inside belongs to the word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-'))
        .map(|piece| piece.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

/// To two decimals, which is what a person reads.
fn mean(sum: usize, count: usize) -> f64 {
    let exact = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if count == 0 { 0.0 } else { (exact(sum) / exact(count) * 100.0).round() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_of(text: &str, top: usize, ignore_case: bool) -> Statistics {
        count(&Parameters { text: text.into(), top, ignore_case })
    }

    #[test]
    fn a_known_text_has_known_statistics() {
        let found = count_of("The sea, the sea!\nDon't ask the well-worn sea.", 2, true);
        let frequent = |word: &str, count| Frequency { word: word.into(), count };
        let expected = Statistics {
            characters: 46,
            lines: 2,
            words: 9,
            distinct_words: 5,
            mean_length: 3.89,
            longest_word: "well-worn".into(),
            most_frequent: vec![frequent("sea", 3), frequent("the", 3)],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn case_counts_when_it_is_asked_for() {
        assert_eq!(count_of("The the THE", 5, true).distinct_words, 1);
        assert_eq!(count_of("The the THE", 5, false).distinct_words, 3);
    }

    #[test]
    fn letters_of_all_scripts_are_letters() {
        let found = count_of("Ångström misst Øresund – 3 mal", 1, true);
        assert_eq!((found.words, found.longest_word.as_str(), found.characters), (5, "ångström", 30));
    }

    #[test]
    fn a_text_without_words_has_statistics_too() {
        let found = count_of("-- ' --", 5, true);
        assert_eq!((found.words, found.distinct_words, found.longest_word.as_str()), (0, 0, ""));
        assert!(found.mean_length.abs() < f64::EPSILON && found.most_frequent.is_empty());
    }
}
