//! Signing up, and what mailed links lead to.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::User;
use crate::{
    domain::{self, user::SignUp},
    error::Error,
    graphql::{
        context::{asked, via},
        id::{self, Kind},
        session::Session,
    },
};

/// An account to sign up for.
#[derive(Clone, InputObject)]
pub struct UserSignUpInput {
    /// The address that the link to confirm it is sent to; 3 to 254 characters.
    email: String,
    /// A password that is hard to guess; at least 8 characters unless the server asks for more, at most 1,024 characters.
    #[graphql(secret)]
    password: String,
    /// The name to log in with; 1 to 64 letters, digits, `_`, `.` or `-`. If not given, one that resembles the address.
    username: Option<String>,
    /// The given name; at most 200 characters.
    first_name: Option<String>,
    /// The family name; at most 200 characters.
    last_name: Option<String>,
}

/// A sign-up that was taken.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserSignUpPayload {
    /// The address that a mail goes to. Whether it had an account already, that mail says, and not this answer.
    email: String,
    /// The account, where an anonymous user became it; null otherwise, unless this server tells which addresses are taken.
    user: Option<User>,
}

/// What to confirm an address by: exactly one of these.
#[derive(Clone, InputObject)]
pub struct UserActivateInput {
    /// What the mailed link carries.
    #[graphql(secret)]
    token: Option<String>,
    /// Whose address to take as confirmed without a link; only an admin may.
    user_id: Option<ID>,
}

/// A user whose address is confirmed.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserActivatePayload {
    /// The user.
    user: User,
    /// The log-in that comes with it, where the surface's policy says so.
    session: Option<Session>,
    /// What to send as `Authorization: Bearer` in that session. Shown this once.
    token: Option<String>,
}

/// Whose address to confirm.
#[derive(Clone, Debug, InputObject)]
pub struct ActivationResendInput {
    /// The address; the viewer's own if not given.
    email: Option<String>,
}

/// Where to send a link to set a new password.
#[derive(Clone, Debug, InputObject)]
pub struct PasswordResetRequestInput {
    /// The address of the account.
    email: String,
}

/// A new password, by way of a mailed link.
#[derive(Clone, InputObject)]
pub struct PasswordResetInput {
    /// What the mailed link carries.
    #[graphql(secret)]
    token: String,
    /// The new password; at least 8 characters unless the server asks for more, at most 1,024 characters.
    #[graphql(secret)]
    new_password: String,
}

/// The confirmation of a new address.
#[derive(Clone, InputObject)]
pub struct EmailChangeConfirmInput {
    /// What the mailed link carries.
    #[graphql(secret)]
    token: String,
}

/// A link that was asked for.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ActivationResendPayload {
    /// Always true: whether there is an account to mail to, the answer does not tell.
    requested: bool,
}

/// A link that was asked for.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PasswordResetRequestPayload {
    /// Always true: whether there is an account to mail to, the answer does not tell.
    requested: bool,
}

/// A password that was set.
#[derive(Clone, Debug, SimpleObject)]
pub struct PasswordResetPayload {
    /// The user.
    user: User,
}

/// An address that was changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct EmailChangeConfirmPayload {
    /// The user.
    user: User,
}

/// An account without a name.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserCreateAnonymousPayload {
    /// The account.
    user: User,
    /// Its session: all that opens it.
    session: Session,
    /// What to send as `Authorization: Bearer`. Shown this once.
    token: String,
}

/// Signing up, and what mailed links lead to.
#[derive(Debug, Default)]
pub struct SignUpMutation;

#[Object]
impl SignUpMutation {
    /// Signs up: makes an account and mails a link that confirms its address. Until that is followed, the account may be
    /// kept from submitting jobs, or from logging in. An address that has an account already gets the same answer, and a
    /// mail that says so. An anonymous user who signs up becomes the account, and keeps what it has.
    async fn user_sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: UserSignUpInput,
    ) -> Result<UserSignUpPayload> {
        let (app, viewer) = asked(ctx)?;
        let UserSignUpInput { email, password, username, first_name, last_name } = input;
        let new = SignUp { email: email.clone(), password: password.into(), username, first_name, last_name };
        let made = domain::user::sign_up(app, viewer, &via(ctx)?, new).await?;
        Ok(UserSignUpPayload { email, user: made.user.map(|user| User(Arc::new(user))) })
    }

    /// Confirms an address: of a new account, or of one that changes its address. The link works once.
    async fn user_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By what.")] input: UserActivateInput,
    ) -> Result<UserActivatePayload> {
        let (app, viewer) = asked(ctx)?;
        let via = via(ctx)?;
        let (user, login) = match (input.token, input.user_id) {
            (Some(token), None) => {
                let confirmed = domain::user::activate(app, viewer, &via, &token).await?;
                (confirmed.user, confirmed.login)
            }
            (None, Some(id)) => {
                let uid = id::uid(Kind::User, "userId", &id)?;
                (domain::user::activate_by_hand(app, viewer, &via, uid).await?, None)
            }
            _ => return Err(Error::invalid("token", "Give exactly one of token and userId.").into()),
        };
        let token = login.as_ref().map(|login| login.token.expose().to_owned());
        let session = login.map(|login| Session(login.session));
        Ok(UserActivatePayload { user: User(Arc::new(user)), session, token })
    }

    /// Mails the link to confirm an address once more; the earlier one works no longer.
    async fn activation_resend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: ActivationResendInput,
    ) -> Result<ActivationResendPayload> {
        let (app, viewer) = asked(ctx)?;
        domain::user::resend(app, viewer, &via(ctx)?, input.email).await?;
        Ok(ActivationResendPayload { requested: true })
    }

    /// Mails a link to set a new password, if the address has an account; the earlier one works no longer.
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to.")] input: PasswordResetRequestInput,
    ) -> Result<PasswordResetRequestPayload> {
        let (app, viewer) = asked(ctx)?;
        domain::user::request_reset(app, viewer, &via(ctx)?, input.email).await?;
        Ok(PasswordResetRequestPayload { requested: true })
    }

    /// Sets a new password by what a mailed link carries, and ends all sessions of the user. The link works once.
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link and the password.")] input: PasswordResetInput,
    ) -> Result<PasswordResetPayload> {
        let (app, viewer) = asked(ctx)?;
        let password = input.new_password.into();
        let user = domain::user::reset_password(app, viewer, &via(ctx)?, &input.token, password).await?;
        Ok(PasswordResetPayload { user: User(Arc::new(user)) })
    }

    /// Confirms a new address, which takes the place of the present one, and ends the other sessions of the user. The link
    /// works once.
    async fn email_change_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link.")] input: EmailChangeConfirmInput,
    ) -> Result<EmailChangeConfirmPayload> {
        let (app, viewer) = asked(ctx)?;
        let confirmed = domain::user::confirm_email(app, viewer, &via(ctx)?, &input.token).await?;
        Ok(EmailChangeConfirmPayload { user: User(Arc::new(confirmed.user)) })
    }

    /// Makes an account without a name for a caller without a credential, where this server allows it. Signing up with its
    /// session gives it a name; unused for a while and without jobs, it is deleted.
    async fn user_create_anonymous(&self, ctx: &Context<'_>) -> Result<UserCreateAnonymousPayload> {
        let (app, viewer) = asked(ctx)?;
        let login = domain::user::create_anonymous(app, viewer, &via(ctx)?).await?;
        Ok(UserCreateAnonymousPayload {
            user: User(Arc::new(login.user)),
            session: Session(login.session),
            token: login.token.expose().to_owned(),
        })
    }
}
