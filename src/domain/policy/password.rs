//! What a new password must be.

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::zxcvbn;

use crate::{
    app::App,
    domain::check::Faults,
    error::{Error, Result},
};

/// Most characters that are hashed: more is not harder to guess, but slower to check.
const MOST: usize = 1024;
/// Characters of which the strength is estimated: the estimate takes longer than in proportion.
const ESTIMATED: usize = 72;

/// What a new password must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRule {
    /// Long enough, and hard enough to guess as zxcvbn sees it (0 to 4).
    Guess {
        /// Characters.
        least: usize,
        /// The score.
        score: u32,
    },
    /// Project-W's: at least twelve characters, with a lower-case and an upper-case ASCII letter, an ASCII digit, and
    /// something else. The source's expression is `^(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])(?=.*[^a-zA-Z0-9]).{12,}$`.
    FourKinds,
    /// Anything but nothing.
    Any,
}

/// Notes what is wrong with a new password. `about` is what its user is called, which a good one does not repeat.
///
/// Fails with [`Error::Unavailable`] when too many passwords are being looked at.
pub(in crate::domain) async fn check_password(
    app: &App,
    faults: &mut Faults,
    rule: PasswordRule,
    path: &str,
    password: &SecretString,
    about: &[&str],
) -> Result<()> {
    let text = password.expose_secret();
    let length = text.chars().count();
    if length > MOST {
        faults.add(path, format!("At most {MOST} characters are taken."));
        return Ok(());
    }
    match rule {
        PasswordRule::Any if length == 0 => faults.add(path, "It must not be empty."),
        PasswordRule::FourKinds if !has_four_kinds(text) => faults.add(
            path,
            "It needs at least 12 characters, among them a lower-case letter, an upper-case letter, a digit and \
             another character.",
        ),
        PasswordRule::Guess { least, .. } if length < least => {
            faults.add(path, format!("At least {least} characters are needed."));
        }
        PasswordRule::Any | PasswordRule::FourKinds | PasswordRule::Guess { score: 0, .. } => {}
        PasswordRule::Guess { score, .. } => {
            if let Some(advice) = guessable(app, password, about, score).await? {
                faults.add(path, advice);
            }
        }
    }
    Ok(())
}

/// Python's `.` matches no line break, and its `$` also stands before a last one.
fn has_four_kinds(text: &str) -> bool {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let has = |kind: fn(char) -> bool| line.chars().any(kind);
    !line.contains('\n')
        && line.chars().count() >= 12
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_digit())
        && (has(|c| !c.is_ascii_alphanumeric()) || line.len() < text.len())
}

/// Why the password is too easy to guess; none when it is not. Estimated where passwords are hashed, and bounded with
/// them, since it costs about as much.
async fn guessable(app: &App, password: &SecretString, about: &[&str], least: u32) -> Result<Option<String>> {
    let text = SecretString::from(password.expose_secret().chars().take(ESTIMATED).collect::<String>());
    let about: Vec<String> = about.iter().map(|word| word.chars().take(ESTIMATED).collect()).collect();
    let estimate = app.passwords.bounded(move |_| {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        let estimate = zxcvbn(text.expose_secret(), &about);
        if u32::from(u8::from(estimate.score())) >= least {
            return Ok(None);
        }
        let warning = estimate.feedback().and_then(zxcvbn::feedback::Feedback::warning);
        let hints = estimate
            .feedback()
            .map(|feedback| feedback.suggestions().iter().map(ToString::to_string).collect::<Vec<_>>());
        Ok(Some((warning.map(|warning| warning.to_string()), hints.unwrap_or_default())))
    });
    let Some((warning, hints)) = estimate.await.map_err(|error: Error| error)? else { return Ok(None) };
    let said = std::iter::once("This password is too easy to guess.".to_owned()).chain(warning).chain(hints);
    Ok(Some(said.collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_kinds_are_those_of_the_old_expression() {
        for good in ["Abcdefghij1!", "Abcdefghij1 ", "Äbcdefghij1A", "Abcdefghijk1\n", "ABCDEFGHIJ1a\u{1}"] {
            assert!(has_four_kinds(good), "{good:?}");
        }
        for bad in [
            "",
            "Abcdefghi1!",
            "abcdefghij1!",
            "ABCDEFGHIJ1!",
            "Abcdefghijk!",
            "Abcdefghijk1",
            "Abcdef\nghij1!",
            "Abcdefghij1!\n\n",
        ] {
            assert!(!has_four_kinds(bad), "{bad:?}");
        }
    }
}
