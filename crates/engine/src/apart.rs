//! Work that takes a processor for long: where it keeps nobody else waiting, a few pieces of it at once, and
//! where a fault in it ends nothing else. It cannot be stopped, so its place is free only when it ends,
//! whether or not somebody still waits for it.

use std::sync::Arc;

use domain::{Code, Problem};
use tokio::sync::Semaphore;

/// Pieces of work at once.
const AT_ONCE: usize = 4;

/// Where it is done; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Apart(Arc<Semaphore>);

impl Default for Apart {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Apart {
    /// Does it when there is a place for it. `what` cannot be read where the work fails.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let failed =
            || Problem::new(Code::NotSupported, format!("{what} cannot be read: its reader failed."));
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(|_| failed())?;
        let work = move || {
            let _place = place;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_keeps_its_place_until_it_ends() {
        let apart = Apart::default();
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let (end, is_ended) = mpsc::channel::<()>();
            let work = apart.run("It", move || is_ended.recv());
            // Begun, and given up at once.
            assert!(work.now_or_never().is_none());
            ends.push(end);
        }
        assert!(apart.run("It", || ()).now_or_never().is_none());
        assert_eq!(apart.0.available_permits(), 0);
        drop(ends);
        assert_eq!(apart.run("It", || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_fault_is_a_problem_and_frees_the_place() {
        let apart = Apart::default();
        let fault = apart.run("The file", || assert!(std::hint::black_box(false))).await.unwrap_err();
        assert_eq!(fault.code, Code::NotSupported);
        assert_eq!(apart.0.available_permits(), AT_ONCE);
    }
}
