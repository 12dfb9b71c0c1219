//! Users.

use std::collections::HashMap;

use entity::{
    legacy_number::{Dialect, Noun},
    user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryResult};

use super::Input;
use crate::{
    db::Tx,
    domain::{
        import::{
            Report,
            number::{count, give, numbers},
        },
        legacy_number::MOST,
        project,
        user::unstored,
    },
    error::Result,
    infra::passwords,
};

const TABLE: &str = "users";
const COLUMNS: &str =
    "id, CAST(email AS TEXT), CAST(password_hash AS TEXT), CAST(is_admin AS INTEGER), CAST(activated AS INTEGER)";

/// The users that were taken over, now or earlier, by their number. Nobody else is in it: docket gives out numbers of its
/// own to those who have none, and what is somebody's here is not to become that of whoever has the number there.
pub(super) async fn run(tx: &Tx, input: &Input, report: &mut Report) -> Result<HashMap<i64, i64>> {
    count(tx, Dialect::ProjectW, Noun::User, 0, 0).await?;
    report.added(TABLE, 0);
    let given = numbers(tx, Dialect::ProjectW, Noun::User).await?;
    let (mut last, mut users) = (0, HashMap::new());
    let mut far = input.far(TABLE).await?;
    loop {
        let rows = input.old.after(COLUMNS, TABLE, last).await?;
        for row in &rows {
            last = row.try_get_by_index(0)?;
            far.step();
            match take(tx, row, last, given.get(&last).copied(), &mut users).await? {
                Taken::Added => report.added(TABLE, 1),
                Taken::Known => report.known(TABLE),
                Taken::Refused(why) => report.refuse(TABLE, last, why),
                Taken::WithoutPassword => {
                    report.added(TABLE, 1);
                    report.notes.push(format!("{TABLE}:{last}: the password is no hash of Argon2; set a new one."));
                }
            }
        }
        if rows.is_empty() {
            far.end();
            count(tx, Dialect::ProjectW, Noun::User, last.min(MOST), 0).await?;
            return Ok(users);
        }
    }
}

enum Taken {
    Added,
    WithoutPassword,
    Known,
    Refused(String),
}

async fn take(
    tx: &Tx,
    row: &QueryResult,
    number: i64,
    holder: Option<i64>,
    users: &mut HashMap<i64, i64>,
) -> Result<Taken> {
    if !(1..=MOST).contains(&number) {
        return Ok(Taken::Refused(format!("The id is not from 1 to {MOST}.")));
    }
    let email: Option<String> = row.try_get_by_index(1)?;
    let Some(email) = email.filter(|email| email.contains('@') && email.len() <= 254) else {
        return Ok(Taken::Refused("email is missing, or no address.".to_owned()));
    };
    let lower = email.to_lowercase();
    if let Some(id) = holder {
        let holder = user::Entity::find_by_id(id).one(&tx.db).await?;
        if holder.is_none_or(|holder| holder.email_lower.as_deref() != Some(lower.as_str())) {
            return Ok(Taken::Refused(format!("The number {number} belongs to a user with another address already.")));
        }
        users.insert(number, id);
        return Ok(Taken::Known);
    }
    let twin = user::Entity::find().filter(user::Column::EmailLower.eq(&lower)).one(&tx.db).await?;
    if let Some(twin) = twin {
        return Ok(Taken::Refused(format!("Another user has this address already: {}.", twin.username)));
    }
    let hash: Option<String> = row.try_get_by_index(2)?;
    let hash = hash.filter(|hash| passwords::is_argon2(hash));
    let has_password = hash.is_some();
    let flag = |index| row.try_get_by_index::<Option<i64>>(index).map(|flag| flag.unwrap_or(0) != 0);
    let (is_admin, activated) = (flag(3)?, flag(4)?);
    let row = unstored(tx, "", Some(&email), hash);
    let name = format!("user-{}", row.short_id.clone().take().unwrap_or_default());
    let row = user::ActiveModel {
        username: Set(name),
        is_admin: Set(is_admin),
        email_verified_at: Set(activated.then_some(tx.now)),
        ..row
    };
    let made = crate::domain::user::inserted(tx, row).await?;
    if activated {
        // As it is made when an address is confirmed.
        project::insert_personal(tx, &made).await?;
    }
    give(tx, Dialect::ProjectW, Noun::User, number, made.id).await?;
    users.insert(number, made.id);
    Ok(if has_password { Taken::Added } else { Taken::WithoutPassword })
}
