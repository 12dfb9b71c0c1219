//! The `docket` program.

use std::process::ExitCode;

// A quarter less CPU per GraphQL request than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    docket::cli::main()
}
