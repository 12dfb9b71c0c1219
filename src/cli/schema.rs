//! `docket schema`: the GraphQL schema.

use super::failure::Failure;
use super::output::Output;

/// Prints the schema in its definition language; `schema.graphql` in the repository is this text.
pub(super) fn run(mut output: Output) -> Result<(), Failure> {
    Ok(output.line(crate::graphql::sdl().trim_end())?)
}
