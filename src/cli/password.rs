//! Passwords from the terminal, a pipe or the random generator; never from an argument, which every user of the
//! machine could read in the list of processes.

use std::io::{self, BufRead, IsTerminal, Read};

use secrecy::{ExposeSecret, SecretString};

use super::failure::Failure;
use crate::infra::secret::random_password;

/// The longest line that is read as a password, in bytes.
const LONGEST: u64 = 8192;

/// Where a new password comes from. Without a flag it is asked for at the terminal.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Source {
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
    /// Make a password up and print it, this once
    #[arg(long)]
    generate: bool,
    /// No password: only tokens open the account
    #[arg(long, visible_alias = "none")]
    no_password: bool,
}

/// A new password, and whether its owner has yet to be told.
pub(super) enum NewPassword {
    /// No password opens the account.
    None,
    /// Its owner knows it.
    Given(SecretString),
    /// It must be shown.
    Generated(SecretString),
}

impl NewPassword {
    /// What the domain is given.
    pub fn secret(&self) -> Option<SecretString> {
        match self {
            Self::None => None,
            Self::Given(password) | Self::Generated(password) => Some(password.clone()),
        }
    }

    /// The text to show, if there is one.
    pub fn to_show(&self) -> Option<&str> {
        match self {
            Self::Generated(password) => Some(password.expose_secret()),
            Self::None | Self::Given(_) => None,
        }
    }
}

impl Source {
    /// Reads, asks for or makes up the password.
    pub fn read(&self) -> Result<NewPassword, Failure> {
        if self.no_password {
            return Ok(NewPassword::None);
        }
        if self.generate {
            return Ok(NewPassword::Generated(random_password()));
        }
        if self.password_stdin {
            return first_line(&mut io::stdin().lock()).map(NewPassword::Given);
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::Input(
                "there is no terminal to ask for a password; use --password-stdin, --generate or --no-password"
                    .to_owned(),
            ));
        }
        ask().map(NewPassword::Given)
    }
}

fn ask() -> Result<SecretString, Failure> {
    let prompt = |text: &str| {
        let typed = rpassword::prompt_password(text).map(SecretString::from);
        typed.map_err(|error| Failure::Input(format!("the password cannot be read: {error}")))
    };
    let password = prompt("New password: ")?;
    if password.expose_secret() != prompt("The same again: ")?.expose_secret() {
        return Err(Failure::Input("the two passwords differ; nothing was changed".to_owned()));
    }
    Ok(password)
}

/// The first line without its end; what follows is not looked at.
fn first_line(input: &mut impl BufRead) -> Result<SecretString, Failure> {
    let mut line = String::new();
    input
        .take(LONGEST)
        .read_line(&mut line)
        .map_err(|error| Failure::Input(format!("the password cannot be read from stdin: {error}")))?;
    let password = line.strip_suffix('\n').map_or(line.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() {
        return Err(Failure::Input("the first line of stdin is empty; a password was expected there".to_owned()));
    }
    Ok(SecretString::from(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_the_line_is_cut_off() {
        for (input, expected) in
            [("secret\n", "secret"), ("secret\r\nnext", "secret"), (" a b ", " a b "), ("x\r", "x\r")]
        {
            let read = first_line(&mut input.as_bytes()).expect("a password");
            assert_eq!(read.expose_secret(), expected);
        }
        for input in ["", "\n", "\r\n"] {
            assert!(first_line(&mut input.as_bytes()).is_err(), "{input:?}");
        }
    }
}
