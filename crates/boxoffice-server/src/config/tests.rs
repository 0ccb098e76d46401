use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// A configuration from a file of this text, and these variables.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("boxoffice.toml");
    std::fs::write(&file, text).unwrap();
    let sources = ConfigSources {
        file: Some(file.clone()),
        variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..ConfigSources::default()
    };
    Config::load(sources)
        .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "boxoffice.toml"))
}

fn refused(text: &str) -> String {
    load(text, &[]).unwrap_err()
}

#[test]
fn the_example_of_the_operations_page_is_read() {
    let config = load(
        r#"
        [server]
        listen = ["127.0.0.1:8080"]
        trusted_proxies = ["127.0.0.1/32"]
        [environments.test]
        hosts = ["wv-gen.test.example.com", "localhost", "127.0.0.1"]
        public_url = "http://127.0.0.1:8080"
        [environments.production]
        hosts = ["wv-gen.service.example.com", "Prod.localhost"]
        public_url = "https://wv.service.example.com/"
        [database]
        url = "sqlite://boxoffice-data/boxoffice.db"
        [records]
        keep_days = 0
        [limits]
        licences = 0
        "#,
        &[],
    )
    .unwrap();
    assert_eq!(config.production.hosts, ["wv-gen.service.example.com", "prod.localhost"]);
    assert_eq!(config.production.public_url.as_ref().unwrap().to_string(), "https://wv.service.example.com");
    assert!(
        matches!(config.database, DatabaseConfig::Sqlite(path) if path.as_path() == "boxoffice-data/boxoffice.db")
    );
    assert_eq!((config.records.keep_days, config.limits), (None, LimitsConfig::default()));
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let config = Config::load(ConfigSources::default()).unwrap();
    assert_eq!(config.server.listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(config.test.hosts, ["localhost", "127.0.0.1", "[::1]"]);
    assert!(config.server.is_loopback_only() && config.database_is_embedded);
    assert!(matches!(config.test.widevine.backend, WidevineBackend::Lab));
    assert!(matches!(config.production.widevine.backend, WidevineBackend::Off));
    assert_eq!(config.master_key, MasterKeySource::File("boxoffice-data/master.key".into()));
}

#[test]
fn flags_hide_variables_and_variables_hide_the_file() {
    let text = "[server]\nlisten = ['127.0.0.1:1']\nmax_requests = 5\n";
    let config =
        load(text, &[("BOXOFFICE_SERVER__LISTEN", "127.0.0.1:2, [::1]:3"), ("PATH", "/bin")]).unwrap();
    assert_eq!(config.server.listen, ["127.0.0.1:2".parse().unwrap(), "[::1]:3".parse().unwrap()]);
    assert_eq!(config.server.max_requests, 5);
    let sources = ConfigSources {
        listen: Some("0.0.0.0:0".to_owned()),
        variables: vec![
            ("BOXOFFICE_SERVER__LISTEN".into(), "127.0.0.1:2".into()),
            ("BOXOFFICE_DATA_DIR".into(), "/tmp/elsewhere".into()),
        ],
        ..ConfigSources::default()
    };
    let config = Config::load(sources).unwrap();
    assert_eq!(config.server.listen, ["0.0.0.0:0".parse().unwrap()]);
    assert_eq!(config.data_dir, PathBuf::from("/tmp/elsewhere"));
    assert!(!config.server.is_loopback_only());
}

#[test]
fn a_refusal_names_key_file_and_line() {
    for (text, expected) in [
        (
            "[server]\nlistn = []\n",
            "boxoffice.toml:2: server.listn: there is no such setting; did you mean server.listen?",
        ),
        ("\n[sevrer]\n", "boxoffice.toml:2: sevrer: there is no such setting"),
        (
            "\"server.listen\" = []",
            "boxoffice.toml:1: \"server.listen\": there is no such setting; did you mean server.listen?",
        ),
        (
            "[server]\n\nlisten = 'x'",
            "boxoffice.toml:3: server.listen: got \"x\", expected an IP address and a port, like 127.0.0.1:8080 or [::1]:8080",
        ),
        ("[server]\nmax_requests = 0", "boxoffice.toml:2: server.max_requests: got 0, expected 1 to 1000000"),
        (
            "[server]\nmax_requests = 1.5",
            "boxoffice.toml:2: server.max_requests: got a fraction, expected a whole number",
        ),
        ("[log]\naccess = 'yes'", "boxoffice.toml:2: log.access: got \"yes\", expected true or false"),
        (
            "[server]\ntls = { certificate = 'a' }",
            "boxoffice.toml:2: server.tls.certificate: needs server.tls.key beside it",
        ),
        (
            "[environments.production.widevine]\nbackend = 'lab'",
            "boxoffice.toml:2: environments.production.widevine.backend: lab is for the test environment only: no device in the field takes its licences",
        ),
        (
            "[environments.test.widevine.renewal]\ndelay_seconds = 1000",
            "default: environments.test.widevine.renewal.recovery_seconds: got 120, expected at least a fifth of delay_seconds (1000): the renewals are spread by a tenth either way",
        ),
        (
            "[environments.production]\nhosts = ['LOCALHOST']",
            "boxoffice.toml:2: environments.production.hosts: localhost is a host of the test environment too: a host decides the environment",
        ),
        (
            "[environments.test.fairplay]\nendpoints = ['http://ksm.example/']",
            "boxoffice.toml:2: environments.test.fairplay.endpoints: got [\"http://ksm.example/\"], expected https:// and a host, http:// and a loopback address, or unix: with the absolute path of a socket, like unix:/run/ksm.sock:/ckc: content keys are sent there",
        ),
        (
            "[environments.production.fairplay]\nendpoints = ['https://ksm.example/', 'unix:run/ksm.sock']",
            "boxoffice.toml:2: environments.production.fairplay.endpoints: got [\"https://ksm.example/\", \"unix:run/ksm.sock\"], expected https:// and a host, http:// and a loopback address, or unix: with the absolute path of a socket, like unix:/run/ksm.sock:/ckc: content keys are sent there",
        ),
        (
            "[environments.test.fairplay]\nendpoints = []",
            "boxoffice.toml:2: environments.test.fairplay.endpoints: got none, expected at least one address",
        ),
        (
            "[environments.test.playready.webhook]\nauth = ['mtls']",
            "boxoffice.toml:2: environments.test.playready.webhook.auth: mtls needs environments.test.playready.webhook.client_ca_file",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused("[server\n").starts_with("boxoffice.toml:1: "));
    assert!(refused("a = 1\na = 2\n").starts_with("boxoffice.toml:2: "));
}

/// A licence service, with one setting left out and others added.
fn licence_service(without: &str, with: &str) -> String {
    let settings = [
        "backend = 'upstream'",
        "endpoints = ['https://license.example/getlicense']",
        "provider = 'acme'",
        "signing_key_file = '/run/key'",
        "signing_iv_file = '/run/iv'",
    ];
    let kept = settings.into_iter().filter(|line| without.is_empty() || !line.starts_with(without));
    format!("[environments.production.widevine]\n{}\n{with}", kept.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_licence_service_needs_all_that_it_is_asked_with() {
    assert!(load(&licence_service("", ""), &[]).is_ok());
    for (without, with, expected) in [
        ("endpoints", "", "backend: upstream needs environments.production.widevine.endpoints"),
        ("endpoints", "endpoints = []", "backend: upstream needs environments.production.widevine.endpoints"),
        (
            "endpoints",
            "endpoints = ['http://license.example/']",
            "endpoints: got [\"http://license.example/\"], expected https://",
        ),
        ("provider", "", "backend: upstream needs environments.production.widevine.provider"),
        ("signing_key_file", "", "backend: upstream needs environments.production.widevine.signing_key_file"),
        ("signing_iv_file", "", "backend: upstream needs environments.production.widevine.signing_iv_file"),
        (
            "",
            "signing_rsa_key_file = '/run/rsa'",
            "signing_rsa_key_file: stands in place of signing_key_file and signing_iv_file",
        ),
        ("", "min_vmp = 'strong'", "min_vmp: got \"strong\", expected none, software or hardware"),
        ("", "max_in_flight = 0", "max_in_flight: got 0, expected 1 to 100000"),
        ("", "timeout_ms = 7001", "budget_ms: is shorter than timeout_ms"),
    ] {
        let refused = refused(&licence_service(without, with));
        let (_, problem) = refused.split_once("environments.production.widevine.").unwrap();
        assert!(problem.starts_with(expected), "without {without:?}, with {with:?}: {refused}");
    }
}

#[test]
fn files_for_tls_need_an_address_that_is_called_over_it() {
    let table = |name: &str, lines: &str| format!("[environments.production.{name}]\n{lines}\n");
    let key_server =
        |endpoints: &str, more: &str| table("fairplay", &format!("endpoints = {endpoints}\n{more}"));
    let service =
        |endpoint: &str| licence_service("endpoints", &format!("endpoints = ['{endpoint}']\nca = 'ca.pem'"));
    let hook = |url: &str, more: &str| table("policy_hook", &format!("url = '{url}'\n{more}"));
    let (client, files) = (
        "client = { certificate = 'us.pem', key = 'us.key' }",
        "client_certificate_file = 'us.pem'\nclient_key_file = 'us.key'",
    );
    let socket = "['unix:/run/ksm.sock:/ckc']";
    let both = "['unix:/run/ksm.sock', 'http://127.0.0.1:1/ckc']";
    let none = "no address is https, so that nothing of TLS is looked at there: leave it out, or give an https address";
    let one = none.replace("no address is https", "the address is not https");
    for (text, problem) in [
        (key_server(socket, "ca = 'ca.pem'"), Some(format!("fairplay.ca: {one}"))),
        (key_server(socket, client), Some(format!("fairplay.client.certificate: {one}"))),
        (key_server(both, client), Some(format!("fairplay.client.certificate: {none}"))),
        (
            key_server(
                "['unix:/run/ksm.sock', 'https://ksm.example/ckc']",
                &format!("ca = 'ca.pem'\n{client}"),
            ),
            None,
        ),
        (key_server(socket, ""), None),
        (service("http://127.0.0.1:1/getlicense"), Some(format!("widevine.ca: {one}"))),
        (service("unix:/run/licences.sock"), Some(format!("widevine.ca: {one}"))),
        (service("https://license.example/"), None),
        (hook("http://[::1]:1/", "ca_file = 'ca.pem'"), Some(format!("policy_hook.ca_file: {one}"))),
        (
            hook("unix:/run/policy.sock", &format!("auth = 'mtls'\n{files}")),
            Some(format!("policy_hook.client_certificate_file: {one}")),
        ),
        (hook("https://policy.example/", &format!("auth = 'mtls'\nca_file = 'ca.pem'\n{files}")), None),
        // Who is not asked has nothing to prove.
        ("[environments.production.widevine]\nca = 'ca.pem'".to_owned(), None),
    ] {
        let found = load(&text, &[]).err();
        let found = found.as_deref().map(|error| error.split_once("environments.production.").unwrap().1);
        assert_eq!(found, problem.as_deref(), "{text}");
    }
}

#[test]
fn what_proves_us_to_the_policy_hook_is_whole_and_of_use() {
    let hook = |more: &str| {
        format!("[environments.production.policy_hook]\nurl = 'https://policy.example/'\n{more}")
    };
    let unused = "is read with auth = \"hmac\" or \"bearer\" alone, and would prove nothing as it is";
    let beside = |file: &str| format!("needs environments.production.policy_hook.{file} beside it");
    for (more, problem) in [
        ("secret_file = 's'", Some(format!("secret_file: {unused}"))),
        (
            "auth = 'mtls'\nclient_certificate_file = 'c'\nclient_key_file = 'k'\nsecret_file = 's'",
            Some(format!("secret_file: {unused}")),
        ),
        ("auth = 'bearer'\nsecret_file = 's'", None),
        ("auth = 'hmac'\nsecret_file = 's'", Some("auth: hmac needs key_id".to_owned())),
        ("auth = 'hmac'", Some("auth: hmac and bearer need secret_file".to_owned())),
        ("auth = 'mtls'", Some("auth: mtls needs client_certificate_file".to_owned())),
        ("auth = 'mtls'\nclient_certificate_file = 'c'", Some("auth: mtls needs client_key_file".to_owned())),
        (
            "client_certificate_file = 'c'",
            Some(format!("client_certificate_file: {}", beside("client_key_file"))),
        ),
        ("client_key_file = 'k'", Some(format!("client_key_file: {}", beside("client_certificate_file")))),
        ("client_certificate_file = 'c'\nclient_key_file = 'k'", None),
    ] {
        let found = load(&hook(more), &[]).err();
        let found = found.as_deref().map(|error| error.split_once("production.policy_hook.").unwrap().1);
        assert_eq!(found, problem.as_deref(), "{more}");
    }
}

#[test]
fn services_of_others_are_given_up_before_the_request_is() {
    let hook = |milliseconds: u64| {
        format!(
            "[environments.production.policy_hook]\nurl = 'https://policy.example/'\ntimeout_ms = {milliseconds}\n"
        )
    };
    let key_server = |milliseconds: u64| {
        format!(
            "[environments.production.fairplay]\nendpoints = ['https://ksm.example/']\nbudget_ms = {milliseconds}\n"
        )
    };
    let ends = "expected less than server.request_timeout_ms (15000): that ends every request, and its player is told nothing of the service";
    for (text, problem) in [
        (licence_service("", "budget_ms = 15000"), Some(format!("widevine.budget_ms: got 15000, {ends}"))),
        (licence_service("", "budget_ms = 14999"), None),
        (key_server(15_000), Some(format!("fairplay.budget_ms: got 15000, {ends}"))),
        (hook(15_000), Some(format!("policy_hook.timeout_ms: got 15000, {ends}"))),
        (
            format!("{}{}", key_server(14_000), hook(1_000)),
            Some(format!("fairplay.budget_ms: got 14000 after 1000 of policy_hook.timeout_ms, {ends}")),
        ),
        (format!("{}{}", key_server(13_999), hook(1_000)), None),
        (format!("{}[server]\nrequest_timeout_ms = 15001\n", key_server(15_000)), None),
        // Whoever is not asked takes no time.
        ("[environments.production.widevine]\nbudget_ms = 20000".to_owned(), None),
    ] {
        let found = load(&text, &[]).err();
        let found = found.as_deref().map(|error| error.split_once("environments.production.").unwrap().1);
        assert_eq!(found, problem.as_deref(), "{text}");
    }
}

#[test]
fn an_unknown_variable_is_named() {
    assert_eq!(
        load("", &[("BOXOFFICE_SERVER__LISTN", "x")]).unwrap_err(),
        "environment variable BOXOFFICE_SERVER__LISTN: server.listn: there is no such setting; did you mean server.listen?"
    );
    assert_eq!(
        load("", &[("BOXOFFICE_LOG__ACCESS", "maybe")]).unwrap_err(),
        "environment variable BOXOFFICE_LOG__ACCESS: log.access: got \"maybe\", expected true or false"
    );
    // The variable that the master key is in belongs to the operator.
    let config = load("[keys]\nvariable = 'BOXOFFICE_MASTER'", &[("BOXOFFICE_MASTER", "00")]).unwrap();
    assert_eq!(config.master_key, MasterKeySource::Variable("BOXOFFICE_MASTER".to_owned()));
}

#[test]
fn what_is_shown_reads_back_and_has_no_secret() {
    let text = r#"
        [database]
        url = "postgres://boxoffice:s3cret@db.example/boxoffice"
        [environments.test.playready.output_control_flags]
        "00000001" = { output = "digital-video", guid = "ABB2C6F1-E663-4625-A945-972D17B231E7", data = "AAAAAQ==" }
        [environments.test.playready.webhook]
        auth = ["hmac"]
        secret_files = { k1 = "/run/k1" }
        [environments.production.widevine]
        backend = "upstream"
        endpoints = ["https://me:pass@license.example/getlicense"]
        provider = "acme"
        signing_rsa_key_file = "/run/key.pem"
    "#;
    let config = load(text, &[]).unwrap();
    let shown = config.show();
    assert!(!shown.contains("s3cret") && !shown.contains("me:pass"), "{shown}");
    assert!(shown.contains("url = \"postgres://boxoffice:********@db.example/boxoffice\"  # "));
    assert!(!format!("{config:?}").contains("s3cret"));
    let again = load(&shown, &[]).unwrap();
    let values = |config: &Config| {
        config.settings().iter().map(|s| (s.key.clone(), s.value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&config));
}

#[test]
fn the_reference_has_every_setting() {
    let reference = Config::reference();
    for setting in Config::defaults("x".as_ref()).settings() {
        let name = setting.key.rsplit('.').next().unwrap();
        assert!(reference.contains(&format!("| `{name}` |")), "{}", setting.key);
        assert!(!setting.about.is_empty());
    }
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = load(&text, &[("BOXOFFICE_SERVER__LISTEN", &text)]);
    }
}
