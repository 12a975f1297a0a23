//! Questions of clients and answers of people: what a yes gives, and that it is given once.

use std::collections::BTreeSet;

use access::{Error, SignedIn};
use domain::{ConsentId, GrantedAccounts, Limits, Scopes};
use time::Duration;

use crate::{
    dance::{Dance, asked, choice, client, code, code_in, signed_in},
    world::{name, person, token},
};

async fn ask(dance: &Dance, scopes: &str) -> ConsentId {
    dance.access.consent_ask(&dance.ann, &dance.asked(scopes)).await.unwrap()
}

/// What Ann's agents may do, by label.
async fn allowed(dance: &Dance, who: &SignedIn) -> Vec<(String, String)> {
    let mut agents: Vec<_> = dance.access.agent_list(who).await.unwrap();
    agents.sort_by(|a, b| a.grant.label.cmp(&b.grant.label));
    agents.into_iter().map(|agent| (agent.grant.label, agent.grant.scopes.to_string())).collect()
}

fn row(label: &str, scopes: &str) -> (String, String) {
    (label.to_owned(), scopes.to_owned())
}

#[tokio::test]
async fn a_question_is_shown_to_its_person_alone_for_ten_minutes() {
    let dance = Dance::new().await;
    person(&dance.access, "bob", &[]).await;
    let bob = signed_in(&dance.world, &dance.access, "bob").await;
    let id = ask(&dance, "search read").await;
    let question = dance.access.consent_find(&dance.ann, &id).await.unwrap();
    assert_eq!((question.client.name.as_str(), &question.client.id), ("Agent", &dance.client));
    assert_eq!(question.offered.to_string(), "mail:search mail:read");
    assert!(question.grant.is_none());
    let all = choice("search read");
    for found in [
        dance.access.consent_find(&bob, &id).await.map(drop),
        dance.access.consent_give(&bob, &id, &all).await.map(drop),
        dance.access.consent_refuse(&bob, &id).await.map(drop),
    ] {
        assert!(matches!(found, Err(Error::ConsentNotFound)), "it is not Bob's: {found:?}");
    }
    dance.world.forward(599);
    assert!(dance.access.consent_find(&dance.ann, &id).await.is_ok());
    dance.world.forward(1);
    for found in [
        dance.access.consent_find(&dance.ann, &id).await.map(drop),
        dance.access.consent_give(&dance.ann, &id, &all).await.map(drop),
        dance.access.consent_refuse(&dance.ann, &id).await.map(drop),
    ] {
        assert!(matches!(found, Err(Error::ConsentOver)), "its time is over: {found:?}");
    }
    assert_eq!(allowed(&dance, &dance.ann).await, []);
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let dance = Dance::new().await;
    let (given, refused) = (ask(&dance, "read").await, ask(&dance, "read").await);
    dance.access.consent_give(&dance.ann, &given, &choice("read")).await.unwrap();
    dance.access.consent_refuse(&dance.ann, &refused).await.unwrap();
    for id in [&given, &refused] {
        let yes = dance.access.consent_give(&dance.ann, id, &choice("read")).await;
        assert!(matches!(yes, Err(Error::ConsentOver)));
        assert!(matches!(dance.access.consent_refuse(&dance.ann, id).await, Err(Error::ConsentOver)));
        assert!(matches!(dance.access.consent_find(&dance.ann, id).await, Err(Error::ConsentOver)));
    }
}

#[tokio::test]
async fn of_two_answers_at_the_same_instant_one_gives_a_code() {
    let dance = Dance::new().await;
    let other = dance.world.access().await;
    let id = ask(&dance, "read").await;
    let yes = choice("read");
    let answers = tokio::join!(
        dance.access.consent_give(&dance.ann, &id, &yes),
        other.consent_give(&dance.ann, &id, &yes)
    );
    let (codes, over): (Vec<_>, Vec<_>) = [answers.0, answers.1].into_iter().partition(Result::is_ok);
    assert_eq!((codes.len(), over.len()), (1, 1));
    assert!(matches!(over[0], Err(Error::ConsentOver)));
    assert_eq!(allowed(&dance, &dance.ann).await, [row("Agent", "mail:read")]);
}

