//! OAuth clients.

use domain::{ClientId, Clock, Timestamp};
use storage::{Database, NewClientRow};
use time::Duration;

use crate::world::{World, grant, token};

fn client(name: &str, host: &str) -> NewClientRow {
    NewClientRow {
        name: name.to_owned(),
        uri: String::new(),
        redirect_uris: vec![format!("https://{host}/back"), "http://localhost/back".to_owned()],
        redirect_host: host.to_owned(),
        auth_method: "none",
        secret_hash: None,
    }
}

pub(crate) async fn a_registered_client_is_found_as_it_was_kept(world: &World) {
    let store = world.store().await;
    let secret = NewClientRow {
        auth_method: "client_secret_basic",
        secret_hash: Some([7; 32]),
        ..client("Agent", "a.example")
    };
    let kept = store.add_client(&secret).await.unwrap();
    assert_eq!(store.find_client(&kept.id).await.unwrap().as_ref(), Some(&kept));
    assert_eq!((kept.name.as_str(), kept.secret_hash, kept.is_document), ("Agent", Some([7; 32]), false));
    assert_eq!(kept.redirect_uris, secret.redirect_uris);
    assert_eq!((kept.created, kept.last_used, kept.fetched), (world.clock.now(), world.clock.now(), None));
    let public = store.add_client(&client("Agent", "a.example")).await.unwrap();
    assert_ne!(public.id, kept.id);
    assert_eq!(public.secret_hash, None);
    assert_eq!(store.find_client(&ClientId::from_text("cli_0")).await.unwrap(), None);
}

pub(crate) async fn what_a_document_says_now_takes_the_place_of_what_it_said(world: &World) {
    let store = world.store().await;
    let id = ClientId::from_text("https://a.example/client.json");
    let first = store.save_document_client(&id, &client("Old", "a.example")).await.unwrap();
    assert!(first.is_document && first.fetched == Some(world.clock.now()));
    world.clock.forward(3600);
    let second = store.save_document_client(&id, &client("New", "b.example")).await.unwrap();
    assert_eq!((second.name.as_str(), second.redirect_host.as_str()), ("New", "b.example"));
    assert_eq!((second.created, second.fetched), (first.created, Some(world.clock.now())));
    assert_eq!(store.find_client(&id).await.unwrap(), Some(second));
}

pub(crate) async fn registrations_are_counted_in_all_and_by_host(world: &World) {
    let store = world.store().await;
    let since = |world: &World| -> Timestamp { world.clock.now() - Duration::hours(1) };
    let first = world.clock.now();
    for host in ["a.example", "b.example", "a.example"] {
        store.add_client(&client("Agent", host)).await.unwrap();
        world.clock.forward(60);
    }
    let document = ClientId::from_text("https://a.example/client.json");
    store.save_document_client(&document, &client("Agent", "a.example")).await.unwrap();
    let since = since(world);
    assert_eq!(store.nth_last_registration(4, since).await.unwrap(), None, "a document is none");
    assert_eq!(store.nth_last_registration(3, since).await.unwrap(), Some(first));
    assert_eq!(store.nth_last_registration(2, since).await.unwrap(), Some(first + Duration::minutes(1)));
    assert_eq!(store.nth_last_registration_of("a.example", 3, since).await.unwrap(), None);
    assert_eq!(store.nth_last_registration_of("a.example", 2, since).await.unwrap(), Some(first));
    assert_eq!(store.nth_last_registration_of("c.example", 1, since).await.unwrap(), None);
    assert_eq!(store.nth_last_registration(3, first).await.unwrap(), None, "what is older does not count");
}

pub(crate) async fn an_unused_client_is_forgotten_unless_somebody_let_it_in(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let idle = store.add_client(&client("Idle", "a.example")).await.unwrap();
    let used = store.add_client(&client("Used", "a.example")).await.unwrap();
    let granted = store.add_client(&client("Granted", "a.example")).await.unwrap();
    let grant = store.add_grant(&ann.id, &grant("Granted"), &token(1)).await.unwrap();
    let database = Database::open(&world.url).await.unwrap();
    let values = [grant.id.as_str().into(), granted.id.as_str().into()];
    database.execute("UPDATE grants SET client_id = $2 WHERE id = $1", &values).await.unwrap();
    let values = [ann.id.as_str().into(), idle.id.as_str().into()];
    const ASK: &str = "INSERT INTO consents (id, user_id, client_id, redirect_uri, code_challenge, resource, \
        created, expires) VALUES ('con_1', $1, $2, 'https://a.example/back', 'x', 'y', 1, 2)";
    database.execute(ASK, &values).await.unwrap();
    database.close().await;

    let since = world.clock.now();
    world.clock.forward(60);
    store.touch_client(&used.id, world.clock.now()).await.unwrap();
    store.touch_client(&used.id, since).await.unwrap();
    assert_eq!(store.forget_clients(since).await.unwrap(), 0, "not yet");
    assert_eq!(store.forget_clients(world.clock.now()).await.unwrap(), 1);
    assert_eq!(store.find_client(&idle.id).await.unwrap(), None);
    for kept in [&used.id, &granted.id] {
        assert!(store.find_client(kept).await.unwrap().is_some());
    }
}
