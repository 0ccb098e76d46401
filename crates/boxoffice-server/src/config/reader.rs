//! Takes typed settings out of the layers. Whatever is read is known; whatever is left over is refused; and
//! what was read, with its origin and its explanation, is what `config show` and the reference print.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::error::{ConfigError, Origin};
use super::layers::{Entry, Layers};
use super::value::Value;

/// A setting as it is in force.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key, with dots between levels.
    pub key: String,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// Its value as TOML, every secret masked; `None` where it has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    /// Whether it is in force: it is not where the feature that it belongs to is off.
    pub in_force: bool,
}

/// Reads settings one by one.
#[derive(Debug)]
pub(super) struct Reader {
    layers: Layers,
    known: BTreeSet<String>,
    settings: Vec<Setting>,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Self {
        Self { layers, known: BTreeSet::new(), settings: Vec::new() }
    }

    /// A setting that may have no value.
    pub(super) fn optional<T: Value>(
        &mut self,
        key: &str,
        about: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        self.read(key, about, None)
    }

    /// A setting with a default.
    pub(super) fn or<T: Value>(
        &mut self,
        key: &str,
        about: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        Ok(self.read(key, about, Some(default))?.expect("there is a default"))
    }

    /// A number within bounds, with a default.
    pub(super) fn number(
        &mut self,
        key: &str,
        about: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        let value = self.or(key, about, default)?;
        if range.contains(&value) {
            return Ok(value);
        }
        Err(self.refuse(key, format!("got {value}, expected {} to {}", range.start(), range.end())))
    }

    fn read<T: Value>(
        &mut self,
        key: &str,
        about: &'static str,
        default: Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.known.insert(key.to_owned());
        let entry = self.layers.values.get(key);
        let origin = entry.map_or(Origin::Default, |entry| entry.origin.clone());
        let value = match entry {
            None => default,
            Some(Entry { raw, .. }) => Some(T::read(raw).ok_or_else(|| ConfigError::BadValue {
                key: key.to_owned(),
                origin: origin.clone(),
                problem: format!("got {}, expected {}", raw.shown(), T::EXPECTED),
            })?),
        };
        let shown = value.as_ref().map(Value::show);
        self.settings.push(Setting { key: key.to_owned(), about, value: shown, origin, in_force: true });
        Ok(value)
    }

    /// The names below a key that the operator chooses freely, such as those of `secret_files`.
    pub(super) fn names_below(&self, key: &str) -> Vec<String> {
        let prefix = format!("{key}.");
        let names: BTreeSet<String> = self
            .layers
            .values
            .keys()
            .chain(self.layers.tables.keys())
            .filter_map(|given| given.strip_prefix(&prefix))
            .filter_map(|rest| rest.split('.').next())
            .map(ToOwned::to_owned)
            .collect();
        names.into_iter().collect()
    }

    /// Whether anybody said anything about a table.
    pub(super) fn has_table(&self, key: &str) -> bool {
        self.layers.tables.contains_key(key) || !self.names_below(key).is_empty()
    }

    /// Notes that a feature is off, so that its settings are not shown as if they did anything.
    pub(super) fn is_off(&mut self, table: &str) {
        let prefix = format!("{table}.");
        for setting in self.settings.iter_mut().filter(|setting| setting.key.starts_with(&prefix)) {
            setting.in_force = false;
        }
    }

    /// Whether anybody gave a setting a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.layers.values.contains_key(key)
    }

    /// Takes a variable for something else than a setting, where it is one.
    pub(super) fn release_variable(&mut self, name: &str) {
        self.layers
            .values
            .retain(|_, entry| !matches!(&entry.origin, Origin::Variable(variable) if variable == name));
    }

    /// A refusal of a setting, with the place where it got its value.
    pub(super) fn refuse(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        let at =
            self.layers.values.get(key).map(|entry| &entry.origin).or_else(|| self.layers.tables.get(key));
        ConfigError::BadValue {
            key: key.to_owned(),
            origin: at.cloned().unwrap_or(Origin::Default),
            problem: problem.into(),
        }
    }

    /// Refuses whatever nobody read; otherwise gives every setting.
    pub(super) fn finish(self) -> Result<Vec<Setting>, ConfigError> {
        let unread = self.layers.values.iter().filter(|(key, _)| !self.known.contains(*key));
        let values = unread.map(|(key, entry)| (&entry.origin, key));
        let opens_nothing = |key: &str| {
            let prefix = format!("{key}.");
            !self.known.iter().any(|known| known.starts_with(&prefix))
        };
        let tables = self
            .layers
            .tables
            .iter()
            .filter(|(key, _)| opens_nothing(key))
            .map(|(key, origin)| (origin, key));
        match values.chain(tables).min() {
            None => Ok(self.settings),
            Some((origin, key)) => Err(ConfigError::Unknown {
                key: key.clone(),
                origin: origin.clone(),
                closest: self.closest(key),
            }),
        }
    }

    /// The known key that a mistyped one was probably meant to be.
    fn closest(&self, key: &str) -> Option<String> {
        let by_distance = self.known.iter().map(|known| (distance(key, known), known));
        by_distance.min().filter(|&(distance, _)| distance <= 3).map(|(_, known)| known.clone())
    }
}

/// How many characters have to be changed, added or taken away to make one text of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(b.chars()) {
            let changed = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
