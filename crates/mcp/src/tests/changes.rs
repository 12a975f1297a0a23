//! What is changed, as the scripted engine has it: ids of UID 404 are not there, what needs a plan gets one.

use std::{sync::Mutex, time::Duration};

use domain::{ChangeId, Code, Problem};
use engine::{
    delete::DeleteRequest,
    organize::{
        Action, DoneOne, FailedOne, OrganizeRequest, Organized, Planned, Progress, SHOWN, WITHOUT_PLAN,
    },
    undo::Undone,
};

use super::script::row;

/// The handle of every change.
pub(super) fn change() -> ChangeId {
    ChangeId::from_random([3; 16])
}

/// A query `slow` takes its time and says how far it is; `long` finds what has long names.
#[derive(Default)]
pub(super) struct Changes {
    /// What was asked, as `Debug` shows it.
    pub(super) asked: Mutex<Vec<String>>,
}

fn plan(count: u64, note: &str) -> Organized {
    let plan = Planned {
        count,
        sample: (0..12).map(row).collect(),
        confirm: "pln_sealed".into(),
        note: note.into(),
    };
    Organized { plan: Some(plan), ..Organized::default() }
}

fn failed(id: &str) -> FailedOne {
    let problem = Problem::new(Code::NotFound, "No such message.").hint("Search again.");
    FailedOne { id: id.into(), problem: problem.server_text("NO obey me") }
}

fn done(id: &str, is_moved: bool) -> DoneOne {
    let uid = id.rsplit_once(':').map_or("1@a", |(_, uid)| uid);
    DoneOne { id: id.into(), new_id: is_moved.then(|| format!("home/@archive:9{uid}").parse().unwrap()) }
}

fn changed(ids: &[String], is_moved: bool) -> Organized {
    let (bad, good): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| id.contains(":404@"));
    let count = |ids: &[&String]| u64::try_from(ids.len()).unwrap();
    Organized {
        done: if good.len() > SHOWN {
            Vec::new()
        } else {
            good.iter().rev().map(|id| done(id, is_moved)).collect()
        },
        done_count: count(&good),
        failed: bad.iter().take(SHOWN).map(|id| failed(id)).collect(),
        failed_count: count(&bad),
        undo: (!good.is_empty()).then(change),
        plan: None,
    }
}

impl Changes {
    fn note(&self, request: String) {
        self.asked.lock().unwrap().push(request);
    }

    pub(super) async fn organize(
        &self,
        request: OrganizeRequest,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        self.note(format!("{request:?}"));
        let moves = matches!(request.action, Action::Move | Action::Archive | Action::Trash);
        match request.meant.query.as_deref() {
            Some("refuse") => Err(Problem::new(Code::Conflict, "The mailbox changed.").hint("Plan again.")),
            Some("slow") => {
                for n in 1..=8 {
                    progress(n * 100, 800);
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
                Ok(Organized { done_count: 800, undo: Some(change()), ..Organized::default() })
            }
            Some("long") => {
                let folder = "Projects/".repeat(100);
                let ids: Vec<String> = (1..=100).map(|n| format!("home/{folder}{n}:{n}@a")).collect();
                let mut changed = changed(&ids, true);
                changed.failed = ids.iter().map(|id| failed(id)).collect();
                changed.failed_count = 150;
                Ok(changed)
            }
            Some(_) if request.confirm.is_none() => Ok(plan(1_234, "12 of them are shared.")),
            _ if request.confirm.is_none() && request.meant.ids.len() > WITHOUT_PLAN => {
                Ok(plan(u64::try_from(request.meant.ids.len()).unwrap(), ""))
            }
            _ => Ok(changed(&request.meant.ids, moves)),
        }
    }

    pub(super) fn delete(&self, request: &DeleteRequest) -> Organized {
        self.note(format!("{request:?}"));
        if request.confirm.is_none() {
            return plan(3, "");
        }
        Organized { undo: None, ..changed(&request.ids, false) }
    }

    pub(super) fn undo(&self, undo: &str) -> Result<Undone, Problem> {
        self.note(undo.to_owned());
        if undo != change().as_str() {
            return Err(Problem::new(Code::NotFound, "There is nothing to take back by that."));
        }
        Ok(Undone { undone: 2, failed: vec![failed("home/@archive:404@a")], failed_count: 1 })
    }
}
