//! Plans: carried out once, in time, by their grant.

use domain::{Code, GrantId, PlanId, Principal, Problem};

use super::world::{Kind, MINUTE, World};
use crate::Engine;

async fn take(engine: &Engine, principal: &Principal, confirm: &str) -> Result<Vec<u32>, Problem> {
    engine.take_plan(principal, confirm).await
}

async fn refused(engine: &Engine, principal: &Principal, confirm: &str) -> Problem {
    let problem = take(engine, principal, confirm).await.unwrap_err();
    assert!(problem.hint.contains("without `confirm`"), "{problem:?}");
    problem
}

#[tokio::test]
async fn a_plan_is_carried_out_once_in_time_by_its_grant() {
    for kind in Kind::ALL {
        let world = World::without_server().await;
        let (engine, principal) = (world.process(kind), world.principal(kind));
        let planned: Vec<u32> = (0..20_000).collect();
        let confirm = engine.keep_plan(&principal, &planned).await.unwrap();
        assert!(PlanId::from_text(&confirm).to_bytes().is_some() && confirm.len() == 36, "{confirm}");
        let mut stranger = principal.clone();
        stranger.grant = GrantId::from_text("gra_other");
        assert_eq!(refused(&engine, &stranger, &confirm).await.code, Code::NotFound);
        assert_eq!(take(&engine, &principal, &format!(" {confirm}\n")).await.unwrap(), planned, "{kind:?}");
        let again = refused(&engine, &principal, &confirm).await;
        assert_eq!(again.code, Code::Conflict);
        assert!(again.message.contains("carried out already"));
        assert_eq!(refused(&engine, &stranger, &confirm).await.code, Code::NotFound);

        let late = engine.keep_plan(&principal, &planned).await.unwrap();
        world.forward(10 * MINUTE - 1);
        let in_time = engine.keep_plan(&principal, &vec![7_u32]).await.unwrap();
        world.forward(1);
        let problem = refused(&engine, &principal, &late).await;
        assert_eq!(problem.code, Code::Conflict);
        assert!(problem.message.contains("older than ten minutes"));
        assert_eq!(take(&engine, &principal, &in_time).await.unwrap(), [7]);

        for garbage in ["", "yes", "pln_", "chg_00000000000000000000000000000001", &"x".repeat(10_000)] {
            assert_eq!(refused(&engine, &principal, garbage).await.code, Code::InvalidInput, "{garbage}");
        }
        let unknown = PlanId::from_random([9; 16]);
        assert_eq!(refused(&engine, &principal, unknown.as_str()).await.code, Code::NotFound);
    }
}

#[tokio::test]
async fn a_plan_that_a_dead_process_took_is_used() {
    let world = World::without_server().await;
    let principal = world.principal(Kind::Stored);
    let (one, other) = (world.process(Kind::Stored), world.process(Kind::Stored));
    let confirm = one.keep_plan(&principal, &vec![1_u32]).await.unwrap();
    assert_eq!(take(&other, &principal, &confirm).await.unwrap(), [1]);
    drop(other);
    assert_eq!(refused(&one, &principal, &confirm).await.code, Code::Conflict);
}

#[tokio::test]
async fn a_plan_that_says_something_else_is_not_carried_out() {
    let world = World::without_server().await;
    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    let confirm = engine.keep_plan(&principal, &"words").await.unwrap();
    assert_eq!(refused(&engine, &principal, &confirm).await.code, Code::Conflict);
}
