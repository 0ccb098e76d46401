//! The program `boxoffice-testkit`, started as an operator would.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::kit::client_at;
use super::kit::{client, post};

/// A running program, which is killed when the test is over.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _waited = self.0.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice-testkit"));
    command.args(arguments).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it, and reads from its first line where it listens.
fn start(arguments: &[&str]) -> (Running, String) {
    let mut running = Running(program(arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let Some((_, url)) = line.trim().split_once(" at ") else {
        let mut error = String::new();
        running.0.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        unreachable!("it said {line:?}, and {error}");
    };
    (running, url.to_owned())
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_key_server_says_where_it_is_and_starts_broken_as_wanted() {
    let (_running, url) = start(&["key-server", "--fault", "status=503", "--standing-fault", "no-ckc"]);
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/ckc"), "{url}");
    assert_eq!(post(&url, "{}").await.unwrap().status, 503);
    assert_eq!(post(&url, "{}").await.unwrap().status, 200);
}

#[tokio::test]
async fn the_key_server_listens_on_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let place = format!("unix:{}", directory.path().join("ksm.sock").display());
    let (_running, url) = start(&["key-server", "--listen", &place]);
    assert_eq!(url, format!("{place}:/ckc"));
    let answered = client_at(&directory.path().join("ksm.sock")).get("http://localhost/").send().await;
    assert_eq!(answered.unwrap().status().as_u16(), 405);
    let second = program(&["key-server", "--listen", &place]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && said.contains(&format!("cannot listen on {place}")), "{said}");
}

#[tokio::test]
async fn the_licence_service_makes_the_lab_of_its_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let key = write(directory.path(), "key", &"11".repeat(32));
    let iv = write(directory.path(), "iv", &format!("{}\n", "22".repeat(16)));
    let data = directory.path().join("data");
    let arguments = [
        "widevine-cloud",
        "--data-dir",
        data.to_str().unwrap(),
        "--provider",
        "acme",
        "--signing-key-file",
        &key,
        "--signing-iv-file",
        &iv,
    ];
    let (_running, url) = start(&arguments);
    assert!(url.ends_with("/cenc/getlicense/acme"), "{url}");
    assert_eq!(post(&url, "{}").await.unwrap().json()["status"], "MALFORMED_REQUEST");
    assert!(data.join("boxoffice.db").exists());
}

#[tokio::test]
async fn the_policy_hook_answers_as_its_arguments_say_to_whoever_knows_its_secret() {
    const QUESTION: &str = r#"{"request_id":"r1","drm":"wv"}"#;
    let (_running, url) = start(&["policy-hook"]);
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/policy"), "{url}");
    assert_eq!(post(&url, QUESTION).await.unwrap().json()["decision"], "grant");
    let directory = tempfile::tempdir().unwrap();
    let secret = write(directory.path(), "secret", "a secret of both\n");
    let refusal = r#"{"decision":"refuse"}"#;
    let (_running, url) = start(&["policy-hook", "--secret-file", &secret, "--answer", refusal]);
    assert_eq!(post(&url, QUESTION).await.unwrap().status, 401);
    let request = client().post(&url).header("content-type", "application/json").body(QUESTION);
    let answer = request.header("authorization", "Bearer a secret of both").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), refusal);
    let (_running, url) = start(&["policy-hook", "--secret-file", &secret, "--key-id", "boxoffice-1"]);
    let request = client().post(&url).header("content-type", "application/json").body(QUESTION);
    let bearer = request.header("authorization", "Bearer a secret of both").send().await.unwrap();
    assert_eq!(bearer.text().await.unwrap().trim_end(), "X-Boxoffice-Key is another");
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    for (arguments, expected) in [
        (vec!["key-server", "--listen", "unix:"], "expected an IP address and a port, or unix: and a path"),
        (vec!["key-server", "--fault", "bad"], "\"bad\" is no fault; expected broken-json"),
        (vec!["widevine-cloud", "--provider", "acme"], "--signing-rsa-public-key-file"),
        (
            vec!["widevine-cloud", "--provider", "acme", "--signing-rsa-public-key-file", "/nowhere"],
            "/nowhere: No such file",
        ),
        (vec!["policy-hook", "--answer", "no JSON", "--key-id", "boxoffice-1"], "--answer <JSON>"),
        (vec!["policy-hook", "--key-id", "boxoffice-1"], "--secret-file <FILE>"),
        (vec!["policy-hook", "--secret-file", "/nowhere"], "/nowhere: No such file"),
    ] {
        let output = program(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{arguments:?}: {said}");
    }
}
