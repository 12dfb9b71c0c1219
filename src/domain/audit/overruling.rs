//! What admins do with things of others.

use super::{Action, Actor, Subject, note};
use crate::{db::Tx, error::Result, viewer::Viewer};

/// A change of something of somebody else's that only an admin's rights allow, to be noted in the transaction that makes
/// it; and nothing, when the caller may do it anyway.
#[derive(Clone, Debug)]
pub struct Overruling(Option<(Actor, Subject)>);

impl Overruling {
    /// `may` says whether a caller may make the change: it is asked of this one without the rights of an admin.
    pub fn of(viewer: &Viewer, subject: impl Into<Subject>, may: impl FnOnce(&Viewer) -> bool) -> Self {
        let overrules = viewer.is_admin() && !may(&viewer.without_admin());
        Self(overrules.then(|| (Actor::of(viewer), subject.into())))
    }

    /// Notes it, with a word for what is done.
    pub async fn note(&self, tx: &Tx, what: &str) -> Result<()> {
        let Some((_, subject)) = &self.0 else { return Ok(()) };
        self.note_about(tx, subject.clone(), what).await
    }

    /// The same of what was not there before.
    pub async fn note_about(&self, tx: &Tx, subject: impl Into<Subject>, what: &str) -> Result<()> {
        let Some((actor, _)) = &self.0 else { return Ok(()) };
        note(tx, actor, Action::Overruled, subject.into().noting(what)).await
    }
}
