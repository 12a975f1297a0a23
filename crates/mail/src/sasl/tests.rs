//! The mechanisms against the examples of their RFCs, and against servers that do not keep to them.

use std::fmt::Write as _;

use super::*;

fn password(text: &str) -> Credential {
    Credential::Password(Secret::new(text))
}

fn token(text: &str) -> Credential {
    Credential::AccessToken(Secret::new(text))
}

fn start(mechanism: Mechanism, user: &str, credential: &Credential) -> Result<Exchange, Error> {
    Exchange::start(mechanism, user, credential, "server.example.com", 143, [7; 24])
}

fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn scram(user: &str, secret: &str, nonce: &str) -> Exchange {
    let scram = Scram::start_with(user, &Secret::new(secret), nonce.to_owned());
    Exchange {
        mechanism: Mechanism::ScramSha256,
        host: "server.example.com".to_owned(),
        first: Some(scram.client_first()),
        state: State::Scram(Box::new(scram)),
    }
}

const RFC_7677_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const RFC_7677_SERVER_FIRST: &[u8] =
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

#[test]
fn the_best_mechanism_that_both_sides_have_is_chosen() {
    let offered = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let all = offered("login plain scram-sha-256 scram-sha-1 xoauth2 oauthbearer");
    let (secret, bearer) = (password("x"), token("x"));
    assert_eq!(choose(&all, &secret, true), Some(Mechanism::ScramSha256));
    assert_eq!(choose(&all, &bearer, true), Some(Mechanism::OAuthBearer));
    assert_eq!(choose(&offered("PLAIN XOAUTH2"), &bearer, true), Some(Mechanism::XOAuth2));
    assert_eq!(choose(&offered("LOGIN PLAIN"), &secret, true), Some(Mechanism::Plain));
    assert_eq!(choose(&offered("LOGIN XOAUTH2"), &secret, true), Some(Mechanism::Login));
    assert_eq!(choose(&offered("XOAUTH2 OAUTHBEARER"), &secret, true), None);
    assert_eq!(choose(&offered("PLAIN LOGIN"), &bearer, true), None);
    assert_eq!(choose(&[], &secret, true), None);
}

#[test]
fn where_others_may_listen_the_secret_is_not_shown() {
    let all: Vec<String> = Mechanism::ALL.iter().map(|mechanism| mechanism.as_str().to_owned()).collect();
    assert_eq!(choose(&all, &password("x"), false), Some(Mechanism::ScramSha256));
    assert_eq!(choose(&all, &token("x"), false), None);
    assert_eq!(choose(&["PLAIN".to_owned(), "LOGIN".to_owned()], &password("x"), false), None);
}

#[tokio::test]
async fn plain_says_everything_at_once() {
    let mut exchange = start(Mechanism::Plain, "tim", &password("tanstaaftanstaaf")).unwrap();
    assert_eq!(text(&exchange.initial().unwrap()), "\0tim\0tanstaaftanstaaf"); // RFC 4616 section 4
    assert!(exchange.respond(b"more?").await.is_err());
    exchange.finish().unwrap();
}

#[tokio::test]
async fn without_initial_responses_the_first_challenge_gets_the_first_message() {
    let mut exchange = start(Mechanism::Plain, "tim", &password("secret")).unwrap();
    assert_eq!(exchange.initial_len(), Some(11));
    assert_eq!(text(&exchange.respond(b"").await.unwrap()), "\0tim\0secret");
    exchange.finish().unwrap();
    let untouched = start(Mechanism::Plain, "tim", &password("secret")).unwrap();
    assert!(untouched.finish().is_err());
}

#[tokio::test]
async fn login_answers_two_questions_in_order() {
    let mut exchange = start(Mechanism::Login, "tim", &password("secret")).unwrap();
    assert!(exchange.initial().is_none());
    assert_eq!(text(&exchange.respond(b"Username:").await.unwrap()), "tim");
    assert_eq!(text(&exchange.respond(b"Password:").await.unwrap()), "secret");
    assert!(exchange.respond(b"And:").await.is_err());
    exchange.finish().unwrap();
    let early = start(Mechanism::Login, "tim", &password("secret")).unwrap();
    assert!(early.finish().is_err());
}

