//! Drafts: made, answered, replaced and found again in the person's own folder; nothing of another program's
//! is lost, and no limit of the grant is passed by quoting.

use std::fs;

use domain::{Code, DraftId, Limits, Principal, Problem, Scope, Scopes};
use engine::outgoing::{Composition, DraftRequest, Drafted, FileSource, Follows};
use testkit::{Mail, Options, OtherClient};

use crate::{
    attachments::{attached, holding, id, message},
    world::{
        NOW, World, credentials, empty_world, granted, new_engine, principal, principal_of, principal_with,
        settings, settings_of,
    },
};

/// A message to Bob.
pub(crate) fn to_bob() -> Composition {
    Composition {
        to: Some(vec!["Bob <bob@example.org>".into()]),
        subject: Some("The plan".into()),
        body: Some("Some **bold** words".into()),
        signature: true,
        ..Composition::default()
    }
}

/// What follows a message, and nothing said but this.
fn following(follows: Follows) -> Composition {
    Composition { follows: Some(follows), body: Some("My words".into()), ..Composition::default() }
}

impl World {
    pub(crate) async fn draft(&self, composition: Composition) -> Result<Drafted, Problem> {
        self.engine.draft(&self.principal, DraftRequest { replaces: None, composition }).await
    }

    pub(crate) async fn replace(
        &self,
        draft: &DraftId,
        composition: Composition,
    ) -> Result<Drafted, Problem> {
        let request = DraftRequest { replaces: Some(draft.clone()), composition };
        self.engine.draft(&self.principal, request).await
    }

    /// The flags and the octets of everything in Drafts that is not marked as deleted.
    pub(crate) fn drafts(&self) -> Vec<(String, String)> {
        let folder = self.maildir.path_of("Drafts").unwrap();
        let mut found = Vec::new();
        for directory in ["cur", "new"] {
            for entry in fs::read_dir(folder.join(directory)).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let flags = name.split_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default();
                found.push((flags, fs::read_to_string(&path).unwrap()));
            }
        }
        found
    }

    /// The only draft.
    pub(crate) fn only_draft(&self) -> String {
        let mut drafts = self.drafts();
        assert_eq!(drafts.len(), 1, "{drafts:?}");
        drafts.remove(0).1
    }

    fn other(&self) -> OtherClient {
        OtherClient::sign_in(&self.dovecot, "alice", "alice-secret").unwrap()
    }
}

/// A field of a stored message, unfolded.
pub(crate) fn field(message: &str, name: &str) -> Option<String> {
    let header = message.split("\n\n").next().unwrap().replace("\n ", " ").replace("\n\t", " ");
    let found =
        header.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:").to_lowercase()));
    found.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
}

fn emails(addresses: &[domain::Address]) -> Vec<&str> {
    addresses.iter().map(|address| address.email.as_str()).collect()
}

