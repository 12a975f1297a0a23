//! Questions of clients and the grants that a yes makes.

use domain::{ClientId, Clock, ConsentId, GrantedAccounts, Limits, Scopes, Timestamp, UserId};
use storage::{Given, NewClientRow, NewConsent, Store, Yes};
use time::Duration;

use crate::world::{World, grant, name, token};

/// A client that registered under that name.
pub(crate) async fn client(store: &Store, name: &str) -> ClientId {
    let new = NewClientRow {
        name: name.to_owned(),
        uri: String::new(),
        redirect_uris: vec!["https://agent.example/cb".to_owned()],
        redirect_host: "agent.example".to_owned(),
        auth_method: "none",
        secret_hash: None,
    };
    store.add_client(&new).await.unwrap().id
}

pub(crate) fn question(client: &ClientId, expires: Timestamp) -> NewConsent {
    NewConsent {
        client: client.clone(),
        redirect_uri: "https://agent.example/cb".to_owned(),
        state: Some("state".to_owned()),
        code_challenge: "challenge".to_owned(),
        scopes: Some(Scopes::parse("search read").unwrap()),
        resource: "https://mail.example/mcp".to_owned(),
        expires,
    }
}

/// A yes to all that was offered, with a code of that hash.
pub(crate) fn yes(world: &World, code: u8) -> Yes {
    Yes {
        label: "Agent".to_owned(),
        scopes: Scopes::parse("search read").unwrap(),
        offered: Scopes::parse("search read").unwrap(),
        accounts: GrantedAccounts::All,
        limits: Limits::default(),
        expires: None,
        code_hash: [code; 32],
        code_expires: world.clock.now() + Duration::MINUTE,
    }
}

/// An open question to the user.
pub(crate) async fn ask(world: &World, store: &Store, user: &UserId, client: &ClientId) -> ConsentId {
    let asked = question(client, world.clock.now() + Duration::minutes(10));
    store.add_consent(user, &asked, 20).await.unwrap()
}

async fn ann(store: &Store) -> UserId {
    store.add_user("ann", false, "hash").await.unwrap().id
}

pub(crate) async fn a_question_comes_back_to_its_user_alone(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    let client = client(&store, "Agent").await;
    let mut asked = question(&client, world.clock.now() + Duration::minutes(10));
    asked.scopes = None;
    asked.state = None;
    let id = store.add_consent(&ann, &asked, 20).await.unwrap();
    let found = store.find_consent(&ann, &id).await.unwrap().unwrap();
    assert_eq!(
        (&found.client, &found.redirect_uri, found.state, found.scopes, found.expires, found.is_answered),
        (&client, &asked.redirect_uri, None, None, asked.expires, false)
    );
    assert!(store.find_consent(&bob, &id).await.unwrap().is_none());
    assert_eq!(store.give_consent(&bob, &id, &yes(world, 1)).await.unwrap(), None);
    assert!(!store.refuse_consent(&bob, &id).await.unwrap());
    assert!(store.refuse_consent(&ann, &id).await.unwrap());
    assert!(store.find_consent(&ann, &id).await.unwrap().unwrap().is_answered);
}

pub(crate) async fn of_many_answers_one_counts(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let client = client(&store, "Agent").await;
    let id = ask(world, &store, &ann, &client).await;
    let others = [world.store().await, world.store().await, world.store().await];
    let (one, two, three) = (yes(world, 1), yes(world, 2), yes(world, 3));
    let answers = tokio::join!(
        others[0].give_consent(&ann, &id, &one),
        others[1].give_consent(&ann, &id, &two),
        others[2].give_consent(&ann, &id, &three),
        store.refuse_consent(&ann, &id),
    );
    let given = [answers.0.unwrap(), answers.1.unwrap(), answers.2.unwrap()];
    let given = given.iter().flatten().count();
    assert_eq!(given + usize::from(answers.3.unwrap()), 1);
    let mut codes = 0;
    for hash in [[1; 32], [2; 32], [3; 32]] {
        codes += usize::from(store.find_code(&hash).await.unwrap().is_some());
    }
    assert_eq!((codes, store.list_grants(&ann).await.unwrap().len()), (given, given));
}

pub(crate) async fn an_answer_that_comes_too_late_is_no_answer(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let client = client(&store, "Agent").await;
    let id = ask(world, &store, &ann, &client).await;
    world.clock.forward(600);
    assert_eq!(store.give_consent(&ann, &id, &yes(world, 1)).await.unwrap(), None);
    assert!(!store.refuse_consent(&ann, &id).await.unwrap());
    assert!(store.find_code(&[1; 32]).await.unwrap().is_none());
    store.forget_consents(world.clock.now() + Duration::SECOND).await.unwrap();
    assert!(store.find_consent(&ann, &id).await.unwrap().is_none());
}

