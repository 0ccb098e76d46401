//! What `config show` and the configuration reference print.

use std::fmt::Write as _;

use super::{Config, Origin, Setting};

impl Config {
    /// Every setting, in the order in which they are read.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The effective settings as TOML, with every secret masked. What is not the default says where it comes
    /// from; what has no value is a comment.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = format!("# Data directory: {}\n", self.data_dir.display());
        for (table, settings) in by_table(&self.settings) {
            let table: Vec<_> = table.split('.').map(bare_or_quoted).collect();
            // A table whose settings are all off is a comment too: to open it would be to switch it on.
            let off = if settings.iter().any(|(_, setting)| setting.in_force) { "" } else { "# " };
            let _ = write!(text, "\n{off}[{}]\n", table.join("."));
            for (name, setting) in settings {
                let name = bare_or_quoted(name);
                let value = setting.value.as_ref().filter(|_| setting.in_force);
                let _ = match (value, &setting.origin) {
                    (None, _) => writeln!(text, "# {name} =  # {}", setting.about),
                    (Some(value), Origin::Default) => writeln!(text, "{name} = {value}"),
                    (Some(value), origin) => writeln!(text, "{name} = {value}  # {origin}"),
                };
            }
        }
        text
    }

    /// The reference of all settings, as Markdown: a table for each TOML table.
    #[must_use]
    pub fn reference() -> String {
        let mut text = String::new();
        for (table, settings) in by_table(&Self::defaults("boxoffice-data".as_ref()).settings) {
            let _ = write!(text, "\n## `[{table}]`\n\n| key | default | what it does |\n|---|---|---|\n");
            for (name, setting) in settings {
                let default = setting.value.as_ref().map(|value| format!("`{value}`")).unwrap_or_default();
                let _ = writeln!(text, "| `{name}` | {default} | {} |", setting.about);
            }
        }
        text
    }
}

/// TOML opens each table once: the settings by table, both in the order in which they come first.
fn by_table(settings: &[Setting]) -> Vec<(&str, Vec<(&str, &Setting)>)> {
    let mut tables: Vec<(&str, Vec<(&str, &Setting)>)> = Vec::new();
    for setting in settings {
        let (table, name) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
        match tables.iter_mut().find(|(known, _)| *known == table) {
            Some((_, settings)) => settings.push((name, setting)),
            None => tables.push((table, vec![(name, setting)])),
        }
    }
    tables
}

fn bare_or_quoted(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { super::value::quoted(name) }
}
