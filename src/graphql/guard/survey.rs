//! One pass over a parsed document that measures every operation.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Value, Variables};

use super::measure::{BATCH, BODY, CHARGES, LOOKS, MUTATION, Measure, OBJECT, SCALAR, points};
use super::{DIRECTIVE_PLACES, FIELDS, LEVELS, Limits, Refusal, afford};
use crate::graphql::OperationKind;

/// Levels of fields of an introspection; the playground's takes 15.
const INTROSPECTION_DEPTH: u32 = 16;

/// Fields of an introspection; the usual tools take about 230.
const INTROSPECTION_FIELDS: u32 = 400;

/// Weight of an introspection; the usual tools take about 150,000, most of it `ofType` that turns out null.
const INTROSPECTION_WEIGHT: u64 = 200_000;

/// Objects of a page when neither `first` nor `last` is given.
const PAGE: u64 = 20;

/// What the survey found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::graphql) struct Survey {
    pub(in crate::graphql) operations: Vec<Operation>,
    /// Whether `@skip` or `@include` stands anywhere.
    pub(in crate::graphql) conditional: bool,
    /// Selections that were looked at: proportional to the text, whatever the fragments do.
    pub(in crate::graphql) visited: usize,
}

/// One operation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::graphql) struct Operation {
    pub(in crate::graphql) name: Option<String>,
    pub(in crate::graphql) kind: OperationKind,
    pub(in crate::graphql) cost: Cost,
    pub(in crate::graphql) at: Pos,
}

impl Operation {
    /// The operation itself, in the document that it was found in.
    pub(in crate::graphql) fn definition<'a>(
        &self,
        document: &'a ExecutableDocument,
    ) -> Option<&'a OperationDefinition> {
        let mut all = document.operations.iter();
        all.find(|(name, _)| name.map(Name::as_str) == self.name.as_deref()).map(|(_, operation)| &operation.node)
    }
}

/// What an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Cost {
    /// Always this many points.
    Fixed(u32),
    /// It depends on the variables: see [`cost_with`].
    ByVariables,
}

/// Measures every operation of a document and refuses what passes a limit.
pub(in crate::graphql) fn survey(document: &ExecutableDocument, limits: &Limits) -> Result<Survey, Refusal> {
    let mut walk = Walk::new(document, None, limits);
    let mut operations = Vec::new();
    let mut definitions: Vec<_> = document.operations.iter().collect();
    definitions.sort_unstable_by_key(|(_, operation)| (operation.pos.line, operation.pos.column));
    for (name, operation) in definitions {
        let measure = walk.operation(&operation.node)?;
        check(&operation.node, operation.pos, measure, limits)?;
        let cost = if measure.by_variables { Cost::ByVariables } else { Cost::Fixed(points(measure.units)) };
        if let Cost::Fixed(cost) = cost {
            afford(cost, limits, Some(operation.pos))?;
        }
        let kind = OperationKind::from(operation.node.ty);
        operations.push(Operation { name: name.map(ToString::to_string), kind, cost, at: operation.pos });
    }
    // Fragments that no operation spreads are refused by validation, which walks them to find that out.
    for (name, fragment) in &document.fragments {
        walk.directives(&fragment.node.directives)?;
        walk.fragment(name.as_str(), 0, fragment.pos)?;
    }
    Ok(Survey { operations, conditional: walk.conditional, visited: walk.visited })
}

/// The cost of one operation for these variables, defaults filled in.
pub(in crate::graphql) fn cost_with(
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Variables,
    limits: &Limits,
) -> Result<u32, Refusal> {
    let mut walk = Walk::new(document, Some(variables), &Limits { directives: u32::MAX, ..limits.clone() });
    let definition = operation.definition(document);
    Ok(definition.map(|it| walk.operation(it)).transpose()?.map_or(0, |measure| points(measure.units)))
}

fn check(operation: &OperationDefinition, pos: Pos, measure: Measure, limits: &Limits) -> Result<(), Refusal> {
    let at = Some(pos);
    let refuse = |message: String| Err(Refusal::too_much(at, message));
    if measure.depth > limits.depth {
        return refuse(format!(
            "The operation nests fields {} levels deep; at most {} are allowed.",
            measure.depth, limits.depth
        ));
    }
    if measure.aliases > limits.aliases {
        return refuse(format!(
            "The operation has {} aliases, counting those of fragments at every spread; at most {} are allowed.",
            measure.aliases, limits.aliases
        ));
    }
    let introspection = measure.introspection;
    if introspection.circular {
        return refuse("Introspection may not ask for `fields` below `fields`.".to_owned());
    }
    if introspection.depth > INTROSPECTION_DEPTH
        || introspection.fields > INTROSPECTION_FIELDS
        || introspection.weight > INTROSPECTION_WEIGHT
    {
        return refuse(format!(
            "The introspection is too large: at most {INTROSPECTION_DEPTH} levels and {INTROSPECTION_FIELDS} fields, \
             and no list of the schema over and over."
        ));
    }
    match operation.ty {
        OperationType::Mutation if measure.roots > 1 => Err(Refusal::malformed(
            at,
            format!(
                "The mutation has {} fields; an operation may have one. Send each in a request of its own.",
                measure.roots
            ),
        )),
        OperationType::Subscription if measure.roots != 1 => Err(Refusal::malformed(
            at,
            format!("The subscription has {} fields; it must have exactly one.", measure.roots),
        )),
        _ => Ok(()),
    }
}