#[tokio::test]
async fn a_draft_stands_in_the_person_s_drafts_and_its_answer_tells_everything_of_it() {
    let Some(world) = empty_world(Options::default()) else { return };
    let composition = Composition {
        cc: Some(vec!["carl@example.org, \"Lee, Dora\" <dora@example.org>".into()]),
        bcc: Some(vec!["eve@example.net".into()]),
        ..to_bob()
    };
    let drafted = world.draft(composition).await.unwrap();
    assert_eq!(drafted.from.to_string(), "Alice <alice@example.com>");
    assert_eq!(drafted.to.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Bob <bob@example.org>"]);
    assert_eq!(emails(&drafted.cc), ["carl@example.org", "dora@example.org"]);
    assert_eq!(emails(&drafted.bcc), ["eve@example.net"]);
    assert_eq!((drafted.subject.as_str(), drafted.preview.as_str()), ("The plan", "Some bold words"));
    assert_eq!(drafted.expect.len(), 16);
    let drafts = world.drafts();
    let [(flags, stored)] = drafts.as_slice() else { panic!("{drafts:?}") };
    assert_eq!(flags, "DS", "a draft that was seen");
    assert!(field(stored, "X-Postroom-Draft").unwrap().starts_with(drafted.draft.as_str()));
    assert_eq!(field(stored, "Bcc").as_deref(), Some("eve@example.net"));
    assert!(field(stored, "Message-ID").unwrap().ends_with("@example.com>"));
    assert!(stored.contains("<strong>bold</strong>"), "{stored}");
}

#[tokio::test]
async fn who_would_be_asked_about_is_told_only_to_whom_may_send() {
    let Some(world) = empty_world(Options::default()) else { return };
    assert_eq!(world.draft(to_bob()).await.unwrap().needs_approval, ["bob@example.org"]);
    let mut principal = world.principal.clone();
    principal.scopes = [Scope::Draft].into_iter().collect::<Scopes>();
    let request = DraftRequest { replaces: None, composition: to_bob() };
    assert_eq!(world.engine.draft(&principal, request).await.unwrap().needs_approval, [] as [&str; 0]);
}

#[tokio::test]
async fn what_is_not_given_stays_when_a_draft_is_replaced() {
    let Some(world) = empty_world(Options::default()) else { return };
    let file = FileSource::Octets {
        name: "numbers.csv".into(),
        media_type: String::new(),
        content_id: None,
        octets: "1,2,3".into(),
    };
    let first = Composition {
        bcc: Some(vec!["eve@example.net".into()]),
        attachments: Some(vec![file]),
        body: Some("A paragraph that is long enough to be wrapped where it is stored, since it has more than seventy-eight characters.\n\n> quoted\n\nEnd – ünïcode".into()),
        ..to_bob()
    };
    let made = world.draft(first).await.unwrap();
    let before = world.only_draft();
    let subject = Composition { subject: Some("Another".into()), ..Composition::default() };
    let replaced = world.replace(&made.draft, subject).await.unwrap();
    assert_eq!(replaced.draft, made.draft);
    assert_ne!(replaced.expect, made.expect);
    assert_eq!((&replaced.to, &replaced.bcc, &replaced.preview), (&made.to, &made.bcc, &made.preview));
    assert_eq!(replaced.subject, "Another");
    let after = world.only_draft();
    let body = |message: &str| {
        let boundaries = |line: &&str| !line.starts_with("--") && !line.contains("boundary");
        let (_, body) = message.split_once("\n\n").unwrap();
        // How long a file is was known of the octets in the call.
        let sizeless = |line: &str| line.split("; size=").next().unwrap_or_default().to_owned();
        body.lines().filter(boundaries).map(sizeless).collect::<Vec<_>>()
    };
    assert_eq!(body(&after), body(&before), "text, HTML and file stand there as before");
    assert!(after.contains("numbers.csv") && after.contains("MSwyLDM="), "{after}");

    let words = Composition {
        body: Some("New words".into()),
        attachments: Some(Vec::new()),
        ..Composition::default()
    };
    let replaced = world.replace(&made.draft, words).await.unwrap();
    assert_eq!((replaced.preview.as_str(), replaced.subject.as_str()), ("New words", "Another"));
    assert!(!world.only_draft().contains("numbers.csv"));
}

#[tokio::test]
async fn a_reply_goes_to_whom_it_answers_and_quotes_what_is_visible() {
    let original = "From: Bob <bob@example.org>\r\nReply-To: Desk <desk@example.org>\r\nTo: alice@example.com, Carl <carl@example.org>\r\n\
        Cc: dora@example.org, ALICE@example.com\r\nSubject: AW: Lunch\r\nMessage-ID: <two@x>\r\nReferences: <one@x>\r\n\
        Content-Type: text/html\r\n\r\n<p>Shall we?</p><p style=\"display:none\">hidden words</p>";
    let Some(world) = holding(vec![Mail::new(original, NOW)]) else { return };
    let reply = world.draft(following(Follows::Reply(id(1)))).await.unwrap();
    assert_eq!((emails(&reply.to), emails(&reply.cc)), (vec!["desk@example.org"], vec![]));
    assert_eq!(reply.subject, "Re: Lunch");
    let stored = world.only_draft();
    assert_eq!(field(&stored, "In-Reply-To").as_deref(), Some("<two@x>"));
    assert_eq!(field(&stored, "References").as_deref(), Some("<one@x> <two@x>"));
    assert!(stored.contains("My words") && stored.contains("> Shall we?"), "{stored}");
    assert!(!stored.contains("hidden words"), "{stored}");

    let all = world.draft(following(Follows::ReplyAll("<two@x>".into()))).await.unwrap();
    assert_eq!(emails(&all.to), ["desk@example.org", "carl@example.org"]);
    assert_eq!(emails(&all.cc), ["dora@example.org"], "nobody writes to themselves");

    let mut given = following(Follows::ReplyAll(id(1)));
    given.to = Some(vec!["eve@example.net".into()]);
    given.cc = Some(Vec::new());
    given.subject = Some("Other".into());
    let given = world.draft(given).await.unwrap();
    assert_eq!(
        (emails(&given.to), emails(&given.cc), given.subject.as_str()),
        (vec!["eve@example.net"], vec![], "Other")
    );
}

#[tokio::test]
async fn a_reply_whose_words_are_replaced_quotes_again_also_what_was_moved() {
    let Some(world) = holding(vec![message("Lunch", "Shall we?", &[])]) else { return };
    world.maildir.create("Done").unwrap();
    let raw = String::from_utf8(message("Supper", "Or later?", &[]).raw).unwrap();
    let with_id = Mail::new(format!("Message-ID: <later@x>\r\n{raw}"), NOW);
    world.maildir.deliver("INBOX", 7, &with_id).unwrap();
    let first = world.draft(following(Follows::Reply(id(1)))).await.unwrap();
    let words = || Composition { body: Some("Other words".into()), ..Composition::default() };
    let replaced = world.replace(&first.draft, words()).await.unwrap();
    assert_eq!((&replaced.to, &replaced.subject), (&first.to, &first.subject));
    let stored = world.only_draft();
    assert!(stored.contains("Other words") && stored.contains("> Shall we?"), "{stored}");
    assert!(!stored.contains("My words"), "{stored}");

    let second = world.draft(following(Follows::Reply("<later@x>".into()))).await.unwrap();
    let mut other = world.other();
    other.run("SELECT INBOX").unwrap();
    other.run("UID MOVE 1:2 Done").unwrap();
    world.replace(&second.draft, words()).await.unwrap();
    assert!(
        world
            .drafts()
            .iter()
            .any(|(_, stored)| stored.contains("Other words") && stored.contains("> Or later?"))
    );
    // Without a Message-ID it is gone; what stands in the draft can be kept.
    let refused = world.replace(&first.draft, words()).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound, "{refused}");
    let kept = Composition { subject: Some("Kept".into()), ..Composition::default() };
    world.replace(&first.draft, kept).await.unwrap();
    assert!(
        world
            .drafts()
            .iter()
            .any(|(_, stored)| stored.contains("Subject: Kept") && stored.contains("> Shall we?"))
    );
}

