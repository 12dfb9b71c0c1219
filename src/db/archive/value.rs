//! Values, as they stand in a backup: numbers, texts and truths as JSON has them, bytes in base64, ids as texts.

use base64::{Engine, prelude::BASE64_STANDARD};
use sea_orm::{ColumnType, QueryResult, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::{Error, Result};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Long,
    Int,
    Bool,
    Double,
    Text,
    Bytes,
    Uuid,
    Json,
}

impl Kind {
    pub(super) fn of(column: &ColumnType) -> Result<Self> {
        Ok(match column {
            ColumnType::BigInteger => Self::Long,
            ColumnType::Integer => Self::Int,
            ColumnType::Boolean => Self::Bool,
            ColumnType::Double => Self::Double,
            ColumnType::Text | ColumnType::String(_) | ColumnType::Enum { .. } => Self::Text,
            ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Self::Bytes,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            other => return Err(Error::internal(format!("backups know no column of the type {other:?}"))),
        })
    }

    /// What a row holds in a column.
    pub(super) fn read(self, row: &QueryResult, column: &str) -> Result<Json> {
        let value = match self {
            Self::Long => row.try_get::<Option<i64>>("", column)?.map(Json::from),
            Self::Int => row.try_get::<Option<i32>>("", column)?.map(Json::from),
            Self::Bool => row.try_get::<Option<bool>>("", column)?.map(Json::from),
            Self::Double => row.try_get::<Option<f64>>("", column)?.map(Json::from),
            Self::Text => row.try_get::<Option<String>>("", column)?.map(Json::from),
            Self::Bytes => {
                row.try_get::<Option<Vec<u8>>>("", column)?.map(|bytes| BASE64_STANDARD.encode(bytes).into())
            }
            Self::Uuid => row.try_get::<Option<Uuid>>("", column)?.map(|uid| uid.to_string().into()),
            // In a list of its own: null is a JSON value, too.
            Self::Json => row.try_get::<Option<Json>>("", column)?.map(|json| Json::Array(vec![json])),
        };
        Ok(value.unwrap_or(Json::Null))
    }

    /// The value that [`Kind::read`] wrote; `None` when it did not write this.
    pub(super) fn value(self, json: Json) -> Option<Value> {
        if json.is_null() {
            return Some(self.null());
        }
        Some(match (self, json) {
            (Self::Long, json) => json.as_i64()?.into(),
            (Self::Int, json) => i32::try_from(json.as_i64()?).ok()?.into(),
            (Self::Bool, json) => json.as_bool()?.into(),
            (Self::Double, json) => json.as_f64()?.into(),
            (Self::Text, Json::String(text)) => text.into(),
            (Self::Bytes, Json::String(text)) => BASE64_STANDARD.decode(text).ok()?.into(),
            (Self::Uuid, Json::String(text)) => text.parse::<Uuid>().ok()?.into(),
            (Self::Json, Json::Array(mut items)) if items.len() == 1 => items.pop()?.into(),
            _ => return None,
        })
    }

    fn null(self) -> Value {
        match self {
            Self::Long => Value::BigInt(None),
            Self::Int => Value::Int(None),
            Self::Bool => Value::Bool(None),
            Self::Double => Value::Double(None),
            Self::Text => Value::String(None),
            Self::Bytes => Value::Bytes(None),
            Self::Uuid => Value::Uuid(None),
            Self::Json => Value::Json(None),
        }
    }
}
