//! Reading what MyBRC lists, by numbers or whole.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use crate::{
    domain::{
        self,
        enrolled::{AccountFilter, Enrolled, MemberFilter, UserFilter},
    },
    error::Error,
    graphql::{
        account::{Account, AccountMember},
        context::{asked, asks_for},
        scalar::{DateTime, number},
        user::User,
    },
};

/// Objects of one page at most; of numbers alone there may be more.
pub(in crate::graphql) const NODES_MOST: i32 = 100;

/// A part of the users whom MyBRC lists.
#[derive(Clone, Debug, SimpleObject)]
pub struct EnrolledUsers {
    /// How many there are in all.
    total_count: i32,
    /// The numbers of those that were asked for.
    numbers: Vec<i32>,
    /// The users behind them, at most 100.
    nodes: Vec<User>,
}

/// A part of the accounts that MyBRC lists.
#[derive(Clone, Debug, SimpleObject)]
pub struct EnrolledAccounts {
    /// How many there are in all.
    total_count: i32,
    /// The numbers of those that were asked for.
    numbers: Vec<i32>,
    /// The accounts behind them, at most 100.
    nodes: Vec<Account>,
}

/// A part of the members of the accounts that MyBRC lists.
#[derive(Clone, Debug, SimpleObject)]
pub struct EnrolledMembers {
    /// How many there are in all.
    total_count: i32,
    /// Those that were asked for.
    nodes: Vec<AccountMember>,
}

/// Which users of MyBRC; conditions are ANDed. Texts are compared without regard to upper and lower case, and a moment
/// of whole seconds stands for all of its second.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnrolledUserFilter {
    /// The one with this number in MyBRC.
    number: Option<i32>,
    /// With this id in a directory.
    ldap_uid: Option<String>,
    /// Members of the account with this number in MyBRC.
    account_number: Option<i32>,
    /// With this name.
    username: Option<String>,
    /// With this address.
    email: Option<String>,
    /// Made at this moment; one of whole seconds stands for its second.
    created_at: Option<DateTime>,
    /// Last changed at this moment; one of whole seconds stands for its second.
    updated_at: Option<DateTime>,
}

/// Which accounts of MyBRC; conditions are ANDed. Texts are compared without regard to upper and lower case, and a
/// moment of whole seconds stands for all of its second.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnrolledAccountFilter {
    /// The one with this number in MyBRC.
    number: Option<i32>,
    /// That the user with this number in MyBRC is a member of.
    user_number: Option<i32>,
    /// With this title, or with this name where there is no title.
    title: Option<String>,
    /// Of which so many whole units were granted.
    allocation: Option<i32>,
    /// Of this type.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// Made at this moment; one of whole seconds stands for its second.
    created_at: Option<DateTime>,
    /// Last changed at this moment; one of whole seconds stands for its second.
    updated_at: Option<DateTime>,
}

/// Which members of the accounts of MyBRC; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnrolledMemberFilter {
    /// The user with this number in MyBRC.
    user_number: Option<i32>,
    /// Of the account with this number in MyBRC.
    account_number: Option<i32>,
}

/// Reading what MyBRC lists.
#[derive(Debug, Default)]
pub struct EnrolledQuery;

#[Object]
impl EnrolledQuery {
    /// The users that the viewer may see and that have a number in MyBRC, by that: oneself, or all for admins and the role
    /// `accounting`.
    async fn enrolled_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<EnrolledUserFilter>,
        #[graphql(desc = "How many to pass over.", default = 0)] skip: i32,
        #[graphql(desc = "How many to give, 0 to 1000, and at most 100 with `nodes`.", default = 20)] take: i32,
    ) -> Result<EnrolledUsers> {
        let (app, viewer) = asked(ctx)?;
        let whole = asks_for_nodes(ctx, take)?;
        let filter = filter.unwrap_or_default();
        let filter = UserFilter {
            number: filter.number.map(i64::from),
            ldap_uid: filter.ldap_uid,
            account_number: filter.account_number.map(i64::from),
            username: filter.username,
            email: filter.email,
            created_at: filter.created_at.map(|at| at.0),
            updated_at: filter.updated_at.map(|at| at.0),
        };
        let found = domain::enrolled::users(app, viewer, &filter, skip.into(), take.into()).await?;
        let rows = if whole { domain::user::by_ids(app, &found.rows).await? } else { Vec::new() };
        let nodes = in_order(&found.rows, rows, |row| row.id).map(User).collect();
        Ok(EnrolledUsers { total_count: number(found.total), numbers: numbers(&found), nodes })
    }

    /// The accounts that the viewer may see and that have a number in MyBRC, by that.
    async fn enrolled_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<EnrolledAccountFilter>,
        #[graphql(desc = "How many to pass over.", default = 0)] skip: i32,
        #[graphql(desc = "How many to give, 0 to 1000, and at most 100 with `nodes`.", default = 20)] take: i32,
    ) -> Result<EnrolledAccounts> {
        let (app, viewer) = asked(ctx)?;
        let whole = asks_for_nodes(ctx, take)?;
        let filter = filter.unwrap_or_default();
        let filter = AccountFilter {
            number: filter.number.map(i64::from),
            user_number: filter.user_number.map(i64::from),
            title: filter.title,
            allocation: filter.allocation.map(i64::from),
            kind: filter.kind,
            created_at: filter.created_at.map(|at| at.0),
            updated_at: filter.updated_at.map(|at| at.0),
        };
        let found = domain::enrolled::accounts(app, viewer, &filter, skip.into(), take.into()).await?;
        let rows = if whole { domain::account::by_ids(app, viewer, &found.rows).await? } else { Vec::new() };
        let nodes = in_order(&found.rows, rows, |row| row.id).map(Account).collect();
        Ok(EnrolledAccounts { total_count: number(found.total), numbers: numbers(&found), nodes })
    }

    /// The members of accounts that have a number in MyBRC, as far as the viewer may see them, the longest-serving first.
    async fn enrolled_members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<EnrolledMemberFilter>,
        #[graphql(desc = "How many to pass over.", default = 0)] skip: i32,
        #[graphql(desc = "How many to give, 0 to 100.", default = 20)] take: i32,
    ) -> Result<EnrolledMembers> {
        let (app, viewer) = asked(ctx)?;
        let filter = filter.unwrap_or_default();
        let filter = MemberFilter {
            user_number: filter.user_number.map(i64::from),
            account_number: filter.account_number.map(i64::from),
        };
        let (total, rows) = domain::enrolled::members(app, viewer, filter, skip.into(), take.into()).await?;
        let nodes = rows.into_iter().map(AccountMember).collect();
        Ok(EnrolledMembers { total_count: number(total), nodes })
    }
}

/// Whether the objects are wanted, of which there are fewer than numbers.
pub(in crate::graphql) fn asks_for_nodes(ctx: &Context<'_>, take: i32) -> Result<bool, Error> {
    let whole = asks_for(ctx, "nodes");
    if whole && take > NODES_MOST {
        return Err(Error::invalid("take", format!("With `nodes`, take at most {NODES_MOST}.")));
    }
    Ok(whole)
}

fn numbers(found: &Enrolled) -> Vec<i32> {
    found.numbers.iter().copied().map(number).collect()
}

/// Rows in the order of their ids in a list; those that went meanwhile are left out.
fn in_order<M>(ids: &[i64], rows: Vec<M>, id: fn(&M) -> i64) -> impl Iterator<Item = Arc<M>> {
    let mut rows: HashMap<i64, Arc<M>> = rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect();
    ids.iter().filter_map(move |id| rows.remove(id))
}
