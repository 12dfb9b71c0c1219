//! Filters of lists: exact values in the query, all of which must hold. Names that are none, and empty values, are passed
//! over.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::envelope::{Noun, Refusal};
use super::fields::decimal;
use crate::compat::Parameter;
use crate::compat::moment::{of, read_filter, second};
use crate::compat::numbered::whole;
use crate::config::MybrcProfile;

/// What a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    /// A whole number that is kept as text.
    Digits,
    Amount,
    Moment,
    Text,
}

impl Kind {
    const fn about(self) -> &'static str {
        match self {
            Self::Integer | Self::Digits => "Only those with exactly this number.",
            Self::Amount => "Only those with exactly this amount.",
            Self::Moment => "Only those of exactly this second.",
            Self::Text => "Only those with exactly this text.",
        }
    }
}

/// Names that the filter library of the old program looked at, though no list used them.
const LIBRARY: [(&str, &str); 4] = [
    ("limit", "Must be a number; it changes nothing."),
    ("offset", "Must be a number; it changes nothing."),
    ("install_ts", "Must be a moment; it changes nothing."),
    ("update_ts", "Must be a moment; it changes nothing."),
];

/// Names in the query, what they compare, and the operation's name for it.
const JOB: &[(&str, Kind, &str)] = &[
    ("jobslurmid", Kind::Digits, "slurmId"),
    // The document spells it so, and the program did not know that.
    ("slurmjobid", Kind::Digits, "slurmId"),
    ("userid", Kind::Integer, "userNumber"),
    ("accountid", Kind::Integer, "accountNumber"),
    ("status", Kind::Integer, "stateCode"),
    ("amount", Kind::Amount, "amount"),
    ("partition", Kind::Integer, "partition"),
    ("qos", Kind::Integer, "qos"),
    ("submitdate", Kind::Moment, "submittedAt"),
    ("startdate", Kind::Moment, "startedAt"),
    ("enddate", Kind::Moment, "finishedAt"),
    ("created", Kind::Moment, "createdAt"),
    ("updated", Kind::Moment, "updatedAt"),
];

const USER: &[(&str, Kind, &str)] = &[
    ("ldapid", Kind::Digits, "ldapUid"),
    ("accountid", Kind::Integer, "accountNumber"),
    ("saviousername", Kind::Text, "username"),
    ("email", Kind::Text, "email"),
    ("created", Kind::Moment, "createdAt"),
    ("updated", Kind::Moment, "updatedAt"),
];

const ACCOUNT: &[(&str, Kind, &str)] = &[
    ("userid", Kind::Integer, "userNumber"),
    ("accountname", Kind::Text, "title"),
    ("allocation", Kind::Integer, "allocation"),
    ("type", Kind::Text, "type"),
    ("created", Kind::Moment, "createdAt"),
    ("updated", Kind::Moment, "updatedAt"),
];

/// What a list reads of the query, for its description.
pub(super) fn parameters(noun: Noun) -> impl Iterator<Item = Parameter> {
    let filters = known(noun).iter().map(|(name, kind, _)| Parameter::may(name, kind.about()));
    filters.chain(LIBRARY.into_iter().map(|(name, about)| Parameter::may(name, about)))
}

fn known(noun: Noun) -> &'static [(&'static str, Kind, &'static str)] {
    match noun {
        Noun::Job => JOB,
        Noun::User => USER,
        Noun::Account => ACCOUNT,
    }
}

/// The filter of a request, for the operation; and its text, for people.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) variables: Map<String, Value>,
    pub(super) text: Vec<String>,
    /// Nothing can match: a value is beyond what anything has.
    pub(super) nothing: bool,
}

/// Reads the filter of a list, or of a change of one object.
pub(super) fn read(ask: &Ask) -> Result<Filter, Refusal> {
    checked_by_the_library(ask)?;
    let mut filter = Filter::default();
    for (name, kind, variable) in known(ask.noun) {
        let Some(given) = ask.parameter(name) else { continue };
        // The moment of the last change, which is shown so there, was that of the making.
        let as_built = ask.profile == MybrcProfile::AsBuilt;
        let variable = if as_built && *variable == "updatedAt" { "createdAt" } else { *variable };
        filter.text.push(format!("{name}={given}"));
        match value(*kind, given) {
            Ok(Some(value)) => {
                // Both spellings of one name: both must hold.
                if filter.variables.get(variable).is_some_and(|other| *other != value) {
                    filter.nothing = true;
                }
                filter.variables.insert(variable.to_owned(), value);
            }
            Ok(None) => filter.nothing = true,
            Err(Unreadable) => return Err(Refusal::syntax(ask.profile, format!("Invalid syntax: {name}={given}."))),
        }
    }
    Ok(filter)
}

/// Text that stands for no value at all.
struct Unreadable;

/// The value; none for one that nothing can have.
fn value(kind: Kind, given: &str) -> Result<Option<Value>, Unreadable> {
    Ok(match kind {
        Kind::Integer => i32::try_from(whole(given).ok_or(Unreadable)?).ok().map(|number| json!(number)),
        Kind::Digits => i32::try_from(whole(given).ok_or(Unreadable)?).ok().map(|number| json!(number.to_string())),
        Kind::Amount => amount(decimal(given).ok_or(Unreadable)?).map(|amount| json!(amount)),
        // What is shown of a moment is its second.
        Kind::Moment => Some(json!(of(second(read_filter(given).ok_or(Unreadable)?)))),
        Kind::Text => Some(json!(given)),
    })
}

/// An amount as operations take it, rounded half to even to the millionth; none beyond what is kept.
pub(super) fn amount(number: f64) -> Option<String> {
    let fits = number.is_finite() && number.abs() <= 9e12;
    // The shortest way to round a float exactly: its decimals are written to the last one that is kept.
    fits.then(|| format!("{number:.6}")).map(|text| if text == "-0.000000" { "0.000000".to_owned() } else { text })
}

/// What it says of those.
fn checked_by_the_library(ask: &Ask) -> Result<(), Refusal> {
    for name in ["limit", "offset"] {
        if let Some(given) = ask.parameter(name)
            && !given.bytes().all(|byte| byte.is_ascii_digit())
        {
            let detail = format!("Invalid input <{given}>; expected an integer for dictionary value @ data['{name}']");
            return Err(refused(ask.profile, detail));
        }
    }
    for name in ["install_ts", "update_ts"] {
        if let Some(given) = ask.parameter(name)
            && read_filter(given).is_none()
        {
            let detail = format!("<{given}> is not a valid datetime. for dictionary value @ data['{name}']");
            return Err(refused(ask.profile, detail));
        }
    }
    Ok(())
}

fn refused(profile: MybrcProfile, detail: String) -> Refusal {
    match profile {
        MybrcProfile::AsBuilt => Refusal::detail(StatusCode::BAD_REQUEST, detail),
        MybrcProfile::Documented => Refusal::syntax(profile, detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_half_to_even() {
        assert_eq!(amount(1337.0).as_deref(), Some("1337.000000"));
        assert_eq!(amount(0.000_000_5).as_deref(), Some("0.000000"), "the float lies below the half");
        assert_eq!(amount(0.5 + f64::powi(2.0, -7)).as_deref(), Some("0.507812"), "a true half goes to the even one");
        assert_eq!(amount(-0.0).as_deref(), Some("0.000000"));
        for beyond in [f64::NAN, f64::INFINITY, 9.1e12] {
            assert_eq!(amount(beyond), None);
        }
    }
}