#[tokio::test]
async fn two_questions_of_one_client_that_are_answered_at_once_make_one_grant() {
    let dance = Dance::new().await;
    let other = dance.world.access().await;
    let (first, second) = (ask(&dance, "read").await, ask(&dance, "search").await);
    let (read, search) = (choice("read"), choice("search"));
    let answers = tokio::join!(
        dance.access.consent_give(&dance.ann, &first, &read),
        other.consent_give(&dance.ann, &second, &search)
    );
    assert!(answers.0.is_ok() && answers.1.is_ok());
    assert_eq!(allowed(&dance, &dance.ann).await, [row("Agent", "mail:search mail:read")]);
}

#[tokio::test]
async fn of_more_than_twenty_open_questions_the_oldest_goes() {
    let dance = Dance::new().await;
    let first = ask(&dance, "read").await;
    dance.world.forward(1);
    let second = ask(&dance, "read").await;
    for _ in 0..19 {
        dance.world.forward(1);
        ask(&dance, "read").await;
    }
    let gone = dance.access.consent_find(&dance.ann, &first).await;
    assert!(matches!(gone, Err(Error::ConsentNotFound)));
    assert!(dance.access.consent_find(&dance.ann, &second).await.is_ok());
}

#[tokio::test]
async fn a_client_that_names_no_scopes_is_offered_all_eight() {
    let dance = Dance::new().await;
    let mut unknown = dance.asked("");
    unknown.scopes = Some(Scopes::NONE);
    for asked in [dance.asked(""), unknown] {
        let id = dance.access.consent_ask(&dance.ann, &asked).await.unwrap();
        let question = dance.access.consent_find(&dance.ann, &id).await.unwrap();
        assert_eq!(question.offered, Scopes::all());
    }
}

#[tokio::test]
async fn what_was_not_offered_is_not_given() {
    let dance = Dance::new().await;
    let id = ask(&dance, "search read").await;
    dance.access.consent_give(&dance.ann, &id, &choice("read send delete")).await.unwrap();
    assert_eq!(allowed(&dance, &dance.ann).await, [row("Agent", "mail:read")]);
}

#[tokio::test]
async fn what_the_grant_allowed_beyond_the_offer_it_still_allows() {
    let dance = Dance::new().await;
    dance.connected("folders search read").await;
    let before = dance.access.agent_list(&dance.ann).await.unwrap().remove(0);
    let id = ask(&dance, "read send").await;
    let question = dance.access.consent_find(&dance.ann, &id).await.unwrap();
    assert_eq!(question.grant.as_ref(), Some(&before.grant), "the person sees what it may do already");
    let url = dance.access.consent_give(&dance.ann, &id, &choice("send")).await.unwrap();
    assert_eq!(
        allowed(&dance, &dance.ann).await,
        [row("Agent", "mail:folders mail:search mail:send")],
        "reading was offered and not ticked"
    );
    let after = dance.access.agent_list(&dance.ann).await.unwrap().remove(0);
    assert_eq!(after.grant.id, before.grant.id, "one live grant of person and client");
    let issued = dance.exchange(&code_in(&url)).await.unwrap();
    assert_eq!(issued.scopes.to_string(), "mail:send", "the token has what was ticked");
}

#[tokio::test]
async fn a_paused_agent_that_the_person_lets_in_anew_goes_on() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let grant = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant;
    dance.access.agent_pause(&dance.ann, &grant.id, true).await.unwrap();
    assert_eq!(dance.may(&issued).await, Err("paused"));
    dance.connected("read").await;
    assert_eq!(dance.may(&issued).await.unwrap().to_string(), "mail:read");
}

