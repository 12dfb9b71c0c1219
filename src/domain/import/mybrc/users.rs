//! Users: known from records only.

use std::collections::HashMap;

use entity::{
    legacy_number::{Dialect, Noun},
    user,
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::Value;

use crate::{
    db::Tx,
    domain::{
        import::{
            Report, Source,
            number::{count, give, numbers},
            table::Table,
        },
        legacy_number::MOST,
        user::{inserted, unstored},
    },
    error::Result,
};

const FILE: &str = "users.csv";
const COLUMNS: &[&str] = &["UserID", "UserName", "UserMetadata", "Email", "LDAPUID", "Created", "Updated"];

/// The users that were taken over, now or earlier, by their number. Nobody else is in it: docket gives out numbers of its
/// own, and what is somebody's here is not to become that of whoever has the number there.
pub(super) async fn run(tx: &Tx, source: &Source, report: &mut Report) -> Result<HashMap<i64, i64>> {
    count(tx, Dialect::Mybrc, Noun::User, 0, 0).await?;
    report.added(FILE, 0);
    let mut table = Table::open(&source.path, FILE, COLUMNS, &source.progress)?;
    let mut given = numbers(tx, Dialect::Mybrc, Noun::User).await?;
    let (mut last, mut addresses, mut users) = (0, HashMap::new(), HashMap::new());
    while let Some(row) = table.next() {
        let read = row.and_then(|row| {
            let line = row.line;
            let read = || -> Result<_, String> {
                let number = row.number(0, "UserID", 1, MOST)?;
                let name = row.text(1).ok_or("UserName is missing.")?.to_owned();
                let uid = row.text(4).map(|_| row.number(4, "LDAPUID", i64::MIN, i64::MAX)).transpose()?;
                let times = (row.moment(5, "Created")?, row.moment(6, "Updated")?);
                Ok((number, name, row.text(2).map(str::to_owned), row.text(3).map(str::to_owned), uid, times))
            };
            read().map(|read| (line, read)).map_err(|why| (line, why))
        });
        let (line, (number, name, metadata, email, uid, (created, updated))) = match read {
            Ok(read) => read,
            Err((line, why)) => {
                report.refuse(FILE, line, why);
                continue;
            }
        };
        if let Some(id) = given.get(&number) {
            let uid = uid.map(|uid| uid.to_string());
            if is_held_by(tx, *id, &name, uid.as_deref(), email.as_deref()).await? {
                users.insert(number, *id);
                report.known(FILE);
            } else {
                report.refuse(FILE, line, format!("The UserID {number} belongs to another user already."));
            }
            continue;
        }
        if let Some(email) = &email
            && let Some(first) = addresses.insert(email.to_lowercase(), number)
        {
            report.notes.push(format!("{FILE}:{line}: the users {first} and {number} have the same address, {email}."));
        }
        let row = user::ActiveModel {
            email: Set(email),
            metadata: Set(metadata.map(|text| Value::String(text).into())),
            ldap_uid: Set(uid.map(|uid| uid.to_string())),
            record_only: Set(true),
            created_at: Set(created.unwrap_or(tx.now)),
            updated_at: Set(updated.or(created).unwrap_or(tx.now)),
            ..unstored(tx, &name, None, None)
        };
        let made = inserted(tx, row).await?;
        give(tx, Dialect::Mybrc, Noun::User, number, made.id).await?;
        given.insert(number, made.id);
        users.insert(number, made.id);
        last = last.max(number);
        report.added(FILE, 1);
    }
    count(tx, Dialect::Mybrc, Noun::User, last, 0).await?;
    Ok(users)
}

/// Whether a number that is given out is that of the same user: one of this name, of whom the uid or the address may have
/// changed here since, and not both.
async fn is_held_by(tx: &Tx, id: i64, name: &str, uid: Option<&str>, email: Option<&str>) -> Result<bool> {
    let Some(user) = user::Entity::find_by_id(id).one(&tx.db).await? else { return Ok(false) };
    let lower = |email: Option<&str>| email.map(str::to_lowercase);
    let same_address = lower(user.email.as_deref()) == lower(email);
    Ok(user.username == name && (user.ldap_uid.as_deref() == uid || same_address))
}
