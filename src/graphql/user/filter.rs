//! Which users to list.

use async_graphql::InputObject;
use entity::user;

use super::{UserKind, UserStatus};
use crate::{domain, error::Error};

/// A state.
#[derive(Clone, Debug, InputObject)]
pub struct UserStatusCondition {
    /// This state.
    eq: Option<UserStatus>,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    any_of: Option<Vec<UserStatus>>,
}

/// A kind of account.
#[derive(Clone, Debug, InputObject)]
pub struct UserKindCondition {
    /// This kind.
    eq: Option<UserKind>,
}

/// A user name.
#[derive(Clone, Debug, InputObject)]
pub struct UsernameCondition {
    /// It begins so; upper and lower case are different.
    starts_with: Option<String>,
}

/// Which users to list; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UserFilter {
    /// The state; without it, all but deleted users.
    status: Option<UserStatusCondition>,
    /// How the account came to be.
    kind: Option<UserKindCondition>,
    /// The user name.
    username: Option<UsernameCondition>,
}

impl UserFilter {
    pub(super) fn read(self) -> crate::error::Result<domain::user::UserFilter> {
        let mut statuses = None;
        if let Some(UserStatusCondition { eq, any_of }) = self.status {
            let any_of = any_of.map(|list| list.into_iter().map(Into::into).collect::<Vec<user::Status>>());
            if any_of.as_ref().is_some_and(|list| list.len() > 100) {
                return Err(Error::invalid("filter/status/in", "At most 100 states are taken."));
            }
            let eq = eq.map(|eq| vec![eq.into()]);
            statuses = match (eq, any_of) {
                (Some(eq), Some(any_of)) => Some(eq.into_iter().filter(|status| any_of.contains(status)).collect()),
                (Some(list), None) | (None, Some(list)) => Some(list),
                (None, None) => None,
            };
        }
        let kinds = self.kind.and_then(|kind| kind.eq).map(|kind| vec![kind.into()]);
        let username_starts_with = self.username.and_then(|name| name.starts_with);
        Ok(domain::user::UserFilter { statuses, kinds, username_starts_with })
    }
}
