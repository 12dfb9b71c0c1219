//! What an operator can set, and where it came from.
//!
//! [`Config`] is plain data with every default written down here, once. [`load()`] fills it from `docket.toml`, the
//! environment and the command line, in rising order of precedence, and refuses everything that is wrong at the same
//! time, each with its file, line and column, its variable or its flag. Secrets are not settings: tokens and
//! passwords never stand in this file, but a URL may carry one, and what is shown goes through [`mask_url`].

mod check;
mod content;
mod database;
mod environment;
mod file;
mod load;
mod mail;
mod mount;
mod named;
mod sections;
mod setting;
mod suggest;
#[cfg(test)]
mod tests;

pub use self::check::{log_targets, mask_url};
pub use self::content::ContentType;
pub use self::load::{Entry, Flag, Loaded, Origin, Problem, Problems, Sources, load};
pub use self::mail::{Hidden, MailSecurity};
pub use self::mount::Mount;
pub use self::named::{Partition, number_of};
pub use self::sections::{
    Audit, Backrest, Config, Database, Events, Federation, Files, Graphql, Http, Jobs, Limits, Log, Mail, Mobyle2,
    Mybrc, MybrcRest, Oauth, Passwords, ProjectW, Sessions, SignUp, Topchef,
};
use self::sections::{KEYS, SECTIONS};
pub use self::setting::{LogFormat, MybrcProfile};
