//! Accounts: who pays for jobs, and with what.

use entity::{
    Amount, Scope,
    account::{self, Overrun},
    project,
};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod afford;
mod audit;
mod book;
pub(super) mod charge;
mod enrol;
mod estimate;
mod hand;
pub(super) mod holds;
mod member;
mod price;
pub(super) mod report;
pub(super) mod reserve;
mod watch;
mod write;

pub use afford::{Affords, Obstacle, affords};
pub use audit::audit;
pub use charge::Payer;
pub use enrol::{Listed, enrol, record, record_update, units};
pub use estimate::{Estimate, estimate};
pub use hand::{Adjustment, Booked, adjust, grant, refund};
pub use holds::{HeldJob, holds, release_hold};
pub use member::{MemberChange, MemberOrder, count_members, members, remove_member, set_member};
pub use price::Price;
pub use reserve::{Reservation, prune as sweep_reservations, reserve};
pub use watch::{Watch, events, watch};
pub use write::{AccountChange, NewAccount, create, delete, update};

/// Which accounts to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// One of these names.
    pub names: Option<Vec<String>>,
    /// A name that begins so.
    pub name_starts_with: Option<String>,
    /// One of these types.
    pub kinds: Option<Vec<String>>,
    /// A type that begins so.
    pub kind_starts_with: Option<String>,
    /// One of these rules.
    pub overruns: Option<Vec<Overrun>>,
    /// Of one of these users (outside ids), as a member.
    pub member_ids: Option<Vec<Uuid>>,
}

/// How accounts are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// What a caller may do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Change it, move its money, and make managers.
    pub manage: bool,
    /// Set and remove members that are no managers.
    pub set_members: bool,
    /// Submit jobs that it pays for.
    pub charge: bool,
}

/// The account with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<account::Model> {
    one(app, viewer, account::Column::Uid.eq(uid)).await
}

/// The account with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<account::Model> {
    one(app, viewer, account::Column::Id.eq(number)).await
}

/// The account with this name.
pub async fn get_by_name(app: &App, viewer: &Viewer, name: &str) -> Result<account::Model> {
    one(app, viewer, account::Column::Name.eq(name)).await
}

/// The only account with this title, which is the name that `MyBRC` knows it by.
///
/// Fails with INVALID_STATE when several have it.
pub async fn get_by_title(app: &App, viewer: &Viewer, title: &str) -> Result<account::Model> {
    viewer.require_read(Permission::AccountsRead)?;
    let query = account::Entity::visible_to(&viewer.account_scope()).filter(account::Column::Title.eq(title));
    let mut found = query.limit(2).all(app.db.read()).await?;
    if found.len() > 1 {
        return Err(Error::InvalidState(format!("Several accounts have the title {title:?}; give the name of one.")));
    }
    found.pop().ok_or(Error::NotFound("account"))
}

async fn one(app: &App, viewer: &Viewer, which: sea_orm::sea_query::SimpleExpr) -> Result<account::Model> {
    viewer.require_read(Permission::AccountsRead)?;
    let query = account::Entity::visible_to(&viewer.account_scope()).filter(which);
    query.one(app.db.read()).await?.ok_or(Error::NotFound("account"))
}

/// A page of the accounts that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &AccountFilter,
    order: AccountOrder,
    request: &PageRequest,
) -> Result<Page<account::Model>> {
    viewer.require_read(Permission::AccountsRead)?;
    page::fetch(filtered(viewer, filter), order, request, app.db.read()).await
}

/// How many accounts the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: &AccountFilter) -> Result<i64> {
    viewer.require_read(Permission::AccountsRead)?;
    page::count(filtered(viewer, filter), app.db.read()).await
}

