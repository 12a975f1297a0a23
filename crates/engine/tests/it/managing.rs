//! Folders on a real Dovecot: what a grant reaches, plans, and servers that write names in other ways. What every
//! server does is in `servers`.

mod full;

use std::sync::Arc;

use domain::{Code, FolderArg, FolderName, GrantId, Limits, Principal, Problem, Scope, Scopes};
use engine::{
    Engine,
    delete::DeleteRequest,
    manage::{FolderAction, ManageRequest, Managed},
    organize::{Action, OrganizeRequest, Planned},
};
use testkit::{Mail, Options, OtherClient};

use crate::{
    organizing::{deletion, found, these},
    sending::outbox_world::MovedClock,
    world::{World, credentials, empty_world, engine_at, now, principal_with, settings},
};

async fn manage(
    engine: &Engine,
    principal: &Principal,
    action: FolderAction,
    folder: &str,
    to: Option<&str>,
) -> Result<Managed, Problem> {
    let to = to.map(FolderName::from_agent);
    let request =
        ManageRequest { action, folder: FolderArg::parse(folder), to, account: None, confirm: None };
    engine.manage(principal, request, &|_, _| {}).await
}

async fn confirm(
    engine: &Engine,
    principal: &Principal,
    folder: &str,
    plan: &Planned,
) -> Result<Managed, Problem> {
    let request = ManageRequest {
        action: FolderAction::Delete,
        folder: FolderArg::parse(folder),
        to: None,
        account: None,
        confirm: Some(plan.confirm.clone()),
    };
    engine.manage(principal, request, &|_, _| {}).await
}

impl World {
    async fn does(&self, action: FolderAction, folder: &str, to: Option<&str>) -> Result<Managed, Problem> {
        manage(&self.engine, &self.principal, action, folder, to).await
    }

    async fn makes(&self, folder: &str) -> Result<String, Problem> {
        self.does(FolderAction::Create, folder, None).await.map(|made| made.folder)
    }

    async fn deletes(&self, folder: &str) -> Result<Managed, Problem> {
        self.does(FolderAction::Delete, folder, None).await
    }

    /// Makes a folder with one message in it.
    async fn fills(&self, folder: &str) {
        self.makes(folder).await.unwrap();
        let text = "From: bob@example.org\r\nSubject: hello\r\n\r\ntext\r\n";
        let mut other = OtherClient::sign_in(&self.dovecot, "alice", "alice-secret").unwrap();
        other.append(folder, &Mail::new(text.to_owned(), crate::world::NOW - 60)).unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let folders = self.engine.folders(&self.principal, None, false).await.unwrap();
        folders.into_iter().map(|folder| folder.name.to_string()).collect()
    }

    fn limited(&self, folders: &[&str]) -> Principal {
        let folders = folders.iter().map(|&folder| folder.to_owned()).collect();
        let limits = Limits { folders, ..Limits::default() };
        principal_with(settings(&self.dovecot), credentials("alice-secret"), limits)
    }
}

fn code(outcome: Result<Managed, Problem>) -> Code {
    outcome.unwrap_err().code
}

#[tokio::test]
async fn a_grant_that_is_limited_to_folders_makes_none_beyond_them_and_sees_none() {
    use FolderAction::{Create, Delete, Rename, Subscribe};
    let Some(world) = empty_world(Options::default()) else { return };
    for folder in ["Work", "Work/secret", "Other", "Plain"] {
        world.makes(folder).await.unwrap();
    }
    let limited = world.limited(&["Work", "Plain", "Later"]);
    let engine = &world.engine;
    for folder in ["New", "Work/New", "Other"] {
        assert_eq!(
            code(manage(engine, &limited, Create, folder, None).await),
            Code::OutsideGrant,
            "{folder}"
        );
        let outcome = manage(engine, &limited, Rename, "Plain", Some(folder)).await;
        assert_eq!(code(outcome), Code::OutsideGrant, "{folder}");
    }
    // what is there and hidden answers like what is not there
    for (action, to) in [(Delete, None), (Rename, Some("Later")), (Subscribe, None)] {
        let hidden = manage(engine, &limited, action, "Other", to).await.unwrap_err();
        let absent = manage(engine, &limited, action, "Othes", to).await.unwrap_err();
        assert_eq!(hidden.code, Code::FolderNotFound);
        assert_eq!(hidden.message.replace("Other", "Othes"), absent.message);
        assert_eq!(hidden.hint, absent.hint);
    }
    let outcome = manage(engine, &limited, Rename, "Work", Some("Later")).await;
    assert_eq!(code(outcome), Code::OutsideGrant, "what is below would move along");
    manage(engine, &limited, Create, "Later", None).await.unwrap();
    manage(engine, &limited, Delete, "Later", None).await.unwrap();
    manage(engine, &limited, Rename, "Plain", Some("Later")).await.unwrap();
    let mut names = world.names().await;
    names.retain(|name| !["INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"].contains(&name.as_str()));
    assert_eq!(names, ["Later", "Other", "Work", "Work/secret"]);
}

