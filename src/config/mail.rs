//! Settings of mail that are more than a text or a number.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use super::{
    Mail,
    setting::{Raw, Setting},
};
use crate::error::{Error, Result};

/// Whether what is said to the mail server can be read on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after a word in clear, and nothing else before it.
    StartTls,
    /// None.
    None,
}

impl Setting for MailSecurity {
    fn expected() -> String {
        "\"tls\", \"starttls\" or \"none\"".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("tls") => Ok(Self::Tls),
            Some("starttls") => Ok(Self::StartTls),
            Some("none") => Ok(Self::None),
            _ => Err(raw.describe()),
        }
    }

    fn show(&self) -> Json {
        Json::from(match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        })
    }
}

/// A secret of the environment: it is read there and shown nowhere.
#[derive(Clone, Default)]
pub struct Hidden(Option<SecretString>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "***" } else { "none" })
    }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(ExposeSecret::expose_secret) == other.0.as_ref().map(ExposeSecret::expose_secret)
    }
}

impl From<&str> for Hidden {
    fn from(secret: &str) -> Self {
        Self((!secret.is_empty()).then(|| secret.into()))
    }
}

impl Setting for Hidden {
    fn expected() -> String {
        "a variable of the environment, since secrets have no place in the configuration file".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => Ok(Self::from(*text)),
            Raw::Toml(_) => Err("it in the file".to_owned()),
        }
    }

    fn show(&self) -> Json {
        Json::from(if self.0.is_some() { "***" } else { "" })
    }
}

impl Mail {
    /// The password to log in with, if there is a user name; from the variable, or else from the file.
    ///
    /// Fails with INVALID when the file cannot be read.
    pub fn password(&self) -> Result<Option<String>> {
        if self.username.is_empty() {
            return Ok(None);
        }
        if let Some(password) = &self.password.0 {
            return Ok(Some(password.expose_secret().to_owned()));
        }
        let read = std::fs::read_to_string(&self.password_file);
        let password = read.map_err(|error| {
            Error::invalid("mail.password_file", format!("{:?} cannot be read: {error}", self.password_file))
        })?;
        Ok(Some(password.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// What of these settings does not fit together: the keys, and why.
    pub(super) fn faults(&self) -> Vec<([&'static str; 2], String)> {
        let mut faults = Vec::new();
        let has_password = self.password.0.is_some() || !self.password_file.is_empty();
        if !self.host.is_empty() && self.from == Self::default().from {
            let message = "mail.from is needed: mail servers refuse what comes from docket@localhost";
            faults.push((["mail.host", "mail.from"], message.to_owned()));
        }
        if !self.username.is_empty() && !has_password {
            let message = "mail.username needs DOCKET_MAIL_PASSWORD, or mail.password_file";
            faults.push((["mail.username", "mail.password_file"], message.to_owned()));
        }
        if self.username.is_empty() && has_password {
            faults.push((["mail.password", "mail.password_file"], "a password needs mail.username".to_owned()));
        }
        if self.password.0.is_some() && !self.password_file.is_empty() {
            let message = "the password is given twice, as DOCKET_MAIL_PASSWORD and by mail.password_file; keep one";
            faults.push((["mail.password_file", "mail.password"], message.to_owned()));
        }
        if let Err(broken) = crate::infra::letter::Letters::load(&self.templates) {
            faults.extend(broken.into_iter().map(|broken| (["mail.templates", "mail.folder"], broken.0)));
        }
        faults
    }
}
