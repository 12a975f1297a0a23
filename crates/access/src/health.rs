//! How the server is, for its administrators: how much is kept, what waits, whether database and key answer.
//! Counts alone: nothing here tells what anybody wrote, to whom, or did.

use storage::OutgoingState;
pub use storage::{KeptOf, KeptSum};

use crate::{Access, Result};

/// How much is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Octets of the database.
    pub octets: u64,
    /// What it is made of.
    pub sums: Vec<KeptSum>,
    /// How much of that is whose.
    pub people: Vec<KeptOf>,
}

/// Messages of all people together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxCounts {
    /// They wait for a person's yes.
    pub waiting: u64,
    /// They leave later, or as soon as somebody takes them.
    pub leaving: u64,
    /// It is not known whether they left.
    pub unknown: u64,
    /// They did not leave.
    pub failed: u64,
}

impl Access {
    /// Whether database and key answer.
    pub async fn is_ready(&self) -> bool {
        match self.store() {
            Ok(store) => store.check_key().await.is_ok(),
            Err(_) => false,
        }
    }

    /// How much is kept.
    pub async fn kept(&self) -> Result<Kept> {
        let store = self.store()?;
        Ok(Kept {
            octets: store.database_octets().await?,
            sums: store.kept_sums().await?,
            people: store.kept_of_people().await?,
        })
    }

    /// How many messages wait, leave, may have left, and did not.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts> {
        let mut counts = OutboxCounts::default();
        for (state, messages) in self.store()?.outbox_counts().await? {
            match state {
                OutgoingState::Waiting => counts.waiting += messages,
                OutgoingState::Scheduled
                | OutgoingState::Ready
                | OutgoingState::Sending
                | OutgoingState::Committing => counts.leaving += messages,
                OutgoingState::Unknown => counts.unknown += messages,
                OutgoingState::Failed => counts.failed += messages,
                _ => {}
            }
        }
        Ok(counts)
    }
}
