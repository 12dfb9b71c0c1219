//! Cursors in, pages out (Relay's connection specification, with keyset cursors).
//!
//! A cursor holds the list's table, the order's key and the row's id, so that page 10,000 costs what page 1 costs and
//! rows inserted meanwhile neither repeat nor hide others. A row whose key changes meanwhile moves in the list: who
//! reads on by the moment of the last change may meet it again, or not any more.

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, Identity, IntoIdentity, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, Value,
    sea_query::{ColumnType, Order as Direction, Query, SelectStatement, UnionType, ValueTuple},
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Rows of a page when the caller does not say.
pub const DEFAULT_SIZE: u64 = 20;
/// Rows of a page at most.
pub const MAX_SIZE: i64 = 100;

/// Which page is asked for; see [`PageRequest::new`].
#[derive(Clone, Debug)]
pub struct PageRequest {
    size: u64,
    backwards: bool,
    after: Option<String>,
    before: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: DEFAULT_SIZE, backwards: false, after: None, before: None }
    }
}

impl PageRequest {
    /// Checks a connection's arguments: `first` or `last` 1 to 100 and not both; cursors are checked when used.
    pub fn new(first: Option<i64>, last: Option<i64>, after: Option<String>, before: Option<String>) -> Result<Self> {
        Self::within(MAX_SIZE, first, last, after, before)
    }

    /// The same for pages of at most `most` rows.
    pub fn within(
        most: i64,
        first: Option<i64>,
        last: Option<i64>,
        after: Option<String>,
        before: Option<String>,
    ) -> Result<Self> {
        let (argument, size, backwards) = match (first, last) {
            (Some(_), Some(_)) => return Err(Error::invalid("last", "Give `first` or `last`, not both.")),
            (Some(first), None) => ("first", first, false),
            (None, Some(last)) => ("last", last, true),
            (None, None) => return Ok(Self { after, before, ..Self::default() }),
        };
        match u64::try_from(size) {
            Ok(size) if (1..=most).contains(&i64::try_from(size).unwrap_or(0)) => {
                Ok(Self { size, backwards, after, before })
            }
            _ => Err(Error::invalid(argument, format!("{size} is not a page size; take 1 to {most}."))),
        }
    }
}

impl PageRequest {
    /// Whether rows are counted from the end.
    #[must_use]
    pub const fn is_backwards(&self) -> bool {
        self.backwards
    }
}

/// One page of rows, in the order that was asked for.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// More rows follow.
    pub has_next: bool,
    /// Rows came before.
    pub has_previous: bool,
}

/// The value that a list is ordered by, before the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number or a moment.
    Int(i64),
    /// A text.
    Text(String),
}

/// An order of a noun's lists.
pub trait Order<E: EntityTrait>: Copy {
    /// The column before the id; none orders by the id alone.
    fn column(self) -> Option<E::Column>;
    /// The primary key.
    fn id(self) -> E::Column;
    /// Latest, largest or last first.
    fn descending(self) -> bool;
    /// The value of `column` in a row.
    fn key(self, row: &E::Model) -> Option<Key>;
    /// The primary key of a row.
    fn row_id(self, row: &E::Model) -> i64;
    /// A word that names the order inside a cursor, so that another order's cursor is refused.
    fn word(self) -> &'static str;
}

/// The cursor of `row` under `order`. It names the table, so that another list's cursor is refused: orders of
/// different nouns have the same words, and their keys may be of different types.
#[must_use]
pub fn cursor<E: EntityTrait, O: Order<E>>(order: O, row: &E::Model) -> String {
    let content = (E::default().table_name(), order.word(), order.key(row), order.row_id(row));
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&content).unwrap_or_default())
}

/// Reads the page of `query` that `request` asks for.
pub async fn fetch<E, O, C>(query: Select<E>, order: O, request: &PageRequest, db: &C) -> Result<Page<E::Model>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    O: Order<E>,
    C: ConnectionTrait,
{
    fetch_as::<E, E::Model, O, C>(query, order, request, db).await
}

/// The same for a query that reads something else than whole rows.
pub async fn fetch_as<E, R, O, C>(query: Select<E>, order: O, request: &PageRequest, db: &C) -> Result<Page<R>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    R: FromQueryResult + Send + Sync,
    O: Order<E>,
    C: ConnectionTrait,
{
    let identity: Identity = match order.column() {
        Some(column) => (column, order.id()).into_identity(),
        None => order.id().into_identity(),
    };
    let mut cursor = query.cursor_by(identity);
    if let Some(after) = &request.after {
        cursor.after(decode::<E, O>(order, after, "after")?);
    }
    if let Some(before) = &request.before {
        cursor.before(decode::<E, O>(order, before, "before")?);
    }
    if order.descending() {
        cursor.desc();
    }
    // One row more than asked for tells whether there are more.
    if request.backwards {
        cursor.last(request.size + 1)
    } else {
        cursor.first(request.size + 1)
    };
    let mut rows = cursor.into_model::<R>().all(db).await?;
    let more = rows.len() as u64 > request.size;
    if more && request.backwards {
        rows.remove(0);
    } else if more {
        rows.pop();
    }
    let (has_next, has_previous) =
        if request.backwards { (request.before.is_some(), more) } else { (more, request.after.is_some()) };
    Ok(Page { rows, has_next, has_previous })
}

