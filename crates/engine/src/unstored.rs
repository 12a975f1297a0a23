//! An engine over nothing: no store, no account, no way to private hosts. For tests of the doors, which know
//! neither storage nor the way out.

use std::{path::PathBuf, sync::Arc, time::Duration};

use domain::{Clock, Random};
use net::Outgoing;
use storage::{MasterKey, Sealer};

use crate::{Engine, Settings};

impl Engine {
    /// An engine that keeps nothing; documents cannot be read with it.
    pub fn unstored(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let sealer = Sealer::new(MasterKey::generate(&*random), Arc::clone(&random));
        Self::new(Settings {
            store: None,
            sealer,
            outgoing: Outgoing::new(net::Settings::default()),
            clock,
            random,
            documents: documents::Reader::new(PathBuf::new(), Vec::new(), documents::Limits::default()),
            send_delay: Duration::ZERO,
            processes: None,
            pages: None,
        })
    }
}
