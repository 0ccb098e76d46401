//! The three layers of a configuration, flattened into one map: file, environment variables, flags, each
//! hiding what came before (operations.md, section 4).

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Origin};

/// A value as it was written, before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// `true` or `false` in a file.
    Boolean(bool),
    /// An integer in a file.
    Integer(i64),
    /// An array in a file.
    List(Vec<Self>),
    /// A kind of TOML value that no setting has, by its name.
    Other(&'static str),
    /// A string in a file.
    Text(String),
    /// The text of a variable or a flag: it is a list, a number or a string as its setting wants it.
    Untyped(String),
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// Every value by its key (`server.listen`), and every table that a file opens.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) values: BTreeMap<String, Entry>,
    pub(super) tables: BTreeMap<String, Origin>,
}

/// What all our variables begin with.
const PREFIX: &str = "BOXOFFICE_";

/// Variables that stand for flags and not for settings.
pub(super) const RESERVED: [&str; 2] = ["BOXOFFICE_CONFIG", "BOXOFFICE_DATA_DIR"];

impl Layers {
    /// Adds what a file says.
    pub(super) fn add_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let line = |at: usize| 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count();
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            file: file.to_owned(),
            line: line(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        let origin = |at: usize| Origin::File { file: file.to_owned(), line: line(at) };
        self.add_table("", table.get_ref(), &origin);
        Ok(())
    }

    fn add_table(&mut self, above: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (name, value) in table {
            // A quoted key with a dot must not pass for two levels.
            let name_text = name.get_ref();
            let name_text =
                if name_text.contains('.') { format!("{name_text:?}") } else { name_text.to_string() };
            let key = if above.is_empty() { name_text } else { format!("{above}.{name_text}") };
            let origin_of_key = origin(name.span().start);
            if let DeValue::Table(inner) = value.get_ref() {
                self.tables.insert(key.clone(), origin_of_key);
                self.add_table(&key, inner, origin);
            } else {
                self.values.insert(key, Entry { raw: Raw::from_file(value), origin: origin_of_key });
            }
        }
    }

    /// Adds what the environment says: `BOXOFFICE_SERVER__LISTEN` is `server.listen`.
    pub(super) fn add_variables(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if RESERVED.contains(&name.as_str()) {
                continue;
            }
            let key = rest.to_lowercase().replace("__", ".");
            self.add(key, value, Origin::Variable(name));
        }
    }

    /// Adds what a flag says.
    pub(super) fn add(&mut self, key: String, value: String, origin: Origin) {
        self.values.insert(key, Entry { raw: Raw::Untyped(value), origin });
    }
}

impl Raw {
    fn from_file(value: &Spanned<DeValue<'_>>) -> Self {
        match value.get_ref() {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Self::Other("an integer beyond 64 bits"), Self::Integer),
            DeValue::Array(values) => Self::List(values.iter().map(Self::from_file).collect()),
            DeValue::Float(_) => Self::Other("a fraction"),
            DeValue::Datetime(_) => Self::Other("a time"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// The value as an error may show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::List(values) => {
                format!("[{}]", values.iter().map(Self::shown).collect::<Vec<_>>().join(", "))
            }
            Self::Other(kind) => (*kind).to_owned(),
            Self::Text(text) | Self::Untyped(text) => format!("{text:?}"),
        }
    }
}
