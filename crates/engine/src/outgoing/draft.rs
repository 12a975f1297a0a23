//! Drafts: an agent's message in the person's own Drafts folder, under a handle that outlives its UIDs.

use domain::{Code, Principal, Problem};

use super::{DraftRequest, Drafted};
use crate::Engine;

impl Engine {
    /// Makes or replaces a draft.
    pub async fn draft(&self, principal: &Principal, request: DraftRequest) -> Result<Drafted, Problem> {
        let _ = (principal, request);
        Err(Problem::new(Code::NotSupported, "Drafts are not written yet."))
    }
}
