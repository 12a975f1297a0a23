//! Personal tokens: what they let in, and every way they stop.

use std::collections::BTreeSet;

use access::{Error, Refusal, Settings};
use domain::{Code, Door, Limits, Problem, Scope, Scopes};
use time::Duration;

use crate::world::{World, name, person, token};

#[tokio::test]
async fn a_token_gives_the_scopes_accounts_and_limits_of_its_grant() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work", "home", "club"]).await;
    person(&access, "bob", &["bobs"]).await;
    let mut new = token(" Claude on my laptop ");
    new.accounts = Some(vec![name("work"), name("club"), name("work")]);
    new.limits = Limits { folders: vec!["@inbox".to_owned()], ..Limits::default() };
    let (grant, bearer) = access.token_new("ann", &new).await.unwrap();
    assert!(bearer.expose().starts_with("prp_") && bearer.expose().len() == 47, "prp_ and 32 bytes");

    let principal = access.principal(bearer.expose()).await.unwrap();
    assert_eq!((principal.user.as_str(), principal.client.as_str()), ("ann", "Claude on my laptop"));
    assert_eq!((&principal.grant, principal.door), (&grant.id, Door::Personal));
    assert!(principal.may(Scope::Read) && !principal.may(Scope::Send));
    assert_eq!(principal.limits, new.limits);
    let accounts: Vec<_> = principal.accounts.iter().map(|a| (a.name.as_str(), a.is_default)).collect();
    assert_eq!(accounts, [("club", false), ("work", true)]);
}

#[tokio::test]
async fn a_grant_of_all_accounts_reaches_later_ones() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (_, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    assert!(access.principal(bearer.expose()).await.unwrap().accounts.is_empty());
    let (settings, credentials) = (crate::world::settings(), crate::world::credentials());
    access.account_add("ann", &name("new"), &settings, &credentials).await.unwrap();
    assert_eq!(access.principal(bearer.expose()).await.unwrap().accounts[0].name.as_str(), "new");
}

#[tokio::test]
async fn without_its_database_nobody_is_let_in_and_nobody_is_told_that_they_are_unknown() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let (_, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    assert!(access.principal(bearer.expose()).await.is_ok());
    let (file, away) = (world.dir.path().join("postroom.db"), world.dir.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    for asked in [bearer.expose(), &bearer.expose().replace("prp_", "prm_")] {
        let refused = access.principal(asked).await;
        assert!(matches!(refused, Err(Refusal::Unavailable(_))), "{refused:?}");
    }
    std::fs::rename(&away, &file).unwrap();
    assert!(access.principal(bearer.expose()).await.is_ok());
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (grant, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    let digits = bearer.expose().trim_start_matches("prp_").as_bytes();
    let mut saw_grant = false;
    for file in world.dir.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(digits.len()).any(|window| window == digits));
        saw_grant |= bytes.windows(36).any(|window| window == grant.id.as_str().as_bytes());
    }
    assert!(saw_grant, "this test can find text in the files");
}

#[tokio::test]
async fn revoked_expired_disabled_and_unknown_look_alike_to_the_caller() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    person(&access, "bob", &["work"]).await;
    let (_, revoked) = access.token_new("ann", &token("revoked")).await.unwrap();
    access.token_revoke("ann", "revoked").await.unwrap();
    let mut brief = token("brief");
    brief.lifetime = Some(Duration::minutes(5));
    let (_, expired) = access.token_new("ann", &brief).await.unwrap();
    let (_, disabled) = access.token_new("bob", &token("agent")).await.unwrap();
    world.forward(299);
    assert!(access.principal(expired.expose()).await.is_ok(), "a second before its end");
    world.forward(1);
    access.user_disable("bob").await.unwrap();

    let mut other = expired.expose().to_owned();
    other.pop();
    other.push('_');
    let mut told = BTreeSet::new();
    for (bearer, reason) in [
        (revoked.expose(), "revoked"),
        (expired.expose(), "expired"),
        (disabled.expose(), "user_disabled"),
        (other.as_str(), "unknown"),
        ("", "unknown"),
        ("prp", "unknown"),
        ("prp_", "unknown"),
        ("prp_ä", "unknown"),
        ("prm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "unknown"),
        (&"prp_".repeat(100_000), "unknown"),
    ] {
        let refusal = access.principal(bearer).await.unwrap_err();
        assert_eq!(refusal.reason(), reason);
        assert!(!refusal.is_temporary());
        told.insert(refusal.to_string());
    }
    assert_eq!(told.len(), 1, "{told:?}");

    access.user_enable("bob").await.unwrap();
    assert!(access.principal(disabled.expose()).await.is_ok());
}

