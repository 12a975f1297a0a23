//! A local person: stdio over the data directory, or over the environment's account alone.

use access::{Access, Ceiling, Error, Settings, carried_principal};
use domain::{AccountSource, ApprovalPlace, ApprovalRule, Code, Door, Limits, Problem, Scope, Scopes};

use crate::world::{World, credentials, name, person, settings, token};

fn ceiling() -> Ceiling {
    let scopes = Scopes::parse("folders search read").unwrap();
    Ceiling { scopes, approval: ApprovalRule::AfterStrangers }
}

#[tokio::test]
async fn without_a_label_a_local_person_has_all_accounts_up_to_the_ceiling() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work", "home"]).await;
    let principal = access.stdio_principal("ann", None, ceiling()).await.unwrap();
    assert_eq!((principal.scopes, principal.door), (ceiling().scopes, Door::Stdio));
    assert_eq!(principal.accounts.len(), 2);
    let again = world.access().await.stdio_principal("ann", None, ceiling()).await.unwrap();
    assert_eq!(principal.grant, again.grant, "cursors and undo outlive the process");
    person(&access, "bob", &[]).await;
    let bob = access.stdio_principal("bob", None, ceiling()).await.unwrap();
    assert_ne!(principal.grant, bob.grant);
}

#[tokio::test]
async fn with_a_label_the_grant_decides() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work", "home"]).await;
    let mut new = token("claude");
    new.scopes = Scopes::parse("search send").unwrap();
    new.accounts = Some(vec![name("home")]);
    new.limits = Limits { calls_per_hour: Some(5), ..Limits::default() };
    let (grant, _) = access.token_new("ann", &new).await.unwrap();
    let principal = access.stdio_principal("ann", Some("claude"), ceiling()).await.unwrap();
    assert!(principal.may(Scope::Send) && !principal.may(Scope::Read));
    assert_eq!((&principal.grant, principal.limits.calls_per_hour), (&grant.id, Some(5)));
    assert_eq!(principal.accounts.len(), 1);

    let near: Problem = access.stdio_principal("ann", Some("cluade"), ceiling()).await.unwrap_err().into();
    assert_eq!((near.code, near.hint.as_str()), (Code::NotFound, "Did you mean `claude`?"));
    world.access().await.token_revoke("ann", "claude").await.unwrap();
    let gone = access.stdio_principal("ann", Some("claude"), ceiling()).await;
    assert!(matches!(gone, Err(Error::LabelNotFound { .. })));
}

#[tokio::test]
async fn a_disabled_or_unknown_person_is_refused() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    access.user_disable("ann").await.unwrap();
    let refused = access.stdio_principal("ann", None, ceiling()).await;
    assert!(matches!(refused, Err(Error::UserDisabled(name)) if name == "ann"));
    let unknown = access.stdio_principal("bob", None, ceiling()).await;
    assert!(matches!(unknown, Err(Error::UserNotFound { .. })));
}

#[tokio::test]
async fn a_local_person_is_asked_in_their_client_by_the_operators_rule_unless_the_grant_says_otherwise() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    let asked = |limits: Limits| (limits.approval, limits.approval_place);
    let operators = (Some(ApprovalRule::AfterStrangers), Some(ApprovalPlace::Client));
    let carried = carried_principal(name("mail"), settings(), credentials(), ceiling());
    assert_eq!(asked(carried.limits), operators);
    assert_eq!(asked(access.stdio_principal("ann", None, ceiling()).await.unwrap().limits), operators);
    access.token_new("ann", &token("open")).await.unwrap();
    assert_eq!(
        asked(access.stdio_principal("ann", Some("open"), ceiling()).await.unwrap().limits),
        operators
    );
    let mut strict = token("strict");
    strict.limits.approval = Some(ApprovalRule::Always);
    strict.limits.approval_place = Some(ApprovalPlace::Page);
    let (_, bearer) = access.token_new("ann", &strict).await.unwrap();
    let own = (Some(ApprovalRule::Always), Some(ApprovalPlace::Page));
    assert_eq!(asked(access.stdio_principal("ann", Some("strict"), ceiling()).await.unwrap().limits), own);
    assert_eq!(asked(access.principal(bearer.expose()).await.unwrap().limits), own);
}

#[tokio::test]
async fn a_grant_is_asked_for_later_as_it_stands_then() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    person(&access, "bob", &["work"]).await;
    let mut new = token("claude");
    new.scopes = Scopes::parse("send").unwrap();
    let (grant, _) = access.token_new("ann", &new).await.unwrap();
    let local = access.stdio_principal("ann", None, ceiling()).await.unwrap().grant;
    let carried = carried_principal(name("mail"), settings(), credentials(), ceiling()).grant;
    let stands = async |grant: &domain::GrantId, user: &str| {
        access.standing_of(grant, user, ceiling()).await.map_err(|refusal| refusal.reason())
    };
    let principal = stands(&grant.id, "ann").await.unwrap();
    assert_eq!((principal.scopes, principal.accounts.len()), (new.scopes, 1), "reading is not asked for");
    assert_eq!(stands(&local, "ann").await.unwrap().scopes, ceiling().scopes);
    for (grant, user) in [(&grant.id, "bob"), (&local, "bob"), (&carried, "ann"), (&carried, "(environment)")]
    {
        assert_eq!(stands(grant, user).await.unwrap_err(), "unknown");
    }
    world.access().await.token_revoke("ann", "claude").await.unwrap();
    assert_eq!(stands(&grant.id, "ann").await.unwrap_err(), "revoked");
    access.user_disable("ann").await.unwrap();
    assert_eq!(stands(&local, "ann").await.unwrap_err(), "user_disabled");
}

#[test]
fn the_environments_account_is_carried_and_its_grant_is_its_own() {
    let carry = |settings| carried_principal(name("mail"), settings, credentials(), ceiling());
    let principal = carry(settings());
    let AccountSource::Carried(carried) = &principal.accounts[0].source else { panic!("it is carried") };
    assert_eq!((&carried.0, &carried.1), (&settings(), &credentials()));
    assert!(principal.accounts[0].is_default);
    assert_eq!(principal.grant, carry(settings()).grant);
    let mut other = settings();
    other.imap.username = "bob".to_owned();
    assert_ne!(principal.grant, carry(other).grant);
    assert!(!format!("{principal:?}").contains("imap password"));
}

#[tokio::test]
async fn without_a_data_directory_rates_and_sessions_work_and_the_rest_says_why_not() {
    let world = World::new();
    let access: Access = world.access_without_store();
    let principal = carried_principal(name("mail"), settings(), credentials(), ceiling());
    access.count_call(&principal).unwrap();
    access.audit().record(&principal, "mail_search", &[], "ok").await;
    access.flush().await;
    assert_eq!(access.sessions().bind("s1", &principal.grant).await.unwrap(), [] as [&str; 0]);
    assert_eq!(access.sessions().owner("s1").await, Some(principal.grant));
    let bearer = format!("prp_{}", "A".repeat(43));
    assert_eq!(access.principal(&bearer).await.unwrap_err().reason(), "unknown");
    let problem: Problem = access.user_list().await.unwrap_err().into();
    assert!(problem.hint.contains("--user"), "{problem:?}");
    assert_eq!(Settings::default().calls_per_hour, 600);
}
