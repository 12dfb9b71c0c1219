//! Signing up.

use entity::{audit_entry::Action, one_time_token::Purpose, user};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use secrecy::SecretString;

use super::{
    Means,
    create::{check_names, insert, row, taken, violates},
    letter, link, locked, with_email,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::Faults,
        limit,
        mail::Template,
        policy::{Policy, check_password},
        slug,
    },
    error::{Error, Result},
    origin::Via,
    viewer::{Permission, Viewer, log_in_first},
};

/// What it takes to sign up.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// Where the link to confirm it is sent.
    pub email: String,
    /// As the policy wants it.
    pub password: SecretString,
    /// 1 to 64 letters, digits, `_`, `.`, `-`; none takes one that resembles the address.
    pub username: Option<String>,
    /// A single line.
    pub first_name: Option<String>,
    /// A single line.
    pub last_name: Option<String>,
}

/// What came of a sign-up.
#[derive(Clone, Debug)]
pub struct SignedUp {
    /// The account, where the answer may show that there is one: to an anonymous user who became it, and where the policy
    /// reveals which addresses are taken.
    pub user: Option<user::Model>,
}

/// What a sign-up is stored from.
#[derive(Clone, Debug)]
struct Ready {
    means: Means,
    new: SignUp,
    password_hash: String,
    /// The anonymous user (`user.id`) that signs up.
    becomes: Option<i64>,
}

/// Signs up: makes an account whose address is to be confirmed, and mails a link for that. An anonymous user who signs up
/// becomes that account.
///
/// Where the policy does not reveal it, an address that has an account gets the same answer after the same work, and its
/// owner a mail. Fails with FORBIDDEN where nobody signs up, with ALREADY_EXISTS for a taken name (or address, where that
/// is revealed), and with INVALID_STATE when the policy waits for the mail and it cannot be sent: there is no account then.
pub async fn sign_up(app: &App, viewer: &Viewer, via: &Via, new: SignUp) -> Result<SignedUp> {
    let means = Means::new(app, viewer, via);
    if !means.policy.sign_up {
        return Err(Error::Forbidden("Nobody signs up here; ask an administrator for an account.".into()));
    }
    let becomes = match viewer {
        // A token that may do little must not become the whole account, nor a suspension end so.
        Viewer::User(asks) if asks.user.kind == user::Kind::Anonymous => {
            Some(viewer.require(Permission::Admin)?.user.id)
        }
        Viewer::Anonymous | Viewer::User(_) => None,
        Viewer::Runner(_) | Viewer::Operator => {
            return Err(Error::Forbidden("Only people sign up; userCreate makes an account.".into()));
        }
    };
    check(app, &means.policy, &new).await?;
    limit::sign_up(app, &via.client, &new.email).await?;
    let password_hash = app.passwords.hash(new.password.clone()).await?;
    let shows = becomes.is_some() || means.policy.reveals_taken;
    let ready = Ready { means: means.clone(), new, password_hash, becomes };
    let (user, mail_id) = app.db.write(ready, |tx, ready| Box::pin(store(tx, ready))).await?;
    if letter::failed(&means, Some(mail_id)).await? {
        match (&user, becomes) {
            (Some(user), None) => undo(&means, user.id).await?,
            (Some(user), Some(_)) => link::withdraw(&means, user.id, Purpose::Activation, Some(mail_id)).await?,
            (None, _) => {}
        }
        return Err(letter::undelivered());
    }
    if let Some(id) = becomes {
        app.known.forget_user(id);
    }
    Ok(SignedUp { user: user.filter(|_| shows) })
}

async fn check(app: &App, policy: &Policy, new: &SignUp) -> Result<()> {
    let mut faults = Faults::default();
    policy.email.check(&mut faults, "email", &new.email);
    if let Some(name) = &new.username {
        faults.slug("username", name);
    }
    check_names(&mut faults, new.first_name.as_deref(), new.last_name.as_deref());
    let local = new.email.split('@').next().unwrap_or_default();
    let about = [Some(local), Some(&*new.email), new.username.as_deref(), new.first_name.as_deref()];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    check_password(app, &mut faults, policy.password, "password", &new.password, &about).await?;
    faults.into_result()
}

