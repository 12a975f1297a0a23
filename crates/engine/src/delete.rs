//! Deleting for good: messages by id, and all that is in Trash or Junk. Always after a plan.

use domain::{Code, FolderArg, Principal, Problem};

use crate::{
    Engine,
    organize::{Organized, Progress, Said, Work},
};

/// A wish to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Messages by id; empty if there is a folder.
    pub ids: Vec<String>,
    /// `@trash` or `@junk`: all that is in it.
    pub folder: Option<FolderArg>,
    /// Of that account; the default one if absent.
    pub account: Option<String>,
    /// The plan that is agreed to.
    pub confirm: Option<String>,
}

impl Engine {
    /// Deletes messages for good, or answers a plan.
    pub async fn delete(
        &self,
        principal: &Principal,
        request: DeleteRequest,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        let said = Said::of_deletion(&request);
        if let Some(confirm) = &request.confirm {
            return self.carry_out_plan(principal, confirm, &Work::Delete, &said, progress).await;
        }
        let invalid = |what: &str, hint: &str| Err(Problem::new(Code::InvalidInput, what).hint(hint));
        let chosen = match &request.folder {
            Some(_) if !request.ids.is_empty() => {
                return invalid("Messages are named by `ids` and by `folder`.", "Give one of them.");
            }
            None if request.ids.is_empty() => {
                return invalid("No messages are named.", "Give `ids`, or `folder`: `@trash` or `@junk`.");
            }
            None if request.account.is_some() => {
                return invalid(
                    "`account` belongs to `folder`; ids name theirs by themselves.",
                    "Leave it out.",
                );
            }
            None => {
                let chosen = self.choose(principal, &request.ids).await?;
                self.young_enough(principal, chosen, true).await
            }
            Some(folder) => self.all_in(principal, request.account.as_deref(), folder).await?,
        };
        self.answer_plan(principal, Work::Delete, said, chosen).await
    }
}
