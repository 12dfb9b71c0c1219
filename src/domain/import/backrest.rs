//! backrest: exports of its tables of users as comma-separated values, the first line of each naming the columns.

use std::collections::HashMap;
use std::path::Path;

use entity::{Words, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    Progress, Report, Source, require_operator,
    table::{Row, Table},
    take_time,
};
use crate::{
    app::App,
    db::Tx,
    domain::{project, user::unstored},
    error::Result,
    viewer::Viewer,
};

const USERS: &str = "principal.csv";
const COLUMNS: &[&str] =
    &["id", "active", "email", "password", "firstname", "lastname", "creation_date", "last_login_date"];
const ROLES: &str = "globalroles.csv";
const ROLE_COLUMNS: &[&str] = &["principal_id", "role"];

/// Takes over the users of backrest from a folder with `principal.csv` and `globalroles.csv`. Their UUIDs are kept, and
/// their passwords: hashes of bcrypt are taken until the user logs in, and then made anew. The role `admin` is an admin's.
///
/// Only the operator may. Fails with [`crate::error::Error::BadRequest`] when a file or a column is missing.
pub async fn backrest(app: &App, viewer: &Viewer, folder: &Path, progress: Progress) -> Result<Report> {
    require_operator(viewer)?;
    let source = Source::new(folder, progress);
    let report = app.db.write(source, |tx, source| Box::pin(run(tx, source))).await?;
    app.known.forget();
    Ok(report)
}

async fn run(tx: &Tx, source: &Source) -> Result<Report> {
    take_time(tx).await?;
    let mut report = Report::default();
    let roles = roles(source, &mut report)?;
    report.added(USERS, 0);
    let mut table = Table::open(&source.path, USERS, COLUMNS, &source.progress)?;
    while let Some(row) = table.next() {
        let read = match row.and_then(|row| read(&row).map_err(|why| (row.line, why)).map(|read| (row.line, read))) {
            Ok(read) => read,
            Err((line, why)) => {
                report.refuse(USERS, line, why);
                continue;
            }
        };
        take(tx, read, &roles, &mut report).await?;
    }
    Ok(report)
}

/// The roles of each user.
fn roles(source: &Source, report: &mut Report) -> Result<HashMap<Uuid, Vec<String>>> {
    report.added(ROLES, 0);
    let mut table = Table::open(&source.path, ROLES, ROLE_COLUMNS, &source.progress)?;
    let mut roles: HashMap<Uuid, Vec<String>> = HashMap::new();
    while let Some(row) = table.next() {
        let read = row.and_then(|row| {
            let id = row.text(0).and_then(|id| Uuid::parse_str(id).ok()).ok_or("principal_id is no UUID.");
            let role = row.text(1).ok_or("role is missing.");
            id.and_then(|id| role.map(|role| (id, role.to_owned()))).map_err(|why| (row.line, why.to_owned()))
        });
        match read {
            Ok((id, role)) => {
                let own = roles.entry(id).or_default();
                if !own.contains(&role) {
                    own.push(role);
                }
                report.added(ROLES, 1);
            }
            Err((line, why)) => report.refuse(ROLES, line, why),
        }
    }
    Ok(roles)
}

/// A row that was read.
struct Read {
    id: Uuid,
    active: bool,
    email: String,
    hash: String,
    first_name: Option<String>,
    last_name: Option<String>,
    created: Option<entity::Time>,
    last_login: Option<entity::Time>,
}

fn read(row: &Row) -> Result<Read, String> {
    let id = row.text(0).and_then(|id| Uuid::parse_str(id).ok()).ok_or("id is no UUID.")?;
    let active = match row.text(1).map(str::to_ascii_lowercase).as_deref() {
        Some("t" | "true" | "1") => true,
        Some("f" | "false" | "0") | None => false,
        Some(other) => return Err(format!("active is neither true nor false: {other:?}.")),
    };
    let email = row.text(2).filter(|email| email.contains('@')).ok_or("email is missing, or no address.")?.to_owned();
    let hash = row.text(3).ok_or("password is missing.")?;
    if hash.parse::<bcrypt::HashParts>().is_err() {
        return Err("password is no hash of bcrypt.".to_owned());
    }
    Ok(Read {
        id,
        active,
        email,
        hash: hash.to_owned(),
        first_name: row.text(4).map(str::to_owned),
        last_name: row.text(5).map(str::to_owned),
        created: row.moment(6, "creation_date")?,
        last_login: row.moment(7, "last_login_date")?,
    })
}

async fn take(
    tx: &Tx,
    (line, read): (u64, Read),
    roles: &HashMap<Uuid, Vec<String>>,
    report: &mut Report,
) -> Result<()> {
    let by_id = user::Entity::find().filter(user::Column::Uid.eq(read.id)).one(&tx.db).await?;
    if by_id.is_some() {
        report.known(USERS);
        return Ok(());
    }
    let mut short_id = read.id.simple().to_string();
    short_id.truncate(8);
    let lower = read.email.to_lowercase();
    let name = format!("user-{short_id}");
    let twins = sea_orm::Condition::any()
        .add(user::Column::EmailLower.eq(&lower))
        .add(user::Column::ShortId.eq(&short_id))
        .add(user::Column::Username.eq(&name));
    if let Some(twin) = user::Entity::find().filter(twins).one(&tx.db).await? {
        let what = if twin.email_lower.as_ref() == Some(&lower) { "this address" } else { "this beginning of its id" };
        report.refuse(USERS, line, format!("Another user has {what} already: {}.", twin.username));
        return Ok(());
    }
    let own = roles.get(&read.id).cloned().unwrap_or_default();
    let created = read.created.unwrap_or(tx.now);
    let row = user::ActiveModel {
        uid: Set(read.id),
        short_id: Set(short_id),
        email: Set(Some(read.email)),
        email_lower: Set(Some(lower)),
        email_verified_at: Set(read.active.then_some(created)),
        first_name: Set(read.first_name),
        last_name: Set(read.last_name),
        is_admin: Set(own.iter().any(|role| role == "admin")),
        roles: Set(Words(own)),
        password_hash: Set(Some(read.hash)),
        last_login_at: Set(read.last_login),
        created_at: Set(created),
        updated_at: Set(created),
        ..unstored(tx, &name, None, None)
    };
    let made = user::Entity::insert(row).exec_with_returning(&tx.db).await?;
    if read.active {
        // As it is made when an address is confirmed.
        project::insert_personal(tx, &made).await?;
    }
    report.added(USERS, 1);
    Ok(())
}
