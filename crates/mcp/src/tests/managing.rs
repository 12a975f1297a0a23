//! `mail_folder` over HTTP: what is asked of the engine, what agents are told, what is noted of it.

use std::sync::Mutex;

use domain::{ChangeId, Code, FolderArg, FolderName, Problem};
use engine::{
    manage::{FolderAction, ManageRequest, Managed},
    organize::Planned,
};
use serde_json::{Value, json};

use super::world::{Ask, World};

/// Answers by what is asked: see the arms.
#[derive(Default)]
pub(super) struct Folders {
    /// What was asked.
    pub(super) asked: Mutex<Vec<ManageRequest>>,
}

fn undo() -> ChangeId {
    ChangeId::from_random([3; 16])
}

impl Folders {
    pub(super) fn manage(&self, request: &ManageRequest) -> Result<Managed, Problem> {
        self.asked.lock().unwrap().push(request.clone());
        let folder = request.to.as_ref().map_or_else(|| request.folder.to_string(), ToString::to_string);
        match (request.action, &request.confirm) {
            (FolderAction::Delete, None) => {
                let note = "Its messages go to Trash.".to_owned();
                let plan = Planned { count: 12, sample: Vec::new(), confirm: "pln_1".to_owned(), note };
                Ok(Managed { folder, undo: None, plan: Some(plan) })
            }
            (FolderAction::Subscribe, _) => Ok(Managed { folder, undo: None, plan: None }),
            (FolderAction::Unsubscribe, _) => Err(Problem::new(Code::Conflict, "Not now.")),
            _ => Ok(Managed { folder, undo: Some(undo()), plan: None }),
        }
    }
}

async fn call(world: &World, arguments: Value) -> Value {
    let answer = world.send(Ask::call("mail_folder", &arguments).token("all")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"].clone()
}

#[tokio::test]
async fn a_change_of_a_folder_is_asked_for_as_written_and_answered_with_its_undo() {
    let world = World::start().await;
    let result =
        call(&world, json!({"do": "rename", "folder": "Work/Old", "to": " Work/New ", "account": "home"}))
            .await;
    let told = json!({"folder": "Work/New", "undo": undo().as_str()});
    assert_eq!(result["structuredContent"], told);
    assert_eq!(serde_json::from_str::<Value>(result["content"][0]["text"].as_str().unwrap()).unwrap(), told);
    let asked = ManageRequest {
        action: FolderAction::Rename,
        folder: FolderArg::parse("Work/Old"),
        to: Some(FolderName::from_agent("Work/New")),
        account: Some("home".to_owned()),
        confirm: None,
    };
    assert_eq!(*world.mail.folders.asked.lock().unwrap(), [asked]);
}

#[tokio::test]
async fn a_plan_is_told_and_its_confirm_given_back() {
    let world = World::start().await;
    let result = call(&world, json!({"do": "delete", "folder": "Full"})).await;
    let note = "Its messages go to Trash.";
    let told = json!({"folder": "Full", "plan": {"count": 12, "confirm": "pln_1", "note": note}});
    assert_eq!(result["structuredContent"], told);
    call(&world, json!({"do": "delete", "folder": "Full", "confirm": "pln_1"})).await;
    assert_eq!(world.mail.folders.asked.lock().unwrap()[1].confirm.as_deref(), Some("pln_1"));
}

#[tokio::test]
async fn nothing_to_take_back_and_what_fails_are_told_so() {
    let world = World::start().await;
    let result = call(&world, json!({"do": "subscribe", "folder": "@archive"})).await;
    assert_eq!(result["structuredContent"], json!({"folder": "@archive"}));
    let result = call(&world, json!({"do": "unsubscribe", "folder": "News"})).await;
    assert_eq!((&result["isError"], &result["_meta"]["code"]), (&json!(true), &json!("conflict")));
}

#[tokio::test]
async fn what_is_no_such_wish_is_refused_before_the_engine_is_asked() {
    let world = World::start().await;
    for arguments in [json!({"do": "empty", "folder": "x"}), json!({"folder": "x"}), json!({"do": "create"})]
    {
        let result = call(&world, arguments.clone()).await;
        assert_eq!(result["_meta"]["code"], "invalid_input", "{arguments}: {result}");
    }
    assert!(world.mail.folders.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_without_the_scope_neither_sees_nor_calls_it() {
    let world = World::start().await;
    let answer =
        world.send(Ask::call("mail_folder", &json!({"do": "create", "folder": "x"})).token("rows")).await;
    assert_eq!(answer.status, 403);
    let listed = world.send(Ask::modern("tools/list", json!({})).token("rows")).await.json().to_string();
    assert!(listed.contains("mail_folders") && !listed.contains("\"mail_folder\""), "{listed}");
    assert!(world.mail.folders.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_audit_trail_names_no_folder() {
    let world = World::start().await;
    call(&world, json!({"do": "create", "folder": "Divorce lawyer"})).await;
    let records = world.gate.records.lock().unwrap().clone();
    let (tool, ids, _) = records.last().unwrap();
    assert_eq!(tool, "mail_folder");
    assert!(!ids.iter().any(|id| id.contains("Divorce")), "{ids:?}");
}
