//! What a mailed link is good for.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use crate::{
    domain,
    graphql::{
        context::{app, nullable, viewer},
        scalar::DateTime,
    },
};

/// What a mailed link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "MailedLinkPurpose", remote = "entity::one_time_token::Purpose")]
pub enum MailedLinkPurpose {
    /// It confirms the address of a new account: userActivate.
    Activation,
    /// It sets a new password: passwordReset.
    PasswordReset,
    /// It confirms a new address: emailChangeConfirm.
    EmailChange,
}

/// A mailed link that works now.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct MailedLink {
    /// What it does.
    purpose: MailedLinkPurpose,
    /// Until when.
    expires_at: DateTime,
    /// Whether the viewer is the user to whom it was mailed.
    is_own: bool,
}

/// Reading what mailed links are good for.
#[derive(Debug, Default)]
pub struct MailedLinkQuery;

#[Object]
impl MailedLinkQuery {
    /// What a mailed link would do, without doing it: for a page that asks for something more first, such as a new
    /// password. Whose it is, it tells that user only. Fails as its use would: with INVALID on `token` when it does not
    /// work, with INVALID_STATE when it was used.
    async fn mailed_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the link carries.", secret)] token: String,
    ) -> Option<Result<MailedLink>> {
        nullable(async move {
            let link = domain::user::open_link(app(ctx)?, &token).await?;
            let is_own = viewer(ctx)?.user_id() == Some(link.user_id);
            Ok(Some(MailedLink { purpose: link.purpose.into(), expires_at: link.expires_at.into(), is_own }))
        })
        .await
    }
}
