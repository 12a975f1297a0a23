//! The same paths against a real Dovecot, also with capabilities taken away.

use std::{fmt::Write as _, sync::Arc};

use domain::{Endpoint, Secret, TlsMode, account::Credential};
use mail::{
    Error,
    imap::{Login, Session, Tuning, connect, folder, listing, reading, reading::Wanted},
};
use net::Origin;
use testkit::{
    dovecot::{Dovecot, Options, require_dovecot},
    maildir::{Mail, Maildir, Numbering},
};

use crate::script::outgoing;

async fn sign_in(
    dovecot: &Dovecot,
    tls: TlsMode,
    credential: Credential,
    tuning: Tuning,
) -> Result<Session, Error> {
    let port = if tls == TlsMode::Tls { dovecot.imaps_port() } else { dovecot.imap_port() };
    let endpoint = Endpoint { host: dovecot.host().into(), port, tls, username: "alice".into() };
    let outgoing = outgoing(dovecot.ca_file().to_owned());
    let login =
        Login { endpoint: &endpoint, credential: &credential, origin: Origin::Operator, nonce: [7; 24] };
    connect(&outgoing, login, &tuning).await
}

fn password(text: &str) -> Credential {
    Credential::Password(Secret::new(text))
}

/// Message `number`: three kinds take turns, each with its number in it.
fn message(number: u32) -> Mail {
    let head = format!(
        "From: Ann <ann@x.org>\r\nTo: alice@x.org\r\nSubject: number {number}\r\nMessage-ID: <{number}@x.org>\r\n\
         Date: Sun, 01 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    );
    let body = match number % 3 {
        0 => format!("Content-Type: text/plain\r\n\r\nplain {number}\r\n"),
        1 => format!(
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntwin\r\n--b\r\n\
             Content-Type: text/html\r\n\r\n<p>html {number}</p>\r\n--b--\r\n"
        ),
        _ => {
            // Text beyond the guesses and a file behind it, which nobody must fetch.
            let mut long = String::new();
            while long.len() < 150_000 {
                let _ = write!(long, "line of {number}\r\n");
            }
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{long}\r\n--b\r\n\
                 Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\nSECRETFILE\r\n--b--\r\n"
            )
        }
    };
    Mail::new(head + &body, 1_790_000_000 + u64::from(number))
}

/// Fills the mailbox of alice: 60 messages in INBOX, folders with names.
fn fill(dovecot: &Dovecot) -> Maildir {
    let maildir = Maildir::of(dovecot, "alice").unwrap();

    maildir.fill("INBOX", Numbering { uid_validity: 77, first_uid: 101 }, (1..=60).map(message)).unwrap();
    maildir.create("Bücher/R&D").unwrap();
    maildir.subscribe(&["Bücher/R&D"]).unwrap();
    maildir
}

