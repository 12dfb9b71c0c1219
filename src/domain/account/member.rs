//! Who may charge an account, and how much.

use entity::{Amount, account, account_member, event, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::{
    book::Book,
    write::{present, tell},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor, Subject},
        rights, user as users,
    },
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

/// A new or changed membership; what is absent stays as it is, or is nothing for a new member.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberChange {
    /// The most that the member's jobs may hold and have spent together, 0 or more; `Some(None)` takes the limit away.
    pub limit: Option<Option<Amount>>,
    /// Sees all members and entries, and sets members that are no managers.
    pub is_manager: Option<bool>,
}

/// How members are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOrder {
    /// The longest-serving first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// Makes a user a member, or changes what it may. Admins, users with the role `accounting` and, for members that are no
/// managers, the account's managers may.
pub async fn set_member(
    app: &App,
    viewer: &Viewer,
    uid: Uuid,
    member: Uuid,
    change: MemberChange,
) -> Result<account_member::Model> {
    let account_id = managed(app, viewer, uid).await?;
    if let Some(Some(limit)) = change.limit
        && limit < Amount::ZERO
    {
        return Err(Error::invalid("limit", format!("{limit} is less than 0.")));
    }
    let user_id = users::known(app, "userId", member).await?;
    let keeps = viewer.keeps_accounts();
    if change.is_manager == Some(true) && !keeps {
        return Err(Error::Forbidden("Only admins and users with the role `accounting` make managers.".into()));
    }
    app.db
        .write(
            (account_id, user_id, change, keeps, Actor::of(viewer)),
            |tx, (account_id, user_id, change, keeps, actor)| {
                Box::pin(async move {
                    let member = store(tx, *account_id, *user_id, change, *keeps).await?;
                    audit::note(tx, actor, Action::AccountMemberSet, about(tx, &member).await?).await?;
                    Ok(member)
                })
            },
        )
        .await
}

async fn store(
    tx: &Tx,
    account_id: i64,
    user_id: i64,
    change: &MemberChange,
    keeps: bool,
) -> Result<account_member::Model> {
    let book = Book { account: present(tx, account_id).await? };
    let Some(member) = book.member(tx, user_id).await? else {
        let row = account_member::ActiveModel {
            account_id: Set(account_id),
            user_id: Set(user_id),
            is_manager: Set(change.is_manager.unwrap_or(false)),
            spend_limit: Set(change.limit.flatten()),
            held: Set(Amount::ZERO),
            spent: Set(Amount::ZERO),
            created_at: Set(tx.now),
            updated_at: Set(tx.now),
            removed_at: Set(None),
            ..Default::default()
        };
        let made = account_member::Entity::insert(row).exec_with_returning(&tx.db).await?;
        tell(tx, account_id, event::AccountChange::MemberSet).await?;
        return Ok(made);
    };
    // Who was a member before begins without the limit and the rank of that time.
    let rejoins = member.removed_at.is_some();
    refuse_manager(&member, keeps)?;
    let after = account_member::Model {
        is_manager: change.is_manager.unwrap_or(member.is_manager && !rejoins),
        spend_limit: change.limit.unwrap_or(if rejoins { None } else { member.spend_limit }),
        removed_at: None,
        ..member.clone()
    };
    update(tx, &member, after, event::AccountChange::MemberSet).await
}

/// The user whom a change of a membership is about, and what was agreed.
async fn about(tx: &Tx, member: &account_member::Model) -> Result<Subject> {
    let user = user::Entity::find_by_id(member.user_id).one(&tx.db).await?.ok_or(Error::NotFound("user"))?;
    let account = account::Entity::find_by_id(member.account_id).one(&tx.db).await?;
    let account = account.ok_or(Error::NotFound("account"))?;
    let rank = if member.is_manager { "manager" } else { "member" };
    let limit = member.spend_limit.map_or_else(|| "no limit".to_owned(), |limit| format!("limit {limit}"));
    Ok(Subject::from(&user).noting(format!("The account {}: {rank}, {limit}.", account.name)))
}

/// Managers are set and removed by those who keep all accounts only.
fn refuse_manager(member: &account_member::Model, keeps: bool) -> Result<()> {
    if keeps || !member.is_manager || member.removed_at.is_some() {
        return Ok(());
    }
    Err(Error::Forbidden("Only admins and users with the role `accounting` change or remove managers.".into()))
}

