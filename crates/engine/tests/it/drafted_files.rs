//! Files that go along with what is written: from messages, from the call, from this machine; their limits
//! are those of reading, and none is ever whole in memory.

use std::{fs, io::Write as _};

use domain::{Code, Limits};
use engine::outgoing::{Composition, DraftRequest, FileSource, Follows};
use testkit::{Options, Proxy, maildir::Numbering, proxy::Faults};

use crate::{
    attachments::{attached, holding, id, lines, message, noise},
    drafts::{field, to_bob},
    world::{credentials, empty_world, principal, principal_with, settings},
};

fn octets(name: &str, content_id: Option<&str>, octets: &[u8]) -> FileSource {
    FileSource::Octets {
        name: name.into(),
        media_type: String::new(),
        content_id: content_id.map(str::to_owned),
        octets: octets.to_vec().into(),
    }
}

fn with(files: Vec<FileSource>) -> Composition {
    Composition { attachments: Some(files), ..to_bob() }
}

fn forward(uid: u32) -> Composition {
    Composition { follows: Some(Follows::Forward(id(uid))), to: to_bob().to, ..Composition::default() }
}

#[tokio::test]
async fn a_forward_carries_the_files_of_its_original_unless_others_are_given() {
    let parts =
        [attached("text/csv", "numbers.csv", b"1,2,3"), attached("image/png", "a.png", &noise(5_000))];
    let Some(world) = holding(vec![message("Numbers", "See the files.", &parts)]) else { return };
    let made = world.draft(forward(1)).await.unwrap();
    assert_eq!(made.subject, "Fwd: Numbers");
    let stored = world.only_draft();
    assert!(stored.contains("See the files.") && stored.contains("numbers.csv"), "{stored}");
    let base64 = lines(&noise(5_000)).replace('\r', "");
    assert!(stored.contains(base64.trim_end()), "the file is the same");
    assert_eq!(field(&stored, "In-Reply-To"), None);

    let none = Composition { attachments: Some(Vec::new()), ..forward(1) };
    let bare = world.draft(none).await.unwrap();
    let drafts = world.drafts();
    let stored = drafts.iter().map(|(_, stored)| stored).find(|stored| stored.contains(bare.draft.as_str()));
    assert!(!stored.unwrap().contains("numbers.csv"));
    // Replacing the words leaves the files there.
    let words = Composition { body: Some("Look:".into()), ..Composition::default() };
    world.replace(&made.draft, words).await.unwrap();
    let drafts = world.drafts();
    let stored = drafts.iter().map(|(_, stored)| stored).find(|stored| stored.contains(made.draft.as_str()));
    let stored = stored.unwrap();
    assert!(stored.contains("Look:") && stored.contains("See the files."), "{stored}");
    assert!(stored.contains(base64.trim_end()), "{stored}");
}

#[tokio::test]
async fn a_file_that_reading_would_not_give_out_is_not_attached() {
    let code = b"Your verification code is 493028.";
    let Some(world) = holding(vec![
        message("hello", "A mail.", &[attached("text/plain", "code.txt", code)]),
        message("hello", "Your verification code is 493028.", &[attached("text/csv", "a.csv", b"1,2")]),
    ]) else {
        return;
    };
    for (uid, index) in [(1, Some(1)), (1, None), (2, Some(1)), (2, None)] {
        let source = || FileSource::FromMessage { message: id(uid), index };
        let refused = world.draft(with(vec![source()])).await.unwrap_err();
        assert_eq!(refused.code, Code::OutsideGrant, "{uid} {index:?}: {refused}");
        let showing = principal(&world.dovecot, Limits { shows_codes: true, ..Limits::default() });
        let request = DraftRequest { replaces: None, composition: with(vec![source()]) };
        world.engine.draft(&showing, request).await.unwrap();
    }
    assert_eq!(world.draft(forward(1)).await.unwrap_err().code, Code::OutsideGrant);
}

#[tokio::test]
async fn a_whole_message_goes_as_it_is_where_mail_can_carry_it() {
    let mut carried = message("Plan for you", "Wörter.", &[]);
    let mut broken = message("Long lines", "words", &[]);
    broken.raw.extend_from_slice(&[b'x'; 1_500]);
    for mail in [&mut carried, &mut broken] {
        let mut raw =
            b"Bcc: blind@example.org,\r\n other@example.org\r\nX-Postroom-Draft: drf_7\r\n".to_vec();
        raw.append(&mut mail.raw);
        mail.raw = raw;
    }
    let Some(world) = holding(vec![carried, broken]) else { return };
    let whole = |uid| with(vec![FileSource::FromMessage { message: id(uid), index: None }]);
    let made = world.draft(whole(1)).await.unwrap();
    let stored = world.only_draft();
    assert!(stored.contains("message/rfc822") && stored.contains("Plan for you.eml"), "{stored}");
    assert!(!stored.contains("blind@") && !stored.contains("drf_7"), "{stored}");
    assert!(stored.contains("\n\nWörter.\n") || stored.contains("Wörter."), "{stored}");
    // It stays through a replacement.
    let subject = Composition { subject: Some("Other".into()), ..Composition::default() };
    world.replace(&made.draft, subject).await.unwrap();
    let again = world.only_draft();
    assert!(again.contains("message/rfc822") && again.contains("Wörter."), "{again}");

    let made = world.draft(whole(2)).await.unwrap();
    let drafts = world.drafts();
    let stored =
        drafts.iter().map(|(_, stored)| stored).find(|stored| stored.contains(made.draft.as_str())).unwrap();
    assert!(stored.contains("application/octet-stream") && stored.contains("Long lines.eml"), "{stored}");
    assert!(stored.lines().all(|line| line.len() <= 998));
    let begins = lines(b"From: Bob <bob@example.org>");
    assert!(stored.contains(begins.trim_end()), "its header begins with another field");
}