#[tokio::test]
async fn oauthbearer_speaks_as_its_rfc_and_acknowledges_a_refusal() {
    let credential = token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    let mut exchange = start(Mechanism::OAuthBearer, "user@example.com", &credential).unwrap();
    assert_eq!(
        text(&exchange.initial().unwrap()), // RFC 7628 section 4.1
        "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
         auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    );
    assert_eq!(text(&exchange.respond(br#"{"status":"invalid_token"}"#).await.unwrap()), "\x01");
    assert!(exchange.respond(b"again").await.is_err());
    assert!(exchange.finish().is_err());
    let mut odd = start(Mechanism::OAuthBearer, "a=b,c", &token("x")).unwrap();
    assert!(text(&odd.initial().unwrap()).starts_with("n,a=a=3Db=2Cc,\x01"));
    odd.finish().unwrap();
}

#[tokio::test]
async fn xoauth2_speaks_as_google_and_acknowledges_a_refusal() {
    let mut exchange =
        start(Mechanism::XOAuth2, "someuser@example.com", &token("ya29.vF9dft4qmTc2")).unwrap();
    assert_eq!(
        text(&exchange.initial().unwrap()),
        "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2\x01\x01"
    );
    assert_eq!(text(&exchange.respond(br#"{"status":"400"}"#).await.unwrap()), "");
    assert!(exchange.finish().is_err());
}

#[tokio::test]
async fn scram_follows_the_example_of_its_rfc() {
    let mut exchange = scram("user", "pencil", RFC_7677_NONCE); // RFC 7677 section 3
    assert_eq!(text(&exchange.initial().unwrap()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        text(&exchange.respond(RFC_7677_SERVER_FIRST).await.unwrap()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let server_final = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    assert_eq!(text(&exchange.respond(server_final).await.unwrap()), "");
    exchange.finish().unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_believed() {
    for answer in ["v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=", "v=!", "hello"] {
        let mut exchange = scram("user", "pencil", RFC_7677_NONCE);
        exchange.initial().unwrap();
        exchange.respond(RFC_7677_SERVER_FIRST).await.unwrap();
        let refused = exchange.respond(answer.as_bytes()).await;
        assert!(matches!(refused, Err(Error::ServerNotProven { .. })), "{answer}");
    }
    // Success without the signature, and success in place of the challenge.
    let mut silent = scram("user", "pencil", RFC_7677_NONCE);
    silent.initial().unwrap();
    silent.respond(RFC_7677_SERVER_FIRST).await.unwrap();
    assert!(matches!(silent.finish(), Err(Error::ServerNotProven { .. })));
    let mut hasty = scram("user", "pencil", RFC_7677_NONCE);
    hasty.initial().unwrap();
    assert!(matches!(hasty.finish(), Err(Error::ServerNotProven { .. })));
}

#[tokio::test]
async fn malformed_scram_challenges_are_refused() {
    for challenge in [
        "",
        "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", // nothing of the server's in it
        "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=?,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==",
        "m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        &format!("r={RFC_7677_NONCE}{},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", "x".repeat(5000)),
    ] {
        let mut exchange = scram("user", "pencil", RFC_7677_NONCE);
        exchange.initial().unwrap();
        assert!(exchange.respond(challenge.as_bytes()).await.is_err(), "{challenge}");
    }
    let mut exchange = scram("user", "pencil", RFC_7677_NONCE);
    exchange.initial().unwrap();
    assert!(exchange.respond(&[0xff, 0xfe]).await.is_err());
}

#[tokio::test]
async fn few_and_many_iterations_are_done_and_extensions_skipped() {
    for iterations in [1, 20_000] {
        let mut exchange = scram("a,b=c", "pencil", RFC_7677_NONCE);
        assert_eq!(text(&exchange.initial().unwrap()), "n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO");
        let mut challenge = format!("r={RFC_7677_NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==");
        write!(challenge, ",i={iterations},x=later").unwrap();
        let answer = exchange.respond(challenge.as_bytes()).await.unwrap();
        assert!(text(&answer).starts_with("c=biws,r=rOprNGfwEbeRWgbNEkqOx,p="));
    }
}

#[tokio::test]
async fn passwords_are_prepared_as_the_server_stored_them() {
    let proof = async |secret: &str| {
        let mut exchange = scram("user", secret, RFC_7677_NONCE);
        exchange.initial();
        text(&exchange.respond(RFC_7677_SERVER_FIRST).await.unwrap()).to_owned()
    };
    assert_eq!(proof("I\u{ad}X").await, proof("IX").await); // RFC 4013 section 3
    assert_eq!(proof("\u{2168}").await, proof("IX").await);
    assert_ne!(proof("user").await, proof("USER").await);
    assert_ne!(proof("\u{1fae0}").await, proof("IX").await); // younger than the RFC's tables
}

#[test]
fn characters_that_separate_fields_are_refused_in_credentials() {
    for mechanism in Mechanism::ALL.iter().copied() {
        let credential = |text: &str| if mechanism.takes(&token("x")) { token(text) } else { password(text) };
        for (user, secret) in [
            ("a\0b", "x"),
            ("a", "x\0"),
            ("a\x01", "x"),
            ("a", "x\x01"),
            ("a\r\n", "x"),
            ("", "x"),
            ("a", ""),
        ] {
            let refused = start(mechanism, user, &credential(secret));
            assert!(matches!(refused, Err(Error::BadCredential(_))), "{mechanism:?} {user:?} {secret:?}");
        }
    }
    assert!(start(Mechanism::Plain, "a", &token("x")).is_err());
    assert!(start(Mechanism::XOAuth2, "a", &password("x")).is_err());
}

#[test]
fn debug_output_shows_no_secret() {
    for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256] {
        let shown = format!("{:?}", start(mechanism, "tim", &password("hunter2")).unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
    }
}
