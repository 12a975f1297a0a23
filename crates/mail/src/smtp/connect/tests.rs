//! Transcripts: a scripted server on the loopback interface, which says its lines and checks ours.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};

use domain::{Code, Secret};
use net::{PrivateHosts, Settings};
use rustls::ServerConfig;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate authority of its own, its bundle in a file, and a server trusted by it as `localhost`.
struct World {
    _folder: TempDir,
    authority: PathBuf,
    config: Arc<ServerConfig>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, authority) = testkit::tls::localhost(folder.path()).unwrap();
        Self { _folder: folder, authority, config }
    }

    fn outgoing(&self) -> Outgoing {
        Outgoing::new(Settings {
            private_hosts: PrivateHosts::Allow,
            ca_file: Some(self.authority.clone()),
            ..Settings::default()
        })
    }

    /// Signs in to a server that follows `script`, whose lines are `S: ` what it says, `C: ` what it
    /// expects, `TLS` the handshake, `STALL` silence, `FLOOD` a reply without an end.
    async fn sign_in(&self, tls: TlsMode, credential: Credential, script: &str) -> Result<SignedIn, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(self.config.clone());
        let scripted = encode_marked(&script.replace("PORT", &port.to_string()));
        let lines: Vec<String> =
            scripted.lines().map(|line| line.trim().to_owned()).filter(|l| !l.is_empty()).collect();
        let server: JoinHandle<()> = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            match lines.iter().position(|line| line == "TLS") {
                None => drop(play(tcp, &lines, true).await),
                Some(at) => {
                    let (clear, secured) = lines.split_at(at);
                    let tcp = play(tcp, clear, false).await;
                    play(acceptor.accept(tcp).await.unwrap(), &secured[1..], true).await;
                }
            }
        });
        let endpoint = Endpoint { host: "localhost".to_owned(), port, tls, username: "tim".to_owned() };
        let patience = Patience { reply: Duration::from_millis(500), ..Patience::default() };
        let outcome =
            sign_in(patience, &self.outgoing(), &endpoint, &credential, Origin::User, [7; 24]).await;
        if script.contains("QUIT") {
            let mut kept = None;
            match outcome {
                Ok(signed_in) => signed_in.quit().await,
                Err(error) => kept = Some(error),
            }
            server.await.unwrap();
            return Err(kept.unwrap_or(Error::Closed));
        }
        if script.contains("STALL") || script.contains("FLOOD") {
            server.abort();
        } else {
            server.await.unwrap();
        }
        outcome
    }
}

/// Writes `<text>` in base64, `|` in it being the separator of bearer messages.
fn encode_marked(script: &str) -> String {
    match script.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?))) {
        Some((before, (marked, after))) => {
            format!("{before}{}{after}", BASE64.encode(marked.replace('|', "\x01")))
        }
        None => script.to_owned(),
    }
}

/// Follows the lines; gives the connection back unless it is the last to use it.
async fn play<S: AsyncRead + AsyncWrite + Unpin>(stream: S, lines: &[String], is_last: bool) -> S {
    let mut stream = BufReader::new(stream);
    for line in lines {
        if let Some(said) = line.strip_prefix("S: ") {
            stream.write_all(said.replace("\\r\\n", "\r\n").as_bytes()).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
            stream.flush().await.unwrap();
        } else if let Some(expected) = line.strip_prefix("C:").map(str::trim_start) {
            let mut heard = String::new();
            stream.read_line(&mut heard).await.unwrap();
            assert_eq!(heard, format!("{expected}\r\n"));
        } else if line == "STALL" {
            std::future::pending::<()>().await;
        } else if line == "FLOOD" {
            while stream.write_all(b"250-and another thing\r\n").await.is_ok() {}
        } else {
            panic!("`{line}` is no line of a script");
        }
    }
    if is_last {
        // The client closes first, else a reset could swallow what was said last.
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.read_to_end(&mut rest)).await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
    assert!(stream.buffer().is_empty(), "the client said more than it should: {:?}", stream.buffer());
    stream.into_inner()
}

fn password() -> Credential {
    Credential::Password(Secret::new("tanstaaftanstaaf"))
}

fn token(text: &str) -> Credential {
    Credential::AccessToken(Secret::new(text))
}

#[tokio::test]
async fn plain_under_tls_from_the_first_byte() {
    let signed_in = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx.example.org ESMTP
             C: EHLO [127.0.0.1]
             S: 250-mx.example.org
             S: 250-SIZE 1000000
             S: 250-SMTPUTF8
             S: 250 AUTH LOGIN PLAIN
             C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
             S: 235 2.7.0 Authentication successful",
        )
        .await
        .unwrap();
    assert_eq!(signed_in.capabilities.max_size, Some(1_000_000));
    assert!(signed_in.capabilities.has_smtp_utf8 && signed_in.connection.is_private());
}

