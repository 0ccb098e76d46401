//! What comes by itself, a little later.

use std::time::Duration;

/// Asks again and again, until it is as it should be.
pub async fn eventually<T>(mut ask: impl AsyncFnMut() -> T, is_there: impl Fn(&T) -> bool) -> T {
    let asking = async {
        loop {
            let got = ask().await;
            if is_there(&got) {
                return got;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("it comes within a few seconds")
}
