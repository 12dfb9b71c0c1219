//! Scalars beyond GraphQL's own.

use async_graphql::{Description, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime as Chrono, SecondsFormat, Utc};
use entity::{Amount, Time, Total};

use crate::error::{Error, Result};

/// A moment: RFC 3339 in UTC with microseconds, such as `2026-03-01T12:30:00.000000Z`. On input any offset and any
/// precision are taken; what is finer than a microsecond is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct DateTime(pub Time);

#[Scalar(name = "DateTime", use_type_description, specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let parsed = Chrono::parse_from_rfc3339(text)
            .map_err(|_| InputValueError::custom("A moment is written like 2026-03-01T12:30:00Z."))?;
        Ok(Self(parsed.with_timezone(&Utc).into()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl From<Time> for DateTime {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

/// A whole number of up to 64 bits, written as a JSON number: sizes, offsets and revisions, which GraphQL's 32-bit
/// `Int` cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct Long(pub i64);

#[Scalar(name = "Long", use_type_description)]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::custom("A whole number of up to 64 bits is needed.")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// An amount of money in service units: a decimal number in a string, such as `"12.5"`, exact to the millionth. Never a
/// JSON number, which many programs read as a float. On input at most six digits after the point and a magnitude of at
/// most 9000000000000; sums that the server makes may be larger.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Decimal(std::result::Result<Total, &'static str>);

impl Decimal {
    /// The amount. Fails with INVALID on `path`, saying what would be right: the library's own refusal of a value names
    /// neither field nor code.
    pub fn at(self, path: &str) -> Result<Amount> {
        let total = self.0.map_err(|why| Error::invalid(path, why))?;
        Amount::new(total.0).ok_or_else(|| Error::internal("an input beyond the bounds of an amount"))
    }
}

#[Scalar(name = "Decimal", use_type_description)]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(match value {
            Value::String(text) => Amount::parse(&text).map(|amount| Total(amount.wide())),
            _ => Err("A decimal number is written as a string, such as \"12.5\"."),
        }))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.map(|total| total.to_string()).unwrap_or_default())
    }
}

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        Self(Ok(Total(amount.wide())))
    }
}

impl From<Total> for Decimal {
    fn from(total: Total) -> Self {
        Self(Ok(total))
    }
}

/// A place in the log of events, opaque to clients: the same in queries, subscriptions and `Last-Event-ID`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Cursor(pub String);

#[Scalar(name = "Cursor", use_type_description)]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A number that people see, for GraphQL's `Int`. Ids are assigned from 1 upward; 2^31-1 is the bound of `Int`.
#[must_use]
pub fn number(id: i64) -> i32 {
    i32::try_from(id).unwrap_or(i32::MAX)
}