#[tokio::test]
async fn starttls_forgets_what_was_said_in_the_clear() {
    let signed_in = World::new()
        .sign_in(
            TlsMode::StartTls,
            password(),
            "S: 220-mx.example.org
             S: 220 ESMTP
             C: EHLO [127.0.0.1]
             S: 250-mx.example.org
             S: 250-SIZE 99
             S: 250-STARTTLS
             S: 250 AUTH SCRAM-SHA-256
             C: STARTTLS
             S: 220 2.0.0 Go ahead
             TLS
             C: EHLO [127.0.0.1]
             S: 250-mx.example.org
             S: 250 AUTH PLAIN
             C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
             S: 235 Fine",
        )
        .await
        .unwrap();
    assert_eq!(signed_in.capabilities.max_size, None);
    assert_eq!(signed_in.capabilities.mechanisms, ["PLAIN"]);
}

#[tokio::test]
async fn login_answers_its_two_questions_and_quit_takes_leave() {
    let closed = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH LOGIN
             C: AUTH LOGIN
             S: 334 VXNlcm5hbWU6
             C: dGlt
             S: 334 UGFzc3dvcmQ6
             C: dGFuc3RhYWZ0YW5zdGFhZg==
             S: 235 Fine
             C: QUIT
             S: 221 Bye",
        )
        .await;
    assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
}