/// Goes through everything that reading needs, and checks it.
async fn exercise(session: &mut Session, what: &str) {
    let folders = folder::list(session, true).await.unwrap();
    let inbox = &folders.all[0];
    assert_eq!((inbox.name.as_str(), inbox.messages, inbox.unseen), ("INBOX", Some(60), Some(60)), "{what}");
    let books =
        folders.all.iter().find(|f| f.name.as_str() == "Bücher/R&D").unwrap_or_else(|| panic!("{folders:?}"));
    assert!(books.is_subscribed && books.messages == Some(0), "{what}");
    assert!(folders.all.iter().any(|f| f.role == Some(domain::Role::Sent)), "{what}: {folders:?}");

    let page = listing::newest(session, b"INBOX", 50).await.unwrap();
    let subjects: Vec<_> = page.rows.iter().map(|(_, row)| row.envelope.subject.clone()).collect();
    let expected: Vec<_> = (11..=60).rev().map(|n| format!("number {n}")).collect();
    assert_eq!(subjects, expected, "{what}");
    assert_eq!((page.total, page.is_last, page.selected.validity), (60, false, 77));
    let (sequence, last) = page.rows.last().unwrap();
    let older = listing::older(session, b"INBOX", *sequence, last.uid, 50).await.unwrap();
    assert_eq!(
        older.rows.iter().map(|(_, row)| row.uid).collect::<Vec<_>>(),
        (101..=110).rev().collect::<Vec<_>>()
    );
    assert!(older.is_last);

    // Known from the page and cold: the same texts.
    for is_known in [true, false] {
        let wanted: Vec<Wanted> = page.rows[..6]
            .iter()
            .map(|(_, row)| Wanted { uid: row.uid, known: is_known.then(|| Arc::new(row.clone())) })
            .chain([Wanted { uid: 9_999, known: None }])
            .collect();
        let sources = reading::sources(session, b"INBOX", 77, &wanted).await.unwrap().unwrap();
        assert_eq!(sources.len(), 6, "{what}");
        for (uid, source) in sources {
            let number = uid - 100;
            let text: String =
                source.texts.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned()).collect();
            let expected = match number % 3 {
                0 => format!("plain {number}"),
                1 => format!("<p>html {number}</p>"),
                _ => format!("line of {number}"),
            };
            assert!(text.contains(&expected) && !text.contains("SECRETFILE"), "{what}: {text:.80}");
            assert_eq!(text.len() > 140_000, number % 3 == 2, "{what}");
            assert_eq!(source.missing, 0);
            assert!(source.header.starts_with(b"From: Ann"));
        }
    }
    let raw = reading::raw(session, b"INBOX", 77, &[159], 1 << 20).await.unwrap().unwrap();
    assert_eq!(&raw[&159].2[..], &message(59).raw[..], "{what}");
    let cut = reading::raw(session, b"INBOX", 77, &[159], 70_000).await.unwrap().unwrap();
    assert_eq!(&cut[&159].2[..], &message(59).raw[..70_000], "{what}");
    assert!(reading::raw(session, b"INBOX", 78, &[159], 10).await.unwrap().is_none());
    let refused = listing::newest(session, b"Nowhere", 3).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{what}");
    assert_eq!(listing::newest(session, "Bücher".as_bytes(), 3).await.err().map(|_| ()), Some(()));
    assert_eq!(listing::newest(session, b"INBOX", 3).await.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn everything_works_over_every_kind_of_connection() {
    let tokens = vec![("t0ken".to_owned(), "alice".to_owned())];
    let Some(dovecot) = require_dovecot(Options { oauth_tokens: tokens, ..Options::default() }) else {
        return;
    };
    let maildir = fill(&dovecot);
    for tls in [TlsMode::None, TlsMode::StartTls, TlsMode::Tls] {
        let mut session = sign_in(&dovecot, tls, password("alice-secret"), Tuning::default()).await.unwrap();
        exercise(&mut session, tls.as_str()).await;
        let refused = sign_in(&dovecot, tls, password("wrong"), Tuning::default()).await;
        assert!(matches!(refused, Err(Error::SignInRefused { .. })));
    }
    let squeezed = Tuning { compress_loopback: true, ..Tuning::default() };
    let mut session = sign_in(&dovecot, TlsMode::Tls, password("alice-secret"), squeezed).await.unwrap();
    assert!(session.capabilities().has("COMPRESS=DEFLATE"));
    exercise(&mut session, "compressed").await;

    let token = |text: &str| Credential::AccessToken(Secret::new(text));
    sign_in(&dovecot, TlsMode::Tls, token("t0ken"), Tuning::default()).await.unwrap();
    let refused = sign_in(&dovecot, TlsMode::Tls, token("old"), Tuning::default()).await;
    assert!(matches!(refused, Err(Error::SignInRefused { .. })));

    // Delivered just before the call, and in the answer.
    for number in 61..=63 {
        maildir.deliver("INBOX", number, &message(number)).unwrap();
        let page = listing::newest(&mut session, b"INBOX", 50).await.unwrap();
        assert_eq!(page.rows[0].1.envelope.subject, format!("number {number}"));
        assert_eq!(page.rows.len(), 50);
    }
}

#[tokio::test]
async fn each_mechanism_signs_in() {
    for mechanism in ["plain", "login", "scram-sha-256"] {
        let options = Options { auth_mechanisms: vec![mechanism.to_owned()], ..Options::default() };
        let Some(dovecot) = require_dovecot(options) else { return };
        sign_in(&dovecot, TlsMode::StartTls, password("alice-secret"), Tuning::default())
            .await
            .unwrap_or_else(|error| panic!("{mechanism}: {error:?}"));
    }
}

#[tokio::test]
async fn nothing_is_missing_where_extensions_are_not_offered() {
    for without in [
        &["LIST-STATUS"][..],
        &["LIST-EXTENDED", "SPECIAL-USE", "ESEARCH", "LITERAL+", "SASL-IR", "NAMESPACE", "ID"],
    ] {
        let Some(dovecot) = require_dovecot(Options::default().without(without)) else { return };
        fill(&dovecot);
        let mut session =
            sign_in(&dovecot, TlsMode::None, password("alice-secret"), Tuning::default()).await.unwrap();
        assert!(without.iter().all(|name| !session.capabilities().has(name)));
        exercise(&mut session, without[0]).await;
    }
}
