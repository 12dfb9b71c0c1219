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
    domain::{
        project,
        user::{SERVICE_AUTHOR, unstored},
    },
    error::Result,
    viewer::{ACCOUNTING, Viewer},
};

const USERS: &str = "principal.csv";
const COLUMNS: &[&str] =
    &["id", "active", "email", "password", "firstname", "lastname", "creation_date", "last_login_date"];
const ROLES: &str = "globalroles.csv";
const ROLE_COLUMNS: &[&str] = &["principal_id", "role"];
/// The role whose users might do everything.
const ADMIN: &str = "admin";

/// Takes over the users of backrest from a folder with `principal.csv` and `globalroles.csv`. Their UUIDs are kept, and
/// their passwords: hashes of bcrypt are taken until the user logs in, and then made anew. The role `admin` makes an admin and
/// is no word among the roles; words that give rights in docket are refused.
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
    let mut roles = Roles::read(source, &mut report)?;
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
        take(tx, read, &mut roles, &mut report).await?;
    }
    for (line, id, _) in roles.left() {
        report.refuse(ROLES, line, format!("There is no user {id}, or it was not taken over."));
    }
    Ok(report)
}

/// The roles of each user, with their lines, until the user has them.
struct Roles(HashMap<Uuid, Vec<(u64, String)>>);

impl Roles {
    fn read(source: &Source, report: &mut Report) -> Result<Self> {
        report.added(ROLES, 0);
        let mut table = Table::open(&source.path, ROLES, ROLE_COLUMNS, &source.progress)?;
        let mut roles: HashMap<Uuid, Vec<(u64, String)>> = HashMap::new();
        while let Some(row) = table.next() {
            match row.and_then(|row| role(&row).map(|read| (row.line, read)).map_err(|why| (row.line, why))) {
                Ok((line, (id, role))) => roles.entry(id).or_default().push((line, role)),
                Err((line, why)) => report.refuse(ROLES, line, why),
            }
        }
        Ok(Self(roles))
    }

    /// The roles of a user that is taken over: the words, and whether it is an admin.
    fn give(&mut self, id: Uuid, report: &mut Report) -> (Vec<String>, bool) {
        let (mut words, mut is_admin) = (Vec::new(), false);
        for (_, role) in self.0.remove(&id).unwrap_or_default() {
            let is_new = if role == ADMIN { !is_admin } else { !words.contains(&role) };
            if !is_new {
                report.known(ROLES);
                continue;
            }
            report.added(ROLES, 1);
            if role == ADMIN {
                is_admin = true;
            } else {
                words.push(role);
            }
        }
        (words, is_admin)
    }

    /// Those of a user that was there already, and is left as it is.
    fn pass_over(&mut self, id: Uuid, report: &mut Report) {
        for _ in self.0.remove(&id).unwrap_or_default() {
            report.known(ROLES);
        }
    }

    /// Those that nobody has got, in the order of the file.
    fn left(self) -> Vec<(u64, Uuid, String)> {
        let of_user =
            |(id, roles): (Uuid, Vec<(u64, String)>)| roles.into_iter().map(move |(line, role)| (line, id, role));
        let mut left: Vec<_> = self.0.into_iter().flat_map(of_user).collect();
        left.sort();
        left
    }
}

fn role(row: &Row) -> Result<(Uuid, String), String> {
    let id = row.text(0).and_then(|id| Uuid::parse_str(id).ok()).ok_or("principal_id is no UUID.")?;
    let role = row.text(1).ok_or("role is missing.")?;
    // Nobody gets rights here because an older system used the same word for something of its own.
    if [ACCOUNTING, SERVICE_AUTHOR].contains(&role) {
        return Err(format!("The role {role} gives rights in docket; give it by hand to whom it is meant for."));
    }
    Ok((id, role.to_owned()))
}

/// A row that was read.
struct Read {
    id: Uuid,
    active: bool,
    email: String,
    /// None of a user who has to ask for a new password.
    hash: Option<String>,
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
    let hash = row.text(3);
    if hash.is_some_and(|hash| hash.parse::<bcrypt::HashParts>().is_err()) {
        return Err("password is no hash of bcrypt.".to_owned());
    }
    Ok(Read {
        id,
        active,
        email,
        hash: hash.map(str::to_owned),
        first_name: row.text(4).map(str::to_owned),
        last_name: row.text(5).map(str::to_owned),
        created: row.moment(6, "creation_date")?,
        last_login: row.moment(7, "last_login_date")?,
    })
}

async fn take(tx: &Tx, (line, read): (u64, Read), roles: &mut Roles, report: &mut Report) -> Result<()> {
    let by_id = user::Entity::find().filter(user::Column::Uid.eq(read.id)).one(&tx.db).await?;
    if by_id.is_some() {
        report.known(USERS);
        roles.pass_over(read.id, report);
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
    let (words, is_admin) = roles.give(read.id, report);
    let created = read.created.unwrap_or(tx.now);
    let row = user::ActiveModel {
        uid: Set(read.id),
        short_id: Set(short_id),
        email: Set(Some(read.email)),
        email_lower: Set(Some(lower)),
        email_verified_at: Set(read.active.then_some(created)),
        first_name: Set(read.first_name),
        last_name: Set(read.last_name),
        is_admin: Set(is_admin),
        roles: Set(Words(words)),
        password_hash: Set(read.hash),
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
