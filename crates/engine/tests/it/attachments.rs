//! Attachments: streamed in windows, read as text, withheld where they hold what the grant does not show.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::{Code, Limits, Principal, Problem};
use engine::{
    Bounds, Engine,
    attachment::{Content, Download, Form},
    read::{Outcome, View},
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use testkit::{Mail, Options, Proxy, maildir::Numbering, proxy::Faults};

use crate::world::{
    NOW, World, bounded_engine, credentials, empty_world, new_engine, principal_with, settings,
};

/// A file as mail programs attach it.
pub(crate) fn attached(media_type: &str, name: &str, octets: &[u8]) -> String {
    let header = format!(
        "Content-Type: {media_type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    header + &lines(octets)
}

/// Base64 in lines of 76.
pub(crate) fn lines(octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let lines = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// A message with a text and those parts behind it.
pub(crate) fn message(subject: &str, text: &str, parts: &[String]) -> Mail {
    let mut raw = format!(
        "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
    );
    for part in parts {
        raw.push_str("--m\r\n");
        raw.push_str(part);
        raw.push_str("\r\n");
    }
    raw.push_str("--m--\r\n");
    Mail::new(raw, NOW)
}

/// A world whose inbox holds these messages, numbered from 1.
pub(crate) fn holding(mails: Vec<Mail>) -> Option<World> {
    let world = empty_world(Options::default())?;
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    Some(world)
}

pub(crate) fn id(uid: u32) -> String {
    format!("work/@inbox:{uid}@s44we8")
}

/// Octets without a pattern that a window could hide in.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

async fn all(download: Download) -> Result<Vec<u8>, Problem> {
    rest(download, 0).await
}

async fn rest(download: Download, from: u64) -> Result<Vec<u8>, Problem> {
    let pieces: Vec<Bytes> = download.body(from).try_collect().await?;
    Ok(pieces.concat())
}

async fn download(world: &World, uid: u32, index: usize) -> Result<Download, Problem> {
    world.engine.download(&world.principal, &id(uid), index).await
}

fn through(proxy: &Proxy, world: &World) -> Principal {
    let mut settings = settings(&world.dovecot);
    settings.imap.port = proxy.port();
    principal_with(settings, credentials("alice-secret"), Limits::default())
}

#[tokio::test]
async fn a_file_of_many_windows_comes_out_as_it_was_sent_from_any_octet_on() {
    let file = noise(1_000_003);
    let parts = [attached("application/octet-stream", "noise.bin", &file)];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let whole = download(&world, 1, 1).await.unwrap();
    assert_eq!((whole.name.as_str(), whole.media_type.as_str()), ("noise.bin", "application/octet-stream"));
    assert_eq!(whole.size, Some(1_000_003));
    assert_eq!(all(whole).await.unwrap(), file);
    for from in [1, 262_143, 262_144, 999_999, 1_000_003, 5_000_000] {
        let rest = rest(download(&world, 1, 1).await.unwrap(), from).await.unwrap();
        let from = usize::try_from(from).unwrap().min(file.len());
        assert_eq!(rest, file[from..], "from {from}");
    }
}

#[tokio::test]
async fn every_transfer_encoding_is_removed_across_windows() {
    let named = |encoding: &str, body: &str| {
        format!(
            "Content-Type: application/x-thing; name=thing\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
        )
    };
    let plain = "0123456789 and more of it\r\n".repeat(30_000);
    let quoted = "=30123456789 and mo=\r\nre of it  \r\n".repeat(30_000);
    let broken = lines(&noise(600_000)).replacen("\r\n", " *!\r\n", 5_000);
    let parts = [named("7bit", &plain), named("quoted-printable", &quoted), named("base64", &broken)];
    let Some(world) = holding(vec![message("encodings", "Three files.", &parts)]) else { return };
    let plain = plain.as_bytes();
    for (index, expected) in [(1, plain), (2, plain), (3, &noise(600_000)[..])] {
        let found = download(&world, 1, index).await.unwrap();
        let told = found.size;
        let octets = all(found).await.unwrap();
        assert!(octets == expected, "file {index}: {} octets", octets.len());
        assert!(told.is_none_or(|told| told == octets.len() as u64), "file {index}: {told:?}");
        let rest = rest(download(&world, 1, index).await.unwrap(), 300_001).await.unwrap();
        assert!(rest == expected[300_001..], "file {index}");
    }
}

#[tokio::test]
async fn what_is_not_there_says_why() {
    let parts = [attached("text/plain", "a.txt", b"a"), attached("text/plain", "b.txt", b"b")];
    let mails = vec![message("two", "Two files.", &parts), message("none", "No file.", &[])];
    let Some(world) = holding(mails) else { return };
    let problem = |uid, index| {
        let world = &world;
        async move { download(world, uid, index).await.err().unwrap() }
    };
    let wrong = problem(1, 3).await;
    assert_eq!(
        (wrong.code, wrong.message.as_str()),
        (Code::NotFound, "The message has no attachment 3: it has 1 to 2.")
    );
    assert_eq!(problem(1, 0).await.code, Code::NotFound);
    assert_eq!(problem(2, 1).await.message, "The message has no attachments.");
    assert_eq!(problem(99, 1).await.code, Code::NotFound);
    for (id, code) in [
        ("work/@inbox:1@1", Code::StaleId),
        ("home/@inbox:1@s44we8", Code::NotFound),
        ("work/Nowhere:1@s44we8", Code::FolderNotFound),
        ("nonsense", Code::InvalidInput),
    ] {
        let refused = world.engine.download(&world.principal, id, 1).await.err().unwrap();
        assert_eq!(refused.code, code, "{id}");
    }
}

#[tokio::test]
async fn a_grant_limits_files_by_folder_and_age() {
    let parts = [attached("text/plain", "a.txt", b"a")];
    let Some(world) = holding(vec![message("file", "A file.", &parts)]) else { return };
    let limited = |limits| principal_with(settings(&world.dovecot), credentials("alice-secret"), limits);
    let elsewhere = limited(Limits { folders: vec!["@sent".into()], ..Limits::default() });
    let refused = world.engine.download(&elsewhere, &id(1), 1).await.err().unwrap();
    assert_eq!(refused.code, Code::FolderNotFound);
    let later = crate::world::now() + Duration::from_mins(1);
    let newer = limited(Limits { nothing_before: Some(later), ..Limits::default() });
    let refused = world.engine.download(&newer, &id(1), 1).await.err().unwrap();
    assert_eq!(refused.code, Code::NotFound);
}

#[tokio::test]
async fn downloads_that_nobody_reads_hold_no_connection() {
    let file = noise(2_000_000);
    let parts = [attached("application/octet-stream", "noise.bin", &file)];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let mut waiting = Vec::new();
    for _ in 0..6 {
        let mut slow = download(&world, 1, 1).await.unwrap().body(0);
        let first = slow.next().await.unwrap().unwrap();
        waiting.push((first, slow));
    }
    let folders = world.engine.folders(&world.principal, None, true).await.unwrap();
    assert_eq!(folders[0].total, Some(1));
    for (first, slow) in waiting {
        let rest: Vec<Bytes> = slow.try_collect().await.unwrap();
        assert!([&first[..], &rest.concat()].concat() == file);
    }
}

#[tokio::test]
async fn a_connection_cut_in_a_window_is_made_anew_and_the_file_is_whole() {
    let file = noise(1_500_000);
    let parts = [attached("application/octet-stream", "noise.bin", &file)];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let proxy =
        Proxy::start(world.dovecot.imap_port(), Faults { cut_after: Some(700_000), ..Faults::default() })
            .unwrap();
    let principal = through(&proxy, &world);
    let engine: Engine = new_engine();
    let begun = engine.download(&principal, &id(1), 1).await.unwrap();
    assert!(all(begun).await.unwrap() == file);
    assert!(proxy.connections() > 2, "{}", proxy.connections());
}

#[tokio::test]
async fn a_server_that_is_gone_for_good_ends_the_file_with_an_error_not_short() {
    let file = noise(1_500_000);
    let parts = [attached("application/octet-stream", "noise.bin", &file)];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let proxy =
        Proxy::start(world.dovecot.imap_port(), Faults { cut_after: Some(700_000), ..Faults::default() })
            .unwrap();
    let principal = through(&proxy, &world);
    let engine = new_engine();
    let begun = engine.download(&principal, &id(1), 1).await.unwrap();
    proxy.set(Faults { cut_after: Some(0), ..Faults::default() });
    let problem = all(begun).await.unwrap_err();
    assert_eq!(problem.code, Code::AccountUnreachable);
}

async fn text(world: &World, uid: u32, index: usize) -> Result<String, Problem> {
    let file = world.engine.attachment(&world.principal, &id(uid), index, Form::Text).await?;
    match file.content {
        Content::Text { text, .. } => Ok(text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn texts_are_read_by_what_they_are() {
    let german = |encoding: &str, body: &str| {
        format!(
            "Content-Type: text/plain; charset={encoding}; name=a.txt\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}"
        )
    };
    let nested = "Content-Type: message/rfc822\r\n\r\nFrom: Eve <eve@example.org>\r\nSubject: Inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>Inner words</p>\r\n--i\r\nContent-Type: application/pdf; name=inner.pdf\r\n\r\nAAAA\r\n--i--\r\n".to_owned();
    let calendar = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Lunch\r\nDTSTART;TZID=Europe/Berlin:20261123T120000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let parts = [
        german("iso-8859-1", "Gr=FC=DFe"),
        attached("application/octet-stream", "table.csv", "a;b\r\nä;ö\r\n".as_bytes()),
        attached(
            "text/html",
            "page.html",
            b"<p>Seen <a href=\"https://example.org/x\">here</a></p><p style=\"display:none\">unseen</p>",
        ),
        attached("application/octet-stream", "wrong.bin", calendar),
        nested,
        attached("application/pdf", "really.pdf", "only words".as_bytes()),
        attached("application/octet-stream", "noise.bin", &noise(5_000)),
        attached("text/plain", "empty.txt", b""),
        attached("text/plain", "long.log", "words and words\n".repeat(300_000).as_bytes()),
        attached("text/calendar", "long.ics", "BEGIN:VCALENDAR\r\n".repeat(100_000).as_bytes()),
    ];
    let Some(world) = holding(vec![message("texts", "Many files.", &parts)]) else { return };
    assert_eq!(text(&world, 1, 1).await.unwrap(), "Grüße");
    assert_eq!(text(&world, 1, 2).await.unwrap(), "a;b\nä;ö");
    assert_eq!(text(&world, 1, 3).await.unwrap(), "Seen [here][1]\n\n[1]: https://example.org/x");
    assert_eq!(
        text(&world, 1, 4).await.unwrap(),
        "Event: Lunch\nWhen: Monday 2026-11-23 12:00 Europe/Berlin"
    );
    assert_eq!(
        text(&world, 1, 5).await.unwrap(),
        "From: Eve <eve@example.org>\nSubject: Inner\n\nInner words\n\n[Its files, which come only with the message: inner.pdf (application/pdf, 4 octets)]"
    );
    assert_eq!(text(&world, 1, 6).await.unwrap(), "only words");
    let unknown = text(&world, 1, 7).await.unwrap_err();
    assert_eq!(unknown.code, Code::NotSupported);
    assert!(unknown.hint.contains("as: link"), "{unknown:?}");
    assert_eq!(text(&world, 1, 8).await.unwrap(), "");
    for index in [9, 10] {
        assert_eq!(text(&world, 1, index).await.unwrap_err().code, Code::TooLarge, "{index}");
    }
}

#[tokio::test]
async fn the_index_that_lists_give_is_the_one_that_files_are_had_by() {
    let parts = [
        attached("text/plain", "first.txt", b"1"),
        "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\nmore words\r\n--i\r\nContent-Type: text/csv; name=second.csv\r\n\r\n2\r\n--i--\r\n".to_owned(),
        "Content-Type: message/rfc822\r\n\r\nSubject: third\r\n\r\n3\r\n".to_owned(),
        attached("text/plain", "fourth.txt", b"4"),
    ];
    let Some(world) = holding(vec![message("order", "Files.", &parts)]) else { return };
    let outcome = world.engine.read(&world.principal, &[id(1)], View::Text).await.unwrap().remove(0);
    let Outcome::Message(read) = outcome else { panic!("{outcome:?}") };
    let names: Vec<&str> = read.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["first.txt", "second.csv", "third.eml", "fourth.txt"]);
    for listed in &read.attachments {
        let file = world.engine.attachment(&world.principal, &id(1), listed.index, Form::Text).await.unwrap();
        assert_eq!((&file.name, &file.media_type), (&listed.name, &listed.media_type));
        let Content::Text { text, .. } = file.content else { panic!() };
        assert!(text.ends_with(&listed.index.to_string()), "{}: {text}", listed.name);
    }
}

#[tokio::test]
async fn octets_are_given_while_they_are_few() {
    let few = noise(40_000);
    let parts = [
        attached("application/octet-stream", "few.bin", &few),
        attached("application/octet-stream", "more.bin", &noise(40_001)),
        attached("application/octet-stream", "many.bin", &noise(500_000)),
    ];
    let Some(world) = holding(vec![message("octets", "Files.", &parts)]) else { return };
    let octets = |index| {
        let world = &world;
        async move { world.engine.attachment(&world.principal, &id(1), index, Form::Octets).await }
    };
    let file = octets(1).await.unwrap();
    assert_eq!(file.size, 40_000);
    assert_eq!(file.content, Content::Octets(few.into()));
    for index in [2, 3] {
        let refused = octets(index).await.unwrap_err();
        assert_eq!(refused.code, Code::TooLarge);
        assert!(refused.hint.contains("as: link"), "{refused:?}");
    }
    let no_picture = world.engine.attachment(&world.principal, &id(1), 1, Form::Picture).await.unwrap_err();
    assert_eq!(no_picture.code, Code::NotSupported);
}

#[tokio::test]
async fn a_grant_that_shows_no_codes_gets_them_in_no_form() {
    let code = "Your verification code is 493028.";
    let mails = vec![
        message("Your code", code, &[attached("text/plain", "note.txt", b"nothing")]),
        message(
            "hello",
            "A file.",
            &[
                attached("text/plain", "code.txt", code.as_bytes()),
                attached("application/octet-stream", "code", code.as_bytes()),
                format!("Content-Type: message/rfc822\r\n\r\nSubject: Your code\r\n\r\n{code}\r\n"),
                attached("text/plain", "other.txt", b"nothing"),
            ],
        ),
    ];
    let Some(world) = holding(mails) else { return };
    let shows = Limits { shows_codes: true, ..Limits::default() };
    let shown = principal_with(settings(&world.dovecot), credentials("alice-secret"), shows);
    for (uid, index) in [(1, 1), (2, 1), (2, 2), (2, 3)] {
        let refused = download(&world, uid, index).await.err().unwrap();
        assert_eq!(refused.code, Code::OutsideGrant, "{uid} {index}");
        let refused =
            world.engine.attachment(&world.principal, &id(uid), index, Form::Octets).await.unwrap_err();
        assert_eq!(refused.code, Code::OutsideGrant, "{uid} {index}");
        assert!(!format!("{refused:?}").contains("493028"));
        let read = text(&world, uid, index).await.unwrap();
        assert!(
            !read.contains("493028") && (uid == 1 || read.contains("[code hidden]")),
            "{uid} {index}: {read}"
        );
        let given = world.engine.download(&shown, &id(uid), index).await.unwrap();
        assert!(!all(given).await.unwrap().is_empty());
    }
    assert_eq!(all(download(&world, 2, 4).await.unwrap()).await.unwrap(), b"nothing");
    let file = world.engine.attachment(&shown, &id(2), 1, Form::Text).await.unwrap();
    assert_eq!(file.content, Content::Text { text: code.into(), masked: 0 });
    let file = world.engine.attachment(&world.principal, &id(2), 1, Form::Text).await.unwrap();
    assert!(matches!(file.content, Content::Text { masked: 1, .. }), "{file:?}");
}

#[tokio::test]
async fn a_message_that_is_nothing_but_a_file_has_it_at_index_one() {
    let file = noise(300_000);
    let raw = format!(
        "From: scanner@example.org\r\nSubject: Scan\r\nMIME-Version: 1.0\r\n{}",
        attached("application/octet-stream", "scan.bin", &file)
    );
    let Some(world) = holding(vec![Mail::new(raw, NOW)]) else { return };
    let found = download(&world, 1, 1).await.unwrap();
    assert_eq!(found.name, "scan.bin");
    assert!(all(found).await.unwrap() == file);
}

#[tokio::test]
async fn a_message_id_names_a_files_message_unless_several_have_it() {
    let with_id = |id: &str| {
        let mut mail = message("file", "See attached.", &[attached("text/plain", "a.txt", b"a")]);
        mail.raw.splice(0..0, format!("Message-ID: <{id}@example.org>\r\n").into_bytes());
        mail
    };
    let Some(world) = holding(vec![with_id("one"), with_id("twice"), with_id("twice")]) else { return };
    let found = world.engine.download(&world.principal, "<one@example.org>", 1).await.unwrap();
    assert_eq!(all(found).await.unwrap(), b"a");
    let refused = world.engine.download(&world.principal, "<twice@example.org>", 1).await.err().unwrap();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.hint.contains(&id(2)) && refused.hint.contains(&id(3)), "{}", refused.hint);
}

#[tokio::test]
async fn a_server_that_falls_silent_ends_the_file_in_time() {
    let parts = [attached("application/octet-stream", "noise.bin", &noise(1_500_000))];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let silent = Faults { stall_after: Some(700_000), ..Faults::default() };
    let proxy = Proxy::start(world.dovecot.imap_port(), silent).unwrap();
    let principal = through(&proxy, &world);
    let engine = bounded_engine(Bounds { answer: Duration::from_millis(1_500), ..Bounds::default() });
    let begun = engine.download(&principal, &id(1), 1).await.unwrap();
    assert_eq!(all(begun).await.unwrap_err().code, Code::Timeout);
}

#[tokio::test]
async fn a_message_deleted_in_the_midst_of_a_download_ends_it_with_an_error() {
    let parts = [attached("application/octet-stream", "noise.bin", &noise(3_000_000))];
    let Some(world) = holding(vec![message("file", "See attached.", &parts)]) else { return };
    let mut begun = download(&world, 1, 1).await.unwrap().body(0);
    begun.next().await.unwrap().unwrap();
    let mut other = testkit::OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
    other.delete("INBOX", "1").unwrap();
    assert_eq!(begun.try_collect::<Vec<Bytes>>().await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn of_an_enormous_nested_message_the_beginning_is_read_and_the_rest_told() {
    let enormous = attached("application/octet-stream", "video.bin", &noise(9_000_000));
    let nested = format!(
        "Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\nInner words\r\n--i\r\n{enormous}\r\n--i--\r\n"
    );
    let Some(world) = holding(vec![message("nested", "See attached.", &[nested])]) else { return };
    let read = text(&world, 1, 1).await.unwrap();
    assert!(read.contains("Subject: Inner\n\nInner words"), "{read}");
    assert!(read.ends_with("\n[The message goes on beyond what is read of one.]"), "{read}");
}
