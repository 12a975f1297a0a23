//! Making, renaming and removing mailboxes, and subscribing to them.

use bytes::Bytes;

use super::{folder::Folder, pool::Question, session::Session};
use crate::Error;

/// What is to be done with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manage {
    /// Makes one of that decoded path, its segments in their order, and subscribes to it.
    Create {
        /// Decoded segments below the personal namespace.
        segments: Vec<String>,
    },
    /// Gives one another path; what is below it moves along.
    Rename {
        /// As the server writes its name.
        mailbox: Bytes,
        /// Decoded segments of the new path.
        segments: Vec<String>,
    },
    /// Removes one, with the messages in it.
    Delete {
        /// As the server writes its name.
        mailbox: Bytes,
    },
    /// Subscribes.
    Subscribe {
        /// As the server writes its name.
        mailbox: Bytes,
    },
    /// Ends the subscription.
    Unsubscribe {
        /// As the server writes its name.
        mailbox: Bytes,
    },
}

impl Question for Manage {
    /// The folder as it is then; as it was, if it was removed.
    type Answer = Option<Folder>;

    async fn ask(&self, _session: &mut Session) -> Result<Self::Answer, Error> {
        Err(Error::NotSupported("managing folders"))
    }
}