#[tokio::test]
async fn a_picture_is_inline_only_where_the_text_shows_it() {
    let Some(world) = empty_world(Options::default()) else { return };
    let html = "<p>Look: <img src=\"cid:logo@x\"></p>";
    let files =
        || vec![octets("logo.png", Some("<logo@x>"), b"png"), octets("other.png", Some("other@x"), b"png")];
    let shown = Composition { html: Some(html.into()), body: None, ..with(files()) };
    let made = world.draft(shown).await.unwrap();
    let stored = world.only_draft();
    assert_eq!(stored.matches("Content-ID:").count(), 1, "{stored}");
    assert!(stored.contains("multipart/related") && stored.contains("<logo@x>"), "{stored}");
    assert!(stored.contains("filename=\"other.png\"") || stored.contains("filename=other.png"), "{stored}");
    // The text stays with its picture when the other files go.
    let none = Composition { attachments: Some(Vec::new()), ..Composition::default() };
    world.replace(&made.draft, none).await.unwrap();
    let stored = world.only_draft();
    assert!(stored.contains("<logo@x>") && !stored.contains("other.png"), "{stored}");
}

#[tokio::test]
async fn a_file_of_this_machine_is_read_as_far_as_it_was_long() {
    let Some(world) = empty_world(Options::default()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    let opened = |size: u64| FileSource::Opened {
        name: "../../report.pdf".into(),
        media_type: String::new(),
        size,
        file: fs::File::open(&path).unwrap(),
    };
    let content = noise(700_000);
    fs::write(&path, &content).unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"written later").unwrap();
    world.draft(with(vec![opened(700_000)])).await.unwrap();
    let stored = world.only_draft();
    assert!(stored.contains(lines(&content).replace('\r', "").trim_end()));
    assert!(stored.contains("application/pdf") && stored.contains("report.pdf") && !stored.contains("../"));
    let refused = world.draft(with(vec![opened(800_000)])).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict, "{refused}");
}

#[tokio::test]
async fn too_many_and_too_large_files_are_refused_before_anything_is_stored() {
    let big = attached("application/octet-stream", "big.bin", &noise(14_000_000));
    let Some(world) = holding(vec![message("big", "A mail.", std::slice::from_ref(&big))]) else { return };
    let from = || FileSource::FromMessage { message: id(1), index: Some(1) };
    let refused = world.draft(with(vec![from(), from()])).await.unwrap_err();
    assert_eq!(refused.code, Code::TooLarge);
    assert!(refused.message.contains(" MB"), "{refused}");
    let many = (0..51).map(|n| octets(&format!("{n}.txt"), None, b"x")).collect();
    assert_eq!(world.draft(with(many)).await.unwrap_err().code, Code::TooMany);
    let half = vec![7; 600_000];
    let both = vec![octets("a", None, &half), octets("b", None, &half)];
    assert_eq!(world.draft(with(both)).await.unwrap_err().code, Code::TooLarge);
    let absent = FileSource::FromMessage { message: id(1), index: Some(2) };
    assert_eq!(world.draft(with(vec![absent])).await.unwrap_err().code, Code::NotFound);
    let uploaded = FileSource::Upload(domain::UploadId::from_random([1; 16]));
    assert_eq!(world.draft(with(vec![uploaded])).await.unwrap_err().code, Code::NotFound);
    assert_eq!(world.drafts(), []);
}

#[tokio::test]
async fn a_server_that_can_decode_sends_fewer_octets_and_the_file_is_the_same() {
    let file = noise(1_000_000);
    for (options, range) in [
        (Options::default(), 1_000_000..1_200_000),
        (Options::default().without(&["BINARY"]), 1_350_000..1_600_000),
    ] {
        let Some(world) = empty_world(options) else { return };
        let mail = message("big", "A mail.", &[attached("application/octet-stream", "big.bin", &file)]);
        world.maildir.fill("INBOX", Numbering::default(), [mail]).unwrap();
        let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
        let mut through = settings(&world.dovecot);
        through.imap.port = proxy.port();
        let principal = principal_with(through, credentials("alice-secret"), Limits::default());
        let from = FileSource::FromMessage { message: id(1), index: Some(1) };
        let request = DraftRequest { replaces: None, composition: with(vec![from]) };
        world.engine.draft(&principal, request).await.unwrap();
        assert!(range.contains(&proxy.said()), "{} octets", proxy.said());
        assert!(world.only_draft().contains(lines(&file).replace('\r', "").trim_end()));
    }
}

/// Octets of this process in memory: the most since it was last reset.
pub(crate) fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_large_file_of_a_message_passes_in_windows() {
    // Other tests in the same process would be measured too.
    if std::env::var_os("NEXTEST").is_none() {
        return;
    }
    let big = attached("application/octet-stream", "big.bin", &noise(18_000_000));
    let Some(world) = holding(vec![message("big", "A mail.", std::slice::from_ref(&big))]) else { return };
    drop(big);
    let from = FileSource::FromMessage { message: id(1), index: Some(1) };
    world.draft(with(vec![octets("small.txt", None, b"x")])).await.unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = most_memory();
    world.draft(with(vec![from])).await.unwrap();
    let grown = most_memory().saturating_sub(before);
    assert!(grown < 8_000_000, "{grown} octets more than before");
    let stored = fs::read_dir(world.maildir.path_of("Drafts").unwrap().join("cur")).unwrap();
    assert!(stored.flatten().any(|entry| entry.metadata().unwrap().len() > 24_000_000));
}
