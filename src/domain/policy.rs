//! What each surface asks of accounts, and what it reveals of them.
//!
//! The same operations serve every surface. Where an old API promised something else than the others do, the difference
//! stands here, chosen by the [`Origin`] of the request: it is no argument that a caller could give.

mod email;
mod password;

use entity::one_time_token::Purpose;

pub use email::EmailRule;
pub use password::PasswordRule;
pub(super) use password::check_password;

use crate::{app::App, config::Config, origin::Origin};

/// What one surface asks of accounts.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a promise of its own, asked for by its name")]
pub struct Policy {
    /// Whether people sign up.
    pub sign_up: bool,
    /// What a new password must be.
    pub password: PasswordRule,
    /// What an address must be.
    pub email: EmailRule,
    /// Whether an address is the same only in the same upper and lower case: what is looked up by it, and whether a
    /// sign-up says that a twin is taken.
    pub exact_email: bool,
    /// Whether who signs up, or changes the address, is told that an address has an account already. Otherwise the
    /// answer is the same, and the address gets a mail that says so.
    pub reveals_taken: bool,
    /// Whether who asks for a link is told that an address has no account.
    pub reveals_unknown: bool,
    /// Whether who has not confirmed the address may log in.
    pub unverified_may_log_in: bool,
    /// Whether who has not confirmed the address gets a link to set a new password.
    pub unverified_may_reset: bool,
    /// Whether only who is logged in confirms its own change of address.
    pub email_change_needs_session: bool,
    /// Whether confirming the address of a new account logs in.
    pub activation_logs_in: bool,
    /// Whether an operation waits for the first attempt to send its mail, and is undone when that fails.
    pub waits_for_mail: bool,
    /// Seconds without a request after which a session ends.
    pub idle_seconds: Option<i64>,
    /// Seconds after which a session ends in any case.
    pub absolute_seconds: i64,
    /// Whether a new password or address ends the caller's own session, too.
    pub ends_own_session: bool,
    /// Seconds for which a link to confirm an address is good.
    pub activation_seconds: i64,
    /// Seconds for which a link to set a new password is good.
    pub reset_seconds: i64,
    links: Links,
}

/// Where mailed links lead. They never follow a request's `Host`.
#[derive(Clone, Debug)]
struct Links {
    base: String,
    activation: &'static str,
    password_reset: &'static str,
    email_change: &'static str,
}

impl Policy {
    /// The policy of a surface.
    #[must_use]
    pub fn of(app: &App, origin: Origin) -> Self {
        let config = &*app.config;
        let common = Self::common(config);
        match origin {
            Origin::GraphQl | Origin::TopChef | Origin::Mobyle2 | Origin::Mybrc => common,
            // Its page shows what sending a mail came to, and logs out whenever a password changes.
            Origin::ProjectW => Self {
                sign_up: config.project_w.sign_up,
                password: PasswordRule::FourKinds,
                email: EmailRule::ProjectW { domains: config.project_w.email_domains.clone() },
                exact_email: true,
                reveals_taken: true,
                reveals_unknown: false,
                unverified_may_log_in: true,
                waits_for_mail: true,
                idle_seconds: None,
                absolute_seconds: i64::from(config.project_w.session_minutes) * 60,
                ends_own_session: true,
                links: Links { base: base(&config.project_w.client_url, config), ..common.links.clone() },
                ..common
            },
            Origin::Backrest => Self {
                sign_up: config.backrest.sign_up,
                password: PasswordRule::Any,
                email: EmailRule::Backrest,
                reveals_taken: config.backrest.reveals_users,
                reveals_unknown: config.backrest.reveals_users,
                unverified_may_log_in: false,
                unverified_may_reset: false,
                email_change_needs_session: true,
                activation_logs_in: true,
                links: Links {
                    base: backrest_base(config),
                    activation: "/signup?token=",
                    password_reset: "/reset/",
                    email_change: "/email/",
                },
                ..common
            },
        }
    }

    fn common(config: &Config) -> Self {
        let hours = |hours: u32| i64::from(hours) * 3600;
        Self {
            sign_up: config.sign_up.enabled,
            password: PasswordRule::Guess { least: config.passwords.min_length, score: config.passwords.min_score },
            email: EmailRule::Standard { domains: config.sign_up.email_domains.clone() },
            exact_email: false,
            reveals_taken: config.sign_up.reveals_users,
            reveals_unknown: config.sign_up.reveals_users,
            unverified_may_log_in: config.sign_up.unverified_may_log_in,
            unverified_may_reset: true,
            email_change_needs_session: false,
            activation_logs_in: false,
            waits_for_mail: false,
            idle_seconds: Some(hours(config.sessions.idle_hours)),
            absolute_seconds: hours(config.sessions.absolute_hours),
            ends_own_session: false,
            activation_seconds: hours(config.sign_up.activation_hours),
            reset_seconds: hours(config.sign_up.reset_hours),
            links: Links {
                base: base("", config),
                activation: "/activate?token=",
                password_reset: "/resetPassword?token=",
                email_change: "/activate?token=",
            },
        }
    }

    /// Seconds for which a link is good.
    #[must_use]
    pub const fn link_seconds(&self, purpose: Purpose) -> i64 {
        match purpose {
            Purpose::Activation | Purpose::EmailChange => self.activation_seconds,
            Purpose::PasswordReset => self.reset_seconds,
        }
    }

    /// The address that a mail carries. A token is made of letters that need no escaping.
    #[must_use]
    pub fn link(&self, purpose: Purpose, token: &str) -> String {
        let path = match purpose {
            Purpose::Activation => self.links.activation,
            Purpose::PasswordReset => self.links.password_reset,
            Purpose::EmailChange => self.links.email_change,
        };
        format!("{}{path}{token}", self.links.base)
    }
}

fn base(client_url: &str, config: &Config) -> String {
    let url = if client_url.is_empty() { &config.public_url } else { client_url };
    url.trim_end_matches('/').to_owned()
}

/// Where its routes are: `/-` at the address that the operator names for it, else where this server has them.
fn backrest_base(config: &Config) -> String {
    let (url, mount) = (&config.backrest.client_url, &config.backrest.at.path);
    if url.is_empty() { base("", config) + mount } else { base(url, config) + "/-" }
}
