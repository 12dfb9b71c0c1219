//! The table of keys: how each is named, read, checked and shown.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde_json::Value as Json;
use toml::de::DeValue;

use super::Config;

/// One key: its path and what can be done with it.
pub(super) struct Key {
    /// The path as the file spells it: `jobs.lease_seconds`.
    pub path: &'static str,
    /// Puts a value into the configuration, or says what is wrong with it.
    pub set: fn(&mut Config, &Raw<'_>) -> Result<(), String>,
    /// The value, as JSON.
    pub show: fn(&Config) -> Json,
}

/// Declares the structs with their defaults and, from the same lines, the table of keys.
macro_rules! settings {
    (
        $(#[$doc:meta])* $Root:ident { $( $(#[$key_doc:meta])* $key:ident: $Type:ty = $default:expr, $rule:expr; )* }
        $( $(#[$part_doc:meta])* $part:ident $(as $path:literal at $mount:literal $(, $anonymous:ident)?)?: $Part:ident {
            $( $(#[$sub_doc:meta])* $sub:ident: $Sub:ty = $sub_default:expr, $sub_rule:expr; )*
        } )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Root {
            $( $(#[$key_doc])* pub $key: $Type, )*
            $( $(#[$part_doc])* pub $part: $Part, )*
        }

        impl Default for $Root {
            fn default() -> Self {
                Self { $( $key: $default, )* $( $part: $Part::default(), )* }
            }
        }

        $(
            $(#[$part_doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Part {
                $( #[doc = concat!("Where it stands: at `", $mount, "` by default.")] pub at: $crate::config::Mount, )?
                $( $(#[$sub_doc])* pub $sub: $Sub, )*
            }

            impl Default for $Part {
                fn default() -> Self {
                    Self { $( at: $crate::config::Mount::at($mount), )? $( $sub: $sub_default, )* }
                }
            }
        )*

        pub(super) static KEYS: std::sync::LazyLock<Vec<$crate::config::setting::Key>> = std::sync::LazyLock::new(|| {
            let mut keys = vec![
                $( $crate::config::setting::key!(stringify!($key), $Type, $rule, $key), )*
            ];
            $( $( keys.extend($crate::config::mount::mount_keys!($part, $path $(, $anonymous)?)); )?
            keys.extend($crate::config::setting::section_keys!(
                [$part $(as $path)?] $( $sub: $Sub, $sub_rule; )*
            )); )*
            keys
        });

        pub(super) static SECTIONS: &[&str] = &[$( $crate::config::setting::section_path!($part $(as $path)?), )*];
    };
}

/// How the file spells a section: by the field's name, or as it says.
macro_rules! section_path {
    ($part:ident) => {
        stringify!($part)
    };
    ($part:ident as $path:literal) => {
        $path
    };
}

/// The lines of one section.
macro_rules! section_keys {
    ([$part:ident] $( $sub:ident: $Sub:ty, $rule:expr; )*) => {
        [$( $crate::config::setting::key!(
            concat!(stringify!($part), ".", stringify!($sub)), $Sub, $rule, $part.$sub
        ), )*]
    };
    ([$part:ident as $path:literal] $( $sub:ident: $Sub:ty, $rule:expr; )*) => {
        [$( $crate::config::setting::key!(concat!($path, ".", stringify!($sub)), $Sub, $rule, $part.$sub), )*]
    };
}

/// One line of the table.
macro_rules! key {
    ($path:expr, $Type:ty, $rule:expr, $($field:ident).+) => {
        $crate::config::setting::Key {
            path: $path,
            set: |config, raw| {
                config.$($field).+ = $crate::config::setting::read::<$Type>(raw, &$rule)?;
                Ok(())
            },
            show: |config| $crate::config::setting::Setting::show(&config.$($field).+),
        }
    };
}

pub(super) use {key, section_keys, section_path, settings};

/// Reads and checks a value; the error says what was found and what was expected.
pub(super) fn read<T: Setting>(raw: &Raw<'_>, rule: &impl Rule<T>) -> Result<T, String> {
    let value =
        T::read(raw).map_err(|found| format!("found {found}; expected {}{}", T::expected(), rule.expected()))?;
    rule.check(&value)?;
    Ok(value)
}

/// What a value must fulfil besides having its type.
pub(super) trait Rule<T> {
    /// What is said after the name of the type: ` from 1 to 10`, or nothing.
    fn expected(&self) -> String {
        String::new()
    }

    /// What is wrong with the value, and what would be right.
    fn check(&self, value: &T) -> Result<(), String>;
}

impl<T, F: Fn(&T) -> Result<(), String>> Rule<T> for F {
    fn check(&self, value: &T) -> Result<(), String> {
        self(value)
    }
}

/// A value as it was written: in the file, where it has a type, or as the text of a variable or a flag.
pub(super) enum Raw<'a> {
    Toml(&'a DeValue<'a>),
    Text(&'a str),
}

impl Raw<'_> {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Toml(DeValue::String(text)) => format!("the string {text:?}"),
            Self::Toml(DeValue::Integer(number)) => number.to_string(),
            Self::Toml(DeValue::Float(number)) => number.to_string(),
            Self::Toml(DeValue::Boolean(value)) => value.to_string(),
            Self::Toml(DeValue::Datetime(_)) => "a date or time".to_owned(),
            Self::Toml(DeValue::Array(_)) => "a list".to_owned(),
            Self::Toml(DeValue::Table(_)) => "a table".to_owned(),
            Self::Text(text) => format!("{text:?}"),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }
}

/// A type that a key can have.
pub(super) trait Setting: Sized {
    /// The type, for people: `a whole number`.
    fn expected() -> String;
    /// The value, or a description of what was found instead.
    fn read(raw: &Raw<'_>) -> Result<Self, String>;
    /// The value as JSON.
    fn show(&self) -> Json;
}

macro_rules! whole_number {
    ($($Type:ty)*) => { $(
        impl Setting for $Type {
            fn expected() -> String {
                "a whole number".to_owned()
            }

            fn read(raw: &Raw<'_>) -> Result<Self, String> {
                match raw {
                    Raw::Toml(DeValue::Integer(number)) => Self::from_str_radix(number.as_str(), number.radix()).ok(),
                    Raw::Toml(_) => None,
                    Raw::Text(text) => text.parse().ok(),
                }
                .ok_or_else(|| raw.describe())
            }

            fn show(&self) -> Json {
                Json::from(*self)
            }
        }
    )* };
}

whole_number!(u32 u64 usize);

impl Setting for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Toml(value) => value.as_bool(),
            Raw::Text(text) => text.parse().ok(),
        }
        .ok_or_else(|| raw.describe())
    }

    fn show(&self) -> Json {
        Json::from(*self)
    }
}

impl Setting for String {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        raw.text().map(str::to_owned).ok_or_else(|| raw.describe())
    }

    fn show(&self) -> Json {
        Json::from(self.as_str())
    }
}

impl Setting for SocketAddr {
    fn expected() -> String {
        "an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        raw.text().and_then(|text| text.parse().ok()).ok_or_else(|| raw.describe())
    }

    fn show(&self) -> Json {
        Json::from(self.to_string())
    }
}

impl Setting for IpNet {
    fn expected() -> String {
        "addresses or networks, such as \"192.0.2.7\" or \"10.0.0.0/8\"".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let text = raw.text().ok_or_else(|| raw.describe())?;
        text.parse().or_else(|_| text.parse::<IpAddr>().map(Self::from)).map_err(|_| raw.describe())
    }

    fn show(&self) -> Json {
        Json::from(self.to_string())
    }
}

/// In the file a list, in a variable the items with commas between them.
impl<T: Setting> Setting for Vec<T> {
    fn expected() -> String {
        format!("a list of {}", T::expected().trim_start_matches("a "))
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Toml(DeValue::Array(items)) => items.iter().map(|item| T::read(&Raw::Toml(item.get_ref()))).collect(),
            Raw::Toml(_) => Err(raw.describe()),
            Raw::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| T::read(&Raw::Text(item)))
                .collect(),
        }
    }

    fn show(&self) -> Json {
        self.iter().map(Setting::show).collect()
    }
}

/// What may be left open. In a variable or a flag an empty text says so.
impl<T: Setting> Setting for Option<T> {
    fn expected() -> String {
        T::expected()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Text("") => Ok(None),
            Raw::Toml(_) | Raw::Text(_) => T::read(raw).map(Some),
        }
    }

    fn show(&self) -> Json {
        self.as_ref().map_or(Json::Null, Setting::show)
    }
}

/// Which of its two faces MyBRC's API shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MybrcProfile {
    /// What its document says, or lists as to be done.
    Documented,
    /// What the program behind it did.
    AsBuilt,
}

impl Setting for MybrcProfile {
    fn expected() -> String {
        "\"documented\" or \"as-built\"".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("documented") => Ok(Self::Documented),
            Some("as-built") => Ok(Self::AsBuilt),
            _ => Err(raw.describe()),
        }
    }

    fn show(&self) -> Json {
        Json::from(match self {
            Self::Documented => "documented",
            Self::AsBuilt => "as-built",
        })
    }
}

/// The shape of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Setting for LogFormat {
    fn expected() -> String {
        "\"text\" or \"json\"".to_owned()
    }

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            _ => Err(raw.describe()),
        }
    }

    fn show(&self) -> Json {
        Json::from(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}
