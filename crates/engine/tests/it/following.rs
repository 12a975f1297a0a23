//! A message that was moved here is found under its id of before, wherever ids are taken.

use domain::{Code, Limits};
use engine::{
    organize::Action,
    outgoing::{Composition, DraftRequest, FileSource, Follows},
    read::{Message, Outcome, View},
    thread::ThreadRequest,
};
use futures_util::TryStreamExt as _;
use testkit::{Mail, Options, maildir::Numbering};

use crate::{
    organizing::{these, to},
    world::{NOW, World, empty_world, principal},
};

/// A message with a file in it.
fn with_file() -> Mail {
    let raw = "From: Ann <ann@example.org>\r\nTo: alice@example.com\r\nSubject: plans\r\n\
        Message-ID: <plans@example.org>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n\
        --b\r\nContent-Type: application/octet-stream; name=plan.bin\r\n\
        Content-Disposition: attachment; filename=plan.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        cGxhbiBC\r\n--b--\r\n";
    Mail::new(raw, NOW - 3_600)
}

fn answer() -> Mail {
    let raw = "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: Re: plans\r\n\
        Message-ID: <answer@example.org>\r\nIn-Reply-To: <plans@example.org>\r\n\
        References: <plans@example.org>\r\n\r\nfine with me\r\n";
    Mail::new(raw, NOW - 1_800)
}

fn a_world() -> Option<World> {
    let world = empty_world(Options::default())?;
    world.maildir.fill("INBOX", Numbering::default(), [with_file(), answer()]).unwrap();
    world.maildir.create("Taxes").unwrap();
    world.maildir.create("Old").unwrap();
    Some(world)
}

async fn read(world: &World, id: &str) -> Result<Message, Code> {
    let mut outcomes = world.engine.read(&world.principal, &[id.to_owned()], View::Text).await.unwrap();
    match outcomes.remove(0) {
        Outcome::Message(message) => Ok(*message),
        Outcome::Failed(of, problem) => {
            assert_eq!(of, id);
            Err(problem.code)
        }
        Outcome::Several(..) => panic!("{id} is of several"),
    }
}

async fn move_to(world: &World, id: &str, folder: &str) -> String {
    let done = world.organize(to(these(Action::Move, &[id.to_owned()]), folder)).await.unwrap();
    assert_eq!(done.done_count, 1, "{done:?}");
    done.done[0].new_id.as_ref().unwrap().to_string()
}

