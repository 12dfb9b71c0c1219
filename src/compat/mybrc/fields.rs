//! The fields of an object, and what may stand in them: the old server's rules with its own words.

use serde_json::{Map, Value};

use crate::compat::moment::{self, Moment};
use crate::compat::numbered::whole;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number within these bounds.
    Integer(i64, i64),
    /// A number.
    Float,
    /// A moment.
    Moment,
    /// Text of at most so many characters; 0 is any number of them.
    Text(usize),
    /// Something that only the server sets, of this type.
    ReadOnly(&'static str),
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Must be there when an object is made or replaced, and may not be null.
    pub(super) required: bool,
}

const fn needs(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const fn takes(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// 32 bits.
const INTEGER: Kind = Kind::Integer(-2_147_483_648, 2_147_483_647);

/// Those of a job. State and partition had eight bits in the old database, whatever the description says.
pub(super) const JOB: &[Field] = &[
    takes("jobnumber", Kind::ReadOnly("integer")),
    needs("jobslurmid", INTEGER),
    needs("submitdate", Kind::Moment),
    takes("startdate", Kind::Moment),
    takes("enddate", Kind::Moment),
    needs("userid", INTEGER),
    needs("accountid", INTEGER),
    needs("amount", Kind::Float),
    needs("jobstatus", INTEGER),
    needs("partition", INTEGER),
    needs("qos", Kind::Integer(-32_768, 32_767)),
    takes("created", Kind::ReadOnly("datetime")),
    takes("updated", Kind::ReadOnly("datetime")),
];

/// Those of a user.
pub(super) const USER: &[Field] = &[
    takes("userid", Kind::ReadOnly("integer")),
    takes("accounts", Kind::ReadOnly("field")),
    needs("username", Kind::Text(20)),
    needs("usermetadata", Kind::Text(0)),
    needs("email", Kind::Text(100)),
    needs("ldapuid", INTEGER),
    takes("created", Kind::ReadOnly("datetime")),
    takes("updated", Kind::ReadOnly("datetime")),
];

/// Those of an account.
pub(super) const ACCOUNT: &[Field] = &[
    takes("accountid", Kind::ReadOnly("integer")),
    takes("users", Kind::ReadOnly("field")),
    needs("accountname", Kind::Text(50)),
    needs("accountallocation", INTEGER),
    needs("accountbalance", INTEGER),
    needs("type", Kind::Text(10)),
    needs("description", Kind::Text(150)),
    takes("created", Kind::ReadOnly("datetime")),
    takes("updated", Kind::ReadOnly("datetime")),
];

/// What was read from a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Integer(i64),
    Float(f64),
    Moment(Option<Moment>),
    Text(String),
}

/// The fields that were given and are right, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values(Vec<(&'static str, Given)>);

impl Values {
    /// Whether this is so of each of them.
    pub(super) fn all(&self, is: impl Fn(&str, &Given) -> bool) -> bool {
        self.0.iter().all(|(name, given)| is(name, given))
    }

    fn find(&self, name: &str) -> Option<&Given> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, given)| given)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.find(name) {
            Some(Given::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        match self.find(name) {
            Some(Given::Float(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.find(name) {
            Some(Given::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A moment that was given; none inside when it was taken back.
    pub(super) fn moment(&self, name: &str) -> Option<&Option<Moment>> {
        match self.find(name) {
            Some(Given::Moment(moment)) => Some(moment),
            _ => None,
        }
    }
}

/// What is wrong, by field, in the order of the fields.
pub(super) type Wrong = Vec<(&'static str, String)>;

/// Reads an object. In a `partial` one nothing needs to be there. Names that are no fields, and fields that only the
/// server sets, are passed over, and so are those that say what is `shown` of an object already: more may be known than
/// that (a moment's fraction), or something else (a missing number is a 0 here).
pub(super) fn read(
    fields: &[Field],
    body: &[(String, Value)],
    partial: bool,
    shown: Option<&Map<String, Value>>,
) -> Result<Values, Wrong> {
    let (mut values, mut wrong) = (Vec::new(), Vec::new());
    for field in fields {
        if matches!(field.kind, Kind::ReadOnly(_)) {
            continue;
        }
        // Of several values of one name the last one counts.
        let given = body.iter().rev().find(|(name, _)| name == field.name).map(|(_, value)| value);
        match given {
            None if field.required && !partial => wrong.push((field.name, "This field is required.".to_owned())),
            None => {}
            Some(value) if shown.and_then(|it| it.get(field.name)).is_some_and(|it| is_same(field.kind, value, it)) => {
            }
            Some(value) => match one(field, value) {
                Ok(value) => values.push((field.name, value)),
                Err(message) => wrong.push((field.name, message)),
            },
        }
    }
    if wrong.is_empty() { Ok(Values(values)) } else { Err(wrong) }
}

/// Whether what is given is what is shown, however it is written, and whether or not it may be given otherwise.
fn is_same(kind: Kind, given: &Value, shown: &Value) -> bool {
    match (kind, shown) {
        (Kind::Integer(..), Value::Number(shown)) => number(given).is_some_and(|it| shown.as_i128() == Some(it)),
        (Kind::Float, Value::Number(shown)) => float(given).is_ok_and(|it| shown.as_f64() == Some(it)),
        (Kind::Moment, Value::String(shown)) => {
            given.as_str().and_then(moment::read).is_some_and(|it| moment::read(shown) == Some(it))
        }
        (Kind::Text(_), Value::String(shown)) => given.as_str().is_some_and(|it| it.trim() == shown.trim()),
        (_, shown) => given == shown,
    }
}

fn one(field: &Field, value: &Value) -> Result<Given, String> {
    let empty = matches!(value, Value::Null) || value.as_str() == Some("") && field.kind == Kind::Moment;
    if empty && !field.required {
        return Ok(Given::Moment(None));
    }
    if value.is_null() {
        return Err("This field may not be null.".to_owned());
    }
    match field.kind {
        Kind::Integer(least, most) => integer(value, least, most).map(Given::Integer),
        Kind::Float => float(value).map(Given::Float),
        Kind::Moment => match value.as_str().and_then(moment::read) {
            Some(moment) => Ok(Given::Moment(Some(moment))),
            None => Err(moment::SHAPE.to_owned()),
        },
        Kind::Text(most) => text(value, most).map(Given::Text),
        Kind::ReadOnly(_) => Err("This field is read-only.".to_owned()),
    }
}

/// A whole number; `12.0` is one, too.
fn integer(value: &Value, least: i64, most: i64) -> Result<i64, String> {
    let shape = || "A valid integer is required.".to_owned();
    let number = number(value).ok_or_else(shape)?;
    if number > i128::from(most) {
        return Err(format!("Ensure this value is less than or equal to {most}."));
    }
    if number < i128::from(least) {
        return Err(format!("Ensure this value is greater than or equal to {least}."));
    }
    i64::try_from(number).map_err(|_| shape())
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => whole(text),
        Value::Number(number) => whole(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn float(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => decimal(text),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    number.ok_or_else(|| "A valid number is required.".to_owned())
}

/// A number as Python reads one, the words for infinity and for no number included.
pub(super) fn decimal(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn text(value: &Value, most: usize) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err("Not a valid string.".to_owned()),
    };
    if text.is_empty() {
        return Err("This field may not be blank.".to_owned());
    }
    if most > 0 && text.chars().count() > most {
        return Err(format!("Ensure this field has no more than {most} characters."));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_read_as_python_does() {
        assert_eq!(integer(&json!(" +5.0 "), 0, 7), Ok(5));
        assert_eq!(integer(&json!("9".repeat(60)), 0, 7), Err("Ensure this value is less than or equal to 7.".into()));
        assert_eq!(integer(&json!(true), 0, 7), Err("A valid integer is required.".into()));
    }

    #[test]
    fn what_is_wrong_is_told_in_the_order_of_the_fields() {
        let body =
            [("qos".to_owned(), json!("x")), ("jobslurmid".to_owned(), json!(null)), ("created".to_owned(), json!(1))];
        let wrong = read(JOB, &body, true, None).expect_err("two are wrong");
        assert_eq!(
            wrong,
            [
                ("jobslurmid", "This field may not be null.".to_owned()),
                ("qos", "A valid integer is required.".to_owned())
            ]
        );
        let wrong = read(USER, &[], false, None).expect_err("all are missing");
        assert_eq!(
            wrong.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["username", "usermetadata", "email", "ldapuid"]
        );
    }

    #[test]
    fn dates_may_be_taken_back_where_they_may_be_missing() {
        for empty in [json!(null), json!("")] {
            let body = [("enddate".to_owned(), empty)];
            assert_eq!(read(JOB, &body, true, None).expect("it is right").moment("enddate"), Some(&None));
        }
        let wrong = read(JOB, &[("submitdate".to_owned(), json!("2018-01-01"))], true, None).expect_err("a bare date");
        assert_eq!(wrong[0].1, moment::SHAPE);
    }

    #[test]
    fn what_is_shown_already_is_passed_over() {
        let Value::Object(shown) = json!({ "jobslurmid": 0, "submitdate": "2018-06-05T13:27:35Z", "enddate": null,
            "accountid": null, "amount": 30.0, "qos": 99_999 })
        else {
            panic!("an object")
        };
        for (name, same) in [
            ("jobslurmid", json!("0")),
            ("jobslurmid", json!(0.0)),
            ("submitdate", json!("2018-06-05 06:27:35-07:00")),
            ("enddate", Value::Null),
            ("accountid", Value::Null),
            ("amount", json!("30")),
            ("qos", json!(99_999)),
        ] {
            let read = read(JOB, &[(name.to_owned(), same)], true, Some(&shown));
            assert_eq!(read, Ok(Values::default()), "{name}");
        }
        let other = [("jobslurmid".to_owned(), json!(1)), ("amount".to_owned(), json!(30.5))];
        let read = read(JOB, &other, true, Some(&shown)).expect("they are right");
        assert_eq!((read.integer("jobslurmid"), read.float("amount")), (Some(1), Some(30.5)));
    }
}
