//! Accounts of users.

use access::Error;
use domain::{
    AccountSource, Code, Problem, Secret,
    account::{SmtpPassword, Typed},
};

use crate::world::{World, credentials, name, person, settings, token};

#[tokio::test]
async fn an_account_that_was_added_is_listed_and_opens_by_its_source() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let listed = access.account_list("ann").await.unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].is_default), ("work", true));
    let (_, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    let principal = access.principal(bearer.expose()).await.unwrap();
    let AccountSource::Stored(id) = &principal.accounts[0].source else { panic!("it is stored") };
    let opened = world.store().await.open_account(id).await.unwrap();
    assert_eq!(opened, Some((settings(), credentials())));
}

#[tokio::test]
async fn an_account_that_was_removed_is_out_of_reach_at_once() {
    let world = World::new();
    let (serve, command) = (world.access().await, world.access().await);
    person(&command, "ann", &["work", "home"]).await;
    let (_, bearer) = command.token_new("ann", &token("agent")).await.unwrap();
    assert_eq!(serve.principal(bearer.expose()).await.unwrap().accounts.len(), 2);
    command.account_remove("ann", &name("work")).await.unwrap();
    let left = serve.principal(bearer.expose()).await.unwrap().accounts;
    assert_eq!((left.len(), left[0].name.as_str(), left[0].is_default), (1, "home", true));
    let again: Problem = command.account_remove("ann", &name("wrk")).await.unwrap_err().into();
    assert_eq!(again.code, Code::NotFound);
    let near: Problem = command.account_remove("ann", &name("hom")).await.unwrap_err().into();
    assert_eq!(near.hint, "Did you mean `home`?");
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_with_the_next_step() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let taken = access.account_add("ann", &name("work"), &settings(), &credentials()).await.unwrap_err();
    assert!(matches!(&taken, Error::AccountTaken(name) if name == "work"));
    assert!(taken.hint().contains("--name"));
}

#[tokio::test]
async fn a_changed_account_keeps_its_secrets_unless_they_would_go_elsewhere() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let mut styled = settings();
    styled.writing_style = "Plain words.".to_owned();
    let edited = access.account_edit("ann", &name("work"), &styled, &Typed::default()).await.unwrap();
    assert_eq!(edited.settings, styled);
    let opened = world.store().await.open_account(&edited.id).await.unwrap();
    assert_eq!(opened, Some((styled.clone(), credentials())));

    styled.imap.host = "elsewhere.example".to_owned();
    let refused = access.account_edit("ann", &name("work"), &styled, &Typed::default()).await.unwrap_err();
    assert!(matches!(refused, Error::PasswordNeeded(_)));
    assert_eq!(refused.hint(), "Type the password once more.");
    let typed = Typed { imap: Some(Secret::new("new")), smtp: SmtpPassword::SameAsImap };
    access.account_edit("ann", &name("work"), &styled, &typed).await.unwrap();
    let absent = access.account_edit("ann", &name("home"), &styled, &typed).await.unwrap_err();
    assert!(matches!(absent, Error::AccountNotFound { .. }));
}

#[tokio::test]
async fn another_account_becomes_the_default_by_choice() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work", "home"]).await;
    access.account_default("ann", &name("home")).await.unwrap();
    let defaults: Vec<bool> =
        access.account_list("ann").await.unwrap().iter().map(|account| account.is_default).collect();
    assert_eq!(defaults, [true, false], "in the order of their names");
    let absent: Problem = access.account_default("ann", &name("hom")).await.unwrap_err().into();
    assert_eq!((absent.code, absent.hint.as_str()), (Code::NotFound, "Did you mean `home`?"));
}

#[tokio::test]
async fn nobody_adds_accounts_without_end() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    for number in 0..100 {
        let name = name(&format!("a{number}"));
        access.account_add("ann", &name, &settings(), &credentials()).await.unwrap();
    }
    let refused = access.account_add("ann", &name("more"), &settings(), &credentials()).await.unwrap_err();
    assert_eq!(Problem::from(refused).code, Code::TooMany);
}
