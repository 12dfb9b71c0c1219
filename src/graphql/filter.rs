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
        let any_of = match filter.any_of {
            Some(ids) if ids.len() > 100 => {
                let message = format!("{} ids are too many; at most 100 are taken.", ids.len());
                return Err(Error::invalid(format!("{path}/in"), message));
            }
            Some(ids) => Some(ids.iter().map(|id| read(format!("{path}/in"), id)).collect::<Result<_>>()?),
            None => None,
        };
        Ok(both(eq, any_of))
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
    /// A text that begins so; at most 200 characters.
    starts_with: Option<String>,
}

impl StringFilter {
    /// The texts that match, and how they begin; none when every text does.
    pub fn conditions(self, path: &str) -> Result<(Option<Vec<String>>, Option<String>)> {
        if let Some(any_of) = &self.any_of
            && any_of.len() > 100
        {
            let message = format!("{} texts are too many; at most 100 are taken.", any_of.len());
            return Err(Error::invalid(format!("{path}/in"), message));
        }
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
    /// More than this.
    gt: Option<i32>,
    /// This or more.
    gte: Option<i32>,
    /// Less than this.
    lt: Option<i32>,
    /// This or less.
    lte: Option<i32>,
}

impl IntFilter {
    /// The least and the most that match.
    pub fn bounds(&self) -> (Option<i32>, Option<i32>) {
        let least = [self.eq, self.gte, self.gt.map(|n| n.saturating_add(1))].into_iter().flatten().max();
        let most = [self.eq, self.lte, self.lt.map(|n| n.saturating_sub(1))].into_iter().flatten().min();
        (least, most)
    }
}

/// Matches a moment.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateTimeFilter {
    /// Later than this.
    gt: Option<DateTime>,
    /// At this moment or later.
    gte: Option<DateTime>,
    /// Earlier than this.
    lt: Option<DateTime>,
    /// At this moment or earlier.
    lte: Option<DateTime>,
}

impl DateTimeFilter {
    /// The first moment that matches, and the first after it that does not any more.
    pub fn span(&self) -> (Option<Time>, Option<Time>) {
        let next = |time: DateTime| Time(time.0.0.saturating_add(1));
        let from = [self.gte.map(|time| time.0), self.gt.map(next)].into_iter().flatten().max();
        let before = [self.lt.map(|time| time.0), self.lte.map(next)].into_iter().flatten().min();
        (from, before)
    }
}
