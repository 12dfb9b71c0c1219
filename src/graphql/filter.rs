//! Filters of single fields. Conditions are ANDed; an empty filter matches everything.

use async_graphql::{ID, InputObject};
use entity::Time;
use uuid::Uuid;

use super::{
    id::{self, Kind},
    scalar::DateTime,
};
use crate::error::{Error, Result};

/// Matches an id.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdFilter {
    /// Exactly this id.
    eq: Option<ID>,
    /// One of these ids, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<ID>>,
}

impl IdFilter {
    /// The uids that match; none when every id does.
    pub fn uids(filter: Option<Self>, kind: Kind, path: &str) -> Result<Option<Vec<Uuid>>> {
        let Some(filter) = filter else { return Ok(None) };
        let eq = filter.eq.map(|id| id::uid(kind, &format!("{path}/eq"), &id)).transpose()?;
        let any_of = filter.any_of.map(|ids| id::uids(kind, &format!("{path}/in"), &ids)).transpose()?;
        Ok(both(eq, any_of))
    }

    /// The same for ids of any kind.
    pub fn uids_of_any(filter: Option<Self>, path: &str) -> Result<Option<Vec<Uuid>>> {
        let Some(filter) = filter else { return Ok(None) };
        let read = |path: String, id: &ID| {
            id::parse(id).map(|(_, uid)| uid).ok_or_else(|| Error::invalid(path, "This is no id of docket's."))
        };
        let eq = filter.eq.map(|id| read(format!("{path}/eq"), &id)).transpose()?;
        few(filter.any_of.as_deref(), "ids", path)?;
        let any_of = filter.any_of.map(|ids| ids.iter().map(|id| read(format!("{path}/in"), id)).collect());
        Ok(both(eq, any_of.transpose()?))
    }
}

/// Refuses a list of more than 100 values.
pub fn few<T>(any_of: Option<&[T]>, what: &str, path: &str) -> Result<()> {
    match any_of.map(<[T]>::len).filter(|count| *count > 100) {
        Some(count) => {
            Err(Error::invalid(format!("{path}/in"), format!("{count} {what} are too many; at most 100 are taken.")))
        }
        None => Ok(()),
    }
}

/// What `eq` and `in` together leave, each value once: a list of a few words may be as long as a request.
pub fn both<T: PartialEq>(eq: Option<T>, any_of: Option<Vec<T>>) -> Option<Vec<T>> {
    let Some(any_of) = any_of else { return eq.map(|eq| vec![eq]) };
    let mut distinct = Vec::new();
    for value in any_of {
        if eq.as_ref().is_none_or(|eq| *eq == value) && !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    Some(distinct)
}

/// Matches a text.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Exactly this text.
    eq: Option<String>,
    /// One of these texts, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<String>>,
    /// A text that begins so, upper and lower case being different; at most 200 characters.
    starts_with: Option<String>,
}

impl StringFilter {
    /// The texts that match, and how they begin; none when every text does.
    pub fn conditions(self, path: &str) -> Result<(Option<Vec<String>>, Option<String>)> {
        few(self.any_of.as_deref(), "texts", path)?;
        if let Some(length) =
            self.starts_with.as_ref().map(|start| start.chars().count()).filter(|length| *length > 200)
        {
            let message = format!("{length} characters are too many; at most 200 are taken.");
            return Err(Error::invalid(format!("{path}/startsWith"), message));
        }
        Ok((both(self.eq, self.any_of), self.starts_with))
    }
}

/// Matches a whole number.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IntFilter {
    /// Exactly this number.
    eq: Option<i32>,
    /// One of these numbers, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<i32>>,
    /// More than this.
    gt: Option<i32>,
    /// This or more.
    gte: Option<i32>,
    /// Less than this.
    lt: Option<i32>,
    /// This or less.
    lte: Option<i32>,
}

/// The numbers that match: those between two, both included, that are in a list; what is absent does not bind.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// The least.
    pub least: Option<i32>,
    /// The most.
    pub most: Option<i32>,
    /// The list.
    pub any_of: Option<Vec<i32>>,
}

impl IntFilter {
    /// The numbers that match; all of them without a filter.
    pub fn numbers(filter: Option<Self>, path: &str) -> Result<Numbers> {
        let Self { eq, any_of, gt, gte, lt, lte } = filter.unwrap_or_default();
        few(any_of.as_deref(), "numbers", path)?;
        Ok(Numbers {
            least: [eq, gte, gt.map(|n| n.saturating_add(1))].into_iter().flatten().max(),
            most: [eq, lte, lt.map(|n| n.saturating_sub(1))].into_iter().flatten().min(),
            any_of: both(None, any_of),
        })
    }
}

/// Matches a moment.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateTimeFilter {
    /// Exactly this moment, to the microsecond.
    eq: Option<DateTime>,
    /// One of these moments, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<DateTime>>,
    /// Later than this.
    gt: Option<DateTime>,
    /// At this moment or later.
    gte: Option<DateTime>,
    /// Earlier than this.
    lt: Option<DateTime>,
    /// At this moment or earlier.
    lte: Option<DateTime>,
}

/// The moments that match: those from one on and before another that are in a list; what is absent does not bind.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// The first.
    pub from: Option<Time>,
    /// The first after the last.
    pub before: Option<Time>,
    /// The list.
    pub any_of: Option<Vec<Time>>,
}

impl DateTimeFilter {
    /// The moments that match; all of them without a filter.
    pub fn moments(filter: Option<Self>, path: &str) -> Result<Moments> {
        let Self { eq, any_of, gt, gte, lt, lte } = filter.unwrap_or_default();
        few(any_of.as_deref(), "moments", path)?;
        let this = |time: DateTime| time.0;
        let next = |time: DateTime| Time(time.0.0.saturating_add(1));
        Ok(Moments {
            from: [eq.map(this), gte.map(this), gt.map(next)].into_iter().flatten().max(),
            before: [eq.map(next), lt.map(this), lte.map(next)].into_iter().flatten().min(),
            any_of: both(None, any_of.map(|any_of| any_of.into_iter().map(this).collect())),
        })
    }
}
