//! Work that goes on beside requests while the server runs.

use std::{sync::Arc, time::Duration};

use access::{Access, Telling, WentOn};
use domain::chain;
use engine::{
    Engine,
    outbox::Authority,
    telling::{NotTold, Told},
};
use mcp::Closer;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep},
};

use crate::about::Works;

/// How often ended sessions are looked for, so that a revocation ends them within a second.
const SWEEP_EVERY: Duration = Duration::from_millis(500);

/// How long a session may be unused.
const SESSION_IDLE: time::Duration = time::Duration::hours(1);

/// Ends MCP sessions that are idle or whose grant was ended, here or by another process, until aborted.
pub(crate) fn sweep_sessions(access: Access, closer: Closer, works: Works) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = interval(SWEEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            ticks.tick().await;
            let swept = access.sessions().sweep(SESSION_IDLE).await;
            works.note("End sessions of agents", swept.is_ok());
            match swept {
                Ok(ended) => {
                    is_failing = false;
                    if !ended.is_empty() {
                        tracing::info!(count = ended.len(), "sessions ended");
                        closer.close(&ended).await;
                    }
                }
                Err(error) if !is_failing => {
                    tracing::error!(%error, "sessions not swept");
                    is_failing = true;
                }
                Err(_) => {}
            }
        }
    })
}

/// How often what nobody needs any more is forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// How long after the start it is done first.
const FORGET_FIRST: Duration = Duration::from_mins(2);

/// Forgets sessions, links, codes, tokens and clients whose time is over, until aborted.
pub(crate) fn forget_what_is_over(access: Access, works: Works) -> JoinHandle<()> {
    tokio::spawn(async move {
        // not at once: a start has better things to do
        let mut ticks = interval_at(Instant::now() + FORGET_FIRST, FORGET_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let people = access.people_sweep().await;
            works.note("Forget sessions and links that are over", people.is_ok());
            if let Err(error) = people {
                tracing::error!(%error, "sessions and links of people not swept");
            }
            let activity = access.activity_sweep().await;
            works.note("Forget activity that is kept no longer", activity.is_ok());
            if let Err(error) = activity {
                tracing::error!(error = %chain(&error), "activity not swept");
            }
            let grants = access.grants_sweep().await;
            works.note("Forget tokens and clients that are over", grants.is_ok());
            if let Err(error) = grants {
                tracing::error!(%error, "codes, tokens and clients not swept");
            }
        }
    })
}

/// How often it is looked for people whose removal was begun.
const REMOVE_EVERY: Duration = Duration::from_secs(2);

/// Removes everything of people who go, here or by another process, until aborted.
pub(crate) fn remove_who_goes(access: Access, engine: Engine, works: Works) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = interval(REMOVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            ticks.tick().await;
            let went = access
                .removals_go_on()
                .await
                .unwrap_or_else(|error| WentOn { failed: Some(error), ..WentOn::default() });
            works.note("Delete people who go", went.failed.is_none());
            for account in &went.gone {
                engine.let_go(account);
            }
            if let Some(error) = went.failed.as_ref().filter(|_| !is_failing) {
                tracing::error!(error = %chain(error), "people who go are not removed");
            }
            is_failing = went.failed.is_some();
        }
    })
}

/// How often it is looked who is to be told that something waits: what other processes stored, or could not tell,
/// is found by that.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// How long messages are gathered that an agent sends one after the other.
const GATHER: Duration = Duration::from_secs(5);

/// Tells people by mail that something waits for them, until aborted.
pub(crate) fn tell_people(engine: Engine, access: Access) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = engine.something_waits() => sleep(GATHER).await,
            }
            match access.telling_claim().await {
                Ok(tellings) => {
                    for telling in tellings {
                        tell(&engine, &access, &telling).await;
                    }
                }
                Err(error) => tracing::error!(error = %chain(&error), "nobody is told of what waits"),
            }
        }
    })
}

/// Tells one person, from the first of their accounts that can. Who could not be told is told in a later quarter.
async fn tell(engine: &Engine, access: &Access, telling: &Telling) {
    let told = Told { waiting: telling.waiting, agents: &telling.agents, until: telling.until };
    for account in &telling.accounts {
        match engine.tell(&telling.principal, account, told).await {
            Ok(()) => {
                if let Err(error) = access.telling_done(telling).await {
                    tracing::error!(error = %chain(&error), "not noted that somebody was told what waits");
                }
                return;
            }
            Err(failure) => {
                tracing::warn!(
                    code = failure.problem().code.as_str(),
                    "somebody could not be told that something waits"
                );
                if matches!(failure, NotTold::Unknown(_)) {
                    return;
                }
            }
        }
    }
}

/// What sends mail that is due, until it is stopped.
pub(crate) struct Sender {
    engine: Engine,
    working: JoinHandle<()>,
}

impl Sender {
    /// Begins to look for what is due.
    pub(crate) fn start(engine: Engine, authority: Arc<dyn Authority>) -> Self {
        let working = tokio::spawn({
            let engine = engine.clone();
            async move { engine.run_outbox(authority).await }
        });
        Self { engine, working }
    }

    /// Begins nothing more, and waits for what is being handed over, so that it is known how it ended.
    pub(crate) async fn stop(self) {
        self.working.abort();
        self.engine.settle_outbox().await;
    }
}
