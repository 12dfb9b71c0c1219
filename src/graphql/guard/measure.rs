//! The measure of a selection set, and how measures add up.

/// Fractions of a point, so that scalars can cost less than one.
const UNITS_PER_POINT: u64 = 20;

/// One object.
pub(super) const OBJECT: u64 = UNITS_PER_POINT;

/// One scalar.
pub(super) const SCALAR: u64 = 1;

/// A value that may be hundreds of KiB long: a body of JSON, or the text of a log.
pub(super) const BODY: u64 = 3 * UNITS_PER_POINT;

/// An object that takes several looks to find out.
pub(super) const LOOKS: u64 = 5 * OBJECT;

/// How many entries of the ledger a job's `charges` are taken for: most jobs have two, and none shows more than 100.
pub(super) const CHARGES: u64 = 5;

/// How many jobs of a batch cost as much as one that is read: they are at hand, and a batch has up to a thousand.
pub(super) const BATCH: u64 = 10;

/// A field of a mutation, beside what it selects.
pub(super) const MUTATION: u64 = 10 * UNITS_PER_POINT;

/// Points of an amount of units, rounded up.
pub(super) fn points(units: u64) -> u32 {
    u32::try_from(units.div_ceil(UNITS_PER_POINT)).unwrap_or(u32::MAX)
}

/// What a selection set holds, fragments written out. Sums saturate: a bomb is enormous, not small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Fields.
    pub(super) fields: u32,
    /// Fields directly in the set, `__typename` aside.
    pub(super) roots: u32,
    /// Levels of selection sets, those of fragments included.
    pub(super) levels: usize,
    /// Levels of fields, introspection aside.
    pub(super) depth: u32,
    /// Fields with an alias.
    pub(super) aliases: u32,
    /// Cost of everything but the direct `nodes`, `edges` and `rows`.
    pub(super) units: u64,
    /// Cost of the direct `nodes`, `edges` and `rows`, once; the field above knows the size of its page.
    pub(super) page_units: u64,
    /// Whether there are `nodes`, `edges` or `rows`, so that the field above is a connection.
    pub(super) paged: bool,
    /// Whether the cost depends on the value of a variable.
    pub(super) by_variables: bool,
    /// The introspection that the set contains.
    pub(super) introspection: Introspection,
    /// The set itself, taken as a part of an introspection: a fragment does not tell where it will stand.
    pub(super) as_introspection: Introspection,
}

/// The measure of what stands below `__schema` or `__type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Introspection {
    /// Fields.
    pub(super) fields: u32,
    /// Levels of fields.
    pub(super) depth: u32,
    /// An estimate of the values in the answer.
    pub(super) weight: u64,
    /// Whether `fields` is among them.
    pub(super) lists_fields: bool,
    /// Whether `fields` stands below `fields`.
    pub(super) circular: bool,
}

impl Measure {
    /// Both side by side.
    pub(super) fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            roots: self.roots.saturating_add(other.roots),
            levels: self.levels.max(other.levels),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            units: self.units.saturating_add(other.units),
            page_units: self.page_units.saturating_add(other.page_units),
            paged: self.paged || other.paged,
            by_variables: self.by_variables || other.by_variables,
            introspection: self.introspection.beside(other.introspection),
            as_introspection: self.as_introspection.beside(other.as_introspection),
        }
    }
}

impl Introspection {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            weight: self.weight.saturating_add(other.weight),
            lists_fields: self.lists_fields || other.lists_fields,
            circular: self.circular || other.circular,
        }
    }

    /// The field `name` over these.
    pub(super) fn below(self, name: &str) -> Self {
        // About the lengths that these lists have in a schema of docket's size.
        let length = match name {
            "types" => 100,
            "fields" => 10,
            "inputFields" | "enumValues" | "possibleTypes" | "directives" => 5,
            "args" | "interfaces" => 2,
            _ => 1,
        };
        Self {
            fields: self.fields.saturating_add(1),
            depth: self.depth.saturating_add(1),
            weight: self.weight.saturating_add(1).saturating_mul(length),
            lists_fields: self.lists_fields || name == "fields",
            circular: self.circular || (name == "fields" && self.lists_fields),
        }
    }
}
