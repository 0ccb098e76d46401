//! Calls that wait together share one transaction, so that durability does not cost throughput.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::error::Fault;
use super::pool::{Connections, in_transaction, too_many};
use crate::StorageError;

/// How many calls may wait for a group.
const WAITING: usize = 8_192;

/// What a group does.
pub(super) trait Batch: 'static {
    /// One call.
    type Job: Send + Sync + 'static;
    /// Its answer.
    type Outcome: Send + 'static;
    /// The most calls of one transaction, which bounds how long the first of them waits.
    const MOST: usize;

    /// Does all of them, in their order, and returns an outcome for each.
    fn run(
        transaction: &Transaction<'_>,
        jobs: &[Self::Job],
    ) -> impl Future<Output = Result<Vec<Self::Outcome>, Fault>> + Send;
}

struct Waiting<B: Batch> {
    job: B::Job,
    reply: oneshot::Sender<Result<B::Outcome, StorageError>>,
}

/// Where calls wait.
pub(super) struct Group<B: Batch>(mpsc::Sender<Waiting<B>>);

impl<B: Batch> Group<B> {
    /// Starts as many committers, which end when the group is dropped and all that waits is done.
    pub(super) fn start(connections: &Arc<Connections>, committers: usize) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..committers {
            tokio::spawn(work::<B>(Arc::clone(connections), Arc::clone(&receiver)));
        }
        Self(sender)
    }

    /// Hands in a call, and returns once it is durable.
    pub(super) async fn call(&self, job: B::Job) -> Result<B::Outcome, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Waiting { job, reply }).map_err(|_| too_many())?;
        answer.await.map_err(|_| StorageError::Unavailable("the database's writer has ended".to_owned()))?
    }
}

async fn work<B: Batch>(connections: Arc<Connections>, receiver: Arc<Mutex<mpsc::Receiver<Waiting<B>>>>) {
    loop {
        let mut waiting = Vec::new();
        // The next committer takes what comes while this one works.
        if receiver.lock().await.recv_many(&mut waiting, B::MOST).await == 0 {
            return;
        }
        // Nobody is told what became of these, so they are not begun.
        waiting.retain(|waiting| !waiting.reply.is_closed());
        let (jobs, replies): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.job, waiting.reply)).unzip();
        match run::<B>(&connections, &jobs).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    drop(reply.send(Ok(outcome)));
                }
            }
            // One of them is at fault, which is rare: each for itself, so that it alone fails.
            Err(StorageError::Broken(_)) if jobs.len() > 1 => {
                for (job, reply) in jobs.iter().zip(replies) {
                    let outcome = run::<B>(&connections, std::slice::from_ref(job)).await;
                    drop(reply.send(
                        outcome.and_then(|outcomes| outcomes.into_iter().next().ok_or_else(|| missing(1, 0))),
                    ));
                }
            }
            Err(error) => {
                for reply in replies {
                    drop(reply.send(Err(error.clone())));
                }
            }
        }
    }
}

async fn run<B: Batch>(connections: &Connections, jobs: &[B::Job]) -> Result<Vec<B::Outcome>, StorageError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = in_transaction!(connections, |transaction| {
        let outcomes = B::run(transaction, jobs).await?;
        if outcomes.len() != jobs.len() {
            return Err(Fault::Failed(missing(jobs.len(), outcomes.len())));
        }
        outcomes
    })?;
    Ok(outcomes)
}

fn missing(jobs: usize, outcomes: usize) -> StorageError {
    StorageError::Broken(format!("{jobs} calls have {outcomes} outcomes"))
}
