//! Whether an account would pay for what a batch system is about to run.

use entity::{Amount, Time, account, account_member};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use super::{
    get,
    reserve::{Reserved, reserved},
};
use crate::{app::App, domain::user, error::Result, viewer::Viewer};

/// Why it would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The user is no member of it.
    NotAMember,
    /// Nothing was ever put into it.
    NoAllocation,
    /// The account has less.
    Account,
    /// The member may not spend so much.
    Member,
}

/// The answer, with the figures behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affords {
    /// Why not; none when it would pay.
    pub obstacle: Option<Obstacle>,
    /// What is held, spent and reserved: of the member where that is the obstacle, else of the account.
    pub used: Amount,
    /// The most that this may come to.
    pub allocation: Amount,
}

/// Whether this much more, 0 or more, would stay within what an account was granted and what its member may spend, as far as
/// the viewer sees both. An account that is not charged for recorded jobs pays for all of its members. Its overrun rule
/// plays no part: that says what happens to jobs that run. What others have reserved is as good as held.
pub async fn affords(app: &App, viewer: &Viewer, uid: Uuid, user_id: Uuid, amount: Amount) -> Result<Affords> {
    let account = get(app, viewer, uid).await?;
    let user_id = user::known(app, "userId", user_id).await?;
    let member = account_member::Entity::visible_to(&viewer.account_scope())
        .filter(account_member::Column::AccountId.eq(account.id))
        .filter(account_member::Column::UserId.eq(user_id))
        .one(app.db.read())
        .await?;
    let now = Time(app.clock.now_micros());
    let reserved = reserved(app.db.read(), account.id, user_id, now).await?;
    Ok(judge(&account, member.as_ref(), reserved, amount))
}

/// The answer for one account and one of its members.
pub(super) fn judge(
    account: &account::Model,
    member: Option<&account_member::Model>,
    reserved: Reserved,
    amount: Amount,
) -> Affords {
    let used = Amount::clamped(account.held.wide() + account.spent.wide() + reserved.on_account);
    let about_account = |obstacle| Affords { obstacle, used, allocation: account.granted };
    let Some(member) = member else { return about_account(Some(Obstacle::NotAMember)) };
    if !account.charges_recorded {
        return about_account(None);
    }
    if account.granted <= Amount::ZERO {
        return about_account(Some(Obstacle::NoAllocation));
    }
    let fits = |used: Amount, most: Amount| used.wide() + amount.wide() <= most.wide();
    if !fits(used, account.granted) {
        return about_account(Some(Obstacle::Account));
    }
    let own = Amount::clamped(member.held.wide() + member.spent.wide() + reserved.by_member);
    match member.spend_limit.filter(|limit| !fits(own, *limit)) {
        Some(limit) => Affords { obstacle: Some(Obstacle::Member), used: own, allocation: limit },
        None => about_account(None),
    }
}