#[tokio::test]
async fn tokens_go_by_oauthbearer_before_xoauth2() {
    World::new()
        .sign_in(
            TlsMode::Tls,
            token("t0k"),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH XOAUTH2 PLAIN
             C: AUTH XOAUTH2 dXNlcj10aW0BYXV0aD1CZWFyZXIgdDBrAQE=
             S: 235 2.7.0 Accepted",
        )
        .await
        .unwrap();
    // The message names host and port; the script writes them as the server's own.
    World::new()
        .sign_in(
            TlsMode::Tls,
            token("t0k"),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH OAUTHBEARER XOAUTH2
             C: AUTH OAUTHBEARER <n,a=tim,|host=localhost|port=PORT|auth=Bearer t0k||>
             S: 235 2.7.0 Accepted",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_long_token_waits_for_the_servers_question_and_a_refusal_is_acknowledged() {
    let token_text = "x".repeat(600);
    let message = format!("user=tim\x01auth=Bearer {token_text}\x01\x01");
    let script = format!(
        "TLS
         S: 220 mx
         C: EHLO [127.0.0.1]
         S: 250-mx
         S: 250 AUTH XOAUTH2
         C: AUTH XOAUTH2
         S: 334 go on
         C: {}
         S: 334 eyJzdGF0dXMiOiI0MDAifQ==
         C:
         S: 535 5.7.8 Bad token",
        BASE64.encode(message)
    );
    let refused = World::new().sign_in(TlsMode::Tls, token(&token_text), &script).await;
    match refused {
        Err(Error::SignInRefused { text, .. }) => assert_eq!(text, "5.7.8 Bad token"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn scram_is_through_when_both_sides_have_proven_the_password() {
    World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            // Made with another implementation, from the salt `saltsalt` and 4096 iterations.
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH PLAIN SCRAM-SHA-256
             C: AUTH SCRAM-SHA-256 biwsbj10aW0scj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSA==
             S: 334 cj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSHNydixzPWMyRnNkSE5oYkhRPSxpPTQwOTY=
             C: Yz1iaXdzLHI9QndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hzcnYscD1BajdrZ3AxRVUvZE9YMVFOQmo2MFZsMFh0U1daSFQzMDdVbGVUeUNSOUlZPQ==
             S: 334 dj1BcEF6Q0syMENPa2dIMWwvOXVmR1ZRMnQxMDFiNVFsMlpRNjhzUHhQUkswPQ==
             C:
             S: 235 Fine",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn scram_does_not_show_the_secret_even_in_the_clear() {
    let refused = World::new()
        .sign_in(
            TlsMode::None,
            password(),
            "S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH PLAIN SCRAM-SHA-256
             C: AUTH SCRAM-SHA-256 biwsbj10aW0scj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSA==
             S: 235 come in without a proof",
        )
        .await;
    assert!(matches!(refused, Err(Error::ServerNotProven { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_scram_challenge_that_cannot_be_answered_cancels_the_exchange() {
    let refused = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH SCRAM-SHA-256
             C: AUTH SCRAM-SHA-256 biwsbj10aW0scj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSA==
             S: 334 bm9uc2Vuc2U=
             C: *
             S: 501 cancelled",
        )
        .await;
    assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
}

#[tokio::test]
async fn a_refused_sign_in_is_told_with_the_servers_words_and_without_the_secret() {
    let refused = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH PLAIN
             C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
             S: 535-5.7.8 Username and Password not accepted
             S: 535 5.7.8 See the web",
        )
        .await
        .unwrap_err();
    assert!(!format!("{refused:?}").contains("tanstaaf"));
    let problem = refused.problem("work");
    assert_eq!(problem.code, Code::AccountAuthFailed);
    assert_eq!(
        problem.server_text.as_deref(),
        Some("5.7.8 Username and Password not accepted 5.7.8 See the web")
    );
}

#[tokio::test]
async fn a_password_that_was_refused_is_not_tried_in_another_way() {
    let refused = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH LOGIN PLAIN
             C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
             S: 535 5.7.8 Error: authentication failed",
        )
        .await;
    assert!(matches!(refused, Err(Error::SignInRefused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_busy_does_not_count_as_a_refused_password() {
    let busy = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH PLAIN
             C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
             S: 454 Temporary authentication failure",
        )
        .await
        .unwrap_err();
    let problem = busy.problem("work");
    assert_eq!((problem.code, problem.retry_after), (Code::ServerRefused, Some(60)));
    let closed = World::new().sign_in(TlsMode::None, password(), "S: 421 4.3.2 Too many connections").await;
    assert!(matches!(closed, Err(Error::Refused { .. })), "{closed:?}");
}

#[tokio::test]
async fn without_starttls_nothing_is_said_but_farewell() {
    let stripped = World::new()
        .sign_in(
            TlsMode::StartTls,
            password(),
            "S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH PLAIN
             C: QUIT
             S: 221 Bye",
        )
        .await;
    assert!(matches!(stripped, Err(Error::StartTlsMissing { .. })), "{stripped:?}");
    let declined = World::new()
        .sign_in(
            TlsMode::StartTls,
            password(),
            "S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 STARTTLS
             C: STARTTLS
             S: 454 4.7.0 TLS not available",
        )
        .await;
    assert!(matches!(declined, Err(Error::Refused { command: "STARTTLS", .. })), "{declined:?}");
}

#[tokio::test]
async fn bytes_slipped_in_behind_the_answer_to_starttls_end_the_connection() {
    let injected = World::new()
        .sign_in(
            TlsMode::StartTls,
            password(),
            "S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 STARTTLS
             C: STARTTLS
             S: 220 Go ahead\\r\\n250-mx\\r\\n250 AUTH PLAIN",
        )
        .await;
    match injected {
        Err(error @ Error::StartTlsInjected { .. }) => {
            assert_eq!(error.problem("work").code, Code::TlsFailed);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn mechanisms_that_the_credential_cannot_use_are_named() {
    let none = World::new()
        .sign_in(
            TlsMode::Tls,
            password(),
            "TLS
             S: 220 mx
             C: EHLO [127.0.0.1]
             S: 250-mx
             S: 250 AUTH XOAUTH2
             C: QUIT
             S: 221 Bye",
        )
        .await;
    match none {
        Err(Error::NoSignInWay { offered, .. }) => assert_eq!(offered, ["XOAUTH2"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn replies_without_end_sense_or_answer_are_given_up() {
    let world = World::new();
    let begin = "S: 220 mx\nC: EHLO [127.0.0.1]\n";
    let flood = world.sign_in(TlsMode::None, password(), &format!("{begin}FLOOD")).await;
    assert!(matches!(flood, Err(Error::TooLarge(_))), "{flood:?}");
    let long = format!("{begin}S: 250 {}", "x".repeat(9_000));
    let long = world.sign_in(TlsMode::None, password(), &long).await;
    assert!(matches!(long, Err(Error::TooLarge(_))), "{long:?}");
    for nonsense in ["S: hello", "S: 250-a\\r\\n251 b", "S: 25", "S: 250xyz", "S: 999 x", "S: +50 x"] {
        let outcome = world.sign_in(TlsMode::None, password(), &format!("{begin}{nonsense}")).await;
        assert!(matches!(outcome, Err(Error::Protocol(_))), "{nonsense}: {outcome:?}");
    }
    let stall = world.sign_in(TlsMode::None, password(), &format!("{begin}STALL")).await;
    match stall {
        Err(error @ Error::Timeout("EHLO")) => assert_eq!(error.problem("work").code, Code::Timeout),
        other => panic!("{other:?}"),
    }
    let mute = world.sign_in(TlsMode::None, password(), "STALL").await;
    assert!(matches!(mute, Err(Error::Timeout("greeting"))), "{mute:?}");
    let old = world.sign_in(TlsMode::None, password(), &format!("{begin}S: 502 unknown")).await;
    assert!(matches!(old, Err(Error::NotSupported(_))), "{old:?}");
}

#[test]
fn enhanced_status_codes_are_found_only_where_they_are() {
    for (line, code) in [
        ("5.7.8 no", Some("5.7.8")),
        ("4.7.0", Some("4.7.0")),
        ("5.7 no", None),
        ("1.2.3 no", None),
        ("5.7.x no", None),
        ("5.7.1.1 no", None),
        ("", None),
    ] {
        assert_eq!(Reply { code: 550, lines: vec![line.to_owned()] }.enhanced(), code, "{line}");
    }
}
