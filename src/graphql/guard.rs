//! Limits on documents, applied before anything walks them.
//!
//! The library follows every fragment spread again each time it meets it, before any limit of its own applies: 22
//! fragments that each spread the next one twice keep it busy for seconds, and each further one doubles that. So
//! the text is first counted (`scan`: bytes, tokens, nested brackets), then parsed once, then measured in one
//! pass that visits every selection once and remembers each fragment's measure (`survey`). What passes is bounded
//! for every later walk.
//!
//! # Cost
//!
//! Cost is counted in points and bounds the work of one request:
//!
//! - an object costs 1 point, a scalar 1/20; the total is rounded up;
//! - what may be hundreds of KiB long (`parameters`, `results`, a service's schemas, the `text` of a log) costs 3;
//! - what is counted or added up when it is asked for (`totalCount`, `used`, `cpuHours`, a job's `waitingReason`) costs 5;
//! - below a field with `nodes` or `edges`, what these select is multiplied by the page: `first` or `last`
//!   (a literal, or the value of the variable), 20 if neither is given, at most 100; `edges` itself costs nothing,
//!   so that `edges { node { .. } }` costs about what `nodes { .. }` does;
//! - a field with a list of `ids` is multiplied by the length of the list;
//! - the `charges` of a job are taken for five;
//! - a field of a mutation costs 10 points more;
//! - `__schema` and `__type` with everything below them cost nothing and have their own bounds: 16 levels, 400
//!   fields, no `fields` below `fields`, and a weight that takes the lists of types, fields and arguments as about
//!   as long as they are.
//!
//! `{ jobs(first: 100) { nodes { id status owner { id username } service { id name } } } }` costs
//! 1 + 100 x (3 + 6/20) = 331 points.

mod measure;
mod scan;
mod survey;

#[cfg(test)]
mod tests;

use async_graphql::Pos;

pub(super) use scan::scan;
pub(super) use survey::{Cost, Operation, cost_with, survey};

use crate::config::Graphql;
use crate::error::Code;

/// Levels of braces and fragments, counted together, that a definition may nest. Introspection by the usual tools
/// takes 18. Also what the library's own walks are limited to, and so the most that a configured depth can come to.
pub(super) const LEVELS: usize = 32;

/// Open brackets of all kinds at any place of the text. The parser recurses on the stack with each.
const BRACKETS: usize = 64;

/// Fields of all definitions, each with the fragments that it spreads written out. Every walk of the library is
/// linear in it; validation takes about 30 us for each that does not exist, to find one with a similar name.
const FIELDS: u32 = 1000;

/// Directives of a whole document, in multiples of the limit for one place.
const DIRECTIVE_PLACES: u32 = 10;

/// Items of the largest page that a client may ask for.
const PAGE: u32 = 100;

/// The same for the program's own documents.
const INTERNAL_PAGE: u32 = 1_000;

/// Points of an operation of the program's own.
const INTERNAL_COST: u32 = 20_000;

/// What a document may ask for. The configuration's `[graphql]` section sets these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the text, in bytes.
    pub document_bytes: usize,
    /// Lexical tokens.
    pub tokens: usize,
    /// Fields below each other, counted from 1 at the root.
    pub depth: u32,
    /// Points of one operation.
    pub cost: u32,
    /// Items of the largest page that a connection gives.
    pub page: u32,
    /// Aliases of one operation, those of fragments counted at every spread.
    pub aliases: u32,
    /// Directives at one place; a document may have ten times as many.
    pub directives: u32,
    /// Documents that are kept parsed.
    pub cached_documents: usize,
}

impl From<&Graphql> for Limits {
    fn from(config: &Graphql) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            document_bytes: config.document_bytes,
            tokens: config.tokens,
            depth: count(config.depth),
            cost: config.cost,
            page: PAGE,
            aliases: count(config.aliases),
            directives: count(config.directives),
            cached_documents: config.cached_documents,
        }
    }
}

impl Limits {
    /// The bounds of the program's own documents, which the older REST APIs run: their routes list what GraphQL hands
    /// out in pages. They are not settings, since nobody outside can send such a document.
    #[must_use]
    pub fn internal() -> Self {
        Self { cost: INTERNAL_COST, page: INTERNAL_PAGE, ..Self::default() }
    }
}

/// The configuration's defaults.
impl Default for Limits {
    fn default() -> Self {
        Self::from(&Graphql::default())
    }
}

/// Why a document was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) at: Option<Pos>,
}

impl Refusal {
    /// Asks for too much.
    fn too_much(at: Option<Pos>, message: impl Into<String>) -> Self {
        Self { code: Code::CostExceeded, message: message.into(), at }
    }

    /// Is not a document that could be run.
    fn malformed(at: Option<Pos>, message: impl Into<String>) -> Self {
        Self { code: Code::BadRequest, message: message.into(), at }
    }
}

/// Refuses a cost above the limit.
pub(super) fn afford(cost: u32, limits: &Limits, at: Option<Pos>) -> Result<(), Refusal> {
    if cost <= limits.cost {
        return Ok(());
    }
    Err(Refusal::too_much(
        at,
        format!(
            "The operation costs {cost} points; at most {} are allowed. Ask for smaller pages (`first`) or fewer \
             nested objects.",
            limits.cost
        ),
    ))
}