#[tokio::test]
async fn a_grant_whose_time_was_over_is_not_revived_by_a_new_one() {
    let dance = Dance::new().await;
    let id = ask(&dance, "read").await;
    let mut brief = choice("read");
    brief.lifetime = Some(Duration::minutes(5));
    let url = dance.access.consent_give(&dance.ann, &id, &brief).await.unwrap();
    let old = dance.exchange(&code_in(&url)).await.unwrap();
    assert_eq!(old.expires_in, 300, "a token ends with its grant");
    let before = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant.id;
    dance.world.forward(300);
    assert_eq!(dance.may(&old).await, Err("expired"));
    assert!(dance.refresh(&old.refresh).await.is_err());
    let new = dance.connected("read").await;
    assert!(dance.may(&new).await.is_ok());
    assert_eq!(dance.may(&old).await, Err("revoked"));
    assert!(dance.refresh(&old.refresh).await.is_err());
    let after = dance.access.agent_list(&dance.ann).await.unwrap();
    assert_eq!(after.len(), 1);
    assert_ne!(after[0].grant.id, before);
    assert_eq!(after[0].grant.label, "Agent", "its label was free again");
}

#[tokio::test]
async fn a_yes_needs_a_scope_and_an_account_of_the_person() {
    let dance = Dance::new().await;
    person(&dance.access, "bob", &["bobs"]).await;
    let id = ask(&dance, "search read").await;
    let refused = async |change: &dyn Fn(&mut access::Choice)| {
        let mut yes = choice("read");
        change(&mut yes);
        dance.access.consent_give(&dance.ann, &id, &yes).await.unwrap_err()
    };
    assert!(matches!(refused(&|yes| yes.scopes = Scopes::NONE).await, Error::NoScopes));
    let beside = refused(&|yes| yes.scopes = Scopes::parse("send").unwrap()).await;
    assert!(matches!(beside, Error::NoScopes), "none of what was offered");
    let none = refused(&|yes| yes.accounts = GrantedAccounts::Only(Vec::new())).await;
    assert!(matches!(none, Error::NoAccounts));
    let other = refused(&|yes| yes.accounts = GrantedAccounts::Only(vec![name("work"), name("bobs")])).await;
    assert!(matches!(&other, Error::AccountNotFound { name, .. } if name == "bobs"), "{other:?}");
    for lifetime in [Duration::ZERO, Duration::MAX] {
        let never = refused(&|yes| yes.lifetime = Some(lifetime)).await;
        assert!(matches!(never, Error::BadDuration(_)));
    }
    assert_eq!(allowed(&dance, &dance.ann).await, []);
    let mut mended = choice("read");
    mended.accounts = GrantedAccounts::Only(vec![name("work")]);
    mended.limits = Limits { folders: vec!["@inbox".to_owned()], ..Limits::default() };
    dance.access.consent_give(&dance.ann, &id, &mended).await.unwrap();
    let agent = dance.access.agent_list(&dance.ann).await.unwrap().remove(0);
    assert_eq!((agent.grant.accounts, agent.grant.limits), (mended.accounts, mended.limits));
}

#[tokio::test]
async fn clients_of_one_name_have_labels_of_their_own() {
    let dance = Dance::new().await;
    dance.access.token_new("ann", &token("Agent")).await.unwrap();
    let long = "x".repeat(70);
    for client_name in ["Agent", "Agent", long.as_str(), long.as_str()] {
        let client = client(&dance.world, client_name, None).await;
        code(&dance.access, &dance.ann, &asked(&client, "read")).await;
    }
    let labels: BTreeSet<String> =
        allowed(&dance, &dance.ann).await.into_iter().map(|(label, _)| label).collect();
    let expected = [
        "Agent".to_owned(),
        "Agent (2)".to_owned(),
        "Agent (3)".to_owned(),
        "x".repeat(64),
        format!("{} (2)", "x".repeat(60)),
    ];
    assert_eq!(labels, BTreeSet::from(expected));
}

