//! From the greeting to a session, with servers of every kind.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Secret, TlsMode, account::Credential};
use mail::Error;

use crate::script::{Script, hello};

/// Plays one transcript, signs in, and gives what came of it.
async fn outcome(transcript: &str) -> Result<mail::imap::Session, Error> {
    let script = Script::play([transcript]).await.tuned(|t| t.sign_in = Duration::from_millis(300));
    let outcome = script.sign_in().await;
    script.done_if(outcome.is_err()).await;
    outcome
}

impl Script {
    async fn done_if(self, is_over: bool) {
        if is_over {
            self.done().await;
        }
    }
}

#[tokio::test]
async fn greetings_that_are_no_welcome_are_told_apart() {
    assert!(
        matches!(outcome("S: * BYE [UNAVAILABLE] later").await, Err(Error::Bye(text)) if text == "later")
    );
    for garbage in
        ["S: HTTP/1.1 400 Bad Request", "S: SSH-2.0-OpenSSH_9.2", "S: * 5 EXISTS", "S: + go", "S: "]
    {
        assert!(matches!(outcome(garbage).await, Err(Error::Protocol(_))), "{garbage}");
    }
    assert!(matches!(outcome("stall").await, Err(Error::Timeout("sign-in"))));
    assert!(matches!(outcome("part: * OK rea\nstall").await, Err(Error::Timeout("sign-in"))));
    assert!(matches!(outcome("cut").await, Err(Error::Closed | Error::Broken(_))));
}

#[tokio::test]
async fn a_preauthenticated_connection_needs_no_password() {
    let session = outcome("S: * PREAUTH [CAPABILITY IMAP4rev1 MOVE] welcome back").await.unwrap();
    assert!(session.capabilities().has("MOVE"));
}

#[tokio::test]
async fn capabilities_are_taken_from_wherever_they_are_told() {
    for transcript in [
        // In the greeting and in the completion.
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\nC: {l} AUTHENTICATE PLAIN …\nS: {l} OK [CAPABILITY IMAP4rev1 MOVE] in",
        // Asked for, before and after.
        "S: * OK hi\nC: {c} CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS: {c} OK\n\
         C: {l} AUTHENTICATE PLAIN …\nS: {l} OK in\nC: {d} CAPABILITY\nS: * CAPABILITY IMAP4rev1 MOVE\nS: {d} OK",
        // Untagged before the completion, as Gmail does: no round trip to ask for them.
        "S: * OK hi\nC: {c} CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS: {c} OK\n\
         C: {l} AUTHENTICATE PLAIN …\nS: * CAPABILITY IMAP4rev1 MOVE\nS: {l} OK in",
        "S: * OK [CAPABILITY IMAP4rev1] hi\nC: {l} LOGIN ann sesame\nS: * CAPABILITY IMAP4rev1 MOVE\nS: {l} OK in",
    ] {
        let session = outcome(transcript).await.unwrap();
        assert!(session.capabilities().has("MOVE") && !session.capabilities().has("AUTH=PLAIN"));
    }
}

async fn start_tls(transcript: &str) -> Result<mail::imap::Session, Error> {
    let mut script = Script::play([transcript]).await;
    script.tls = TlsMode::StartTls;
    let outcome = script.sign_in().await;
    script.done_if(outcome.is_err()).await;
    outcome
}

#[tokio::test]
async fn starttls_is_required_and_nothing_said_before_it_counts() {
    let good = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS X-EVIL AUTH=LOGIN] hi\nC: {t} STARTTLS\nS: {t} OK go\ntls\n\
        C: {c} CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS: {c} OK\n\
        C: {l} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\nS: {l} OK in\nC: {d} CAPABILITY\nS: * CAPABILITY IMAP4rev1 MOVE\nS: {d} OK";
    let session = start_tls(good).await.unwrap();
    assert!(session.capabilities().has("MOVE") && !session.capabilities().has("X-EVIL"));
    for missing in ["S: * OK hi\nC: {t} STARTTLS\nS: {t} BAD what?", "S: * PREAUTH hi"] {
        assert!(matches!(start_tls(missing).await, Err(Error::StartTlsMissing { .. })));
    }
    // In one write: the completion and what should not be there.
    let injected = "S: * OK hi\nC: {t} STARTTLS\nflood: 1000 {t} OK go";
    assert!(matches!(start_tls(injected).await, Err(Error::StartTlsInjected { .. })));
}

