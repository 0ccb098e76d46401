//! When the store fails (key-storage.md, sections 5 and 10).

use boxoffice_storage::{ContentKeys as _, Fault, KeyFilter, StoredKey};

use super::{KEY, Keys, expect};

#[tokio::test]
async fn a_failing_database_is_503_and_changes_nothing() {
    let keys = Keys::start().await;
    keys.post("/keys", &format!(r#"{{"kid":"^a","k":"{KEY}"}}"#)).await;
    let before = keys.get("/keys/^a").await;
    for (call, methods) in [
        ("get", ["read_keys"].as_slice()),
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

impl Keys {
    /// Stores two keys and moves the sealed value of one to the row of the other, whose place it returns.
    pub(super) async fn with_a_row_that_does_not_open(&self) -> String {
        for kid in ["^a", "^b"] {
            self.post("/keys", &format!(r#"{{"kid":"{kid}"}}"#)).await;
        }
        let rows = self.rows().await;
        let mut moved = rows[0].clone();
        moved.sealed.clone_from(&rows[1].sealed);
        self.lab.storage.update_key(self.customer.id, rows[0].clone(), moved).await.unwrap();
        format!("/keys/{}", rows[0].kid)
    }

    async fn rows(&self) -> Vec<StoredKey> {
        let (account, now) = (self.customer.id, self.lab.app.now());
        self.lab.storage.list_keys(account, KeyFilter::default(), None, 2, now).await.unwrap()
    }
}

#[tokio::test]
async fn what_does_not_open_is_503_and_never_not_found() {
    let keys = Keys::start().await;
    let target = keys.with_a_row_that_does_not_open().await;
    expect(&keys.get(&target).await, 503, 1, "Key store unavailable");
    expect(&keys.put(&target, r#"{"info":"x"}"#).await, 503, 1, "Key store unavailable");
    assert_eq!(keys.get(&format!("/keys/{}", keys.rows().await[1].kid)).await.status, 200);
    // It can still be removed.
    assert_eq!(keys.delete(&target).await.status, 200);
}