#[tokio::test]
async fn messages_are_moved_to_trash_only_by_a_grant_that_may_and_sees_all_of_it() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.fills("Full").await;
    let engine = &world.engine;
    let without = |scope: Scope| -> Principal {
        let scopes: Scopes = Scope::ALL.iter().copied().filter(|one| *one != scope).collect();
        Principal { scopes, ..world.principal.clone() }
    };
    let delete = FolderAction::Delete;
    let problem = manage(engine, &without(Scope::Modify), delete, "Full", None).await.unwrap_err();
    assert_eq!(problem.code, Code::ScopeMissing);
    assert!(problem.message.contains("mail:modify"), "{problem:?}");
    assert_eq!(
        code(manage(engine, &world.limited(&["Full"]), delete, "Full", None).await),
        Code::OutsideGrant
    );
    let limits = Limits { nothing_before: Some(now()), ..Limits::default() };
    let young = principal_with(settings(&world.dovecot), credentials("alice-secret"), limits);
    assert_eq!(code(manage(engine, &young, delete, "Full", None).await), Code::OutsideGrant);

    // a plan that was made is looked at again when it is carried out
    let planned = manage(engine, &world.principal, delete, "Full", None).await.unwrap().plan.unwrap();
    let outcome = confirm(engine, &without(Scope::Modify), "Full", &planned).await;
    assert_eq!(code(outcome), Code::ScopeMissing);
    assert!(world.names().await.contains(&"Full".to_owned()));

    let both = world.limited(&["Full", "@trash"]);
    let planned = manage(engine, &both, delete, "Full", None).await.unwrap().plan.unwrap();
    confirm(engine, &both, "Full", &planned).await.unwrap();
    assert!(!world.names().await.contains(&"Full".to_owned()));
    // nothing was lost
    let trash = engine.folders(&world.principal, None, true).await.unwrap();
    let trash = trash.iter().find(|folder| folder.name.as_str() == "Trash").unwrap();
    assert_eq!(trash.total, Some(1));
    // an empty folder needs none of this
    world.makes("Empty").await.unwrap();
    let gone = manage(engine, &without(Scope::Modify), delete, "Empty", None).await.unwrap();
    assert!(gone.plan.is_none() && gone.undo.is_some());
}

#[tokio::test]
async fn a_plan_is_for_one_grant_one_folder_and_one_time() {
    let Some(world) = empty_world(Options::default()) else { return };
    for folder in ["One", "Two"] {
        world.fills(folder).await;
    }
    let World { engine, principal, .. } = &world;
    let planned = world.deletes("One").await.unwrap().plan.unwrap();

    let other = Principal { grant: GrantId::from_text("gra_other"), ..principal.clone() };
    let stolen = confirm(engine, &other, "One", &planned).await.unwrap_err();
    let never =
        Planned { confirm: planned.confirm.replace(|c: char| c.is_ascii_digit(), "0"), ..planned.clone() };
    let absent = confirm(engine, &other, "One", &never).await.unwrap_err();
    assert_eq!((stolen.code, stolen.message), (absent.code, absent.message));

    assert_eq!(code(confirm(engine, principal, "Two", &planned).await), Code::Conflict);
    assert_eq!(code(confirm(engine, principal, "One", &planned).await), Code::Conflict, "it was tried");
    let planned = world.deletes("One").await.unwrap().plan.unwrap();
    confirm(engine, principal, "One", &planned).await.unwrap();
    world.fills("One").await;
    let twice = confirm(engine, principal, "One", &planned).await;
    assert_eq!(code(twice), Code::Conflict);
    assert!(world.names().await.iter().filter(|name| ["One", "Two"].contains(&name.as_str())).count() == 2);

    let garbage = Planned { confirm: "yes".to_owned(), ..planned };
    assert_eq!(code(confirm(engine, principal, "One", &garbage).await), Code::InvalidInput);
}

