//! Which users to list.

use async_graphql::InputObject;

use super::{UserKind, UserStatus};
use crate::{
    domain,
    error::Result,
    graphql::filter::{StringFilter, both, few},
};

/// A state.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UserStatusCondition {
    /// This state.
    eq: Option<UserStatus>,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<UserStatus>>,
}

/// A kind of account.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UserKindCondition {
    /// This kind.
    eq: Option<UserKind>,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<UserKind>>,
}

/// Which users to list; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UserFilter {
    /// The state; without it, all but deleted users.
    status: Option<UserStatusCondition>,
    /// How the account came to be.
    kind: Option<UserKindCondition>,
    /// The user name.
    username: Option<StringFilter>,
}

impl UserFilter {
    pub(super) fn read(self) -> Result<domain::user::UserFilter> {
        let UserStatusCondition { eq, any_of } = self.status.unwrap_or_default();
        few(any_of.as_deref(), "states", "filter/status")?;
        let statuses = words(both(eq, any_of));
        let UserKindCondition { eq, any_of } = self.kind.unwrap_or_default();
        few(any_of.as_deref(), "kinds", "filter/kind")?;
        let kinds = words(both(eq, any_of));
        let (usernames, username_starts_with) = self.username.unwrap_or_default().conditions("filter/username")?;
        Ok(domain::user::UserFilter { statuses, kinds, usernames, username_starts_with })
    }
}

/// The same in the words of the table.
fn words<T: Into<U>, U>(values: Option<Vec<T>>) -> Option<Vec<U>> {
    values.map(|values| values.into_iter().map(Into::into).collect())
}
