//! Users: finding them. What is done with an account stands in one file a verb.

mod activate;
mod anonymous;
mod bootstrap;
mod create;
mod delete;
mod email;
mod erase;
mod letter;
mod link;
mod password;
mod profile;
mod record;
mod sign_up;
mod status;

pub use activate::{Confirmed, activate, activate_by_hand, address_of_link, confirm_email, open_link};
pub use anonymous::create as create_anonymous;
pub use bootstrap::bootstrap;
pub use create::{NewUser, create};
pub(super) use create::{insert as inserted, row as unstored};
pub use delete::delete;
pub use email::{is_taken as is_email_taken, request_change as request_email_change};
pub use password::{
    NewPassword, change as change_password, is_password, request_reset, reset as reset_password, set as set_password,
};
pub use profile::{UserChange, update};
pub use record::{Recorded, RecordedChange, record, record_delete, record_update};
pub use sign_up::{SignUp, SignedUp, resend, sign_up};
pub use status::{set_admin, set_status};

use entity::user;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use super::{audit::Actor, policy::Policy};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    origin::Via,
    page::{self, Key, Order, Page, PageRequest},
    viewer::Viewer,
};

/// The role that lets a user make services.
pub const SERVICE_AUTHOR: &str = "service-author";

/// Which users to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// In one of these states. Without it, all but deleted ones.
    pub statuses: Option<Vec<user::Status>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<user::Kind>>,
    /// One of these user names.
    pub usernames: Option<Vec<String>>,
    /// The user name begins so.
    pub username_starts_with: Option<String>,
}

/// How users are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserOrder {
    /// Oldest account first.
    CreatedAtAsc,
    /// Newest account first.
    CreatedAtDesc,
    /// By name.
    UsernameAsc,
}

/// What the transactions of this noun are lent beside their own input.
#[derive(Clone, Debug)]
struct Means {
    app: App,
    via: Via,
    policy: Policy,
    actor: Actor,
}

impl Means {
    fn new(app: &App, viewer: &Viewer, via: &Via) -> Self {
        let actor = match viewer {
            Viewer::Anonymous => Actor::anonymous(&via.client),
            Viewer::User(_) | Viewer::Runner(_) | Viewer::Operator => Actor::of(viewer),
        };
        Self { app: app.clone(), via: via.clone(), policy: Policy::of(app, via.origin), actor }
    }
}

/// The user with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<user::Model> {
    visible(viewer).filter(user::Column::Uid.eq(uid)).one(app.db.read()).await?.ok_or(Error::NotFound("user"))
}

/// The user with this number, name or address, whichever is given.
pub async fn get_by(
    app: &App,
    viewer: &Viewer,
    number: Option<i64>,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<user::Model> {
    let mut query = visible(viewer);
    if number.is_none() {
        query = query.filter(present());
    }
    if let Some(number) = number {
        query = query.filter(user::Column::Id.eq(number));
    }
    if let Some(name) = name {
        query = query.filter(user::Column::Username.eq(name));
    }
    if let Some(email) = email {
        query = query.filter(user::Column::EmailLower.eq(email.to_lowercase()));
    }
    query.one(app.db.read()).await?.ok_or(Error::NotFound("user"))
}

/// The user with this address, as the surface of the request compares addresses.
pub async fn get_by_email(app: &App, viewer: &Viewer, via: &Via, email: &str) -> Result<user::Model> {
    let found = get_by(app, viewer, None, None, Some(email)).await?;
    let same = !Policy::of(app, via.origin).exact_email || found.email.as_deref() == Some(email);
    if same { Ok(found) } else { Err(Error::NotFound("user")) }
}

/// A page of the users that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &UserFilter,
    order: UserOrder,
    request: &PageRequest,
) -> Result<Page<user::Model>> {
    page::fetch(narrowed(visible(viewer), filter), order, request, app.db.read()).await
}

/// How many users the viewer may see.
pub async fn count(app: &App, viewer: &Viewer, filter: &UserFilter) -> Result<i64> {
    page::count(narrowed(visible(viewer), filter), app.db.read()).await
}

fn narrowed(mut query: Select<user::Entity>, filter: &UserFilter) -> Select<user::Entity> {
    query = match &filter.statuses {
        Some(statuses) => query.filter(user::Column::Status.is_in(statuses.iter().copied())),
        None => query.filter(present()),
    };
    if let Some(kinds) = &filter.kinds {
        query = query.filter(user::Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(names) = &filter.usernames {
        query = query.filter(user::Column::Username.is_in(names));
    }
    if let Some(start) = &filter.username_starts_with {
        query = query.filter(super::starts_with(user::Column::Username, start));
    }
    query
}

fn present() -> sea_orm::sea_query::SimpleExpr {
    user::Column::Status.ne(user::Status::Deleted)
}

/// Deletes accounts without a name that nobody uses, and erases what deleted users left behind; of how many that was.
pub async fn sweep(app: &App) -> Result<usize> {
    Ok(anonymous::sweep(app).await? + erase::sweep(app).await?)
}

/// Whether the viewer is this user.
#[must_use]
pub fn is_self(viewer: &Viewer, uid: Uuid) -> bool {
    matches!(viewer, Viewer::User(viewer) if viewer.user.uid == uid)
}

/// A user who is not deleted (`user.id`), whose row is locked until the transaction ends.
pub(super) async fn locked(tx: &Tx, id: i64) -> Result<user::Model> {
    let own = user::Entity::find_by_id(id).filter(present()).lock_exclusive();
    own.one(&tx.db).await?.ok_or(Error::NotFound("user"))
}

/// The user who can log in with this address, whose row is not locked.
async fn with_email(tx: &Tx, email: &str) -> Result<Option<user::Model>> {
    let twin = user::Entity::find().filter(user::Column::EmailLower.eq(email.to_lowercase()));
    Ok(twin.one(&tx.db).await?)
}

/// The users with these internal ids, whoever asks: for fields of rows that the caller may already see. What such a
/// field may show of a user is decided where it is shown.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<user::Model>> {
    Ok(user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The internal id of a user that an input names at `path`, whoever asks: users are known by their ids to everybody.
pub(super) async fn known(app: &App, path: &str, uid: Uuid) -> Result<i64> {
    let user = user::Entity::find().select_only().column(user::Column::Id).filter(user::Column::Uid.eq(uid));
    let user = user.filter(present());
    let id = user.into_tuple().one(app.db.read()).await?;
    id.ok_or_else(|| Error::invalid(path, "There is no such user."))
}

fn visible(viewer: &Viewer) -> sea_orm::Select<user::Entity> {
    // A user that is not active still sees itself, and why.
    match viewer.user_id() {
        Some(id) if !viewer.is_admin() && !viewer.keeps_accounts() => {
            user::Entity::find().filter(user::Column::Id.eq(id))
        }
        _ => user::Entity::visible_to(&viewer.scope()),
    }
}

impl Order<user::Entity> for UserOrder {
    fn column(self) -> Option<user::Column> {
        (self == Self::UsernameAsc).then_some(user::Column::Username)
    }

    fn id(self) -> user::Column {
        user::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &user::Model) -> Option<Key> {
        (self == Self::UsernameAsc).then(|| Key::Text(row.username.clone()))
    }

    fn row_id(self, row: &user::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
            Self::UsernameAsc => "u",
        }
    }
}
