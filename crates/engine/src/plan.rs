//! Changes that wait to be confirmed: kept for ten minutes, for one grant, to be carried out once.
//!
//! Kept in the database; where there is none, in memory. What is planned is not known here.

use domain::{Code, PlanId, Principal, Problem};
use serde::{Serialize, de::DeserializeOwned};
use storage::TakenPlan;

use crate::{Engine, journal};

/// In front of what is kept: what another version wrote is not taken for something else.
const VERSION: u8 = 1;

/// What to do where there is no plan to carry out.
const ASK_ANEW: &str = "Call without `confirm` to get a new plan, and give its `confirm` back as it is.";

impl Engine {
    /// Keeps what is planned; answers the text by which it is confirmed.
    pub(crate) async fn keep_plan<T: Serialize + Sync>(
        &self,
        principal: &Principal,
        planned: &T,
    ) -> Result<String, Problem> {
        let mut body = vec![VERSION];
        serde_json::to_writer(&mut body, planned).map_err(|error| {
            tracing::error!(%error, "a plan cannot be written");
            Problem::new(Code::Internal, "The plan cannot be kept.")
        })?;
        let id = PlanId::from_random(self.random_id());
        let added = self.journal_of(principal).plan_add(&id, &principal.grant, body, self.now()).await;
        added.map_err(|error| journal::unreadable(&error))?;
        Ok(id.as_str().to_owned())
    }

    /// Takes what was planned, once. A plan of another grant answers like one that never was.
    pub(crate) async fn take_plan<T: DeserializeOwned>(
        &self,
        principal: &Principal,
        confirm: &str,
    ) -> Result<T, Problem> {
        let id = PlanId::from_text(confirm.trim());
        if id.to_bytes().is_none() {
            return Err(Problem::new(
                Code::InvalidInput,
                "`confirm` is no text that a plan was answered with.",
            )
            .hint(ASK_ANEW));
        }
        let taken = self.journal_of(principal).plan_take(&id, &principal.grant, self.now()).await;
        match taken.map_err(|error| journal::unreadable(&error))? {
            TakenPlan::Plan(body) => read(&body),
            TakenPlan::Used => Err(Problem::new(Code::Conflict, "This plan was carried out already.")
                .hint("Nothing was done again. Look at the folder; for more, call without `confirm` to get a new plan.")),
            TakenPlan::Expired => {
                Err(Problem::new(Code::Conflict, "This plan is older than ten minutes: nothing was done.")
                    .hint(ASK_ANEW))
            }
            TakenPlan::Absent => {
                Err(Problem::new(Code::NotFound, "There is no such plan of this grant: nothing was done.")
                    .hint(ASK_ANEW))
            }
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let refused = |what: &str| Problem::new(Code::Conflict, what).hint(ASK_ANEW);
    match body.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|_| of_another_tool(Code::Conflict)),
        _ => Err(refused("This plan was made by another version of the server: nothing was done.")),
    }
}

/// A plan that is confirmed elsewhere than where it was made.
pub(crate) fn of_another_tool(code: Code) -> Problem {
    Problem::new(code, "This plan is another tool's: nothing was done, and it cannot be used any more.")
        .hint(ASK_ANEW)
}