#[tokio::test]
async fn a_plan_of_another_tool_says_so_and_does_nothing() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.fills("One").await;
    let id = world.listed("One").await.remove(0).1;
    let told = |problem: Problem| {
        assert!(problem.message.contains("another tool"), "{problem:?}");
        assert!(problem.hint.contains("without `confirm`"), "{problem:?}");
    };
    let of_folder = |planned: &Managed| planned.plan.clone().unwrap().confirm;
    let organize = |confirm| OrganizeRequest { confirm: Some(confirm), ..these(Action::Trash, &[]) };
    told(world.organize(organize(of_folder(&world.deletes("One").await.unwrap()))).await.unwrap_err());
    let confirm = Some(of_folder(&world.deletes("One").await.unwrap()));
    told(world.delete(DeleteRequest { confirm, ..deletion(&[]) }).await.unwrap_err());
    let planned = world.delete(deletion(std::slice::from_ref(&id))).await.unwrap().plan.unwrap();
    told(confirm_plan(&world, &planned).await);
    let planned = world.delete(deletion(std::slice::from_ref(&id))).await.unwrap().plan.unwrap();
    told(world.organize(organize(planned.confirm)).await.unwrap_err());
    let planned = world.organize(found(Action::Trash, "", Some("One"))).await.unwrap().plan.unwrap();
    told(confirm_plan(&world, &planned).await);
    assert_eq!(world.listed("One").await.remove(0).1, id);
}

async fn confirm_plan(world: &World, planned: &Planned) -> Problem {
    confirm(&world.engine, &world.principal, "One", planned).await.unwrap_err()
}

#[tokio::test]
async fn a_plan_that_is_confirmed_late_is_not_carried_out() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    let clock = Arc::new(MovedClock::at(crate::world::NOW));
    world.engine = engine_at(engine::Bounds::default(), Arc::clone(&clock) as _);
    world.fills("Full").await;
    let planned = world.deletes("Full").await.unwrap().plan.unwrap();
    clock.forward(601);
    assert_eq!(code(confirm(&world.engine, &world.principal, "Full", &planned).await), Code::Conflict);
    assert!(world.names().await.contains(&"Full".to_owned()));
}

#[tokio::test]
async fn arguments_that_belong_to_something_else_are_refused() {
    let Some(world) = empty_world(Options::default()) else { return };
    assert_eq!(code(world.does(FolderAction::Rename, "A", None).await), Code::InvalidInput);
    assert_eq!(code(world.does(FolderAction::Create, "A", Some("B")).await), Code::InvalidInput);
    assert_eq!(code(world.does(FolderAction::Delete, "all", None).await), Code::InvalidInput);
    assert_eq!(code(world.does(FolderAction::Create, "@archive", None).await), Code::InvalidInput);
    let plan = Planned { count: 0, sample: Vec::new(), confirm: "pln_1".into(), note: String::new() };
    let request = ManageRequest {
        action: FolderAction::Create,
        folder: FolderArg::parse("A"),
        to: None,
        account: None,
        confirm: Some(plan.confirm),
    };
    assert_eq!(
        world.engine.manage(&world.principal, request, &|_, _| {}).await.unwrap_err().code,
        Code::InvalidInput
    );
}

#[tokio::test]
async fn agents_write_slashes_whatever_the_server_puts_between_and_in_front() {
    for (prefix, separator) in [("", '.'), ("INBOX.", '.'), ("INBOX/", '/'), ("", '/')] {
        let options = Options { namespace_prefix: prefix.to_owned(), separator, ..Options::default() };
        let Some(world) = empty_world(options) else { return };
        let shown = prefix.replace('.', "/");
        assert_eq!(world.makes("Work/Küche").await.unwrap(), format!("{shown}Work/Küche"), "{prefix:?}");
        let renamed = world.does(FolderAction::Rename, "Work/Küche", Some("Home/Küche")).await.unwrap();
        assert_eq!(renamed.folder, format!("{shown}Home/Küche"), "{prefix:?}");
        let whole = world.does(FolderAction::Rename, &renamed.folder, Some(&format!("{shown}Back"))).await;
        assert_eq!(whole.unwrap().folder, format!("{shown}Back"));
        assert!(world.makes("a%2Fb").await.is_err(), "{prefix:?}{separator:?}");
        for sent in ["Gesendet", "INBOX/Gesendet"] {
            assert_eq!(world.makes(sent).await.unwrap_err().code, Code::InvalidInput, "{prefix:?} {sent}");
        }
        world.deletes("Back").await.unwrap();
        assert!(!world.names().await.iter().any(|name| name.contains("Back") || name.contains("Küche")));
    }
}

#[tokio::test]
async fn a_folder_that_the_server_itself_gives_the_role_of_sent_is_not_left_there() {
    let settings = "namespace inbox {\n  mailbox Outbound {\n    special_use = \\Sent\n  }\n}\n";
    let options = Options { special_use: false, extra_settings: settings.to_owned(), ..Options::default() };
    let Some(world) = empty_world(options) else { return };
    assert_eq!(world.makes("Outbound").await.unwrap_err().code, Code::InvalidInput);
    world.makes("Mine").await.unwrap();
    let renamed = world.does(FolderAction::Rename, "Mine", Some("Outbound")).await;
    assert_eq!(code(renamed), Code::InvalidInput);
    let names = world.names().await;
    assert!(names.contains(&"Mine".to_owned()) && !names.contains(&"Outbound".to_owned()), "{names:?}");
}