async fn update(
    tx: &Tx,
    before: &account_member::Model,
    after: account_member::Model,
    told: event::AccountChange,
) -> Result<account_member::Model> {
    // A manager sees all entries, a member its own.
    let narrows = after.removed_at.is_some() || (before.is_manager && !after.is_manager);
    let after = account_member::Model { updated_at: tx.now, ..after };
    let change = account_member::ActiveModel {
        is_manager: Set(after.is_manager),
        spend_limit: Set(after.spend_limit),
        removed_at: Set(after.removed_at),
        updated_at: Set(after.updated_at),
        ..Default::default()
    };
    let own = account_member::Entity::update_many().set(change).filter(account_member::Column::Id.eq(after.id));
    own.exec(&tx.db).await?;
    tell(tx, after.account_id, told).await?;
    if narrows {
        rights::shrink(tx, [after.user_id]).await?;
    }
    Ok(after)
}

/// Ends a membership; jobs that the user has submitted already are still paid. The same callers may as for
/// [`set_member`]; fails with INVALID on `userId` for a user that is not a member.
pub async fn remove_member(app: &App, viewer: &Viewer, uid: Uuid, member: Uuid) -> Result<account_member::Model> {
    let account_id = managed(app, viewer, uid).await?;
    let user_id = users::known(app, "userId", member).await?;
    app.db
        .write(
            (account_id, user_id, viewer.keeps_accounts(), Actor::of(viewer)),
            |tx, (account_id, user_id, keeps, actor)| {
                Box::pin(async move {
                    let book = Book { account: present(tx, *account_id).await? };
                    let member = book.member(tx, *user_id).await?.filter(|member| member.removed_at.is_none());
                    let member = member.ok_or_else(|| Error::invalid("userId", "The user is not a member."))?;
                    refuse_manager(&member, *keeps)?;
                    let after = account_member::Model { removed_at: Some(tx.now), ..member.clone() };
                    audit::note(tx, actor, Action::AccountMemberRemoved, about(tx, &member).await?).await?;
                    update(tx, &member, after, event::AccountChange::MemberRemoved).await
                })
            },
        )
        .await
}

/// The internal id of an account whose members the viewer may set.
async fn managed(app: &App, viewer: &Viewer, uid: Uuid) -> Result<i64> {
    viewer.require_write(Permission::AccountsWrite)?;
    let query = account::Entity::visible_to(&viewer.account_scope()).filter(account::Column::Uid.eq(uid));
    let account = query.one(app.db.read()).await?.ok_or(Error::NotFound("account"))?;
    let manages = match viewer.user_id() {
        _ if viewer.keeps_accounts() => true,
        Some(id) => find(app, account.id, id).await?.is_some_and(|member| member.is_manager),
        None => false,
    };
    if manages {
        return Ok(account.id);
    }
    Err(Error::Forbidden(
        "Only the account's managers, admins and users with the role `accounting` may do this.".into(),
    ))
}

/// A user's membership.
pub(super) async fn find(app: &App, account_id: i64, user_id: i64) -> Result<Option<account_member::Model>> {
    let query = account_member::Entity::find()
        .filter(account_member::Column::AccountId.eq(account_id))
        .filter(account_member::Column::UserId.eq(user_id))
        .filter(account_member::Column::RemovedAt.is_null());
    Ok(query.one(app.db.read()).await?)
}

/// A page of an account's members that the viewer may see (`account.id`): managers see all, others themselves.
pub async fn members(
    app: &App,
    viewer: &Viewer,
    account_id: i64,
    order: MemberOrder,
    request: &PageRequest,
) -> Result<Page<account_member::Model>> {
    page::fetch(visible(viewer, account_id), order, request, app.db.read()).await
}

/// How many members of an account the viewer may see.
pub async fn count_members(app: &App, viewer: &Viewer, account_id: i64) -> Result<i64> {
    page::count(visible(viewer, account_id), app.db.read()).await
}

fn visible(viewer: &Viewer, account_id: i64) -> Select<account_member::Entity> {
    account_member::Entity::visible_to(&viewer.account_scope()).filter(account_member::Column::AccountId.eq(account_id))
}

impl Order<account_member::Entity> for MemberOrder {
    fn column(self) -> Option<account_member::Column> {
        None
    }

    fn id(self) -> account_member::Column {
        account_member::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &account_member::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &account_member::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
