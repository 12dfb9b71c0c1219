//! What MyBRC lists beside jobs: the users and accounts that have a number there.

use entity::{
    Amount, Time, account, account_member,
    legacy_number::{self, Dialect, Noun},
    user,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Expr,
    sea_query::{ExprTrait, Func, SelectStatement, SimpleExpr},
};

use crate::{
    app::App,
    domain::job::{PAGE_MOST, within_second},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Which users; conditions are ANDed, absent ones do not bind. Texts are compared without regard to upper and lower
/// case, and a moment of whole seconds stands for its second.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// The one with this number.
    pub number: Option<i64>,
    /// By the number in the directory.
    pub ldap_uid: Option<String>,
    /// Members of the account with this number.
    pub account_number: Option<i64>,
    /// By user name.
    pub username: Option<String>,
    /// By e-mail address.
    pub email: Option<String>,
    /// By when the row was made.
    pub created_at: Option<Time>,
    /// By when it last changed.
    pub updated_at: Option<Time>,
}

/// Which accounts, likewise.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// The one with this number.
    pub number: Option<i64>,
    /// That the user with this number is a member of.
    pub user_number: Option<i64>,
    /// By title.
    pub title: Option<String>,
    /// By allocation, in whole units.
    pub allocation: Option<i64>,
    /// By type.
    pub kind: Option<String>,
    /// By when the row was made.
    pub created_at: Option<Time>,
    /// By when it last changed.
    pub updated_at: Option<Time>,
}

/// Which members of accounts, likewise.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberFilter {
    /// The user with this number.
    pub user_number: Option<i64>,
    /// Of the account with this number.
    pub account_number: Option<i64>,
}

/// A part of what `MyBRC` lists.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// How many there are in all.
    pub total: i64,
    /// The numbers of those of the page.
    pub numbers: Vec<i64>,
    /// Their rows' internal ids.
    pub rows: Vec<i64>,
}

/// The members of accounts that `MyBRC` lists, as far as the viewer may see them, in the order in which they became such; and
/// how many there are in all. `take` is 0 to 100.
pub async fn members(
    app: &App,
    viewer: &Viewer,
    filter: MemberFilter,
    skip: i64,
    take: i64,
) -> Result<(i64, Vec<account_member::Model>)> {
    use account_member::Column::{AccountId, Id, UserId};
    viewer.require_read(Permission::AccountsRead)?;
    let bounds = (u64::try_from(skip), u64::try_from(take).ok().filter(|take| *take <= 100));
    let (Ok(skip), Some(take)) = bounds else {
        return Err(Error::invalid("take", "Take 0 to 100 members, and skip none or more."));
    };
    let listed = account::Entity::visible_to(&viewer.account_scope()).select_only().column(account::Column::Id).filter(
        account::Column::Id.in_subquery(numbered(Noun::Account).column(legacy_number::Column::RowId).into_query()),
    );
    let mut found = account_member::Entity::visible_to(&viewer.account_scope());
    found = found.filter(AccountId.in_subquery(listed.into_query()));
    if let Some(number) = filter.user_number {
        found = found.filter(UserId.in_subquery(row_of(Noun::User, number)));
    }
    if let Some(number) = filter.account_number {
        found = found.filter(AccountId.in_subquery(row_of(Noun::Account, number)));
    }
    let total = i64::try_from(found.clone().count(app.db.read()).await?).unwrap_or(i64::MAX);
    Ok((total, found.order_by_asc(Id).offset(skip).limit(take).all(app.db.read()).await?))
}

/// The numbers of the users in `MyBRC` that the viewer may see: itself, or all for who keeps accounts.
pub async fn users(app: &App, viewer: &Viewer, filter: &UserFilter, skip: i64, take: i64) -> Result<Enrolled> {
    use user::Column::{CreatedAt, DeletedAt, Email, Id, LdapUid, UpdatedAt, Username};
    viewer.require_read(Permission::AccountsRead)?;
    let all = user::Entity::visible_to(&viewer.scope()).filter(DeletedAt.is_null());
    let mut found = all.select_only().column(Id);
    let texts = [(LdapUid, &filter.ldap_uid), (Username, &filter.username), (Email, &filter.email)];
    for (column, text) in texts {
        if let Some(text) = text {
            found = found.filter(same((user::Entity, column), text));
        }
    }
    for (column, time) in [(CreatedAt, filter.created_at), (UpdatedAt, filter.updated_at)] {
        if let Some(time) = time {
            found = found.filter(within_second(column, time));
        }
    }
    if let Some(number) = filter.account_number {
        let members = account_member::Entity::find()
            .select_only()
            .column(account_member::Column::UserId)
            .filter(account_member::Column::RemovedAt.is_null())
            .filter(account_member::Column::AccountId.in_subquery(row_of(Noun::Account, number)));
        found = found.filter(Id.in_subquery(members.into_query()));
    }
    page(app, (Noun::User, filter.number), found.into_query(), skip, take).await
}