/// The accounts with these internal ids that the viewer may see, deleted ones included: for fields of rows that the
/// caller has already.
pub async fn by_ids(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<account::Model>> {
    if viewer.require_read(Permission::AccountsRead).is_err() {
        return Ok(Vec::new());
    }
    let query = account::Entity::ever_visible_to(&viewer.account_scope());
    Ok(query.filter(account::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// Whether the viewer sees every account that there is or was.
#[must_use]
pub fn sees_all(viewer: &Viewer) -> bool {
    viewer.require_read(Permission::AccountsRead).is_ok() && matches!(viewer.account_scope(), Scope::All)
}

/// Who pays for a job that names this account: the viewer must be a member of it, or an admin.
pub(super) async fn payer(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Payer> {
    // Not by what the viewer sees: whoever keeps all accounts does not spend from them, and a token that may submit jobs
    // need not be able to read accounts.
    let scope = viewer.scope();
    let query = account::Entity::visible_to(&scope).filter(account::Column::Uid.eq(uid));
    let account = query.one(app.db.read()).await?.ok_or(Error::NotFound("account"))?;
    Ok(Payer { account_id: account.id, without_membership: scope == Scope::All })
}

/// Who pays for the jobs of a project that name no account: nobody when the viewer may not charge its account.
pub(super) async fn default_payer(
    app: &App,
    viewer: &Viewer,
    project: Option<&project::Model>,
) -> Result<Option<Payer>> {
    let Some(id) = project.and_then(|project| project.default_account_id) else { return Ok(None) };
    let scope = viewer.scope();
    let query = account::Entity::visible_to(&scope).filter(account::Column::Id.eq(id));
    let account = query.one(app.db.read()).await?;
    Ok(account.map(|account| Payer { account_id: account.id, without_membership: scope == Scope::All }))
}

/// The internal id of an account, whoever asks: for those who keep all of them.
pub(super) async fn find(app: &App, uid: Uuid) -> Result<Option<i64>> {
    let query = account::Entity::visible_to(&Scope::All).filter(account::Column::Uid.eq(uid));
    Ok(query.one(app.db.read()).await?.map(|account| account.id))
}

/// What the viewer may do with an account that it may see.
pub async fn rights(app: &App, viewer: &Viewer, account: &account::Model) -> Result<Rights> {
    let present = account.deleted_at.is_none();
    let may_write = viewer.require_write(Permission::AccountsWrite).is_ok() && present;
    let membership = match viewer.user_id() {
        Some(id) => member::find(app, account.id, id).await?,
        None => None,
    };
    let keeps = may_write && viewer.keeps_accounts();
    Ok(Rights {
        manage: keeps,
        set_members: keeps || may_write && membership.as_ref().is_some_and(|member| member.is_manager),
        charge: present && viewer.require(Permission::JobsWrite).is_ok() && (membership.is_some() || viewer.is_admin()),
    })
}

/// An account that the viewer may change: hidden ones are not there, and others' are forbidden.
async fn kept(app: &App, viewer: &Viewer, uid: Uuid) -> Result<account::Model> {
    viewer.require_write(Permission::AccountsWrite)?;
    let scope = viewer.account_scope();
    let account = account::Entity::visible_to(&scope).filter(account::Column::Uid.eq(uid)).one(app.db.read()).await?;
    let account = account.ok_or(Error::NotFound("account"))?;
    require_keeper(viewer)?;
    Ok(account)
}

fn require_keeper(viewer: &Viewer) -> Result<()> {
    if viewer.keeps_accounts() {
        return Ok(());
    }
    Err(Error::Forbidden("Only admins and users with the role `accounting` may do this.".into()))
}

fn filtered(viewer: &Viewer, filter: &AccountFilter) -> Select<account::Entity> {
    use entity::{account_member, user};
    let mut query = account::Entity::visible_to(&viewer.account_scope());
    if let Some(names) = &filter.names {
        query = query.filter(account::Column::Name.is_in(names));
    }
    if let Some(start) = &filter.name_starts_with {
        query = query.filter(super::starts_with(account::Column::Name, start));
    }
    if let Some(kinds) = &filter.kinds {
        query = query.filter(account::Column::Kind.is_in(kinds));
    }
    if let Some(start) = &filter.kind_starts_with {
        query = query.filter(super::starts_with(account::Column::Kind, start));
    }
    if let Some(overruns) = &filter.overruns {
        query = query.filter(account::Column::Overrun.is_in(overruns.iter().copied()));
    }
    if let Some(uids) = &filter.member_ids {
        let users = super::ids_of::<user::Entity>(user::Column::Id, user::Column::Uid, uids);
        // Of the members that the viewer may see: nobody learns who else charges an account.
        let accounts = account_member::Entity::visible_to(&viewer.account_scope())
            .select_only()
            .column(account_member::Column::AccountId)
            .filter(account_member::Column::UserId.in_subquery(users));
        query = query.filter(account::Column::Id.in_subquery(sea_orm::QueryTrait::into_query(accounts)));
    }
    query
}

/// An amount that is positive: money that is put in or given back.
fn positive(amount: Amount) -> Result<Amount> {
    if amount > Amount::ZERO {
        return Ok(amount);
    }
    Err(Error::invalid("amount", format!("{amount} is not more than 0.")))
}

impl Order<account::Entity> for AccountOrder {
    fn column(self) -> Option<account::Column> {
        (self == Self::NameAsc).then_some(account::Column::Name)
    }

    fn id(self) -> account::Column {
        account::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &account::Model) -> Option<Key> {
        (self == Self::NameAsc).then(|| Key::Text(row.name.clone()))
    }

    fn row_id(self, row: &account::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::NameAsc => "n",
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