#[tokio::test]
async fn quoting_shows_no_code_that_reading_would_not() {
    let code = "Your verification code is 493028.";
    let Some(world) = holding(vec![message("Code 493028", code, &[])]) else { return };
    for follows in [Follows::Reply(id(1)), Follows::Forward(id(1))] {
        let made = world.draft(following(follows)).await.unwrap();
        let stored = world.only_draft();
        assert!(!stored.contains("493028"), "{stored}");
        let mut other = world.other();
        other.delete("Drafts", "1:*").unwrap();
        assert_eq!(world.replace(&made.draft, to_bob()).await.unwrap_err().code, Code::NotFound);
    }
    let showing = principal(&world.dovecot, Limits { shows_codes: true, ..Limits::default() });
    let request = DraftRequest { replaces: None, composition: following(Follows::Reply(id(1))) };
    world.engine.draft(&showing, request).await.unwrap();
    assert!(world.only_draft().contains("493028"));
}

#[tokio::test]
async fn a_grant_without_reading_neither_answers_nor_attaches_from_messages() {
    let Some(world) = holding(vec![message("hello", "Words.", &[attached("text/csv", "a.csv", b"1")])])
    else {
        return;
    };
    let mut principal = world.principal.clone();
    principal.scopes = [Scope::Draft].into_iter().collect::<Scopes>();
    let from_message = FileSource::FromMessage { message: id(1), index: Some(1) };
    for composition in [
        following(Follows::Reply(id(1))),
        following(Follows::Forward(id(1))),
        Composition { attachments: Some(vec![from_message]), ..to_bob() },
    ] {
        let request = DraftRequest { replaces: None, composition };
        let refused = world.engine.draft(&principal, request).await.unwrap_err();
        assert_eq!(refused.code, Code::ScopeMissing);
    }
    principal.scopes = [Scope::Read].into_iter().collect::<Scopes>();
    let request = DraftRequest { replaces: None, composition: to_bob() };
    assert_eq!(world.engine.draft(&principal, request).await.unwrap_err().code, Code::ScopeMissing);
    assert_eq!(world.drafts(), []);
}