enum Memo {
    /// Being measured: who meets it now has come round in a circle.
    Open,
    Done(Measure),
}

pub(super) struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// `None` while the values are not known.
    variables: Option<&'a Variables>,
    directive_limit: u32,
    /// The largest page that a connection gives.
    page_most: u64,
    fragments: HashMap<&'a str, Memo>,
    fields: u32,
    directives: u32,
    conditional: bool,
    visited: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(document: &'a ExecutableDocument, variables: Option<&'a Variables>, limits: &Limits) -> Self {
        Self {
            document,
            variables,
            directive_limit: limits.directives,
            page_most: limits.page.into(),
            fragments: HashMap::new(),
            fields: 0,
            directives: 0,
            conditional: false,
            visited: 0,
        }
    }

    /// The measure of an operation as a whole.
    pub(super) fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Measure, Refusal> {
        self.directives(&operation.directives)?;
        for variable in &operation.variable_definitions {
            self.directives(&variable.node.directives)?;
        }
        let mut measure = self.set(&operation.selection_set, 1)?;
        self.define(measure, operation.selection_set.pos)?;
        // Below the root, `nodes` is a field like any other (`nodes(ids: ..)`).
        measure.units = measure.units.saturating_add(measure.page_units);
        if operation.ty == OperationType::Mutation {
            measure.units = measure.units.saturating_add(MUTATION.saturating_mul(measure.roots.into()));
        }
        Ok(measure)
    }

    /// Limits that hold for every definition, fragments too.
    fn define(&mut self, measure: Measure, at: Pos) -> Result<(), Refusal> {
        if measure.levels > LEVELS {
            return Err(too_deep(at));
        }
        self.fields = self.fields.saturating_add(measure.fields);
        if self.fields > FIELDS {
            let message =
                format!("The document selects more than {FIELDS} fields, counting fragments at every spread.");
            return Err(Refusal::too_much(Some(at), message));
        }
        Ok(())
    }

    fn set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Measure, Refusal> {
        if level > LEVELS {
            return Err(too_deep(set.pos));
        }
        let mut sum = Measure::default();
        for selection in &set.node.items {
            self.visited += 1;
            sum = sum.beside(match &selection.node {
                Selection::Field(field) => self.field(&field.node, level)?,
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.node.directives)?;
                    self.set(&inline.node.selection_set, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives)?;
                    self.fragment(spread.node.fragment_name.node.as_str(), level, spread.pos)?
                }
            });
        }
        sum.levels += 1;
        Ok(sum)
    }

    /// The measure of a fragment, taken once. An unknown one measures nothing: validation refuses it.
    fn fragment(&mut self, name: &'a str, level: usize, at: Pos) -> Result<Measure, Refusal> {
        match self.fragments.get(name) {
            Some(Memo::Done(measure)) => return Ok(*measure),
            Some(Memo::Open) => {
                let message = format!("The fragment `{name}` spreads itself.");
                return Err(Refusal::malformed(Some(at), message));
            }
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Measure::default()) };
        self.fragments.insert(name, Memo::Open);
        let measure = self.set(&fragment.node.selection_set, level + 1)?;
        self.define(measure, fragment.pos)?;
        self.fragments.insert(name, Memo::Done(measure));
        Ok(measure)
    }

    fn field(&mut self, field: &'a Field, level: usize) -> Result<Measure, Refusal> {
        self.directives(&field.directives)?;
        let name = field.name.node.as_str();
        let leaf = field.selection_set.node.items.is_empty();
        let below = if leaf { Measure::default() } else { self.set(&field.selection_set, level + 1)? };
        let mut measure = Measure {
            fields: below.fields.saturating_add(1),
            roots: u32::from(name != "__typename"),
            levels: below.levels,
            aliases: below.aliases.saturating_add(u32::from(field.alias.is_some())),
            by_variables: below.by_variables,
            as_introspection: below.as_introspection.below(name),
            ..Measure::default()
        };
        if name == "__schema" || name == "__type" {
            measure.introspection = below.as_introspection.below(name);
            return Ok(measure);
        }
        measure.introspection = below.introspection;
        measure.depth = below.depth.saturating_add(1);
        let (page, varies) = if below.paged { self.page(field) } else { (0, false) };
        let (times, counted) = self.ids(field);
        measure.by_variables |= varies || counted;
        let own = match (leaf, name) {
            (true, "parameters" | "results" | "parametersSchema" | "resultsSchema" | "text") => BODY,
            // What is counted or added up when it is asked for looks at many rows.
            (true, "used" | "cpuHours" | "totalCount") | (false, "waitingReason") => LOOKS,
            (true, _) => SCALAR,
            (false, "edges") => 0,
            (false, _) => OBJECT,
        };
        let units = below.units.saturating_add(below.page_units.saturating_mul(page)).saturating_add(own);
        let times = if !leaf && name == "charges" { times.saturating_mul(CHARGES) } else { times };
        let mut units = units.saturating_mul(times);
        if name == "jobSubmitBatch" {
            let (jobs, counted) = self.jobs(field);
            measure.by_variables |= counted;
            units = units.saturating_mul(jobs).div_ceil(BATCH).max(units);
        }
        if !leaf && matches!(name, "nodes" | "edges" | "rows") {
            (measure.page_units, measure.paged) = (units, true);
        } else {
            measure.units = units;
        }
        Ok(measure)
    }

    /// The page that a connection is asked for, and whether a variable says so.
    fn page(&self, field: &Field) -> (u64, bool) {
        let (first, by_first) = self.argument(field, "first");
        let (last, by_last) = self.argument(field, "last");
        let (take, by_take) = self.argument(field, "take");
        let size = |value: Value| match value {
            Value::Null => None,
            Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => Some(0),
            // No number at all is refused elsewhere; until then it is the worst it could be.
            Value::Number(number) => Some(number.as_u64().unwrap_or(self.page_most).min(self.page_most)),
            _ => Some(self.page_most),
        };
        // A report has full pages unless it is asked for less.
        let usual = if field.name.node == "usage" { self.page_most } else { PAGE };
        (size(first).max(size(last)).max(size(take)).unwrap_or(usual), by_first || by_last || by_take)
    }

    /// How many objects a field with `ids` is asked for, and whether a variable says so.
    fn ids(&self, field: &Field) -> (u64, bool) {
        match self.argument(field, "ids") {
            (Value::List(ids), varies) => (u64::try_from(ids.len()).unwrap_or(u64::MAX), varies),
            (_, varies) => (1, varies),
        }
    }

    /// How many jobs a batch has, and whether a variable says so. The jobs themselves may be large, and are not copied.
    fn jobs(&self, field: &Field) -> (u64, bool) {
        let Some(input) = field.get_argument("input") else { return (1, false) };
        let mut varies = false;
        let input = input.node.clone().into_const_with(|variable| {
            varies = true;
            let value = self.variables.and_then(|variables| variables.get(&variable));
            Ok::<_, ()>(value.map(lengths).unwrap_or_default())
        });
        let jobs = match input.as_ref().map(lengths) {
            Ok(Value::Object(fields)) => fields.get("jobs").and_then(|jobs| match jobs {
                Value::Number(length) => length.as_u64(),
                _ => None,
            }),
            _ => None,
        };
        (jobs.unwrap_or(1), varies)
    }

    /// The value of an argument, null when absent or not known yet; whether a variable is in it.
    fn argument(&self, field: &Field, name: &str) -> (Value, bool) {
        let Some(value) = field.get_argument(name) else { return (Value::Null, false) };
        let mut varies = false;
        let value = value.node.clone().into_const_with(|variable| {
            varies = true;
            Ok::<_, ()>(self.variables.and_then(|variables| variables.get(&variable)).cloned().unwrap_or_default())
        });
        (value.unwrap_or_default(), varies)
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
        let Some(first) = directives.first() else { return Ok(()) };
        self.conditional |= directives.iter().any(|it| matches!(it.node.name.node.as_str(), "skip" | "include"));
        let count = u32::try_from(directives.len()).unwrap_or(u32::MAX);
        self.directives = self.directives.saturating_add(count);
        let limit = self.directive_limit;
        let message = if count > limit {
            format!("There are {count} directives at this place; at most {limit} are allowed.")
        } else if self.directives > limit.saturating_mul(DIRECTIVE_PLACES) {
            format!("The document has more than {} directives.", limit.saturating_mul(DIRECTIVE_PLACES))
        } else {
            return Ok(());
        };
        Err(Refusal::too_much(Some(first.pos), message))
    }
}

/// A value of which only the lengths of lists are left, and those in its field `jobs`.
fn lengths(value: &Value) -> Value {
    match value {
        Value::List(items) => items.len().into(),
        Value::Object(fields) => {
            Value::Object(fields.get("jobs").map(|jobs| (Name::new("jobs"), lengths(jobs))).into_iter().collect())
        }
        Value::Number(length) => Value::Number(length.clone()),
        _ => Value::Null,
    }
}

fn too_deep(at: Pos) -> Refusal {
    Refusal::too_much(Some(at), format!("Braces and fragments nest more than {LEVELS} levels deep."))
}
