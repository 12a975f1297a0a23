//! The same with a real submission server, Dovecot's, over TLS and STARTTLS: every way to sign in, and
//! what it hands on to its relay.

use std::{future::ready, io};

use domain::{Endpoint, Secret, TlsMode, account::Credential};
use mail::{
    Error,
    smtp::{NotSubmitted, Patience, SignedIn, sign_in, submit},
};
use net::Origin;
use testkit::{
    Options, Proxy, SinkOptions, Submission,
    proxy::Faults,
    require_submission,
    smtp_sink::{Fault, Stage},
};

use crate::{
    script::outgoing,
    submission::{MESSAGE, Pieces, SOON, envelope, hand_over, stream_25_mb},
};

async fn connect(server: &Submission, tls: TlsMode, credential: Credential) -> Result<SignedIn, Error> {
    let port = if tls == TlsMode::Tls { server.tls_port() } else { server.starttls_port() };
    connect_to(server, port, tls, credential).await
}

async fn connect_to(
    server: &Submission,
    port: u16,
    tls: TlsMode,
    credential: Credential,
) -> Result<SignedIn, Error> {
    let endpoint = Endpoint { host: server.host().to_owned(), port, tls, username: "alice".to_owned() };
    let outgoing = outgoing(server.ca_file().to_owned());
    sign_in(Patience::default(), &outgoing, &endpoint, &credential, Origin::Operator, [7; 24]).await
}

fn password(text: &str) -> Credential {
    Credential::Password(Secret::new(text))
}

fn relay(sink: SinkOptions) -> Option<Submission> {
    require_submission(Options { sink, ..Options::default() })
}

#[tokio::test]
async fn every_way_to_sign_in_hands_mail_over_under_tls_and_starttls() {
    for mechanism in ["plain", "login", "scram-sha-256", "xoauth2", "oauthbearer"] {
        let is_bearer = mechanism.contains("auth");
        let options = Options {
            auth_mechanisms: vec![mechanism.to_owned()],
            oauth_tokens: if is_bearer { vec![("t0k".into(), "alice".into())] } else { Vec::new() },
            ..Options::default()
        };
        let Some(server) = require_submission(options) else { return };
        let token = |text: &str| Credential::AccessToken(Secret::new(text));
        let (right, wrong) =
            if is_bearer { (token("t0k"), token("no")) } else { (password("alice-secret"), password("no")) };
        for (number, tls) in [TlsMode::Tls, TlsMode::StartTls].into_iter().enumerate() {
            let refused = connect(&server, tls, wrong.clone()).await.map(drop);
            assert!(matches!(refused, Err(Error::SignInRefused { .. })), "{mechanism}: {refused:?}");
            let mut signed_in = connect(&server, tls, right.clone())
                .await
                .unwrap_or_else(|error| panic!("{mechanism}: {error}: {}", server.log()));
            assert!(signed_in.connection.is_private());
            hand_over(&mut signed_in, &["ann@x.org"], MESSAGE).await.unwrap();
            signed_in.quit().await;
            let arrived = server.sink().wait_for(number + 1, SOON).unwrap();
            assert_eq!(arrived[number].from, "tim@x.org");
            let message = String::from_utf8(arrived[number].message()).unwrap();
            assert!(message.ends_with(MESSAGE), "{message}");
        }
    }
}

#[tokio::test]
async fn dots_and_line_ends_arrive_as_they_should() {
    let Some(server) = relay(SinkOptions::default()) else { return };
    let mut signed_in = connect(&server, TlsMode::Tls, password("alice-secret")).await.unwrap();
    let body = "Subject: dots\r\n\r\n.\r\n..\r\n.a\nb\n.\nc\r.\r\nend";
    hand_over(&mut signed_in, &["ann@x.org"], body).await.unwrap();
    let arrived = server.sink().wait_for(1, SOON).unwrap();
    let message = String::from_utf8(arrived[0].message()).unwrap();
    assert!(message.ends_with("\r\n\r\n.\r\n..\r\n.a\r\nb\r\n.\r\nc\r\n.\r\nend\r\n"), "{message:?}");
}

#[tokio::test]
async fn a_message_of_25_mb_goes_through_tls() {
    let Some(server) = relay(SinkOptions::default().only(&["PIPELINING", "8BITMIME"])) else { return };
    let mut signed_in = connect(&server, TlsMode::Tls, password("alice-secret")).await.unwrap();
    stream_25_mb(&mut signed_in, server.sink()).await;
}

