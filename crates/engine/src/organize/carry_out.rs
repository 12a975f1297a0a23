//! Doing it, folder by folder; one outcome for each message. How one folder's messages are done is in `batches`.
//!
//! The work runs apart from the call: who goes away ends it between two batches, never within one.

use domain::{Principal, Problem};
use tokio::sync::watch;

use super::{
    Organized, Progress,
    batches::{Batches, Ready},
    chosen::{Chosen, Lot, keep_seen},
    deed::Deed,
    tally::Tally,
    wish::Work,
};
use crate::{
    Engine,
    carried::{HowFar, carried},
    journal::Change,
};

impl Engine {
    /// Does it, and tells what became of each message.
    pub(super) async fn carry_out(
        &self,
        principal: &Principal,
        work: &Work,
        chosen: Chosen,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        let total = chosen.failed.count() + chosen.count() as u64;
        let (engine, principal, work) = (self.clone(), principal.clone(), work.clone());
        carried((chosen.failed.count(), total), progress, |telling| {
            Run { engine, principal, work, telling, total }.run(chosen)
        })
        .await
    }
}

/// One change that is being made.
struct Run {
    engine: Engine,
    principal: Principal,
    work: Work,
    telling: watch::Sender<HowFar>,
    total: u64,
}

impl Run {
    async fn run(self, chosen: Chosen) -> Result<Organized, Problem> {
        let mut change = self.engine.change(&self.principal);
        let mut tally = chosen.failed;
        for lot in chosen.lots {
            self.do_lot(&mut change, lot, &mut tally).await;
        }
        let undo = change.finish().await.unwrap_or_else(|problem| {
            tracing::error!(code = %problem.code, "a change that was made cannot be noted as such");
            None
        });
        Ok(Organized { undo, ..tally.into_answer() })
    }

    async fn do_lot(&self, change: &mut Change<'_>, lot: Lot, tally: &mut Tally) {
        let deed = match lot.account.deed(&lot.folder, &self.work).await {
            Ok(Deed::Transfer { to, how, then }) => {
                lot.account.made(&to).await.map(|to| Some(Ready::Transfer { to, how, then }))
            }
            Ok(Deed::Mark(marks)) => Ok(Some(Ready::Mark(marks))),
            Ok(Deed::Destroy) => Ok(None),
            Ok(Deed::Nothing) => {
                // Also the same call made again: what it moved is there, under its new id.
                let mut there = [lot];
                keep_seen(&mut there, tally).await;
                let [there] = there;
                for uid in &there.uids {
                    tally.done(there.id(*uid), there.id_now(*uid));
                }
                return;
            }
            Err(problem) => Err(problem),
        };
        let deed = match deed {
            Ok(deed) => deed,
            Err(problem) => return tally.fail_lot(&lot, &problem),
        };
        let (telling, total) = (&self.telling, self.total);
        let batches = Batches { change, lot: &lot, tally, telling, total };
        match deed {
            Some(deed) => batches.run(&deed).await,
            None => batches.destroy_all().await,
        }
    }
}
