//! Documents of clients, fetched from a real server over TLS.

use std::sync::{Arc, Mutex};

use access::{Access, Client, ClientRefusal, Settings};
use domain::ClientId;
use net::PrivateHosts;

use crate::{https::Https, world::World};

/// A server of documents: what it answers can be changed, how often it was asked is counted.
struct Server {
    https: Https,
    answer: Arc<Mutex<String>>,
}

impl Server {
    async fn start() -> Self {
        let answer = Arc::new(Mutex::new(String::new()));
        let answers = Arc::clone(&answer);
        Self { https: Https::start(move |_| answers.lock().unwrap().clone()).await, answer }
    }

    fn id(&self) -> ClientId {
        ClientId::from_text(format!("{}/client.json", self.https.url()))
    }

    /// From now on answers with a document of that name.
    fn tell(&self, name: &str) {
        let redirects = r#"["https://agent.example/back"]"#;
        let body =
            format!(r#"{{"client_id":"{}","client_name":"{name}","redirect_uris":{redirects}}}"#, self.id());
        self.answer_with("200 OK", &body);
    }

    fn answer_with(&self, status: &str, body: &str) {
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        *self.answer.lock().unwrap() = format!("{head}\r\n\r\n{body}");
    }

    fn asked(&self) -> usize {
        self.https.connections()
    }

    /// Access whose way out trusts this server.
    async fn access(&self, world: &World, private_hosts: PrivateHosts) -> Access {
        let outgoing = Some(self.https.outgoing(private_hosts));
        world.access_with(&Settings { outgoing, ..Settings::default() }).await
    }
}

fn why(answer: Result<Client, ClientRefusal>) -> &'static str {
    match answer {
        Err(ClientRefusal::Document(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_document_is_read_once_an_hour() {
    let (world, server) = (World::new(), Server::start().await);
    let access = server.access(&world, PrivateHosts::Allow).await;
    let id = server.id();
    server.tell("First");
    assert_eq!(access.client_kept(&id).await.unwrap(), None, "nobody was asked");
    assert_eq!(server.asked(), 0);
    let client = access.client(&id).await.unwrap();
    assert_eq!((client.name.as_str(), client.is_document, &client.id), ("First", true, &id));
    assert!(client.has_redirect("https://agent.example/back"));
    server.tell("Second");
    world.forward(3599);
    assert_eq!(access.client(&id).await.unwrap().name, "First");
    assert_eq!(server.asked(), 1);
    world.forward(1);
    assert_eq!(access.client(&id).await.unwrap().name, "Second");
    assert_eq!(server.asked(), 2);
    assert_eq!(access.client_kept(&id).await.unwrap().unwrap().name, "Second");
}

#[tokio::test]
async fn a_strangers_document_is_read_and_not_kept() {
    let (world, server) = (World::new(), Server::start().await);
    let access = server.access(&world, PrivateHosts::Allow).await;
    let id = server.id();
    server.tell("Agent");
    let client = access.client_for_stranger(&id).await.unwrap().unwrap();
    assert_eq!((client.name.as_str(), client.is_document, &client.id), ("Agent", true, &id));
    assert_eq!(access.client_kept(&id).await.unwrap(), None);
    assert_eq!(access.client(&id).await.unwrap().name, "Agent");
    assert_eq!(access.client_for_stranger(&id).await.unwrap().unwrap().name, "Agent");
    assert_eq!(server.asked(), 2, "what is kept is not asked for again");
    let elsewhere = World::new();
    let access = server.access(&elsewhere, PrivateHosts::Deny).await;
    assert!(why(access.client_for_stranger(&id).await.map(Option::unwrap)).contains("private network"));
}

#[tokio::test]
async fn what_was_read_holds_for_a_day_while_its_host_is_out_of_order() {
    let (world, server) = (World::new(), Server::start().await);
    let access = server.access(&world, PrivateHosts::Allow).await;
    let id = server.id();
    server.tell("Agent");
    access.client(&id).await.unwrap();
    server.answer_with("500 Internal Server Error", "");
    world.forward(86_399);
    assert_eq!(access.client(&id).await.unwrap().name, "Agent");
    world.forward(1);
    assert!(why(access.client(&id).await).contains("does not answer with it"));
    assert_eq!(access.client_kept(&id).await.unwrap(), None);
}

/// Client id metadata documents: no redirects, and a limit of size.
#[tokio::test]
async fn a_redirect_is_not_followed_and_a_huge_document_not_read() {
    let (world, server) = (World::new(), Server::start().await);
    let access = server.access(&world, PrivateHosts::Allow).await;
    let to_itself = format!("302 Found\r\nLocation: {}/other.json", server.https.url());
    server.answer_with(&to_itself, "");
    assert!(why(access.client(&server.id()).await).contains("a redirect is not followed"));
    assert_eq!(server.asked(), 1);
    server.answer_with("200 OK", &" ".repeat(5 * 1024 + 1));
    assert_eq!(why(access.client(&server.id()).await), "it is larger than 5 kB");
}

/// Security: what a client names is never a way into the operator's own network.
#[tokio::test]
async fn a_document_on_a_private_address_is_not_asked_for() {
    let (world, server) = (World::new(), Server::start().await);
    server.tell("Agent");
    let access = server.access(&world, PrivateHosts::Deny).await;
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let id = ClientId::from_text(format!("https://{host}:{}/client.json", server.https.port));
        assert_eq!(why(access.client(&id).await), "its host is in a private network", "{host}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_host_that_is_asked_too_often_is_left_alone_for_a_minute() {
    let (world, server) = (World::new(), Server::start().await);
    let access = server.access(&world, PrivateHosts::Allow).await;
    server.answer_with("404 Not Found", "");
    let id = |number| ClientId::from_text(format!("{}/{number}", server.https.url()));
    for number in 0..10 {
        assert!(why(access.client(&id(number)).await).contains("does not answer with it"));
    }
    assert!(why(access.client(&id(10)).await).contains("asked too often"));
    assert_eq!(server.asked(), 10);
    world.forward(60);
    server.tell("Agent");
    assert_eq!(access.client(&server.id()).await.unwrap().name, "Agent");
}

#[tokio::test]
async fn without_a_way_out_no_document_is_read() {
    let world = World::new();
    let access = world.access().await;
    let id = ClientId::from_text("https://agent.example/client.json");
    assert_eq!(why(access.client(&id).await), "this server fetches no documents");
}
