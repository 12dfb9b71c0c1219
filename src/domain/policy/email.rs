//! What an address must be.

use crate::domain::check::Faults;

/// What an address must be, and which domains are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailRule {
    /// `local@domain.tld`, as mail programs write it; of the given domains, if there are any.
    Standard {
        /// In lower case.
        domains: Vec<String>,
    },
    /// Project-W's: `^\S+@([a-z0-9\-]+\.)+[a-z0-9\-]+$`, or of the given domains exactly.
    ProjectW {
        /// Compared exactly.
        domains: Vec<String>,
    },
    /// backrest's: one `@`, an ASCII local part, host labels, the last of 2 to 22 letters; at most 100 characters.
    Backrest,
}

const MALFORMED: &str = "This is not an e-mail address; `ada@example.org` would be one.";
const FOREIGN: &str = "Addresses of this domain are not taken here.";

impl EmailRule {
    /// The same rule for an address that an admin gives, who may let in whom the domains keep out.
    #[must_use]
    pub fn of_any_domain(&self) -> Self {
        match self {
            Self::Standard { .. } => Self::Standard { domains: Vec::new() },
            Self::ProjectW { .. } => Self::ProjectW { domains: Vec::new() },
            Self::Backrest => Self::Backrest,
        }
    }

    /// Whether an address is one.
    #[must_use]
    pub fn takes(&self, email: &str) -> bool {
        let mut faults = Faults::default();
        self.check(&mut faults, "email", email);
        faults.into_result().is_ok()
    }

    /// Notes what is wrong with an address: its shape only, since whether mail arrives is shown by sending some.
    pub(in crate::domain) fn check(&self, faults: &mut Faults, path: &str, email: &str) {
        faults.line(path, email, 3, 254);
        let fault = match self {
            Self::Standard { domains } => match standard(email) {
                None => Some(MALFORMED),
                Some(domain) => {
                    let domain = domain.to_lowercase();
                    (!domains.is_empty() && !domains.contains(&domain)).then_some(FOREIGN)
                }
            },
            Self::ProjectW { domains } => match project_w(email, domains.is_empty()) {
                None => Some(MALFORMED),
                Some(domain) => {
                    (!domains.is_empty() && !domains.iter().any(|allowed| allowed == domain)).then_some(FOREIGN)
                }
            },
            Self::Backrest => (!is_backrest(email)).then_some(MALFORMED),
        };
        if let Some(fault) = fault {
            faults.add(path, fault);
        }
    }
}

/// The domain of an address that is well-formed; letters that a header gives a meaning to have no place in it.
fn standard(email: &str) -> Option<&str> {
    let (local, domain) = email.split_once('@')?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"()<>[],;:\\\"".contains(c);
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty());
    let label = |label: &str| {
        label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = local.len() <= 64
        && dotted(local)
        && local.chars().all(plain)
        && dotted(domain)
        && domain.contains('.')
        && domain.split('.').all(label);
    fits.then_some(domain)
}

/// Only the last `@` can stand before the domain, which has none.
fn project_w(email: &str, by_shape: bool) -> Option<&str> {
    let (local, domain) = email.rsplit_once('@')?;
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let shaped = !by_shape || domain.contains('.') && domain.split('.').all(label);
    (!local.is_empty() && !local.contains(char::is_whitespace) && shaped).then_some(domain)
}

fn is_backrest(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((_, last)) = domain.rsplit_once('.') else { return false };
    email.chars().count() <= 100
        && !local.is_empty()
        && local.chars().all(|c| c.is_ascii_graphic() && !"()<>[],;:\\\"".contains(c))
        && domain.split('.').all(label)
        && (2..=22).contains(&last.len())
        && last.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(rule: &EmailRule, email: &str) -> bool {
        rule.takes(email)
    }

    #[test]
    fn addresses_have_their_shape_and_no_room_for_headers() {
        let rule = EmailRule::Standard { domains: Vec::new() };
        for good in ["ada@example.org", "a.b+c@sub.example.org", "ADA@Example.ORG", "jürgen@bücher.example"] {
            assert!(takes(&rule, good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "a@b@example.org",
            "a b@example.org",
            "ada@exa mple.org",
            "ada@.org",
            "ada@example.",
            "ada@-x.org",
            "a..b@example.org",
            "<ada@example.org>",
            "a,b@example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org,eve@example.org",
            "\"a\"@example.org",
        ] {
            assert!(!takes(&rule, bad), "{bad:?}");
        }
        assert!(!takes(&rule, &format!("{}@example.org", "a".repeat(65))));
    }

    #[test]
    fn domains_keep_others_out() {
        let rule = EmailRule::Standard { domains: vec!["example.org".into()] };
        assert!(takes(&rule, "ada@example.org") && takes(&rule, "ada@EXAMPLE.org"));
        assert!(!takes(&rule, "ada@sub.example.org") && !takes(&rule, "ada@exampleXorg.com"));
        assert!(takes(&rule.of_any_domain(), "ada@other.org"));
    }

    #[test]
    fn project_w_compares_exactly_and_takes_strange_local_parts() {
        let any = EmailRule::ProjectW { domains: Vec::new() };
        assert!(takes(&any, "ü@x@test.com") && takes(&any, "A@test.com"));
        assert!(!takes(&any, "a@Test.com") && !takes(&any, "a@test") && !takes(&any, "a b@test.com"));
        let one = EmailRule::ProjectW { domains: vec!["test.com".into()] };
        assert!(takes(&one, "a@test.com") && !takes(&one, "a@testxcom") && !takes(&one, "a@sub.test.com"));
    }

    #[test]
    fn backrest_takes_host_names_of_letters_and_a_hundred_characters() {
        let rule = EmailRule::Backrest;
        assert!(takes(&rule, "alice@foo.bar") && takes(&rule, "a'b@x-y.museum"));
        assert!(!takes(&rule, "alice") && !takes(&rule, "alice@foo.b4") && !takes(&rule, "ä@foo.bar"));
        assert!(
            !takes(&rule, &format!("{}@foo.bar", "a".repeat(93)))
                && takes(&rule, &format!("{}@foo.bar", "a".repeat(92)))
        );
    }
}