/// RFC 6749, 4.1.2: `state` as it came; RFC 9207, 2: `iss`, on a yes and on a no.
#[tokio::test]
async fn the_answer_goes_to_the_redirect_with_the_state_as_it_came_and_iss() {
    let dance = Dance::new().await;
    let rest = "&state=a%20state%26more%3D%C3%BC&iss=http%3A%2F%2Flocalhost%3A8143";
    let id = ask(&dance, "read").await;
    let url = dance.access.consent_give(&dance.ann, &id, &choice("read")).await.unwrap();
    let code = code_in(&url);
    assert_eq!(url, format!("https://agent.example/cb?from=a%2Fb&code={}{rest}", code.expose()));
    assert!(code.expose().starts_with("prmc_") && code.expose().len() == 48, "prmc_ and 32 bytes");

    let id = ask(&dance, "read").await;
    let url = dance.access.consent_refuse(&dance.ann, &id).await.unwrap();
    assert_eq!(url, format!("https://agent.example/cb?from=a%2Fb&error=access_denied{rest}"));

    let mut stateless = dance.asked("read");
    stateless.state = None;
    let id = dance.access.consent_ask(&dance.ann, &stateless).await.unwrap();
    let url = dance.access.consent_refuse(&dance.ann, &id).await.unwrap();
    assert!(!url.contains("state"), "{url}");
}

/// RFC 6749, 4.1.2.1: `access_denied`.
#[tokio::test]
async fn who_refuses_gives_nothing_and_takes_nothing() {
    let dance = Dance::new().await;
    let id = ask(&dance, "read").await;
    dance.access.consent_refuse(&dance.ann, &id).await.unwrap();
    assert_eq!(allowed(&dance, &dance.ann).await, []);
    let issued = dance.connected("read").await;
    let id = ask(&dance, "read send").await;
    dance.access.consent_refuse(&dance.ann, &id).await.unwrap();
    assert_eq!(dance.may(&issued).await.unwrap().to_string(), "mail:read");
}

#[tokio::test]
async fn answers_stand_in_the_person_s_audit_trail() {
    let dance = Dance::new().await;
    dance.connected("read").await;
    dance.connected("read").await;
    let id = ask(&dance, "read").await;
    dance.access.consent_refuse(&dance.ann, &id).await.unwrap();
    dance.access.flush().await;
    let grant = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant.id;
    let rows = dance.access.audit_list("ann", 10).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.row.tool.as_str(), row.row.outcome.as_str())).collect();
    assert_eq!(told, [("consent", "refused"), ("consent", "changed"), ("consent", "given")]);
    for found in &rows {
        assert_eq!((found.row.door.as_str(), &found.row.grant), ("page", &grant));
        assert_eq!(found.row.targets, format!("[\"{}\"]", dance.client));
    }
}

#[tokio::test]
async fn a_redirect_that_its_client_has_given_up_meanwhile_gets_no_code() {
    let dance = Dance::new().await;
    let store = dance.world.store().await;
    let id = domain::ClientId::from_text("https://agent.example/client.json");
    let mut said = storage::NewClientRow {
        name: "Agent".to_owned(),
        uri: String::new(),
        redirect_uris: vec![crate::dance::REDIRECT.to_owned()],
        redirect_host: "agent.example".to_owned(),
        auth_method: "none",
        secret_hash: None,
    };
    store.save_document_client(&id, &said).await.unwrap();
    let asked = crate::dance::asked(&id, "read");
    let question = dance.access.consent_ask(&dance.ann, &asked).await.unwrap();
    said.redirect_uris = vec!["https://agent.example/elsewhere".to_owned()];
    store.save_document_client(&id, &said).await.unwrap();
    let given = dance.access.consent_give(&dance.ann, &question, &crate::dance::choice("read")).await;
    assert!(matches!(given, Err(Error::ConsentOver)), "{given:?}");
    assert!(dance.access.agent_list(&dance.ann).await.unwrap().is_empty());
}
