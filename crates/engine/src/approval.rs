//! A message that waits for its person: what it says, its files, what became of its draft, and its way out once
//! they said yes. Who may ask for it, and whether the yes counts, is decided in `access`.

mod difference;
mod draft;
mod file;
mod letter;
mod page_html;
mod visible;

use std::time::Duration;

use domain::{Code, OutboxId, Problem};
use storage::{Outgoing, OutgoingState, Store};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::draft::Words;
pub use self::{
    difference::Line,
    draft::{Change, DraftNow},
    file::LetterFile,
    letter::{Letter, Recipient, read},
    page_html::PageHtml,
    visible::{visible, visible_line},
};
use crate::{
    Engine,
    outbox::{stored_badly, stored_form},
    outgoing::keeps_nothing,
};

/// How long a message is taken apart.
const READING: Duration = Duration::from_secs(10);
/// How long a person waits for the submission server after their yes.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often it is looked how a message stands that somebody else is sending.
const LOOK: Duration = Duration::from_millis(50);

impl Engine {
    /// What the message says; nothing if its words are kept no longer. An error if it is not what was frozen.
    pub async fn letter_of(&self, message: &Outgoing) -> Result<Option<Letter>, Problem> {
        let Some(stored) = self.stored_letter(message).await? else { return Ok(None) };
        let message = message.clone();
        self.read_apart(move || read(&message, &stored)).await.map(Some)
    }

    /// The stored form of the message, if it is what was frozen; nothing if it is kept no longer.
    async fn stored_letter(&self, message: &Outgoing) -> Result<Option<Vec<u8>>, Problem> {
        let reader = self.kept_outbox()?.outbox_reader(&message.id).await;
        stored_form(reader.map_err(|error| stored_badly(&error))?, &message.frozen).await
    }

    /// Takes a message apart where that keeps nobody else waiting, and not for ever.
    async fn read_apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let late = || Problem::new(Code::Timeout, "The message takes too long to be read.");
        timeout(READING, self.0.apart.run("The message", work)).await.map_err(|_| late())?
    }

    /// Sends a message that was just approved, at once, under its grant as that stands now, and waits a while
    /// for what becomes of it: the row as it is then. One that is due later, or not to leave, stays as it is.
    pub async fn begin_approved(&self, id: &OutboxId) -> Result<Outgoing, Problem> {
        let store = self.kept_outbox()?;
        let deadline = Instant::now() + PATIENCE;
        let row = self.row(store, id).await?;
        if row.state != OutgoingState::Ready || row.due > self.now() {
            return Ok(row);
        }
        if let Some(known) = self.begin_vouched(id) {
            // It runs on if nobody waits any more.
            let _ = timeout(PATIENCE, known).await;
        } else {
            // Another process sends what this one stores.
            return Ok(row);
        }
        loop {
            let row = self.row(store, id).await?;
            let is_moving = matches!(row.state, OutgoingState::Sending | OutgoingState::Committing);
            if !is_moving || Instant::now() >= deadline {
                return Ok(row);
            }
            sleep(LOOK).await;
        }
    }

    fn kept_outbox(&self) -> Result<&Store, Problem> {
        self.0.settings.store.as_ref().ok_or_else(keeps_nothing)
    }

    async fn row(&self, store: &Store, id: &OutboxId) -> Result<Outgoing, Problem> {
        let row = store.outbox_find(id).await.map_err(|error| stored_badly(&error))?;
        row.ok_or_else(|| Problem::new(Code::NotFound, "There is no such message any more."))
    }
}
