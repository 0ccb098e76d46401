//! The pages of the book that are generated. A test compares them with what is committed.

use std::fmt::Write as _;

use boxoffice_core::Event;
use boxoffice_server::config::Config;
use clap::CommandFactory as _;

use crate::commands::Arguments;

/// A generated page.
pub struct Page {
    /// Its path below the workspace.
    pub path: &'static str,
    /// What is in it.
    pub text: String,
}

/// Every generated page.
#[must_use]
pub fn pages() -> Vec<Page> {
    vec![
        Page { path: "docs/reference/commands.md", text: commands() },
        Page { path: "docs/reference/configuration.md", text: configuration() },
        Page { path: "docs/reference/event-codes.md", text: event_codes() },
    ]
}

const NOTE: &str = "<!-- Generated: `cargo xtask docs` writes this page anew. -->\n";

fn commands() -> String {
    let mut text = format!(
        "{NOTE}\n# Commands\n\nWhat `--help` prints. The JSON of `--json` is on [its own page](../cli.md).\n"
    );
    // The width of a terminal must not change the page.
    let mut command = Arguments::command().term_width(100).disable_help_subcommand(true);
    command.build();
    describe(&mut text, &mut command, "boxoffice");
    text
}

fn describe(text: &mut String, command: &mut clap::Command, name: &str) {
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in command.get_subcommands_mut() {
        let name = format!("{name} {}", inner.get_name());
        describe(text, inner, &name);
    }
}

fn configuration() -> String {
    let mut text = format!("{NOTE}\n# Configuration\n");
    text.push_str(
        "\nA TOML file (`--config`, or `BOXOFFICE_CONFIG`), environment variables and flags, in rising precedence. \
         A variable is the key in capitals with two underscores between levels: `BOXOFFICE_SERVER__LISTEN` is \
         `listen` of `[server]`; lists in variables have commas. What is left out keeps its default. An unknown key \
         or a bad value refuses to start, and names the key, the file and the line.\n\n\
         `boxoffice config check` validates; `boxoffice config show` prints what is in force, with every secret masked.\n",
    );
    text.push_str(&Config::reference());
    text
}

fn event_codes() -> String {
    let mut text = format!("{NOTE}\n# Event codes\n");
    text.push_str(
        "\nNo other negative code is ever sent; positive ones are HTTP statuses. Texts that end in a colon are followed \
         by details. `boxoffice codes --json` prints the same table for programs.\n\n\
         | code | name | text | status | DRMs | raised by |\n|---|---|---|---|---|---|\n",
    );
    for event in Event::ALL {
        let info = event.info();
        let statuses: Vec<_> = info.statuses.iter().map(ToString::to_string).collect();
        let drms: Vec<_> = info.drms.iter().map(|drm| drm.catalogue_code()).collect();
        let raised = if event.is_raised() {
            info.raised_by.join(", ")
        } else {
            format!("not raised here: {}", info.not_raised_because)
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {raised} |",
            info.code,
            info.name,
            info.text,
            statuses.join(", "),
            drms.join(" ")
        );
    }
    text
}
