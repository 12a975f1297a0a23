//! Hosts of clients' documents that are too slow: whoever waits for one is told so, however it dawdles.

use std::{net::Ipv4Addr, time::Duration};

use access::{ClientRefusal, Settings};
use domain::ClientId;
use net::{Outgoing, PrivateHosts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::TlsAcceptor;

use crate::world::World;

/// How a host dawdles.
#[derive(Debug, Clone, Copy)]
enum Slow {
    NeverShakesHands,
    NeverAnswers,
    /// A hundred octets, one at a time, each soon enough, so that all of it takes a second.
    Trickles,
}

/// A host that does so with everybody, and a way out that trusts it.
async fn host(slow: Slow) -> (u16, Outgoing) {
    let folder = tempfile::tempdir().unwrap();
    let (config, authority) = testkit::tls::localhost(folder.path()).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        // the file of the authority is read when somebody connects
        let _folder = folder;
        let mut open = Vec::new();
        while let Ok((tcp, _)) = listener.accept().await {
            if matches!(slow, Slow::NeverShakesHands) {
                open.push(tcp);
                continue;
            }
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(tcp).await else { return };
                let _ = stream.read(&mut [0; 4096]).await;
                if matches!(slow, Slow::NeverAnswers) {
                    return std::future::pending().await;
                }
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                let mut pace = interval(Duration::from_millis(10));
                pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while stream.write_all(b" ").await.is_ok() && stream.flush().await.is_ok() {
                    pace.tick().await;
                }
            });
        }
    });
    let private_hosts = PrivateHosts::Allow;
    let ca_file = Some(authority);
    (port, Outgoing::new(net::Settings { private_hosts, ca_file, ..net::Settings::default() }))
}

#[tokio::test]
async fn a_host_that_dawdles_is_given_up_and_the_person_is_told_why() {
    for slow in [Slow::Trickles, Slow::NeverShakesHands, Slow::NeverAnswers] {
        let world = World::new();
        let (port, outgoing) = host(slow).await;
        let document_time = Duration::from_millis(300);
        let settings = Settings { outgoing: Some(outgoing), document_time, ..Settings::default() };
        let access = world.access_with(&settings).await;
        let id = ClientId::from_text(format!("https://localhost:{port}/client.json"));
        let refusals = [access.client(&id).await.err(), access.client_for_stranger(&id).await.err()];
        for refusal in refusals {
            let Some(ClientRefusal::Document(why)) = refusal else { panic!("{slow:?}: {refusal:?}") };
            assert_eq!(why, "its host did not answer in time", "{slow:?}");
        }
    }
}

#[test]
fn nobody_waits_for_a_document_longer_than_five_seconds() {
    assert_eq!(Settings::default().document_time, Duration::from_secs(5));
}
