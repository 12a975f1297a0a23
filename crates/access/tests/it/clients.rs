//! Clients that register: what is kept, what is counted.

use access::{Access, AuthMethod, ClientRefusal, NewClient, RegistrationRefusal};
use domain::ClientId;

use crate::world::World;

fn new(redirect: &str) -> NewClient {
    NewClient {
        name: "Agent".to_owned(),
        uri: String::new(),
        redirect_uris: vec![redirect.to_owned()],
        auth_method: AuthMethod::None,
    }
}

async fn register(access: &Access, redirect: &str) -> Result<ClientId, RegistrationRefusal> {
    access.client_register(&new(redirect)).await.map(|(client, _)| client.id)
}

#[tokio::test]
async fn a_registered_client_is_known_by_its_id_and_redirects() {
    let world = World::new();
    let access = world.access().await;
    let id = register(&access, "http://127.0.0.1/callback").await.unwrap();
    let client = access.client(&id).await.unwrap();
    assert_eq!(access.client_kept(&id).await.unwrap().as_ref(), Some(&client));
    assert!(client.has_redirect("http://127.0.0.1:4711/callback"));
    assert!(!client.has_redirect("http://localhost:4711/callback"));
    for unknown in ["cli_0", "", "x y", "http://a.example/c", &"x".repeat(3000)] {
        let refusal = access.client(&ClientId::from_text(unknown)).await.unwrap_err();
        assert!(matches!(refusal, ClientRefusal::Unknown), "{unknown}: {refusal}");
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_only_to_a_client_that_has_one() {
    let world = World::new();
    let access = world.access().await;
    let (_, none) = access.client_register(&new("https://a.example/")).await.unwrap();
    assert!(none.is_none());
    let confidential = NewClient { auth_method: AuthMethod::Post, ..new("https://a.example/") };
    let (client, secret) = access.client_register(&confidential).await.unwrap();
    assert_eq!(client.auth_method, AuthMethod::Post);
    let secret = secret.unwrap();
    assert_eq!(secret.expose().len(), 43);
    assert!(!format!("{client:?}").contains(secret.expose()));
}

#[tokio::test]
async fn a_client_without_a_name_is_called_unnamed() {
    let world = World::new();
    let access = world.access().await;
    let nameless = NewClient { name: "\u{200b} ".to_owned(), ..new("https://a.example/") };
    assert_eq!(access.client_register(&nameless).await.unwrap().0.name, "Unnamed agent");
}

/// Whatever process they come to: the count is the database's.
#[tokio::test]
async fn registrations_are_limited_for_a_host_and_in_all_on_every_server_together() {
    let world = World::new();
    let servers = [world.access().await, world.access().await];
    let seconds = |answer: Result<ClientId, RegistrationRefusal>| match answer {
        Err(RegistrationRefusal::TooMany(seconds)) => seconds,
        other => panic!("{other:?}"),
    };
    for number in 0..60 {
        register(&servers[number % 2], "http://localhost/callback").await.unwrap();
    }
    assert_eq!(seconds(register(&servers[0], "http://[::1]/callback").await), 3601);
    world.forward(60);
    for number in 0..140 {
        register(&servers[number % 2], &format!("https://{}.example/back", number % 7)).await.unwrap();
    }
    // of one host 20, of all 200: what is tried now fails by both, by the host alone an hour from now
    assert_eq!(seconds(register(&servers[1], "https://0.example/back").await), 3601);
    assert_eq!(seconds(register(&servers[0], "https://new.example/back").await), 3541);
    world.forward(3541);
    register(&servers[0], "https://new.example/back").await.unwrap();
}

#[tokio::test]
async fn a_client_that_nobody_uses_is_forgotten_when_others_register() {
    let world = World::new();
    let access = world.access().await;
    let old = register(&access, "https://a.example/").await.unwrap();
    world.forward(29 * 86_400);
    register(&access, "https://b.example/").await.unwrap();
    assert!(access.client(&old).await.is_ok());
    world.forward(2 * 86_400);
    register(&access, "https://c.example/").await.unwrap();
    assert!(matches!(access.client(&old).await, Err(ClientRefusal::Unknown)));
}

#[tokio::test]
async fn without_a_store_nobody_registers() {
    let access = World::new().access_without_store();
    let answer = register(&access, "https://a.example/").await;
    assert!(matches!(answer, Err(RegistrationRefusal::Unavailable(_))), "{answer:?}");
}
