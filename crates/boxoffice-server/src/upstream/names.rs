//! The addresses of a host, looked up once for all calls that need them at the same time.
//!
//! The system's look-up holds a thread for as long as it takes. A thousand calls that begin together, each with a
//! connection of its own to make, would hold as many threads as there may be; here they hold one.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long addresses are good: for the calls that begin together, and not for longer than a service takes to move.
const KEPT: Duration = Duration::from_secs(5);

/// How long a failure is: for those that wait for it.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// The hosts of one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<Mutex<HashMap<String, LookUp>>>);

/// What a look-up found: addresses, or what the system says instead.
type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

/// One host's.
#[derive(Clone, Debug)]
enum LookUp {
    Done { found: Found, at: Instant },
    UnderWay(watch::Receiver<Option<Found>>),
}

impl Names {
    /// The addresses of a host, without a port.
    async fn addresses(&self, host: String) -> Found {
        let mut under_way = match self.look_up(&host) {
            LookUp::Done { found, .. } => return found,
            LookUp::UnderWay(receiver) => receiver,
        };
        match under_way.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(found)) => found.clone(),
            Ok(None) | Err(_) => Err(Arc::new(io::Error::other("the look-up was lost"))),
        }
    }

    /// What is known, or will be soon. A look-up goes on when all who wait for it have gone.
    fn look_up(&self, host: &str) -> LookUp {
        let mut hosts = self.hosts();
        if let Some(known) = hosts.get(host).filter(|known| known.is_good()) {
            return known.clone();
        }
        let (found, receiver) = watch::channel(None);
        let (names, name) = (self.clone(), host.to_owned());
        tokio::spawn(async move {
            let outcome = system(&name).await;
            let done = LookUp::Done { found: outcome.clone(), at: Instant::now() };
            names.hosts().insert(name, done);
            // Those that have come since then find it there.
            let _nobody_waits = found.send(Some(outcome));
        });
        let under_way = LookUp::UnderWay(receiver);
        hosts.insert(host.to_owned(), under_way.clone());
        under_way
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, LookUp>> {
        // Nothing between lock and unlock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookUp {
    fn is_good(&self) -> bool {
        match self {
            Self::Done { found: Ok(_), at } => at.elapsed() < KEPT,
            Self::Done { found: Err(_), at } => at.elapsed() < FAILURE_KEPT,
            // An error says that it was lost with its task.
            Self::UnderWay(receiver) => receiver.has_changed().is_ok(),
        }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, host) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let found = names.addresses(host).await?;
            let addresses: Addrs = Box::new(found.iter().copied().collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}

async fn system(host: &str) -> Found {
    let found = lookup_host((host, 0)).await.map_err(Arc::new)?;
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_ask_at_the_same_time_wait_for_one_look_up() {
        let names = Names::default();
        let LookUp::UnderWay(first) = names.look_up("localhost") else { panic!("nothing is known yet") };
        for _ in 0..1_000 {
            let LookUp::UnderWay(another) = names.look_up("localhost") else { panic!("it is under way") };
            assert!(another.same_channel(&first));
        }
        let found = names.addresses("localhost".to_owned()).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
        assert!(matches!(names.look_up("localhost"), LookUp::Done { found: Ok(_), .. }));
    }

    #[tokio::test]
    async fn what_was_found_is_looked_up_again_after_a_while_and_a_failure_sooner() {
        let names = Names::default();
        let known = |found: Found, age: Duration| {
            let at = Instant::now().checked_sub(age).unwrap();
            names.hosts().insert("localhost".to_owned(), LookUp::Done { found, at });
            matches!(names.look_up("localhost"), LookUp::Done { .. })
        };
        let (found, failure) = (|| Ok(Arc::from([])), || Err(Arc::new(io::Error::other("no such host"))));
        assert!(known(found(), Duration::from_secs(3)));
        assert!(!known(found(), KEPT));
        assert!(known(failure(), Duration::ZERO));
        assert!(!known(failure(), FAILURE_KEPT));
    }

    #[tokio::test]
    async fn a_look_up_that_was_lost_is_made_anew() {
        let names = Names::default();
        let (lost, receiver) = watch::channel(None);
        names.hosts().insert("localhost".to_owned(), LookUp::UnderWay(receiver));
        drop(lost);
        assert!(names.addresses("localhost".to_owned()).await.is_ok());
    }

    #[tokio::test]
    async fn a_failure_is_told_to_everybody() {
        // No look-up leaves the machine for a name that cannot be one.
        let host = format!("{}.invalid", "x".repeat(70));
        let names = Names::default();
        let (one, another) = tokio::join!(names.addresses(host.clone()), names.addresses(host));
        assert!(one.is_err() && another.is_err());
    }
}
