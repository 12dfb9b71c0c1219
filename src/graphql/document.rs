//! Documents that were parsed, guarded and validated, and the bounded cache of them.
//!
//! Parsing costs more than executing, and validation comes second; both depend on the text alone, so each distinct
//! text pays once. A document that failed is never kept: it is cheap to refuse again, and remembering it would let
//! a flood of bad requests push the good ones out.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Positioned, ServerError, parser};

use super::guard::{self, Limits, Operation};

/// Text that the cache may hold per entry, on average, in bytes. The parsed form takes about ten times as much, so
/// the bound on entries alone would let 64 KiB documents take hundreds of megabytes.
const BYTES_PER_ENTRY: usize = 2048;

/// A document that may run.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) ast: ExecutableDocument,
    pub(super) operations: Vec<Operation>,
    /// Whether variables decide, by `@skip` or `@include`, what is asked for.
    pub(super) conditional: bool,
}

impl Document {
    /// Reads a document, or says everything that is wrong with it.
    pub(super) fn load(
        text: &str,
        limits: &Limits,
        validate: impl FnOnce(&ExecutableDocument) -> Result<(), Vec<ServerError>>,
    ) -> Result<Self, Vec<ServerError>> {
        guard::scan(text, limits).map_err(ServerError::from)?;
        let mut ast = parser::parse_query(text).map_err(syntax_error)?;
        let survey = guard::survey(&ast, limits).map_err(ServerError::from)?;
        validate(&ast)?;
        flatten_subscriptions(&mut ast);
        Ok(Self { ast, operations: survey.operations, conditional: survey.conditional })
    }

    /// The operation to run: by name, or the only one there is.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&Operation, String> {
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(format!(
                "The document has {} operations ({}): name the one to run in `operationName`.",
                self.operations.len(),
                self.names()
            )),
            (Some(name), operations) => {
                operations.iter().find(|operation| operation.name.as_deref() == Some(name)).ok_or_else(|| {
                    format!("The document has no operation of the given `operationName`; it has {}.", self.names())
                })
            }
        }
    }

    fn names(&self) -> String {
        const SHOWN: usize = 10;
        let names: Vec<_> =
            self.operations.iter().filter_map(|operation| operation.name.as_deref()).take(SHOWN).collect();
        match (names.len(), self.operations.len()) {
            (0, _) => "one without a name".to_owned(),
            (shown, all) if shown < all => format!("{}, ..", names.join(", ")),
            _ => names.join(", "),
        }
    }
}

/// The parser draws the offending line below its message; of a document on one line that is the whole document.
fn syntax_error(error: parser::Error) -> ServerError {
    const SHOWN: usize = 400;
    let mut error = ServerError::from(error);
    if error.message.chars().count() > SHOWN {
        let expected = error.message.lines().rev().find_map(|line| line.trim().strip_prefix("= ")).unwrap_or_default();
        error.message = format!("Syntax error: {}", expected.chars().take(SHOWN).collect::<String>());
    }
    error
}

/// Puts the one field of each subscription directly under it: the library starts streams only for fields that
/// stand there, and ends a subscription that spreads a fragment without a word.
fn flatten_subscriptions(ast: &mut ExecutableDocument) {
    let ExecutableDocument { operations, fragments } = ast;
    let operations: Vec<_> = match operations {
        parser::types::DocumentOperations::Single(only) => vec![only],
        parser::types::DocumentOperations::Multiple(all) => all.values_mut().collect(),
    };
    for operation in operations.into_iter().filter(|operation| operation.node.ty == OperationType::Subscription) {
        let root = &operation.node.selection_set.node;
        if let Some(field) = first_field(root, fragments).cloned() {
            operation.node.selection_set.node.items = vec![field];
        }
    }
}

type Fragments = HashMap<async_graphql::Name, Positioned<parser::types::FragmentDefinition>>;

fn first_field<'a>(set: &'a SelectionSet, fragments: &'a Fragments) -> Option<&'a Positioned<Selection>> {
    set.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(_) => Some(selection),
        Selection::InlineFragment(inline) => first_field(&inline.node.selection_set.node, fragments),
        Selection::FragmentSpread(spread) => fragments
            .get(&spread.node.fragment_name.node)
            .and_then(|fragment| first_field(&fragment.node.selection_set.node, fragments)),
    })
}

/// Documents by their text, bounded in number and in bytes of text.
///
/// Who is not asked for again leaves first (a clock, or second chance): a flood of one-time documents does not push
/// out those in use, and a hit takes only the read lock.
#[derive(Debug)]
pub(super) struct Cache {
    entries: usize,
    bytes: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_text: HashMap<Arc<str>, Entry>,
    queue: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    document: Arc<Document>,
    asked_again: AtomicBool,
}

impl Cache {
    /// At most `entries` documents; 0 keeps none.
    pub(super) fn new(entries: usize) -> Self {
        Self { entries, bytes: entries.saturating_mul(BYTES_PER_ENTRY), kept: RwLock::default() }
    }

    pub(super) fn get(&self, text: &str) -> Option<Arc<Document>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.by_text.get(text)?;
        entry.asked_again.store(true, Ordering::Relaxed);
        Some(Arc::clone(&entry.document))
    }

    pub(super) fn put(&self, text: &str, document: Arc<Document>) {
        if self.entries == 0 || text.len() > self.bytes {
            return;
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.by_text.contains_key(text) {
            return;
        }
        while kept.queue.len() >= self.entries || kept.bytes + text.len() > self.bytes {
            kept.drop_one();
        }
        let text: Arc<str> = text.into();
        kept.bytes += text.len();
        kept.queue.push_back(Arc::clone(&text));
        kept.by_text.insert(text, Entry { document, asked_again: AtomicBool::new(false) });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).by_text.len()
    }
}

impl Kept {
    fn drop_one(&mut self) {
        while let Some(text) = self.queue.pop_front() {
            if self.by_text.get(&text).is_some_and(|entry| entry.asked_again.swap(false, Ordering::Relaxed)) {
                self.queue.push_back(text);
                continue;
            }
            self.bytes -= text.len();
            self.by_text.remove(&text);
            return;
        }
    }
}
