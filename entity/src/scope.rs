//! Whose eyes a query looks through.

/// What a caller may see. Every finder takes one; there is no way to ask without saying who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything: an admin, or the server itself.
    All,
    /// Nothing that belongs to anybody: a caller without a credential.
    Nobody,
    /// What is this user's own, the jobs of the services that the user manages, and what the user's projects have.
    User {
        /// `user.id`.
        id: i64,
        /// Whether the user manages services. Most do not, and then one index answers what is theirs.
        owns_services: bool,
        /// Whether the user takes part in a project that others may take part in, too. In the personal one all jobs are
        /// the user's own.
        shares: bool,
        /// Whether the user keeps accounts, and sees all recorded jobs.
        keeps_accounts: bool,
    },
    /// The jobs that this runner holds and the services that it works for.
    Runner {
        /// `runner.id`.
        id: i64,
    },
}