#[tokio::test]
async fn refusals_of_the_relay_are_told_recipient_by_recipient() {
    let options = SinkOptions::default().fault(Fault::refuse("bob@x.org", "550 5.1.1 no such person"));
    let Some(server) = relay(options) else { return };
    let mut signed_in = connect(&server, TlsMode::StartTls, password("alice-secret")).await.unwrap();
    assert!(signed_in.capabilities.has_pipelining);
    let submitted = hand_over(&mut signed_in, &["bob@x.org", "ann@x.org"], MESSAGE).await.unwrap();
    let told: Vec<_> = submitted.recipients.iter().map(|one| (one.accepted, one.code)).collect();
    assert_eq!(told, [(false, 550), (true, 250)]);
    let all = hand_over(&mut signed_in, &["bob@x.org"], MESSAGE).await;
    assert!(matches!(all, Err(NotSubmitted::AllRefused(_))), "{all:?}");
    signed_in.reset().await.unwrap();
    hand_over(&mut signed_in, &["ann@x.org"], MESSAGE).await.unwrap();
    assert_eq!(server.sink().received().len(), 2);
}

#[tokio::test]
async fn a_message_that_breaks_off_reaches_nobody() {
    let Some(server) = relay(SinkOptions::default()) else { return };
    let envelope = envelope(&["ann@x.org"], MESSAGE.len());
    for noted in [Ok(()), Err(io::Error::other("a fault of the disk"))] {
        let mut signed_in = connect(&server, TlsMode::Tls, password("alice-secret")).await.unwrap();
        let pieces = if noted.is_ok() {
            vec![Ok(b"Subject: half\r\n".to_vec()), Err(io::Error::other("a fault of the disk"))]
        } else {
            vec![Ok(MESSAGE.as_bytes().to_vec())]
        };
        let told = submit(&mut signed_in, &envelope, &mut Pieces(pieces), ready(noted)).await;
        assert!(matches!(told, Err(NotSubmitted::Stopped(_))), "{told:?}");
        signed_in.quit().await;
    }
    let mut signed_in = connect(&server, TlsMode::Tls, password("alice-secret")).await.unwrap();
    hand_over(&mut signed_in, &["last@x.org"], MESSAGE).await.unwrap();
    let received = server.sink().wait_for(1, SOON).unwrap();
    assert!(received.iter().all(|one| one.accepted() == ["last@x.org"] || !one.is_ended), "{received:?}");
}

#[tokio::test]
async fn a_relay_that_fails_at_the_end_is_a_definite_no_for_now() {
    let Some(server) = relay(SinkOptions::default().fault(Fault::say(Stage::End, "451 4.3.0 later").once()))
    else {
        return;
    };
    let mut signed_in = connect(&server, TlsMode::Tls, password("alice-secret")).await.unwrap();
    let told = hand_over(&mut signed_in, &["ann@x.org"], MESSAGE).await;
    assert!(matches!(&told, Err(NotSubmitted::MessageRefused(reply)) if reply.is_temporary), "{told:?}");
    signed_in.reset().await.unwrap();
    hand_over(&mut signed_in, &["ann@x.org"], MESSAGE).await.unwrap();
    assert_eq!(server.sink().received().len(), 1);
}

#[tokio::test]
async fn a_cut_under_tls_is_told_as_what_it_was() {
    let Some(server) = relay(SinkOptions::default()) else { return };
    let proxy = Proxy::start(server.tls_port(), Faults::default()).unwrap();
    let (mut lost, mut unknown, mut sent) = (0, 0, 0);
    // The four replies are some 200 octets in records of TLS.
    for cut in (10..).step_by(15).take(30) {
        let tls = TlsMode::Tls;
        let signed_in = connect_to(&server, proxy.port(), tls, password("alice-secret")).await;
        let mut signed_in = signed_in.unwrap();
        proxy.strike(Faults { cut_after: Some(cut), ..Faults::default() });
        let recipient = format!("cut{cut}@x.org");
        let told = hand_over(&mut signed_in, &[&recipient], MESSAGE).await;
        drop(signed_in);
        let transactions = server.sink().wait_closed(SOON).unwrap();
        let is_taken = transactions.iter().any(|one| one.is_taken && one.accepted() == [recipient.as_str()]);
        match told {
            Ok(_) => sent += usize::from(is_taken),
            Err(NotSubmitted::NotSent(_)) => {
                assert!(!is_taken, "{cut}");
                lost += 1;
            }
            Err(NotSubmitted::Unknown(_)) => unknown += 1,
            other => panic!("{cut}: {other:?}"),
        }
    }
    assert!(lost > 0 && unknown > 0 && sent > 0 && lost + unknown + sent == 30, "{lost} {unknown} {sent}");
}