/// The same of rows that [`firsts`] has chosen. The cursors have done their work there: asked for once more, they would
/// let the database read all that lies beyond them.
pub async fn fetch_chosen<E, R, O, C>(query: Select<E>, order: O, request: &PageRequest, db: &C) -> Result<Page<R>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    R: FromQueryResult + Send + Sync,
    O: Order<E>,
    C: ConnectionTrait,
{
    let unbounded = PageRequest { after: None, before: None, ..request.clone() };
    let page = fetch_as(query, order, &unbounded, db).await?;
    Ok(if request.backwards {
        Page { has_next: request.before.is_some(), ..page }
    } else {
        Page { has_previous: request.after.is_some(), ..page }
    })
}

/// The ids of the rows that a page could take from `query`, with their keys: at most one more than the page has.
///
/// When what a caller sees is the union of several queries, each of which one index answers in order, their heads
/// together hold the page; asked with OR instead, the database reads and sorts everything that any of them has.
pub fn head<E, O>(query: Select<E>, order: O, request: &PageRequest) -> Result<SelectStatement>
where
    E: EntityTrait,
    O: Order<E>,
{
    let mut query = query.select_only().columns(keys::<E, O>(order));
    if let Some(after) = &request.after {
        query = query.filter(beyond::<E, O>(order, &decode::<E, O>(order, after, "after")?, order.descending()));
    }
    if let Some(before) = &request.before {
        query = query.filter(beyond::<E, O>(order, &decode::<E, O>(order, before, "before")?, !order.descending()));
    }
    let direction = direction(order, request);
    Ok(keys::<E, O>(order)
        .into_iter()
        .fold(query, |query, column| query.order_by(column, direction.clone()))
        .limit(request.size + 1)
        .into_query())
}

/// The ids of the first rows of all these heads together: at most one more than the page has, so that no other row is
/// looked at.
pub fn firsts<E, O>(order: O, heads: Vec<SelectStatement>, request: &PageRequest) -> SelectStatement
where
    E: EntityTrait,
    O: Order<E>,
{
    let all = union::<E>(&keys::<E, O>(order), heads);
    let mut firsts = Query::select().column(order.id()).from_subquery(all, "heads").take();
    for column in keys::<E, O>(order) {
        firsts.order_by(column, direction(order, request));
    }
    firsts.limit(request.size + 1).take()
}

/// What a list is ordered by.
fn keys<E: EntityTrait, O: Order<E>>(order: O) -> Vec<E::Column> {
    order.column().into_iter().chain([order.id()]).collect()
}

fn direction<E: EntityTrait, O: Order<E>>(order: O, request: &PageRequest) -> Direction {
    if order.descending() == request.backwards { Direction::Asc } else { Direction::Desc }
}

/// These columns of all these heads. Each stands in a sub-select of its own: only there may it have an order and a limit.
pub fn union<E: EntityTrait>(columns: &[E::Column], heads: Vec<SelectStatement>) -> SelectStatement {
    let ids = |head| Query::select().columns(columns.iter().copied()).from_subquery(head, "head").take();
    let mut heads = heads.into_iter().map(ids);
    let mut all = heads.next().unwrap_or_default();
    for head in heads {
        all.union(UnionType::Distinct, head);
    }
    all
}

/// The rows on one side of a cursor.
fn beyond<E: EntityTrait, O: Order<E>>(order: O, at: &ValueTuple, below: bool) -> Condition {
    let side = |column: E::Column, value: &Value| {
        if below { column.lt(value.clone()) } else { column.gt(value.clone()) }
    };
    match (order.column(), at) {
        (Some(column), ValueTuple::Two(key, id)) => Condition::any()
            .add(side(column, key))
            .add(Condition::all().add(column.eq(key.clone())).add(side(order.id(), id))),
        (_, ValueTuple::One(id)) => Condition::all().add(side(order.id(), id)),
        // `decode` makes no other pairs.
        _ => Condition::all(),
    }
}

/// How many rows `query` has.
pub async fn count<E, C>(query: Select<E>, db: &C) -> Result<i64>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    C: ConnectionTrait,
{
    let count =
        sea_orm::PaginatorTrait::count(query.select_only().column_as(sea_orm::prelude::Expr::val(1), "one"), db)
            .await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

fn decode<E: EntityTrait, O: Order<E>>(order: O, text: &str, argument: &str) -> Result<ValueTuple> {
    let refuse = || {
        Error::invalid(argument, "This is not a cursor of this list in this order. Take one from pageInfo or edges.")
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
    let (table, word, key, id): (String, String, Option<Key>, i64) =
        serde_json::from_slice(&bytes).map_err(|_| refuse())?;
    if table != E::default().table_name() || word != order.word() {
        return Err(refuse());
    }
    let id = Value::from(id);
    match (order.column(), key) {
        (None, None) => Ok(ValueTuple::One(id)),
        // PostgreSQL compares a column with its own kind of value only, and takes no NUL character in a text.
        (Some(column), Some(Key::Int(number))) if !holds_text(column) => Ok(ValueTuple::Two(number.into(), id)),
        (Some(column), Some(Key::Text(text))) if holds_text(column) && !text.contains('\0') => {
            Ok(ValueTuple::Two(text.into(), id))
        }
        (_, _) => Err(refuse()),
    }
}

/// Whether an order's column holds texts; others hold 64-bit numbers.
fn holds_text(column: impl ColumnTrait) -> bool {
    matches!(column.def().get_column_type(), ColumnType::String(_) | ColumnType::Text)
}
