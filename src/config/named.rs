//! Names that an old API knows only as numbers: `savio=1`. A partition may say more: `savio=1 nodes=160 cores=3200 price=0.75
//! shared`.

use std::collections::HashSet;

/// A partition of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// Its number, -128 to 127.
    pub number: i32,
    /// How many nodes it has.
    pub nodes: Option<u32>,
    /// How many cores they have together.
    pub cores: Option<u32>,
    /// What an hour of one core costs, as a decimal number.
    pub price: Option<String>,
    /// Whether jobs share its nodes.
    pub shared: bool,
}

impl Partition {
    /// Reads one; the error says what is wrong.
    ///
    /// # Errors
    ///
    /// In a sentence for whoever wrote the configuration.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a partition; expected one such as \"savio=1\", or \"savio=1 nodes=160 cores=3200 \
                 price=0.75 shared\""
            )
        };
        let mut words = text.split_ascii_whitespace();
        let (name, number) = words.next().and_then(numbered).ok_or_else(wrong)?;
        let mut partition = Self { name: name.to_owned(), number, ..Self::default() };
        for word in words {
            match word.split_once('=') {
                Some(("nodes", count)) => partition.nodes = Some(count.parse().map_err(|_| wrong())?),
                Some(("cores", count)) => partition.cores = Some(count.parse().map_err(|_| wrong())?),
                Some(("price", price)) if is_decimal(price) => partition.price = Some(price.to_owned()),
                None if word == "shared" => partition.shared = true,
                Some(_) | None => return Err(wrong()),
            }
        }
        if i8::try_from(number).is_err() {
            return Err(format!("the number of {name:?} must be one from -128 to 127"));
        }
        Ok(partition)
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn numbered(text: &str) -> Option<(&str, i32)> {
    let (name, number) = text.split_once('=')?;
    Some((name, number.parse().ok()?)).filter(|_| !name.is_empty())
}

/// The number that one of these entries gives to a name; 0 where none does.
#[must_use]
pub fn number_of(entries: &[String], name: &str) -> i32 {
    let words = entries.iter().filter_map(|entry| numbered(entry.split_ascii_whitespace().next()?));
    words.into_iter().find(|(own, _)| *own == name).map_or(0, |(_, number)| number)
}

#[expect(clippy::ptr_arg, reason = "a rule takes its key's own type")]
pub(super) fn partitions(entries: &Vec<String>) -> Result<(), String> {
    entries.iter().try_for_each(|entry| Partition::read(entry).map(|_| ()))?;
    no_twins(entries)
}

/// Names with numbers from `least` to `most`.
pub(super) fn numbers(least: i32, most: i32) -> impl Fn(&Vec<String>) -> Result<(), String> {
    move |entries| {
        entries.iter().try_for_each(|entry| match numbered(entry) {
            Some((_, number)) if (least..=most).contains(&number) => Ok(()),
            Some(_) | None => {
                Err(format!("{entry:?} is not a name with its number; expected one from {least} to {most}: \"name=1\""))
            }
        })?;
        no_twins(entries)
    }
}

/// Each name once: of two numbers of one name nobody could tell which is meant.
fn no_twins(entries: &[String]) -> Result<(), String> {
    let mut names = HashSet::new();
    let mut read = entries.iter().filter_map(|entry| numbered(entry.split_ascii_whitespace().next()?));
    let twin = read.find(|(name, _)| !names.insert(*name));
    twin.map_or(Ok(()), |(name, _)| Err(format!("{name:?} stands there twice")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_says_as_much_as_it_likes() {
        let whole = Partition::read("savio2=3 nodes=163 cores=3912 price=0.75 shared").expect("it is right");
        assert_eq!((whole.number, whole.nodes, whole.cores, whole.shared), (3, Some(163), Some(3912), true));
        assert_eq!(whole.price.as_deref(), Some("0.75"));
        for wrong in ["", "savio", "=1", "savio=x", "savio=200", "savio=1 price=a", "savio=1 price=.", "savio=1 more"] {
            assert!(Partition::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_has_no_number_is_0() {
        let entries = ["savio=1 nodes=2".to_owned(), "savio2=-3".to_owned()];
        assert_eq!(["savio", "savio2", "savio3", ""].map(|name| number_of(&entries, name)), [1, -3, 0, 0]);
        assert!(numbers(0, 5)(&vec!["a=6".to_owned()]).is_err());
        let twins = vec!["a=1".to_owned(), "b=1".to_owned(), "a=2".to_owned()];
        assert_eq!(numbers(0, 5)(&twins).expect_err("a name twice"), "\"a\" stands there twice");
        assert_eq!(partitions(&twins).expect_err("a name twice"), "\"a\" stands there twice");
    }
}
