//! When the store fails (key-storage.md, sections 5 and 10).

use boxoffice_storage::{ContentKeys as _, Fault, KeyFilter};

use super::{KEY, Keys, expect};

#[tokio::test]
async fn a_failing_database_is_503_and_changes_nothing() {
    let keys = Keys::start().await;
    keys.post("/keys", &format!(r#"{{"kid":"^a","k":"{KEY}"}}"#)).await;
    let before = keys.get("/keys/^a").await;
    for (call, methods) in [
        ("get", ["keys"].as_slice()),
        ("list", &["list_keys"]),
        ("count", &["count_keys"]),
        ("create", &["create_key"]),
        ("put", &["keys", "update_key"]),
        ("delete", &["delete_key"]),
    ] {
        for method in methods {
            keys.lab.storage.fail(method, 1, Fault::Before);
            let answer = match call {
                "get" => keys.get("/keys/^a").await,
                "list" => keys.get("/keys").await,
                "count" => keys.get("/keycount").await,
                "create" => keys.post("/keys", r#"{"kid":"^new"}"#).await,
                "put" => keys.put("/keys/^a", r#"{"info":"x"}"#).await,
                _ => keys.delete("/keys/^a").await,
            };
            expect(&answer, 503, 1, "Key store unavailable");
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    assert_eq!(keys.get("/keys/^a").await.text(), before.text());
    assert_eq!(keys.count().await, 1);
}

#[tokio::test]
async fn what_does_not_open_is_503_and_never_not_found() {
    let keys = Keys::start().await;
    for kid in ["^a", "^b"] {
        keys.post("/keys", &format!(r#"{{"kid":"{kid}"}}"#)).await;
    }
    // Somebody moves a sealed value to another row.
    let storage = &keys.lab.storage;
    let rows = storage.list_keys(keys.customer.id, KeyFilter::default(), None, 2, keys.lab.app.now()).await;
    let rows = rows.unwrap();
    let mut moved = rows[0].clone();
    moved.sealed.clone_from(&rows[1].sealed);
    storage.update_key(keys.customer.id, rows[0].clone(), moved).await.unwrap();
    let target = format!("/keys/{}", rows[0].kid);
    expect(&keys.get(&target).await, 503, 1, "Key store unavailable");
    expect(&keys.put(&target, r#"{"info":"x"}"#).await, 503, 1, "Key store unavailable");
    assert_eq!(keys.get(&format!("/keys/{}", rows[1].kid)).await.status, 200);
    // It can still be removed.
    assert_eq!(keys.delete(&target).await.status, 200);
}
