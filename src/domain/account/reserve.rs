//! Keeping money free for a job between the question whether it may be submitted and its begin.

use entity::{Amount, Time, reservation};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    afford::{Affords, judge},
    book::Book,
    get,
};
use crate::{
    app::App,
    db::Tx,
    domain::{check::Faults, user},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Seconds for which something is reserved at most.
const LONGEST: i64 = 86_400;
/// Reservations of one account at most.
const MOST: i64 = 10_000;
/// Rows removed in one transaction.
const BATCH: u64 = 1_000;

/// What a job may cost, and for how long that is kept free.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    /// Outside id of the account.
    pub account_id: Uuid,
    /// Outside id of the user whose job it would be.
    pub user_id: Uuid,
    /// What the job may cost, 0 or more.
    pub amount: Amount,
    /// For how many seconds, 1 to 86,400.
    pub seconds: i64,
}

/// Asks as [`super::affords`] does and, when the account would pay, keeps the money free for a while: it counts as used for
/// whoever asks next, until the job's first report or until its time is over. Nothing is booked. Where nothing would be
/// charged, nothing is reserved. Returns the answer, and until when it is reserved.
///
/// Admins and users with the role `accounting` may. Fails with INVALID_STATE when an account has 10,000 reservations.
pub async fn reserve(app: &App, viewer: &Viewer, wanted: Reservation) -> Result<(Affords, Option<Time>)> {
    viewer.require_write(Permission::JobsWrite)?;
    if !viewer.keeps_accounts() {
        return Err(Error::Forbidden(
            "Only admins and users with the role `accounting` reserve money for jobs.".into(),
        ));
    }
    let mut faults = Faults::default();
    faults.range("seconds", wanted.seconds, 1, LONGEST);
    if wanted.amount < Amount::ZERO {
        faults.add("amount", format!("{} is less than 0.", wanted.amount));
    }
    faults.into_result()?;
    let account = get(app, viewer, wanted.account_id).await?;
    let user_id = user::known(app, "userId", wanted.user_id).await?;
    app.db.write((account.id, user_id, wanted), |tx, input| Box::pin(insert(tx, *input))).await
}

async fn insert(tx: &Tx, (account_id, user_id, wanted): (i64, i64, Reservation)) -> Result<(Affords, Option<Time>)> {
    // Its lock is what makes two that ask at once ask one after the other.
    let book = Book::open(tx, account_id).await?;
    if book.account.deleted_at.is_some() {
        return Err(Error::NotFound("account"));
    }
    let member = book.member(tx, user_id).await?.filter(|member| member.removed_at.is_none());
    let reserved = reserved(&tx.db, account_id, user_id, tx.now).await?;
    let found = judge(&book.account, member.as_ref(), reserved, wanted.amount);
    if found.obstacle.is_some() || !book.account.charges_recorded || wanted.amount == Amount::ZERO {
        return Ok((found, None));
    }
    if reserved.count >= MOST {
        let message = format!("The account has {MOST} reservations already; ask again when some of them are over.");
        return Err(Error::InvalidState(message));
    }
    let expires_at = Time(tx.now.0 + wanted.seconds * 1_000_000);
    let row = reservation::ActiveModel {
        account_id: Set(account_id),
        user_id: Set(user_id),
        amount: Set(wanted.amount),
        created_at: Set(tx.now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    reservation::Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok((found, Some(expires_at)))
}

/// What is reserved on an account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reserved {
    /// Millionths, for whomever.
    pub on_account: i128,
    /// Millionths, for one user.
    pub by_member: i128,
    /// How many reservations that are.
    count: i64,
}

/// Adds up what counts at this moment.
pub(super) async fn reserved<C: ConnectionTrait>(db: &C, account_id: i64, user_id: i64, now: Time) -> Result<Reserved> {
    // Units and millionths apart, so that no sum leaves the range of a number on the way.
    let sum = |what: &str| Expr::cust(format!("CAST(COALESCE(SUM({what}), 0) AS BIGINT)"));
    let own = |part: &str| sum(&format!("CASE WHEN user_id = {user_id} THEN amount {part} ELSE 0 END"));
    let sums = reservation::Entity::find()
        .filter(reservation::Column::AccountId.eq(account_id))
        .filter(reservation::Column::ExpiresAt.gt(now))
        .select_only()
        .expr_as(sum("amount / 1000000"), "units")
        .expr_as(sum("amount % 1000000"), "rest")
        .expr_as(own("/ 1000000"), "own_units")
        .expr_as(own("% 1000000"), "own_rest")
        .expr_as(Expr::cust("COUNT(*)"), "reservations");
    let sums = sums.into_tuple::<(i64, i64, i64, i64, i64)>().one(db).await?.unwrap_or_default();
    let millionths = |units: i64, rest: i64| i128::from(units) * i128::from(Amount::UNIT) + i128::from(rest);
    let (units, rest, own_units, own_rest, count) = sums;
    Ok(Reserved { on_account: millionths(units, rest), by_member: millionths(own_units, own_rest), count })
}

/// Ends the reservation of a job that is reported now: one of the same amount, else the oldest. Its hold takes its place.
pub(in crate::domain) async fn take_back(tx: &Tx, account_id: i64, user_id: i64, amount: Option<Amount>) -> Result<()> {
    let own = reservation::Entity::find()
        .filter(reservation::Column::AccountId.eq(account_id))
        .filter(reservation::Column::UserId.eq(user_id))
        .filter(reservation::Column::ExpiresAt.gt(tx.now));
    // Most accounts have none, and their lock is wanted by others.
    if own.clone().one(&tx.db).await?.is_none() {
        return Ok(());
    }
    Book::open(tx, account_id).await?;
    let other = Expr::col(reservation::Column::Amount).ne(amount.unwrap_or_default());
    let first = own.order_by_asc(other).order_by_asc(reservation::Column::Id).one(&tx.db).await?;
    if let Some(first) = first {
        reservation::Entity::delete_by_id(first.id).exec(&tx.db).await?;
    }
    Ok(())
}

/// Removes a batch of the reservations whose time is over, and says how many those were.
pub async fn prune(app: &App) -> Result<u64> {
    let now = Time(app.clock.now_micros());
    let over = reservation::Entity::find().select_only().column(reservation::Column::Id);
    let over = over.filter(reservation::Column::ExpiresAt.lte(now)).limit(BATCH);
    let ids: Vec<i64> = over.into_tuple().all(app.db.read()).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    app.db
        .write(ids, |tx, ids| {
            Box::pin(async move {
                let over = reservation::Entity::delete_many().filter(reservation::Column::Id.is_in(ids.clone()));
                Ok(over.exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}
