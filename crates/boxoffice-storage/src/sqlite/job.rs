//! A call on its way to a database thread and back.

use tokio::sync::oneshot;

use crate::StorageError;

/// Work for a database thread, done in a transaction that it may share with others. `C` is what the thread gives it.
pub(super) trait Job<C>: Send {
    /// Whether its caller has gone: then it is not begun, and nobody is told that it was done.
    fn is_abandoned(&self) -> bool;

    /// Does the work; `false` where it failed, and must leave no trace. It may be done again after a rollback.
    fn run(&mut self, context: &C) -> bool;

    /// Tells the caller, once the transaction has ended.
    fn answer(self: Box<Self>, ended: &Result<(), StorageError>);
}

/// The one implementation: a closure, its outcome, and where the outcome goes.
struct Call<W, T> {
    work: W,
    outcome: Option<Result<T, StorageError>>,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

/// A job, and where its answer comes.
pub(super) fn call<C, W, T>(work: W) -> (Box<dyn Job<C>>, oneshot::Receiver<Result<T, StorageError>>)
where
    W: Fn(&C) -> Result<T, StorageError> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Call { work, outcome: None, reply }), answer)
}

impl<C, W, T> Job<C> for Call<W, T>
where
    W: Fn(&C) -> Result<T, StorageError> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, context: &C) -> bool {
        let outcome = (self.work)(context);
        let done = outcome.is_ok();
        self.outcome = Some(outcome);
        done
    }

    fn answer(self: Box<Self>, ended: &Result<(), StorageError>) {
        let outcome = match (self.outcome, ended) {
            // A refusal of its own says more than the end of the transaction.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Err(StorageError::Unavailable("the call was not begun".to_owned())),
        };
        // A caller that has gone asks for nothing.
        drop(self.reply.send(outcome));
    }
}