/// The account, if there is a new one, and the mail.
async fn store(tx: &Tx, ready: &Ready) -> Result<(Option<user::Model>, i64)> {
    let Ready { means, new, password_hash, becomes } = ready;
    let username = match &new.username {
        Some(name) => {
            // Also when the address is taken: whether a name is free must not tell.
            if is_named(tx, name, *becomes).await? {
                return Err(Error::taken("username", "Another user has this name already."));
            }
            name.clone()
        }
        None => free_name(tx, new.email.split('@').next().unwrap_or_default()).await?,
    };
    if let Some(twin) = with_email(tx, &new.email).await? {
        if means.policy.reveals_taken {
            return Err(Error::taken("email", "Another user has this address already."));
        }
        let to = twin.email.clone().unwrap_or_default();
        return Ok((None, letter::write(tx, means, &twin, &to, Template::AddressTaken, None).await?));
    }
    let mut account = user::ActiveModel {
        first_name: Set(new.first_name.clone()),
        last_name: Set(new.last_name.clone()),
        ..row(tx, &username, Some(&new.email), Some(password_hash.clone()))
    };
    let made = match becomes {
        None => insert(tx, account).await,
        Some(id) => {
            let before = locked(tx, *id).await?;
            if before.kind != user::Kind::Anonymous {
                return Err(Error::InvalidState("This user has signed up already.".into()));
            }
            if before.status != user::Status::Active {
                return Err(Error::Forbidden("This account is not in use.".into()));
            }
            account.id = Set(*id);
            account.uid = Set(before.uid);
            account.short_id = Set(before.short_id);
            account.created_at = Set(before.created_at);
            account.rights_revision = Set(before.rights_revision);
            account.last_login_at = Set(before.last_login_at);
            account.update(&tx.db).await.map_err(
                |error| {
                    if violates(&error, "email") { tx.overtaken() } else { taken(error) }
                },
            )
        }
    };
    let made = match made {
        // A name that was chosen here is chosen anew.
        Err(Error::AlreadyExists(field)) if field.path == "username" && new.username.is_none() => {
            return Err(tx.overtaken());
        }
        // Somebody was quicker with the same address: look again, and answer as if it had been there before.
        Err(Error::AlreadyExists(field)) if field.path == "email" => return Err(tx.overtaken()),
        made => made?,
    };
    audit::note(tx, &Actor::user(made.id, &means.via.client), Action::UserSignedUp, &made).await?;
    let mail = link::send(tx, means, &made, &new.email, Purpose::Activation, None).await?;
    Ok((Some(made), mail))
}

async fn is_named(tx: &Tx, name: &str, except: Option<i64>) -> Result<bool> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let others = user::Entity::find()
        .filter(user::Column::Username.eq(name))
        .filter(user::Column::RecordOnly.eq(false))
        .filter(user::Column::Status.ne(user::Status::Deleted))
        .filter(user::Column::Id.ne(except.unwrap_or(0)));
    Ok(others.one(&tx.db).await?.is_some())
}

/// A name that nobody has, made of what stands before the `@`.
pub(super) async fn free_name(tx: &Tx, local: &str) -> Result<String> {
    for name in slug::names(local, "user") {
        if !is_named(tx, &name, None).await? {
            return Ok(name);
        }
    }
    Err(Error::taken("username", "Too many users have a name like this; choose another one."))
}

/// Removes an account whose first mail could not be sent.
async fn undo(means: &Means, user_id: i64) -> Result<()> {
    means
        .app
        .db
        .write(user_id, |tx, id| {
            Box::pin(async move {
                link::remove_all(tx, *id).await?;
                user::Entity::delete_by_id(*id).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await
}

/// Mails the link to confirm an address once more: the viewer's own, or the given one, about which the answer tells
/// nothing where the policy does not reveal it.
///
/// Fails with INVALID_STATE when the viewer's address is confirmed already, and when the policy waits for the mail and it
/// cannot be sent.
pub async fn resend(app: &App, viewer: &Viewer, via: &Via, email: Option<String>) -> Result<()> {
    let means = Means::new(app, viewer, via);
    let own = match (viewer, &email) {
        (_, Some(_)) => None,
        (Viewer::User(viewer), None) if viewer.user.email.is_none() => {
            return Err(Error::InvalidState("This account has no address to confirm.".into()));
        }
        (Viewer::User(viewer), None) if !viewer.user.is_unverified() => {
            return Err(Error::InvalidState("This address is confirmed already.".into()));
        }
        (Viewer::User(viewer), None) => Some(viewer.user.id),
        (Viewer::Anonymous, None) => return Err(log_in_first()),
        (Viewer::Runner(_) | Viewer::Operator, None) => {
            return Err(Error::invalid("email", "Whose address? This caller has none."));
        }
    };
    let to = match (viewer, &email) {
        (_, Some(email)) => email.clone(),
        (Viewer::User(viewer), None) => viewer.user.email.clone().unwrap_or_default(),
        (Viewer::Anonymous | Viewer::Runner(_) | Viewer::Operator, None) => String::new(),
    };
    limit::mail(app, &via.client, &to).await?;
    let sent = app.db.write((means.clone(), own, email), |tx, (means, own, email)| {
        Box::pin(async move {
            let found = match (own, email) {
                (Some(id), _) => Some(locked(tx, *id).await?),
                (None, Some(email)) => with_email(tx, email).await?,
                (None, None) => None,
            };
            let Some(user) = found.filter(user::Model::is_unverified) else {
                if means.policy.reveals_unknown {
                    return Err(Error::NotFound("user"));
                }
                return Ok(None);
            };
            let user = locked(tx, user.id).await?;
            let to = user.email.clone().unwrap_or_default();
            let mail = link::send(tx, means, &user, &to, Purpose::Activation, None).await?;
            Ok(Some((user.id, mail)))
        })
    });
    let Some((user_id, mail)) = sent.await? else { return Ok(()) };
    if letter::failed(&means, Some(mail)).await? {
        link::withdraw(&means, user_id, Purpose::Activation, Some(mail)).await?;
        return Err(letter::undelivered());
    }
    Ok(())
}
