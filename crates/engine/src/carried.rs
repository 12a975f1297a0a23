//! Changes that are carried through apart from the call that asked for them: one that goes away cuts nothing
//! off in the middle. How far the change is, the call is told as long as it is there.

use domain::{Code, Problem};
use tokio::sync::watch;

use crate::organize::Progress;

/// How many of how many are done.
pub(crate) type HowFar = (u64, u64);

/// Runs a change, which is given where to tell how far it is. Nobody listens there any more once the call
/// went away: then it ends where that leaves nothing half done.
pub(crate) async fn carried<T, F>(
    start: HowFar,
    progress: &Progress,
    change: impl FnOnce(watch::Sender<HowFar>) -> F,
) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let (telling, mut told) = watch::channel(start);
    let mut running = tokio::spawn(change(telling));
    loop {
        let (done, total) = *told.borrow_and_update();
        if total > 0 {
            progress(done, total);
        }
        tokio::select! {
            outcome = &mut running => {
                if total > 0 {
                    progress(total, total);
                }
                return outcome.unwrap_or_else(|error| {
                    tracing::error!(%error, "a change broke off");
                    Err(Problem::new(Code::Internal, "The change broke off; it may be done in part.")
                        .hint("Look at the messages before doing it again."))
                });
            }
            // Nothing more will be told when the other side is gone; then it is about to end.
            Ok(()) = told.changed() => {}
        }
    }
}
