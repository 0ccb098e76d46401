//! `GET /keystore/keycount`.

use super::Keys;

#[tokio::test]
async fn stored_keys_are_counted_exactly() {
    let keys = Keys::start().await;
    let answer = keys.get("/keycount").await;
    assert_eq!((answer.status, answer.text()), (200, r#"{"keyCount":0}"#));
    assert_eq!(answer.header("content-type"), "application/json");
    for number in 0..5 {
        keys.post("/keys", &format!(r#"{{"kid":"^{number}"}}"#)).await;
    }
    keys.post("/keys", r#"{"kid":"^0"}"#).await;
    keys.delete("/keys/^1").await;
    keys.put("/keys/^2", r#"{"info":"x"}"#).await;
    assert_eq!(keys.get("/keycount/").await.text(), r#"{"keyCount":4}"#);
}
