//! JSON values that somebody else wrote.

use std::{fmt, ops::Deref, str::FromStr};

use sea_orm::DeriveValueType;
use serde_json::Value;

/// A JSON value, stored as its text: parameters, results and schemas come back as they were sent, with their keys in
/// the same order. (PostgreSQL's `jsonb` would sort them; docket's own values, which nobody reads that way, are `jsonb`
/// there.)
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String", column_type = "Text")]
pub struct Document(pub Value);

impl Deref for Document {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Document {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_numbers_come_back_as_they_were() {
        let text = r#"{"z":1.0,"a":[18446744073709551615,-0.5,"\u0000"],"m":{}}"#;
        assert_eq!(text.parse::<Document>().expect("JSON").to_string(), text);
    }
}