#[tokio::test]
async fn what_another_program_edited_is_not_replaced() {
    let Some(world) = empty_world(Options::default()) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    let edited = world.only_draft().replace("bold", "bolder").replace('\n', "\r\n");
    let mut other = world.other();
    other.append("Drafts", &Mail::new(edited, NOW).flags("DS")).unwrap();
    other.delete("Drafts", "1").unwrap();
    let again = Composition { subject: Some("Mine".into()), ..Composition::default() };
    let refused = world.replace(&made.draft, again).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(world.only_draft().contains("bolder"), "the person's words are still there");
}

#[tokio::test]
async fn what_another_program_edited_in_the_html_alone_is_not_replaced() {
    let Some(world) = empty_world(Options::default()) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    let stored = world.only_draft();
    let edited = stored.replace("bold</", "bolder</");
    assert_ne!(edited, stored);
    let mut other = world.other();
    other.append("Drafts", &Mail::new(edited.replace('\n', "\r\n"), NOW).flags("DS")).unwrap();
    other.delete("Drafts", "1").unwrap();
    let again = Composition { subject: Some("Mine".into()), ..Composition::default() };
    assert_eq!(world.replace(&made.draft, again).await.unwrap_err().code, Code::Conflict);
}

#[tokio::test]
async fn of_several_versions_that_a_crash_left_the_newest_counts_and_the_others_go() {
    let Some(world) = empty_world(Options::default()) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    let first = world.only_draft().replace('\n', "\r\n");
    let newer = Composition { subject: Some("Newer".into()), ..Composition::default() };
    world.replace(&made.draft, newer).await.unwrap();
    let second = world.only_draft().replace('\n', "\r\n");
    // As if the older one had not been removed.
    let mut other = world.other();
    other.delete("Drafts", "1:*").unwrap();
    for version in [first, second] {
        other.append("Drafts", &Mail::new(version, NOW).flags("DS")).unwrap();
    }
    let again = Composition { to: Some(vec!["eve@example.net".into()]), ..Composition::default() };
    let replaced = world.replace(&made.draft, again).await.unwrap();
    assert_eq!(replaced.subject, "Newer");
    assert_eq!(field(&world.only_draft(), "Subject").as_deref(), Some("Newer"));
}