#[tokio::test]
async fn what_one_process_changes_holds_in_another_at_once() {
    let world = World::new();
    let (serve, command) = (world.access().await, world.access().await);
    person(&command, "ann", &["work"]).await;
    let (_, bearer) = command.token_new("ann", &token("agent")).await.unwrap();
    assert!(serve.principal(bearer.expose()).await.is_ok());
    command.token_revoke("ann", "agent").await.unwrap();
    assert!(matches!(serve.principal(bearer.expose()).await, Err(Refusal::Revoked)));
}

#[tokio::test]
async fn a_live_label_cannot_be_used_twice_but_a_revoked_one_can() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (first, old) = access.token_new("ann", &token("agent")).await.unwrap();
    let taken: Problem = access.token_new("ann", &token("agent")).await.unwrap_err().into();
    assert_eq!(taken.code, Code::Conflict);
    assert!(taken.hint.contains("revoke"), "{}", taken.hint);
    assert_eq!(access.token_revoke("ann", "agent").await.unwrap(), first.id);
    let (second, new) = access.token_new("ann", &token("agent")).await.unwrap();
    assert_ne!(first.id, second.id);
    assert!(access.principal(old.expose()).await.is_err());
    assert!(access.principal(new.expose()).await.is_ok());
}

#[tokio::test]
async fn what_would_allow_or_reach_nothing_is_refused_with_a_hint() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let refused = async |change: &dyn Fn(&mut access::NewToken)| {
        let mut new = token("agent");
        change(&mut new);
        Problem::from(access.token_new("ann", &new).await.unwrap_err())
    };
    let problem = refused(&|new| new.scopes = Scopes::NONE).await;
    assert_eq!((problem.code, problem.hint.contains("search")), (Code::InvalidInput, true));
    let problem = refused(&|new| new.accounts = Some(Vec::new())).await;
    assert_eq!(problem.code, Code::InvalidInput);
    let problem = refused(&|new| new.accounts = Some(vec![name("wrk")])).await;
    assert_eq!((problem.code, problem.hint.as_str()), (Code::NotFound, "Did you mean `work`?"));
    for lifetime in [Duration::ZERO, Duration::seconds(-1), Duration::MAX] {
        assert_eq!(refused(&|new| new.lifetime = Some(lifetime)).await.code, Code::InvalidInput);
    }
    for label in ["", "   ", "a\nb", &"x".repeat(65)] {
        assert_eq!(refused(&|new| label.clone_into(&mut new.label)).await.code, Code::InvalidInput);
    }
    assert_eq!(access.token_list("ann").await.unwrap(), [], "nothing was stored");
    access.user_disable("ann").await.unwrap();
    let disabled = access.token_new("ann", &token("agent")).await;
    assert!(matches!(disabled, Err(Error::UserDisabled(_))));
}

#[tokio::test]
async fn the_list_shows_live_tokens_and_when_each_was_used() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (_, bearer) = access.token_new("ann", &token("used")).await.unwrap();
    access.token_new("ann", &token("idle")).await.unwrap();
    access.token_new("ann", &token("gone")).await.unwrap();
    access.token_revoke("ann", "gone").await.unwrap();
    let used_at = async || {
        access.flush().await;
        let listed = access.token_list("ann").await.unwrap();
        assert_eq!(listed.iter().map(|t| t.grant.label.as_str()).collect::<Vec<_>>(), ["idle", "used"]);
        assert_eq!(listed[0].last_used, None);
        listed[1].last_used.map(|used| used.unix_timestamp() - 1_790_000_000)
    };
    assert_eq!(used_at().await, None);
    for (after, noted) in [(10, 10), (59, 10), (1, 70)] {
        world.forward(after);
        access.principal(bearer.expose()).await.unwrap();
        assert_eq!(used_at().await, Some(noted), "noted at most once a minute");
    }
}

#[tokio::test]
async fn nobody_is_let_in_while_the_database_is_away() {
    let world = World::new();
    let store = world.store().await;
    let access = access::Access::new(store.clone(), &Settings::default());
    person(&access, "ann", &[]).await;
    let (_, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    store.close().await;
    let refusal = access.principal(bearer.expose()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Unavailable(_)) && refusal.is_temporary());
}

#[tokio::test]
async fn calls_beyond_the_rate_are_told_how_long_to_wait() {
    let world = World::new();
    let access = world.access_with(&Settings { calls_per_hour: 60, burst: 2, ..Settings::default() }).await;
    person(&access, "ann", &[]).await;
    let (_, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    let principal = access.principal(bearer.expose()).await.unwrap();
    access.count_call(&principal).unwrap();
    access.count_call(&principal).unwrap();
    let problem = access.count_call(&principal).unwrap_err();
    assert_eq!(problem.code, Code::RateLimited);
    let seconds = problem.retry_after.unwrap();
    assert!((58..=60).contains(&seconds) && problem.hint.contains(&seconds.to_string()), "{problem:?}");
}
