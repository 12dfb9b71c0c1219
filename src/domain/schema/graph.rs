//! The schema as a graph: which subschemas look at the same value, which at its members and items, and what each costs.
//!
//! Only the shape of the work is kept, enough to measure it. Where drafts differ, the graph has the union of what they
//! apply, so it may overestimate and never underestimates.

use std::collections::HashMap;

use serde_json::Value;

use super::{Semantics, build::Builder};
use crate::error::FieldError;

/// A subschema.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Steps of its own keywords on one value.
    pub(super) own: u64,
    /// Nanoseconds for a byte, when the value is a text.
    pub(super) per_byte: u64,
    /// Nanoseconds for a byte of the members' names.
    pub(super) per_name_byte: u64,
    /// Additional steps of reporting that it failed.
    pub(super) report: u64,
    /// Whether the whole value is hashed.
    pub(super) unique: bool,
    /// Whether it asks what the subschemas beside it have looked at, which evaluates them again.
    pub(super) unevaluated: bool,
    /// Subschemas for the same value.
    pub(super) same: Vec<usize>,
    /// The same, but they are evaluated once more for the report, and what they report is copied.
    pub(super) choices: Vec<usize>,
    /// Subschemas for the member of a name.
    pub(super) properties: HashMap<String, usize>,
    /// Subschemas for any member.
    pub(super) members: Vec<usize>,
    /// Subschemas for the names of members.
    pub(super) names: Vec<usize>,
    /// Subschemas for the first items, in their order.
    pub(super) prefix: Vec<usize>,
    /// Subschemas for any item.
    pub(super) items: Vec<usize>,
    /// Subschemas nested below it for the same value, at most.
    pub(super) height: u64,
}

impl Node {
    /// Subschemas for the same value.
    pub(super) fn in_place(&self) -> impl Iterator<Item = usize> {
        self.same.iter().chain(&self.choices).copied()
    }
}

/// The subschemas that can be reached; the first is the schema itself.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
}

/// Steps that looking at one value may take, at most.
const MAX_STEPS: u64 = 10_000;

/// Subschemas nested for one value, at most. Together with the depth of values it bounds the stack.
const MAX_HEIGHT: u64 = 64;

impl Graph {
    /// Refuses references that leave the document or lead back to themselves, and schemas that look at one value more
    /// than [`MAX_STEPS`] times.
    pub(super) fn new(
        schema: &Value,
        draft: jsonschema::Draft,
        semantics: Semantics,
        field: &str,
    ) -> Result<Self, Vec<FieldError>> {
        let (nodes, paths) = Builder::nodes(schema, draft, semantics, field)?;
        let mut graph = Self { nodes };
        let mut survey = Survey { costs: vec![None; paths.len()], open: vec![false; paths.len()] };
        for (node, path) in paths.into_iter().enumerate() {
            match graph.survey(node, 0, &mut survey) {
                Ok(cost) if cost <= MAX_STEPS => (),
                Ok(cost) => return Err(vec![FieldError { path, message: too_costly(cost) }]),
                Err(message) => return Err(vec![FieldError { path, message }]),
            }
        }
        Ok(graph)
    }

    /// What one value costs at `node`, in steps; also notes the height. Recursive only as deep as [`MAX_HEIGHT`].
    fn survey(&mut self, node: usize, depth: u64, survey: &mut Survey) -> Result<u64, String> {
        if let Some(cost) = survey.costs[node] {
            return if depth + self.nodes[node].height > MAX_HEIGHT { Err(too_high()) } else { Ok(cost) };
        }
        if survey.open[node] {
            return Err("refers to itself without going into a member or an item: that has no end.".to_owned());
        }
        if depth > MAX_HEIGHT {
            return Err(too_high());
        }
        survey.open[node] = true;
        let (mut cost, mut height) = (0_u64, 0);
        for below in self.nodes[node].in_place().collect::<Vec<_>>() {
            cost = cost.saturating_add(self.survey(below, depth + 1, survey)?);
            height = height.max(self.nodes[below].height + 1);
        }
        survey.open[node] = false;
        let this = &mut self.nodes[node];
        this.height = height;
        cost = this.repetitions().saturating_mul(cost).saturating_add(this.own);
        survey.costs[node] = Some(cost);
        Ok(cost)
    }
}

impl Node {
    /// How often the subschemas for the same value may be evaluated. To find what is unevaluated, the library asks each
    /// of them whether it holds, and goes into it to ask again.
    pub(super) fn repetitions(&self) -> u64 {
        if self.unevaluated { 1 + self.height } else { 1 }
    }
}

struct Survey {
    costs: Vec<Option<u64>>,
    open: Vec<bool>,
}

fn too_costly(cost: u64) -> String {
    format!(
        "is too costly: looking at one value may take {cost} steps, and {MAX_STEPS} are allowed. Use fewer or less nested \
         alternatives and references."
    )
}

fn too_high() -> String {
    format!("nests more than {MAX_HEIGHT} subschemas or references for one value.")
}
