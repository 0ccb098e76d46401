//! Operations.md, section 4: what is refused, and by which name.

use std::fs;

use crate::program::{self, Place, Server};

fn file(place: &Place, text: &str) -> String {
    let path = place.beside("boxoffice.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_mistake_in_a_file_names_key_file_and_line() {
    let place = Place::new();
    for (text, line, key) in [
        ("[server]\nlistn = \"127.0.0.1:0\"\n", 2, "server.listn"),
        ("[server]\n\nlisten = \"everywhere\"\n", 3, "server.listen"),
        ("[sever]\nlisten = \"127.0.0.1:0\"\n", 1, "sever"),
        ("[limits]\ntokens = -1\n", 2, "limits.tokens"),
        (
            "[environments.production.widevine]\nbackend = \"lab\"\n",
            2,
            "environments.production.widevine.backend",
        ),
    ] {
        let path = file(&place, text);
        for arguments in [&["config", "check", "--config", &path][..], &["serve", "--config", &path]] {
            let refused = place.refused(arguments);
            assert!(refused.contains(&format!("{path}:{line}: {key}")), "{refused}");
        }
    }
    let path = file(&place, "[server\n");
    assert!(place.refused(&["config", "check", "--config", &path]).contains(&format!("{path}:1")));
    assert!(place.refused(&["config", "check", "--config", "/nowhere.toml"]).contains("/nowhere.toml"));
    assert!(!place.data().exists());
}

#[test]
fn a_mistake_in_a_variable_or_a_flag_names_it() {
    let place = Place::new();
    let refused = program::refused(place.command(&["config", "check"]).env("BOXOFFICE_SERVER__LISTN", "x"));
    assert!(refused.contains("BOXOFFICE_SERVER__LISTN") && refused.contains("server.listen"), "{refused}");
    let refused =
        program::refused(place.command(&["config", "check"]).env("BOXOFFICE_LIMITS__TOKENS", "many"));
    assert!(refused.contains("BOXOFFICE_LIMITS__TOKENS") && refused.contains("many"), "{refused}");
    let refused = place.refused(&["serve", "--listen", "everywhere"]);
    assert!(refused.contains("--listen") && refused.contains("everywhere"), "{refused}");
}

#[test]
fn flags_come_before_variables_and_variables_before_the_file() {
    let place = Place::new();
    let path = file(&place, "[records]\nkeep_days = 1\n[limits]\ntokens = 5\n");
    let mut command = place.command(&["config", "show"]);
    let shown = program::done(command.env("BOXOFFICE_CONFIG", &path).env("BOXOFFICE_LIMITS__TOKENS", "7"));
    assert_eq!(shown.status, Some(0), "{shown:?}");
    assert!(shown.stdout.contains("keep_days = 1"), "{}", shown.stdout);
    assert!(shown.stdout.contains("tokens = 7"), "{}", shown.stdout);
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start(&place, command.env("BOXOFFICE_SERVER__LISTEN", "127.0.0.1:1"));
    server.end();
}

#[test]
fn what_config_show_prints_is_a_configuration_without_secrets() {
    let place = Place::new();
    let path = file(&place, "[database]\nurl = \"postgres://boxoffice:hunter2@db.example.com/boxoffice\"\n");
    let shown = place.succeed(&["config", "show", "--config", &path]);
    assert!(shown.contains("db.example.com") && !shown.contains("hunter2"), "{shown}");
    let path = file(&place, &place.succeed(&["config", "show"]));
    place.succeed(&["config", "check", "--config", &path]);
}

#[test]
fn the_master_key_may_come_from_a_variable_or_a_command() {
    let place = Place::new();
    let key = "5a".repeat(32);
    let path = file(&place, "[keys]\nvariable = \"BOXOFFICE_MASTER\"\n");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--config", &path]);
    Server::start(&place, command.env("BOXOFFICE_MASTER", &key)).end();
    assert!(!place.data().join("master.key").exists());
    let secret = place.beside("secret");
    fs::write(&secret, &key).unwrap();
    let path = file(&place, &format!("[keys]\ncommand = \"cat {}\"\n", secret.display()));
    let accounts = place.json(&["account", "list", "--json", "--config", &path]);
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    let refused =
        place.refused(&["account", "list", "--config", &file(&place, "[keys]\ncommand = \"exit 3\"\n")]);
    assert!(refused.contains("command of [keys]"), "{refused}");
}