#[tokio::test]
async fn a_draft_that_is_not_there_is_not_found() {
    let Some(world) = empty_world(Options::default()) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    for draft in [
        DraftId::from_random([9; 16]),
        DraftId::from_text("drf_"),
        DraftId::from_text(""),
        DraftId::from_text(&made.draft.as_str()[..20]),
        DraftId::from_text("drf_\" OR ALL"),
    ] {
        let refused = world.replace(&draft, to_bob()).await.unwrap_err();
        assert_eq!(refused.code, Code::NotFound, "{draft}: {refused}");
    }
    world.other().delete("Drafts", "1:*").unwrap();
    assert_eq!(world.replace(&made.draft, to_bob()).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn the_folder_is_made_where_there_is_none() {
    let Some(world) = empty_world(Options { special_use: false, ..Options::default() }) else { return };
    assert!(!world.maildir.path_of("Drafts").unwrap().exists());
    let made = world.draft(to_bob()).await.unwrap();
    world.replace(&made.draft, to_bob()).await.unwrap();
    assert!(world.only_draft().contains("Subject: The plan"));
}

#[tokio::test]
async fn a_grant_of_other_folders_writes_no_drafts() {
    let Some(world) = empty_world(Options::default()) else { return };
    let limited = |folders: &[&str]| {
        let folders = folders.iter().map(|&folder| folder.to_owned()).collect();
        principal(&world.dovecot, Limits { folders, ..Limits::default() })
    };
    let draft = async |principal: &Principal| {
        world.engine.draft(principal, DraftRequest { replaces: None, composition: to_bob() }).await
    };
    assert_eq!(draft(&limited(&["@inbox"])).await.unwrap_err().code, Code::OutsideGrant);
    assert_eq!(world.drafts(), []);
    draft(&limited(&["@inbox", "@drafts"])).await.unwrap();
}

#[tokio::test]
async fn a_draft_is_found_in_whichever_account_it_stands() {
    let Some(world) = empty_world(Options::default()) else { return };
    let accounts = || {
        vec![
            granted("home", true, settings_of(&world.dovecot, "bob"), credentials("bob-secret")),
            granted("work", false, settings(&world.dovecot), credentials("alice-secret")),
        ]
    };
    let principal = principal_of(accounts(), Limits::default());
    let engine = new_engine();
    let at_work = Composition { account: Some("work".into()), ..to_bob() };
    let made = engine.draft(&principal, DraftRequest { replaces: None, composition: at_work }).await.unwrap();
    assert_eq!(made.from.email, "alice@example.com");
    let again = |account: Option<&str>| DraftRequest {
        replaces: Some(made.draft.clone()),
        composition: Composition { account: account.map(str::to_owned), ..Composition::default() },
    };
    assert_eq!(engine.draft(&principal, again(None)).await.unwrap().from.email, "alice@example.com");
    assert_eq!(engine.draft(&principal, again(Some("home"))).await.unwrap_err().code, Code::NotFound);
    let other = principal_of(accounts().into_iter().take(1).collect(), Limits::default());
    assert_eq!(engine.draft(&other, again(None)).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn bad_input_is_refused_with_what_to_change_and_nothing_is_stored() {
    let Some(world) = empty_world(Options::default()) else { return };
    let many = (0..101).map(|n| format!("a{n}@example.org")).collect();
    let refused: [(Composition, Code, &str); 9] = [
        (
            Composition { from: Some("bob@example.org".into()), ..to_bob() },
            Code::InvalidInput,
            "alice@example.com",
        ),
        (
            Composition { to: Some(vec!["a@x.org\r\nBcc: eve@example.net".into()]), ..to_bob() },
            Code::InvalidInput,
            "",
        ),
        (Composition { to: Some(vec!["nobody".into()]), ..to_bob() }, Code::InvalidInput, ""),
        (Composition { to: Some(many), ..to_bob() }, Code::TooMany, "`to`"),
        (
            Composition { subject: Some("a\r\nBcc: eve@example.net".into()), ..to_bob() },
            Code::InvalidInput,
            "single line",
        ),
        (Composition::default(), Code::InvalidInput, "subject"),
        (Composition { body: Some("x".repeat(3 << 20)), ..to_bob() }, Code::TooLarge, ""),
        (following(Follows::Reply("nonsense".into())), Code::InvalidInput, ""),
        (following(Follows::Reply("work/@inbox:999@s44we8".into())), Code::StaleId, ""),
    ];
    for (composition, code, hint) in refused {
        let what = format!("{composition:?}").chars().take(200).collect::<String>();
        let problem = world.draft(composition).await.unwrap_err();
        let is_expected = problem.code == code || (code == Code::StaleId && problem.code == Code::NotFound);
        assert!(is_expected && problem.hint.contains(hint), "{what}: {problem:?}");
    }
    assert_eq!(world.drafts(), []);
    // An identity may be written in any way.
    let same = Composition { from: Some("Boss <ALICE@Example.com>".into()), ..to_bob() };
    assert_eq!(world.draft(same).await.unwrap().from.to_string(), "Alice <alice@example.com>");
    // A draft needs neither recipients nor a body.
    let empty = Composition { subject: Some("Only this".into()), ..Composition::default() };
    world.draft(empty).await.unwrap();
}

#[tokio::test]
async fn an_account_without_an_address_writes_nothing() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mut nameless = settings(&world.dovecot);
    nameless.address = "alice".into();
    let principal = principal_with(nameless, credentials("alice-secret"), Limits::default());
    let request = DraftRequest { replaces: None, composition: to_bob() };
    let refused = world.engine.draft(&principal, request).await.unwrap_err();
    assert_eq!(refused.code, Code::NotSupported);
    assert!(refused.message.contains("no address"), "{refused}");
}

#[tokio::test]
async fn a_full_mailbox_is_told_and_the_draft_of_before_stays() {
    let extra_settings = "plugin {\n  quota_rule = *:storage=60K\n}\n".to_owned();
    let Some(world) = empty_world(Options { extra_settings, ..Options::default() }) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    let before = world.only_draft();
    let file = FileSource::Octets {
        name: "a.bin".into(),
        media_type: String::new(),
        content_id: None,
        octets: vec![7; 80_000].into(),
    };
    let refused = world.replace(&made.draft, Composition { attachments: Some(vec![file]), ..to_bob() }).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, Code::ServerRefused);
    assert!(refused.hint.contains("full"), "{refused:?}");
    assert_eq!(world.only_draft(), before);
}

#[tokio::test]
async fn the_signature_stands_below_unless_it_is_not_wanted() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mut signed = settings(&world.dovecot);
    signed.signature = "Alice Example, Head of Tests".into();
    let principal = principal_with(signed, credentials("alice-secret"), Limits::default());
    for signature in [true, false] {
        let composition = Composition { signature, ..to_bob() };
        let request = DraftRequest { replaces: None, composition };
        world.engine.draft(&principal, request).await.unwrap();
        assert_eq!(world.only_draft().contains("Head of Tests"), signature);
        world.other().delete("Drafts", "1:*").unwrap();
    }
}

#[tokio::test]
async fn two_messages_with_one_message_id_are_told_to_choose_from() {
    let raw = "From: b@x.org\r\nMessage-ID: <same@x>\r\nSubject: a\r\n\r\nwords";
    let Some(world) = holding(vec![Mail::new(raw, NOW), Mail::new(raw, NOW)]) else { return };
    let refused = world.draft(following(Follows::Reply("<same@x>".into()))).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.hint.contains(&id(1)) && refused.hint.contains(&id(2)), "{refused:?}");
}

#[tokio::test]
async fn a_handle_in_another_program_s_message_is_no_draft_of_that_handle() {
    let Some(world) = empty_world(Options::default()) else { return };
    let made = world.draft(to_bob()).await.unwrap();
    world.other().delete("Drafts", "1:*").unwrap();
    // A longer text that contains the handle.
    let raw = format!("From: b@x.org\r\nX-Postroom-Draft: x{}y\r\nSubject: a\r\n\r\nwords", made.draft);
    world.other().append("Drafts", &Mail::new(raw, NOW).flags("DS")).unwrap();
    assert_eq!(world.replace(&made.draft, to_bob()).await.unwrap_err().code, Code::NotFound);
}