#[tokio::test]
async fn a_moved_message_is_read_under_its_old_id_and_tells_the_new_one() {
    let Some(world) = a_world() else { return };
    let id = world.id("INBOX", "plans").await;
    let new_id = move_to(&world, &id, "Taxes").await;
    let message = read(&world, &id).await.unwrap();
    assert_eq!((message.subject.as_str(), message.id.to_string()), ("plans", new_id.clone()));
    assert_eq!(message.asked.unwrap().to_string(), id);
    let message = read(&world, &new_id).await.unwrap();
    assert_eq!(message.asked, None, "an id of now has no other");
    // Twice in a row, and together with what is still there.
    let last = move_to(&world, &new_id, "Old").await;
    let answer = world.id("INBOX", "Re: plans").await;
    let ids = [id.clone(), answer.clone(), new_id.clone(), last.clone()];
    let outcomes = world.engine.read(&world.principal, &ids, View::Headers).await.unwrap();
    let told: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Message(one) => (one.id.to_string(), one.asked.as_ref().map(ToString::to_string)),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        [(last.clone(), Some(id)), (answer, None), (last.clone(), Some(new_id)), (last.clone(), None)];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_was_moved_on_by_others_or_deleted_is_gone_under_every_id() {
    let Some(world) = a_world() else { return };
    let id = world.id("INBOX", "plans").await;
    let new_id = move_to(&world, &id, "Taxes").await;
    world.somebody().delete("Taxes", "1").unwrap();
    for id in [&id, &new_id] {
        assert_eq!(read(&world, id).await, Err(Code::NotFound), "{id}");
    }
    assert_eq!(read(&world, &id.replace(":1@", ":99@")).await, Err(Code::NotFound), "never was");
}

#[tokio::test]
async fn a_message_is_found_also_where_its_folder_is_gone_or_was_rebuilt() {
    let Some(world) = a_world() else { return };
    world.notes("Gone", &["one"]);
    world.notes("Rebuilt", &["two"]);
    let (one, two) = (world.id("Gone", "one").await, world.id("Rebuilt", "two").await);
    move_to(&world, &one, "Taxes").await;
    move_to(&world, &two, "Taxes").await;
    let mut somebody = world.somebody();
    somebody.run("DELETE Gone").unwrap();
    somebody.run("DELETE Rebuilt").unwrap();
    somebody.run("CREATE Rebuilt").unwrap();
    for (id, subject) in [(one, "one"), (two, "two")] {
        assert_eq!(read(&world, &id).await.unwrap().subject, subject);
    }
    assert_eq!(read(&world, "work/Never:1@k2x9").await, Err(Code::FolderNotFound));
}

#[tokio::test]
async fn nobody_follows_to_or_from_where_they_may_not_see() {
    let Some(mut world) = a_world() else { return };
    let (id, answer) = (world.id("INBOX", "plans").await, world.id("INBOX", "Re: plans").await);
    move_to(&world, &id, "Taxes").await;
    let limited = |folders: &[&str]| Limits {
        folders: folders.iter().map(ToString::to_string).collect(),
        ..Limits::default()
    };
    world.principal = principal(&world.dovecot, limited(&["@inbox"]));
    assert_eq!(read(&world, &id).await, Err(Code::NotFound), "it is where the grant does not see");
    assert!(read(&world, &answer).await.is_ok());
    // From a folder that is hidden it is as if there were none.
    world.principal = principal(&world.dovecot, limited(&["Taxes"]));
    let (hidden, absent) = (read(&world, &id).await, read(&world, "work/Never:1@k2x9").await);
    assert_eq!((hidden, absent), (Err(Code::FolderNotFound), Err(Code::FolderNotFound)));
    // What is too old for the grant stays so wherever it is.
    let today = Limits { nothing_before: Some(crate::world::now()), ..Limits::default() };
    world.principal = principal(&world.dovecot, today);
    assert_eq!(read(&world, &id).await, Err(Code::NotFound));
}

#[tokio::test]
async fn a_thread_begins_at_an_id_of_before() {
    let Some(world) = a_world() else { return };
    let id = world.id("INBOX", "plans").await;
    let new_id = move_to(&world, &id, "Taxes").await;
    for _ in 0..2 {
        let request = ThreadRequest { id: id.clone(), limit: 30, cursor: None };
        let page = world.engine.thread(&world.principal, request).await.unwrap();
        let told: Vec<_> = page
            .messages
            .iter()
            .map(|outcome| match outcome {
                Outcome::Message(one) => (one.subject.as_str(), one.asked.is_some(), one.id.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        let answer = world.id("INBOX", "Re: plans").await;
        assert_eq!(told, [("plans", true, new_id.clone()), ("Re: plans", false, answer)]);
    }
}

#[tokio::test]
async fn files_and_links_of_before_lead_to_the_moved_message() {
    let Some(world) = a_world() else { return };
    let id = world.id("INBOX", "plans").await;
    let new_id = move_to(&world, &id, "Taxes").await;
    let download = world.engine.download(&world.principal, &id, 1).await.unwrap();
    assert_eq!((download.name.as_str(), download.id.to_string()), ("plan.bin", new_id));
    let octets: Vec<_> = download.body(0).try_collect().await.unwrap();
    assert_eq!(octets.concat(), b"plan B");
}

#[tokio::test]
async fn drafts_answer_forward_and_attach_what_was_moved() {
    let Some(world) = a_world() else { return };
    let id = world.id("INBOX", "plans").await;
    move_to(&world, &id, "Taxes").await;
    let file = FileSource::FromMessage { message: id.clone(), index: Some(1) };
    for (follows, attachments, subject) in [
        (Some(Follows::Reply(id.clone())), None, "Re: plans"),
        (Some(Follows::Forward(id.clone())), None, "Fwd: plans"),
        (None, Some(vec![file]), "new"),
    ] {
        let composition = Composition {
            follows,
            attachments,
            subject: (subject == "new").then(|| subject.to_owned()),
            to: Some(vec!["bob@example.org".into()]),
            body: Some("here".into()),
            ..Composition::default()
        };
        let request = DraftRequest { replaces: None, composition };
        let drafted = world.engine.draft(&world.principal, request).await.unwrap();
        assert_eq!(drafted.subject, subject);
    }
    let raw = std::fs::read_dir(world.maildir.path_of("Drafts").unwrap().join("cur")).unwrap();
    let with_file = raw
        .filter(|file| std::fs::read_to_string(file.as_ref().unwrap().path()).unwrap().contains("plan.bin"));
    assert_eq!(with_file.count(), 2, "the forwarded and the attached one");
}