#[tokio::test]
async fn tls_from_the_first_byte_works_with_our_own_authority() {
    let mut script = Script::play([format!("tls\n{}", hello("MOVE"))]).await;
    script.tls = TlsMode::Tls;
    assert!(script.sign_in().await.unwrap().capabilities().has("MOVE"));
    script.done().await;
}

#[tokio::test]
async fn login_quotes_and_waits_for_the_go_ahead_of_a_literal() {
    let cases: [(&'static str, &str); 3] = [
        ("se\"sa\\me", "C: {l} LOGIN ann \"se\\\"sa\\\\me\"\nS: {l} OK [CAPABILITY IMAP4rev1] in"),
        (
            "säsame",
            "C: {l} LOGIN ann {7}\nS: * OK still here\nS: + go\nC: säsame\nS: {l} OK [CAPABILITY IMAP4rev1] in",
        ),
        ("öffne", "C: {l} LOGIN ann {6}\nS: {l} NO [AUTHENTICATIONFAILED] no such thing"),
    ];
    for (password, rest) in cases {
        let mut script = Script::play([format!("S: * OK [CAPABILITY IMAP4rev1] hi\n{rest}")]).await;
        script.password = password;
        let outcome = script.sign_in().await;
        assert_eq!(outcome.is_ok(), password != "öffne", "{password}");
        drop(outcome);
        script.done().await;
    }
}

#[tokio::test]
async fn a_password_is_not_sent_where_login_is_disabled() {
    let refused = outcome("S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] hi").await;
    assert!(matches!(refused, Err(Error::NoSignInWay { offered, .. }) if offered == ["GSSAPI"]));
}

#[tokio::test]
async fn plain_and_login_work_without_an_initial_response() {
    let b64 = |text: &str| STANDARD.encode(text);
    for exchange in [
        "PLAIN\nS: +\nC: AGFubgBzZXNhbWU=".to_owned(),
        format!(
            "LOGIN\nS: + {}\nC: {}\nS: + {}\nC: {}",
            b64("Username:"),
            b64("ann"),
            b64("Password:"),
            b64("sesame")
        ),
    ] {
        let mechanism = exchange.split('\n').next().unwrap();
        let transcript = format!(
            "S: * OK [CAPABILITY IMAP4rev1 AUTH={mechanism}] hi\nC: {{l}} AUTHENTICATE {exchange}\nS: {{l}} OK [CAPABILITY IMAP4rev1] in"
        );
        outcome(&transcript).await.unwrap();
    }
}

#[tokio::test]
async fn tokens_go_by_oauthbearer_or_xoauth2() {
    let token = Credential::AccessToken(Secret::new("t0k"));
    let old = STANDARD.encode("user=ann\u{1}auth=Bearer t0k\u{1}\u{1}");
    let refusal = STANDARD.encode("{\"status\":\"401\"}");
    for (mechanism, initial) in [("XOAUTH2", old.as_str()), ("OAUTHBEARER", "…")] {
        let good = format!(
            "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH={mechanism} AUTH=PLAIN] hi\n\
             C: {{l}} AUTHENTICATE {mechanism} {initial}\nS: {{l}} OK [CAPABILITY IMAP4rev1] in"
        );
        let late = format!(
            "S: * OK [CAPABILITY IMAP4rev1 AUTH={mechanism}] hi\nC: {{l}} AUTHENTICATE {mechanism}\nS: +\nC: {initial}\nS: {{l}} OK [CAPABILITY IMAP4rev1] in"
        );
        let bad = format!(
            "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH={mechanism}] hi\nC: {{l}} AUTHENTICATE {mechanism} …\nS: + {refusal}\nC: …\n\
             S: {{l}} NO [AUTHENTICATIONFAILED] expired"
        );
        for (transcript, is_good) in [(good, true), (late, true), (bad, false)] {
            let script = Script::play([transcript]).await;
            let outcome = script.sign_in_with(&token).await.map(drop);
            match outcome {
                Ok(()) => assert!(is_good),
                Err(Error::SignInRefused { text, .. }) => assert!(!is_good && text == "expired"),
                Err(error) => panic!("{mechanism}: {error}"),
            }
            script.done().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_believed() {
    let transcript = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] hi\nC: {l} AUTHENTICATE SCRAM-SHA-256 …\n\
        S: {l} OK [CAPABILITY IMAP4rev1] come in";
    assert!(matches!(outcome(transcript).await, Err(Error::ServerNotProven { .. })));
    let garbage = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] hi\nC: {l} AUTHENTICATE SCRAM-SHA-256 …\n\
        S: + !!!\nC: *";
    assert!(outcome(garbage).await.is_err());
}

#[tokio::test]
async fn refusals_are_wrong_passwords_unless_the_server_is_only_busy() {
    let refused = async |code: &str| {
        outcome(&format!(
            "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\nC: {{l}} AUTHENTICATE PLAIN …\nS: {{l}} NO {code}so it is"
        ))
        .await
        .err()
        .unwrap()
    };
    for busy in ["[UNAVAILABLE] ", "[LIMIT] ", "[INUSE] "] {
        assert!(refused(busy).await.is_busy(), "{busy}");
    }
    for wrong in ["[AUTHENTICATIONFAILED] ", ""] {
        assert!(matches!(refused(wrong).await, Error::SignInRefused { text, .. } if text == "so it is"));
    }
}

#[tokio::test]
async fn what_is_switched_on_goes_in_one_flight() {
    let transcript = hello("ID ENABLE UTF8=ACCEPT NAMESPACE")
        + "C: {a} ID (\"name\" \"Postroom\")\nC: {b} ENABLE UTF8=ACCEPT\nC: {c} NAMESPACE\n\
           S: * NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\nS: {c} OK\nS: * ENABLED UTF8=ACCEPT\nS: {b} OK\n\
           S: * ID (\"name\" \"Courier\" \"vendor\" NIL)\nS: {a} OK";
    let session = outcome(&transcript).await.unwrap();
    assert!(session.is_utf8());
    assert_eq!(session.namespaces().personal, [(b"INBOX.".to_vec(), Some('.'))]);
    assert_eq!(session.quirks().names, ["courier"]);
}

#[tokio::test]
async fn a_server_that_refuses_the_extras_is_used_without_them() {
    let transcript = hello("ID ENABLE UTF8=ACCEPT NAMESPACE COMPRESS=DEFLATE")
        + "C: {a} ID …\nC: {b} ENABLE …\nC: {c} NAMESPACE\nS: {a} BAD\nS: {b} NO\nS: {c} BAD\n\
           C: {d} COMPRESS DEFLATE\nS: {d} NO [COMPRESSIONACTIVE] no\nC: {e} NOOP\nS: {e} OK";
    let script = Script::play([transcript]).await.tuned(|t| t.compress_loopback = true);
    let mut session = script.sign_in().await.unwrap();
    assert!(!session.is_utf8());
    session.run_one(mail::imap::command::noop()).await.unwrap();
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_compressed_connection_carries_commands_and_answers() {
    // What follows the OK at once is compressed already.
    let transcript = hello("COMPRESS=DEFLATE")
        + "C: {d} COMPRESS DEFLATE\nS: {d} OK\ndeflate\nS: * OK news\nC: {e} NOOP\nS: {e} OK\nC: {f} NOOP\nS: {f} OK";
    let script = Script::play([transcript]).await.tuned(|t| t.compress_loopback = true);
    let mut session = script.sign_in().await.unwrap();
    for _ in 0..2 {
        session.run_one(mail::imap::command::noop()).await.unwrap();
    }
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn loopback_is_not_compressed() {
    let script = Script::play([hello("COMPRESS=DEFLATE")]).await;
    script.sign_in().await.unwrap();
    script.done().await;
}

#[tokio::test]
async fn a_flood_before_sign_in_ends_it() {
    for line in ["* OK more", &format!("* ID (\"a\" \"{}\")", "x".repeat(2_000))] {
        let transcript = format!("S: * OK hi\nC: {{c}} CAPABILITY\nflood: 20000 {line}");
        assert!(matches!(outcome(&transcript).await, Err(Error::Protocol(_))));
    }
}
