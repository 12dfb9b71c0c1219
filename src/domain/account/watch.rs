//! Following an account.

use entity::{account, event};
use uuid::Uuid;

use super::get;
use crate::{
    app::App,
    domain::event::{self as log, Delivery, Follower, Item, Listed},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// What happens to an account, one thing after the other; see [`watch`].
#[derive(Debug)]
pub struct Watch {
    app: App,
    viewer: Viewer,
    uid: Uuid,
    follower: Follower,
    over: bool,
}

/// Follows an account that the viewer may see: from after a cursor, or from now on.
pub async fn watch(app: &App, viewer: &Viewer, uid: Uuid, after: Option<&str>) -> Result<Watch> {
    viewer.require_read(Permission::AccountsRead)?;
    let account = get(app, viewer, uid).await?;
    let follower = log::follow_account(app, account.id, after).await?;
    Ok(Watch { app: app.clone(), viewer: viewer.clone(), uid, follower, over: false })
}

impl Watch {
    /// The next thing; `None` when the account was deleted, when it may no longer be seen, or when the server stops.
    pub async fn next(&mut self) -> Result<Option<Delivery>> {
        if self.over {
            return Ok(None);
        }
        let Some(delivery) = self.follower.next().await? else { return Ok(None) };
        // Who is removed hears of nothing any more, not even of that.
        if ends_memberships(&delivery) {
            match get(&self.app, &self.viewer, self.uid).await {
                Ok(_) => {}
                Err(Error::NotFound(_)) => {
                    self.over = true;
                    return Ok(None);
                }
                Err(other) => return Err(other),
            }
        }
        Ok(Some(delivery))
    }
}

fn ends_memberships(delivery: &Delivery) -> bool {
    use event::AccountChange::{Deleted, MemberRemoved};
    matches!(&delivery.item, Item::Event(event) if matches!(event.detail.change, Some(Deleted | MemberRemoved)))
}

/// The same as a list: the next `first` (1 to 100) events of an account that the caller has been shown.
pub async fn events(app: &App, account: &account::Model, first: i64, after: Option<&str>) -> Result<Listed> {
    log::list_of_account(app, account.id, first, after).await
}
