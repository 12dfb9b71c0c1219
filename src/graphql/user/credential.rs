//! Changing passwords and addresses.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::User;
use crate::{
    domain::{self, user::NewPassword},
    graphql::{
        context::{asked, via},
        id::{self, Kind},
        payload::payloads,
    },
};

/// A new password for the viewer.
#[derive(Clone, InputObject)]
pub struct PasswordChangeInput {
    /// The viewer's present password; not needed while there is none.
    #[graphql(secret)]
    confirm_password: Option<String>,
    /// The new one; at least 8 characters unless the server asks for more, at most 1,024 characters.
    #[graphql(secret)]
    new_password: String,
}

/// A new password for somebody.
#[derive(Clone, InputObject)]
pub struct UserPasswordSetInput {
    /// Whose.
    user_id: ID,
    /// The password, at least 8 characters unless the server asks for more, at most 1,024 characters; null or absent means that no password opens the account any more.
    #[graphql(secret)]
    new_password: Option<String>,
    /// The viewer's own password.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

/// A new address.
#[derive(Clone, InputObject)]
pub struct EmailChangeRequestInput {
    /// Whose; the viewer's own if not given. Only an admin changes those of others.
    user_id: Option<ID>,
    /// The new address, which the link to confirm it is sent to.
    email: String,
    /// The viewer's own password; not needed while there is none.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

/// A link that was asked for.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct EmailChangeRequestPayload {
    /// Always true. Nothing changes before the link is followed.
    requested: bool,
}

payloads! { user: User, "The user.";
    PasswordChangePayload "A password that was changed.",
    UserPasswordSetPayload "A password that was set.",
}

/// Changing passwords and addresses.
#[derive(Debug, Default)]
pub struct CredentialMutation;

#[Object]
impl CredentialMutation {
    /// Changes the viewer's own password, and ends its other sessions. API tokens go on; tokenRevoke ends them.
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The passwords.")] input: PasswordChangeInput,
    ) -> Result<PasswordChangePayload> {
        let (app, viewer) = asked(ctx)?;
        let confirmed = input.confirm_password.map(Into::into);
        let changed =
            domain::user::change_password(app, viewer, &via(ctx)?, confirmed, input.new_password.into()).await?;
        Ok(User(Arc::new(changed)).into())
    }

    /// Sets or removes a user's password, and ends all sessions of that user. Only an admin may.
    async fn user_password_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and which.")] input: UserPasswordSetInput,
    ) -> Result<UserPasswordSetPayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::User, "userId", &input.user_id)?;
        let password = input.new_password.map(Into::into);
        let new = NewPassword { password, confirmed: input.confirm_password.map(Into::into) };
        Ok(User(Arc::new(domain::user::set_password(app, viewer, &via(ctx)?, uid, new).await?)).into())
    }

    /// Mails a link to the address that is to take the place of the present one. Nothing changes before it is followed.
    async fn email_change_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] input: EmailChangeRequestInput,
    ) -> Result<EmailChangeRequestPayload> {
        let (app, viewer) = asked(ctx)?;
        let user = input.user_id.map(|id| id::uid(Kind::User, "userId", &id)).transpose()?;
        let confirmed = input.confirm_password.map(Into::into);
        domain::user::request_email_change(app, viewer, &via(ctx)?, user, input.email, confirmed).await?;
        Ok(EmailChangeRequestPayload { requested: true })
    }
}
