//! The types that a setting may have: each reads what was written and writes what is in force.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::layers::Raw;

/// A type of setting.
pub(super) trait Value: Sized {
    /// What an error says was expected.
    const EXPECTED: &'static str;

    /// Reads a single value; `None` where it is not of this type.
    fn read(raw: &Raw) -> Option<Self>;

    /// Writes TOML, with every secret masked.
    fn show(&self) -> String;
}

/// A text in quotes, as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The text of a string, variable or flag.
pub(super) fn text(raw: &Raw) -> Option<&str> {
    match raw {
        Raw::Text(text) | Raw::Untyped(text) => Some(text),
        Raw::Boolean(_) | Raw::Integer(_) | Raw::List(_) | Raw::Other(_) => None,
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Boolean(value) => Some(*value),
            Raw::Untyped(text) => text.parse().ok(),
            Raw::Integer(_) | Raw::List(_) | Raw::Other(_) | Raw::Text(_) => None,
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Integer(value) => Self::try_from(*value).ok(),
            Raw::Untyped(text) => text.parse().ok(),
            Raw::Boolean(_) | Raw::List(_) | Raw::Other(_) | Raw::Text(_) => None,
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Integer(value) => Some(*value),
            Raw::Untyped(text) => text.parse().ok(),
            Raw::Boolean(_) | Raw::List(_) | Raw::Other(_) | Raw::Text(_) => None,
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const EXPECTED: &'static str = "a text that is not empty";

    fn read(raw: &Raw) -> Option<Self> {
        text(raw).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn read(raw: &Raw) -> Option<Self> {
        text(raw).filter(|text| !text.is_empty()).map(Self::from)
    }

    fn show(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an IP address and a port, like 127.0.0.1:8080 or [::1]:8080";

    fn read(raw: &Raw) -> Option<Self> {
        text(raw)?.trim().parse().ok()
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Value for IpNet {
    const EXPECTED: &'static str = "an IP network or address, like 10.0.0.0/8 or 127.0.0.1";

    fn read(raw: &Raw) -> Option<Self> {
        let text = text(raw)?.trim();
        text.parse().ok().or_else(|| text.parse().ok().map(|address: std::net::IpAddr| address.into()))
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

impl<T: Value> Value for Vec<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::List(values) => values.iter().map(T::read).collect(),
            Raw::Untyped(text) if text.is_empty() => Some(Self::new()),
            Raw::Untyped(text) => {
                text.split(',').map(|part| T::read(&Raw::Untyped(part.trim().to_owned()))).collect()
            }
            // One value where a list may stand: what is meant is plain.
            Raw::Boolean(_) | Raw::Integer(_) | Raw::Other(_) | Raw::Text(_) => {
                T::read(raw).map(|value| vec![value])
            }
        }
    }

    fn show(&self) -> String {
        format!("[{}]", self.iter().map(Value::show).collect::<Vec<_>>().join(", "))
    }
}

/// Makes an enum a setting whose values are words.
macro_rules! words {
    ($type:ty, $expected:literal, $($word:literal => $variant:ident),+ $(,)?) => {
        impl $crate::config::value::Value for $type {
            const EXPECTED: &'static str = $expected;

            fn read(raw: &$crate::config::layers::Raw) -> Option<Self> {
                match $crate::config::value::text(raw)? {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            fn show(&self) -> String {
                match self {
                    $(Self::$variant => concat!('"', $word, '"').to_owned(),)+
                }
            }
        }
    };
}
pub(super) use words;
