//! No secret of the webhook is in a log, a metric, an error, a record, or in clear in the database (playready.md,
//! section 9; operations.md, section 6).

use boxoffice_storage::{RecordFilter, Records as _};
use drm_primitives::{base64, hex};
use serde_json::json;

use super::sdk::{NEXT_SECRET, PATH, SECRET, call, lab, question};
use crate::kit::Request;
use crate::playready::world::OPLS;

const KID: &str = "33e0008cc44447709899a321e079dd36";
const KEY: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";

#[tokio::test]
async fn no_secret_is_in_any_log_metric_error_record_or_file() {
    let lab = lab("[log]\nlevel = 'debug'\n").await;
    let subscriber =
        boxoffice_server::telemetry::subscriber(&lab.log_sink(), boxoffice_server::config::LogLevel::Debug);
    let _guard = tracing::subscriber::set_default(subscriber);
    let customer = lab.account().await;
    let parameters = format!("kid={KID}&contentKey={KEY}&rightsType=BuyToOwn&{OPLS}&cookie=order-17");
    let answer = lab.ask_for_token(&customer, "pr", &parameters).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let body = question(&token).to_string();
    let mut errors = Vec::new();

    // Granted, and granted again out of what was kept.
    for _ in 0..2 {
        let granted = lab.send(call(&lab, "challenge-1", &body)).await;
        assert_eq!(granted.status, 200);
        assert!(granted.text().contains(&base64::encode(&hex::decode::<16>(KEY.as_bytes()).unwrap())));
    }
    for (key, asked) in [
        ("challenge-1", body.replace("2000", "2001")),
        (
            "challenge-2",
            json!({ "token": format!("{token}x"), "kids": [], "client": { "securityLevel": 2000 } })
                .to_string(),
        ),
        (
            "challenge-3",
            json!({ "token": token, "kids": [token], "client": { "securityLevel": 2000 } }).to_string(),
        ),
        (
            "challenge-4",
            json!({ "token": token, "kids": [], "client": { "securityLevel": 150 } }).to_string(),
        ),
        (
            "challenge-5",
            json!({ "token": token, "kids": ["09".repeat(16)], "client": { "securityLevel": 2000 } })
                .to_string(),
        ),
        ("challenge-6", json!({ "token": [token], "kids": [], "algId": token }).to_string()),
        ("challenge-7", format!("{body}{token}")),
    ] {
        let refused = lab.send(call(&lab, key, &asked)).await;
        assert!(refused.status >= 400, "{}", refused.text());
        errors.push(refused.text().to_owned());
    }
    let stranger = Request::post(PATH, "application/json", &*body)
        .header("Idempotency-Key", "challenge-8")
        .header("Authorization", &format!("Bearer {SECRET}x"));
    errors.push(lab.send(stranger).await.text().to_owned());
    lab.storage.set_away(true);
    errors.push(lab.send(call(&lab, "challenge-9", &body)).await.text().to_owned());
    lab.storage.set_away(false);

    let metrics = lab.get("/metrics").await.text().to_owned();
    let records = lab.storage.search_records(RecordFilter::default(), None, 1_000).await.unwrap().records;
    assert!(records.len() >= 4);
    let written = [lab.log(), metrics, errors.join("\n"), format!("{records:?}")];
    assert!(written[0].lines().count() > 10, "the log has something to search");
    let key = hex::decode::<16>(KEY.as_bytes()).unwrap();
    let in_base64 = base64::encode(&key);
    for secret in [KEY, &in_base64, &token, &token[10..60], SECRET, NEXT_SECRET] {
        for text in &written {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {text}");
        }
    }

    let mut files = 0;
    for entry in std::fs::read_dir(lab.directory()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !path.is_file() || name == "k1" || name == "k2" {
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&key[..], KEY.as_bytes(), in_base64.as_bytes(), token.as_bytes(), SECRET.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "in {name}");
        }
    }
    assert!(files > 1, "there is a database to search");
}