/// The numbers of the accounts in `MyBRC` that the viewer may see.
pub async fn accounts(app: &App, viewer: &Viewer, filter: &AccountFilter, skip: i64, take: i64) -> Result<Enrolled> {
    use account::Column::{CreatedAt, Granted, Id, Kind, Name, Title, UpdatedAt};
    viewer.require_read(Permission::AccountsRead)?;
    let mut found = account::Entity::visible_to(&viewer.account_scope()).select_only().column(Id);
    if let Some(title) = &filter.title {
        let named = Condition::all().add(Title.is_null()).add(same((account::Entity, Name), title));
        found = found.filter(Condition::any().add(same((account::Entity, Title), title)).add(named));
    }
    if let Some(kind) = &filter.kind {
        found = found.filter(same((account::Entity, Kind), kind));
    }
    if let Some(units) = filter.allocation {
        // What is shown is rounded down.
        let least = units.checked_mul(Amount::UNIT);
        found = match least.and_then(|least| Some((least, least.checked_add(Amount::UNIT)?))) {
            Some((least, over)) => found.filter(Granted.gte(least)).filter(Granted.lt(over)),
            None => found.filter(Expr::val(false)),
        };
    }
    for (column, time) in [(CreatedAt, filter.created_at), (UpdatedAt, filter.updated_at)] {
        if let Some(time) = time {
            found = found.filter(within_second(column, time));
        }
    }
    if let Some(number) = filter.user_number {
        let members = account_member::Entity::visible_to(&viewer.account_scope())
            .select_only()
            .column(account_member::Column::AccountId)
            .filter(account_member::Column::UserId.in_subquery(row_of(Noun::User, number)));
        found = found.filter(Id.in_subquery(members.into_query()));
    }
    page(app, (Noun::Account, filter.number), found.into_query(), skip, take).await
}

/// Equal but for upper and lower case.
///
/// A database may know the two of ASCII's letters only: SQLite does, and PostgreSQL where a column sorts by bytes. So
/// it is asked for what either makes of the text, and of the text in capitals: a name in capitals is found by small
/// letters and the other way.
fn same<E: EntityTrait>((entity, column): (E, E::Column), text: &str) -> SimpleExpr {
    let lowered = [text.to_ascii_lowercase(), text.to_lowercase(), text.to_uppercase().to_ascii_lowercase()];
    let lower = ExprTrait::is_in(Func::lower(Expr::col((entity, column))), lowered);
    ExprTrait::or(ColumnTrait::eq(&column, text), lower)
}

/// The row with this number.
fn row_of(noun: Noun, number: i64) -> SelectStatement {
    numbered(noun).column(legacy_number::Column::RowId).filter(legacy_number::Column::Number.eq(number)).into_query()
}

fn numbered(noun: Noun) -> Select<legacy_number::Entity> {
    legacy_number::Entity::find()
        .select_only()
        .filter(legacy_number::Column::Dialect.eq(Dialect::Mybrc))
        .filter(legacy_number::Column::Noun.eq(noun))
}

async fn page(
    app: &App,
    (noun, number): (Noun, Option<i64>),
    rows: SelectStatement,
    skip: i64,
    take: i64,
) -> Result<Enrolled> {
    let (Ok(from), Ok(most)) = (u64::try_from(skip), u64::try_from(Ord::min(take, PAGE_MOST))) else {
        return Err(Error::invalid("take", format!("Take 0 to {PAGE_MOST} numbers, and skip none or more.")));
    };
    let query = numbered(noun).column(legacy_number::Column::Number).column(legacy_number::Column::RowId);
    let mut query = query.filter(legacy_number::Column::RowId.in_subquery(rows));
    if let Some(number) = number {
        query = query.filter(legacy_number::Column::Number.eq(number));
    }
    let total = i64::try_from(query.clone().count(app.db.read()).await?).unwrap_or(i64::MAX);
    let numbers = query.order_by_asc(legacy_number::Column::Number).offset(from).limit(most);
    let pairs: Vec<(i64, i64)> = numbers.into_tuple().all(app.db.read()).await?;
    let (numbers, rows) = pairs.into_iter().unzip();
    Ok(Enrolled { total, numbers, rows })
}
