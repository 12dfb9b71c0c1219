//! The surface a request came in by.

/// The surface a request came in by. It selects policies and is never an argument of the schema, so no caller can
/// choose a weaker one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The public GraphQL API, over any transport.
    GraphQl,
    /// Project-W's routes.
    ProjectW,
    /// TopChef's.
    TopChef,
    /// backrest's.
    Backrest,
    /// Mobyle2's.
    Mobyle2,
    /// MyBRC's, and those that the Slurm plugins call.
    Mybrc,
}