pub(crate) async fn two_new_grants_of_one_client_at_the_same_instant_are_one(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let client = client(&store, "Agent").await;
    let questions = [ask(world, &store, &ann, &client).await, ask(world, &store, &ann, &client).await];
    let other = world.store().await;
    let (one, two) = (yes(world, 1), yes(world, 2));
    let answers = tokio::join!(
        store.give_consent(&ann, &questions[0], &one),
        other.give_consent(&ann, &questions[1], &two)
    );
    for (answer, (question, yes)) in
        [answers.0, answers.1].into_iter().zip(questions.iter().zip([&one, &two]))
    {
        if matches!(answer, Err(storage::Error::Taken)) {
            let again = store.give_consent(&ann, question, yes).await.unwrap();
            assert!(!again.unwrap().is_new, "the question was open still, and now the grant is seen");
        } else {
            assert!(answer.unwrap().is_some());
        }
    }
    assert_eq!(store.list_grants(&ann).await.unwrap().len(), 1);
    assert!(store.find_code(&[1; 32]).await.unwrap().is_some());
    assert!(store.find_code(&[2; 32]).await.unwrap().is_some());
}

pub(crate) async fn a_second_yes_edits_the_grant_and_resumes_it(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let client = client(&store, "Agent").await;
    let id = ask(world, &store, &ann, &client).await;
    let first = store.give_consent(&ann, &id, &yes(world, 1)).await.unwrap().unwrap();
    assert!(first.is_new);
    assert!(store.pause_grant(&ann, &first.grant, true).await.unwrap());
    assert!(store.find_standing(&first.grant).await.unwrap().unwrap().is_paused);
    let id = ask(world, &store, &ann, &client).await;
    let mut second = yes(world, 2);
    second.scopes = Scopes::parse("send").unwrap();
    second.offered = Scopes::parse("read send").unwrap();
    second.accounts = GrantedAccounts::Only(vec![name("work")]);
    second.limits.calls_per_hour = Some(5);
    second.expires = Some(world.clock.now() + Duration::HOUR);
    let given = store.give_consent(&ann, &id, &second).await.unwrap();
    assert_eq!(given, Some(Given { grant: first.grant.clone(), is_new: false }));
    let held = store.find_grant_to(&ann, &client).await.unwrap().unwrap();
    assert!(!held.is_paused);
    assert_eq!(held.client.as_ref(), Some(&client));
    assert_eq!(held.grant.scopes.to_string(), "mail:search mail:send");
    assert_eq!(
        (held.grant.accounts, held.grant.limits, held.grant.expires),
        (second.accounts, second.limits, second.expires)
    );
    let code = store.find_code(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((code.scopes, &code.client), (second.scopes, &client));
    assert_eq!((code.code_challenge.as_str(), code.standing.grant), ("challenge", first.grant));
}

pub(crate) async fn a_grant_that_had_expired_ends_before_another_is_made(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let client = client(&store, "Agent").await;
    let id = ask(world, &store, &ann, &client).await;
    let mut brief = yes(world, 1);
    brief.expires = Some(world.clock.now() + Duration::SECOND);
    let first = store.give_consent(&ann, &id, &brief).await.unwrap().unwrap();
    world.clock.forward(1);
    let id = ask(world, &store, &ann, &client).await;
    let second = store.give_consent(&ann, &id, &yes(world, 2)).await.unwrap().unwrap();
    assert!(second.is_new && second.grant != first.grant);
    assert!(store.find_standing(&first.grant).await.unwrap().unwrap().is_revoked);
    let code = store.find_code(&[1; 32]).await.unwrap().unwrap();
    assert!(code.standing.is_revoked && code.standing.is_ended);
}

pub(crate) async fn a_label_that_is_taken_gets_a_number(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    store.add_grant(&ann, &grant("Agent"), &token(1)).await.unwrap();
    store.add_grant(&ann, &grant("Agent (3)"), &token(2)).await.unwrap();
    for code in 1..=3 {
        let client = client(&store, "Agent").await;
        let id = ask(world, &store, &ann, &client).await;
        store.give_consent(&ann, &id, &yes(world, code)).await.unwrap().unwrap();
    }
    let labels: Vec<String> =
        store.list_grants(&ann).await.unwrap().into_iter().map(|held| held.grant.label).collect();
    assert_eq!(labels, ["Agent", "Agent (2)", "Agent (3)", "Agent (4)", "Agent (5)"]);
}

pub(crate) async fn of_a_user_s_open_questions_the_newest_are_kept(world: &World) {
    let store = world.store().await;
    let ann = ann(&store).await;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    let client = client(&store, "Agent").await;
    let bobs = ask(world, &store, &bob, &client).await;
    let answered = ask(world, &store, &ann, &client).await;
    store.refuse_consent(&ann, &answered).await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..4 {
        world.clock.forward(1);
        let new = question(&client, world.clock.now() + Duration::minutes(10));
        asked.push(store.add_consent(&ann, &new, 3).await.unwrap());
    }
    let is_there =
        async |user: &UserId, id: &ConsentId| store.find_consent(user, id).await.unwrap().is_some();
    assert!(!is_there(&ann, &asked[0]).await);
    for id in &asked[1..] {
        assert!(is_there(&ann, id).await);
    }
    assert!(is_there(&ann, &answered).await && is_there(&bob, &bobs).await);
}
