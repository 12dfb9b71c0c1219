//! What is known of a job's owner and account without reading them.

use std::sync::Arc;

use async_graphql::SelectionField;
use entity::{account, user};

use super::Job;
use crate::{domain, viewer::Viewer};

impl Job {
    /// The same with its owner and its account, where these fields of `Job` ask for nothing of them but numbers in older
    /// APIs: those hang on the ids, which the job has.
    pub(super) fn with_numbered<'a>(
        self,
        viewer: &Viewer,
        fields: impl Iterator<Item = SelectionField<'a>> + Clone,
    ) -> Self {
        let owner = only_number(fields.clone(), "owner").then(|| Arc::new(user::Model::of_id(self.row.owner_id)));
        // Of an account that the viewer does not see, not even this is told.
        let is_seen = || domain::account::sees_all(viewer);
        let account_id = self.row.account_id.filter(|_| only_number(fields, "account") && is_seen());
        let account = account_id.map(|id| Arc::new(account::Model::of_id(id)));
        Self { owner: self.owner.or(owner), account: self.account.or(account), ..self }
    }
}

/// Whether there are fields of this name, and all ask for numbers in older APIs only.
fn only_number<'a>(fields: impl Iterator<Item = SelectionField<'a>>, name: &str) -> bool {
    let is_number = |field: SelectionField<'_>| matches!(field.name(), "legacyNumber" | "__typename");
    let mut named = fields.filter(|field| field.name() == name).peekable();
    named.peek().is_some() && named.all(|field| field.selection_set().all(is_number))
}
