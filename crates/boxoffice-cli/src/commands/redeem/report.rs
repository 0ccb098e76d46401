//! What a redemption gave, in words and in JSON.

use drm_primitives::Kid;
use serde_json::{Map, Value, json};

use crate::console::Console;
use crate::failure::Failure;

/// What a redemption gave.
pub struct Report {
    /// The DRM's code, as in URLs.
    pub drm: &'static str,
    /// Which device asked.
    pub device: String,
    /// How well it guards keys.
    pub device_level: String,
    /// `streaming` or `offline`.
    pub licence_type: &'static str,
    /// Whether it was opened and holds.
    pub verified: bool,
    /// What the licence says: names as in the DRM's messages, and values.
    pub policy: Map<String, Value>,
    /// The same in words, a line each.
    pub policy_in_words: Vec<String>,
    /// The keys.
    pub keys: Vec<KeyReport>,
    /// What is otherwise than the token says.
    pub differences: Vec<String>,
}

/// A key of the licence.
pub struct KeyReport {
    /// Its name; `None` where nobody named it.
    pub kid: Option<Kid>,
    /// Whether it is the token's.
    pub content_key: Comparison,
    /// What the licence says about it.
    pub conditions: Map<String, Value>,
    /// The same in words.
    pub in_words: String,
}

/// A content key of a licence against the token's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// They are the same.
    Matches,
    /// They are not.
    Differs,
    /// This directory cannot open the token.
    NotCompared,
    /// Nobody but the device that asked can open the licence.
    Closed,
}

impl Comparison {
    const fn word(self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::NotCompared | Self::Closed => "not compared",
        }
    }
}

impl Report {
    /// As docs/cli.md has it.
    pub fn as_json(&self) -> Value {
        let key = |key: &KeyReport| {
            let mut told = Map::new();
            told.insert("kid".to_owned(), key.kid.map(|kid| kid.to_hex()).into());
            told.insert("content_key".to_owned(), key.content_key.word().into());
            told.extend(key.conditions.clone());
            Value::Object(told)
        };
        json!({
            "drm": self.drm,
            "device": self.device,
            "device_level": self.device_level,
            "licence_type": self.licence_type,
            "verified": self.verified,
            "policy": self.policy,
            "keys": self.keys.iter().map(key).collect::<Vec<_>>(),
            "differences": self.differences,
        })
    }

    /// Policy, KIDs, and whether the content keys match.
    pub fn write(&self, console: Console<'_>) -> Result<(), Failure> {
        let Self { device, device_level, licence_type, .. } = self;
        let verified = if self.verified { "verified" } else { "not opened" };
        let article = if licence_type.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        writeln!(console, "{article} {licence_type} licence for {device} ({device_level}), {verified}")?;
        for line in &self.policy_in_words {
            writeln!(console, "  policy  {line}")?;
        }
        for key in &self.keys {
            let compared = match key.content_key {
                Comparison::Matches => "content key matches",
                Comparison::Differs => "content key DIFFERS from the token's",
                Comparison::NotCompared => {
                    "content key not compared: this data directory cannot open the token"
                }
                Comparison::Closed => "content key not compared: only the device that asked can open it",
            };
            let kid = key.kid.map_or_else(|| "-".to_owned(), |kid| kid.to_hex());
            writeln!(console, "  key     {kid}: {}; {compared}", key.in_words)?;
        }
        Ok(())
    }

    /// A failure where the licence is otherwise than the token says.
    pub fn verdict(&self) -> Result<(), Failure> {
        if self.differences.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "the licence is not what the token says: {}",
            self.differences.join("; ")
        )))
    }
}
