//! What grants changed: begun before it is done, taken back by one, followed, and forgotten in time.

use std::time::Instant;

use domain::{AccountId, ChangeId, GrantId, HomeAccount, PlanId};
use storage::{Change, ChangeState, Error, LeftStep, NewMoved, NewStep, Store, TakenPlan};
use time::Duration;

use crate::{
    outbox::{ann, now},
    world::{World, name, password, settings},
};

const WORDS: &[u8] = b"Kontoauszug moved to @trash";
const END: Duration = Duration::days(7);

fn id(number: u8) -> ChangeId {
    ChangeId::from_random([number; 16])
}

fn plan(number: u8) -> PlanId {
    PlanId::from_random([number; 16])
}

fn step(account: &HomeAccount, body: &[u8]) -> NewStep {
    NewStep { account: account.clone(), account_name: name("work"), body: body.to_vec() }
}

fn moved(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> NewMoved {
    NewMoved { from: from.into(), to: to.into() }
}

async fn begin(store: &Store, world: &World, number: u8, grant: &GrantId, account: &HomeAccount) {
    let end = now(world) + END;
    store.change_begin(&id(number), grant, "ann", "one", end, &step(account, b"meant")).await.unwrap();
}

async fn make(store: &Store, world: &World, number: u8, grant: &GrantId, account: &HomeAccount) {
    begin(store, world, number, grant, account).await;
    done(store, world, number, 0, account, &[]).await;
    store.change_end(&id(number)).await.unwrap();
}

async fn done(store: &Store, world: &World, number: u8, seq: u32, account: &HomeAccount, moved: &[NewMoved]) {
    let until = now(world) + Duration::days(30);
    store.change_step_done(&id(number), seq, &step(account, WORDS), moved, until).await.unwrap();
}

async fn find(store: &Store, number: u8, grant: &GrantId) -> Option<Change> {
    store.change_find(grant, &id(number)).await.unwrap()
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    store.database().fetch(sql, &[]).await.unwrap()[0].int("rows").unwrap()
}

pub(crate) async fn a_change_comes_back_with_its_steps_to_its_grant_only(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let (home, carried) = (HomeAccount::Stored(account), HomeAccount::Carried([1; 32]));
    begin(&store, world, 1, &grant, &home).await;
    store.change_step(&id(1), 1, &step(&carried, b"meant too")).await.unwrap();
    done(&store, world, 1, 0, &home, &[]).await;
    let other = world.store().await;
    let found = find(&other, 1, &grant).await.unwrap();
    assert_eq!((found.state, found.owner.as_str()), (ChangeState::Begun, "one"));
    assert_eq!((found.created, found.expires), (now(world), now(world) + END));
    let steps: Vec<_> = found
        .steps
        .iter()
        .map(|step| (step.seq, &step.account, step.body.as_slice(), step.is_done))
        .collect();
    assert_eq!(steps, [(0, &home, WORDS, true), (1, &carried, b"meant too".as_slice(), false)]);
    assert_eq!(found.steps[1].account_name, name("work"));
    store.change_end(&id(1)).await.unwrap();
    assert_eq!(find(&other, 1, &grant).await.unwrap().state, ChangeState::Done);
    assert!(matches!(store.change_step(&id(1), 2, &step(&home, b"late")).await, Err(Error::Gone)));

    let stranger = GrantId::from_random([2; 16]);
    assert_eq!(find(&other, 1, &stranger).await, None);
    assert!(!other.change_take(&stranger, &id(1), "two").await.unwrap());
    assert_eq!(find(&other, 2, &grant).await, None);
    world.clock.forward(7 * 86_400);
    assert_eq!(find(&other, 1, &grant).await, None);
    assert!(!other.change_take(&grant, &id(1), "two").await.unwrap());
}

pub(crate) async fn of_many_who_take_a_change_one_gets_it(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    begin(&store, world, 1, &grant, &home).await;
    assert!(!store.change_take(&grant, &id(1), "two").await.unwrap(), "what is being made is not taken back");
    done(&store, world, 1, 0, &home, &[]).await;
    store.change_end(&id(1)).await.unwrap();
    let others = [world.store().await, world.store().await, world.store().await, store.clone()];
    let taken = others.each_ref().map(|store| {
        let (store, grant) = (store.clone(), grant.clone());
        tokio::spawn(async move { store.change_take(&grant, &id(1), "two").await.unwrap() })
    });
    let mut winners = 0;
    for one in taken {
        winners += u32::from(one.await.unwrap());
    }
    assert_eq!(winners, 1);
    assert_eq!(find(&store, 1, &grant).await.unwrap().state, ChangeState::Undoing);
    store.change_give_back(&id(1), "another", &[]).await.unwrap();
    assert_eq!(find(&store, 1, &grant).await.unwrap().state, ChangeState::Undoing, "it is not another's");
    store.change_give_back(&id(1), "two", &[]).await.unwrap();
    assert_eq!(find(&store, 1, &grant).await.unwrap().state, ChangeState::Undone);
    store.change_end(&id(1)).await.unwrap();
    assert!(!store.change_take(&grant, &id(1), "two").await.unwrap(), "never again");
}

pub(crate) async fn what_a_dead_process_had_taken_another_takes_with_what_was_left(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    begin(&store, world, 1, &grant, &home).await;
    for seq in 1..4 {
        store.change_step(&id(1), seq, &step(&home, b"meant")).await.unwrap();
        done(&store, world, 1, seq, &home, &[]).await;
    }
    done(&store, world, 1, 0, &home, &[]).await;
    store.change_end(&id(1)).await.unwrap();
    assert!(!store.change_retake(&grant, &id(1), ("two", now(world)), "three").await.unwrap(), "not taken");
    assert!(store.change_take(&grant, &id(1), "two").await.unwrap());
    assert!(store.changes_are_begun_by("two").await.unwrap());
    world.clock.forward(1);
    let rest = LeftStep { seq: 2, is_done: true, step: step(&home, b"a part") };
    store.change_left(&id(1), "two", 3, None).await.unwrap();
    store.change_left(&id(1), "two", 2, Some(&rest)).await.unwrap();
    store.change_left(&id(1), "another", 1, None).await.unwrap();
    let found = find(&store, 1, &grant).await.unwrap();
    let steps: Vec<_> = found.steps.iter().map(|step| (step.seq, step.body.as_slice())).collect();
    assert_eq!(steps, [(0, WORDS), (1, WORDS), (2, b"a part".as_slice())]);
    assert_eq!(found.taken, Some(("two".to_owned(), now(world))));

    let long_ago = ("two", now(world) - Duration::seconds(1));
    assert!(!store.change_retake(&grant, &id(1), long_ago, "three").await.unwrap(), "it was at it since");
    let stranger = GrantId::from_random([2; 16]);
    assert!(!store.change_retake(&stranger, &id(1), ("two", now(world)), "three").await.unwrap());
    assert!(store.change_retake(&grant, &id(1), ("two", now(world)), "three").await.unwrap());
    assert!(!store.change_retake(&grant, &id(1), ("two", now(world)), "four").await.unwrap(), "once");
    assert!(!store.changes_are_begun_by("two").await.unwrap());
    // The one that was thought dead changes nothing any more.
    store.change_left(&id(1), "two", 1, None).await.unwrap();
    store.change_give_back(&id(1), "two", &[]).await.unwrap();
    let found = find(&store, 1, &grant).await.unwrap();
    assert_eq!((found.state, found.steps.len()), (ChangeState::Undoing, 3));
    store.change_give_back(&id(1), "three", &[rest]).await.unwrap();
    let found = find(&store, 1, &grant).await.unwrap();
    assert_eq!((found.state, found.steps.len(), found.steps[0].seq), (ChangeState::Done, 1, 2));
}

pub(crate) async fn what_was_begun_and_did_not_end_is_found_by_its_account(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let (home, carried) = (HomeAccount::Stored(account), HomeAccount::Carried([1; 32]));
    make(&store, world, 1, &grant, &home).await;
    assert!(store.changes_begun(&home).await.unwrap().is_empty());
    assert!(!store.changes_are_begun_by("one").await.unwrap());
    begin(&store, world, 2, &grant, &home).await;
    done(&store, world, 2, 0, &home, &[]).await;
    let begun_at = now(world);
    for (seq, account) in [(1, &home), (2, &carried), (3, &home)] {
        store
            .change_step(&id(2), seq, &step(account, &[b'm', b'0' + u8::try_from(seq).unwrap()]))
            .await
            .unwrap();
    }
    world.clock.forward(1);
    begin(&store, world, 3, &grant, &home).await;
    let found = world.store().await.changes_begun(&home).await.unwrap();
    let steps: Vec<_> = found.iter().flat_map(|change| &change.steps).collect();
    let told: Vec<_> = steps.iter().map(|step| (step.change.clone(), step.seq, step.body.clone())).collect();
    let expected = [(id(2), 1, b"m1".to_vec()), (id(2), 3, b"m3".to_vec()), (id(3), 0, b"meant".to_vec())];
    assert_eq!(told, expected);
    assert_eq!((found.len(), steps[0].begun), (2, begun_at));
    assert_eq!(store.changes_begun(&carried).await.unwrap().len(), 1);
    let mut accounts = store.changes_begun_in().await.unwrap();
    accounts.sort_by_key(|(account, _)| account != &home);
    assert_eq!(accounts, [(home.clone(), name("work")), (carried, name("work"))]);

    assert!(store.changes_are_begun_by("one").await.unwrap());
    assert!(store.change_adopt(&id(2), "one", "two").await.unwrap());
    assert!(!store.change_adopt(&id(2), "one", "three").await.unwrap(), "somebody has it");
    assert_eq!(store.changes_begun(&home).await.unwrap()[0].owner, "two");

    // One row that was altered hides no other.
    const ALTER: &str = "UPDATE change_steps SET body = $1 WHERE seq = 1";
    store.database().execute(ALTER, &[vec![7; 60].into()]).await.unwrap();
    let found = store.changes_begun(&home).await.unwrap();
    assert_eq!(found.iter().flat_map(|change| &change.steps).count(), 2);
}

pub(crate) async fn a_message_is_found_by_the_place_it_was_at(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let (home, other_home) = (HomeAccount::Stored(account), HomeAccount::Carried([1; 32]));
    begin(&store, world, 1, &grant, &home).await;
    let went: Vec<_> = (0..777_u32).map(|uid| moved(uid.to_be_bytes(), format!("to {uid}"))).collect();
    done(&store, world, 1, 0, &home, &went).await;
    let other = world.store().await;
    let asked: Vec<Vec<u8>> = (700..900_u32).map(|uid| uid.to_be_bytes().to_vec()).collect();
    let found = other.moved_find(&home, &asked).await.unwrap();
    for (number, target) in (700..900).zip(&found) {
        let expected = (number < 777).then(|| format!("to {number}").into_bytes());
        assert_eq!(target, &expected);
    }
    assert!(other.moved_find(&other_home, &asked).await.unwrap().iter().all(Option::is_none));
    assert!(other.moved_find(&home, &[]).await.unwrap().is_empty());

    // The last move from a place counts, also within one step.
    begin(&store, world, 2, &grant, &home).await;
    done(&store, world, 2, 0, &home, &[moved("a", "x"), moved("a", "y"), moved(700_u32.to_be_bytes(), "z")])
        .await;
    let found = other.moved_find(&home, &[b"a".to_vec(), asked[0].clone()]).await.unwrap();
    assert_eq!(found, [Some(b"y".to_vec()), Some(b"z".to_vec())]);

    world.clock.forward(30 * 86_400);
    assert!(other.moved_find(&home, &asked).await.unwrap().iter().all(Option::is_none));
    store.changes_sweep(now(world)).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM moved").await, 0);
}

pub(crate) async fn where_messages_went_is_kept_with_the_end_of_the_step_or_not_at_all(world: &World) {
    let store = world.store().await;
    let (_, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let until = now(world) + Duration::days(30);
    let ended = store.change_step_done(&id(1), 0, &step(&home, WORDS), &[moved("a", "x")], until).await;
    assert!(matches!(ended, Err(Error::Gone)), "there is no such step");
    assert_eq!(store.moved_find(&home, &[b"a".to_vec()]).await.unwrap(), [None]);
}

pub(crate) async fn a_plan_of_twenty_thousand_messages_is_written_quickly(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let target = [b'x'; 120];
    let went: Vec<_> = (0..20_000_u32).map(|uid| moved(uid.to_be_bytes(), target)).collect();
    let body = vec![7; 120 << 10];
    let started = Instant::now();
    begin(&store, world, 1, &grant, &home).await;
    for (seq, some) in (0..).zip(went.chunks(1_000)) {
        if seq > 0 {
            store.change_step(&id(1), seq, &step(&home, b"meant")).await.unwrap();
        }
        let until = now(world) + Duration::days(30);
        store.change_step_done(&id(1), seq, &step(&home, &body), some, until).await.unwrap();
    }
    store.change_end(&id(1)).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM moved").await, 20_000);
    // Generous: other tests run beside this one.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

pub(crate) async fn a_plan_is_carried_out_once_in_time_by_its_grant(world: &World) {
    let store = world.store().await;
    let (grant, stranger) = (GrantId::from_random([1; 16]), GrantId::from_random([2; 16]));
    let end = now(world) + Duration::minutes(10);
    for number in 1..=3 {
        store.plan_add(&plan(number), &grant, WORDS, end).await.unwrap();
    }
    assert_eq!(store.plan_take(&stranger, &plan(1)).await.unwrap(), TakenPlan::Absent);
    assert_eq!(store.plan_take(&grant, &plan(9)).await.unwrap(), TakenPlan::Absent);
    let others = [world.store().await, world.store().await, world.store().await, store.clone()];
    let taking = others.each_ref().map(|store| {
        let (store, grant) = (store.clone(), grant.clone());
        tokio::spawn(async move { store.plan_take(&grant, &plan(1)).await.unwrap() })
    });
    let mut taken = Vec::new();
    for one in taking {
        taken.push(one.await.unwrap());
    }
    taken.sort_by_key(|taken| *taken == TakenPlan::Used);
    assert_eq!(taken, [TakenPlan::Plan(WORDS.to_vec()), TakenPlan::Used, TakenPlan::Used, TakenPlan::Used]);
    assert_eq!(store.plan_take(&stranger, &plan(1)).await.unwrap(), TakenPlan::Absent);

    world.clock.forward(10 * 60);
    assert_eq!(store.plan_take(&grant, &plan(2)).await.unwrap(), TakenPlan::Expired);
    store.changes_sweep(now(world)).await.unwrap();
    assert_eq!(store.plan_take(&grant, &plan(2)).await.unwrap(), TakenPlan::Expired);
    assert_eq!(store.plan_take(&grant, &plan(1)).await.unwrap(), TakenPlan::Used);
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM plans WHERE body IS NOT NULL").await, 0);
    world.clock.forward(86_400);
    assert_eq!(store.changes_sweep(now(world)).await.unwrap(), 3);
    assert_eq!(store.plan_take(&grant, &plan(1)).await.unwrap(), TakenPlan::Absent);
}

pub(crate) async fn of_a_grant_s_plans_the_newest_are_kept(world: &World) {
    let store = world.store().await;
    let grant = GrantId::from_random([1; 16]);
    for number in 0..60 {
        world.clock.forward(1);
        let end = now(world) + Duration::minutes(10);
        store.plan_add(&plan(number), &grant, WORDS, end).await.unwrap();
    }
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM plans").await, 50);
    assert_eq!(store.plan_take(&grant, &plan(9)).await.unwrap(), TakenPlan::Absent);
    assert_eq!(store.plan_take(&grant, &plan(10)).await.unwrap(), TakenPlan::Plan(WORDS.to_vec()));
}

pub(crate) async fn changes_are_forgotten_when_they_cannot_be_taken_back_any_more(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    // An account that is not there any more breaks no sweep.
    let gone = HomeAccount::Stored(AccountId::from_random([7; 16]));
    begin(&store, world, 1, &grant, &HomeAccount::Stored(account.clone())).await;
    make(&store, world, 2, &grant, &HomeAccount::Stored(account)).await;
    const ORPHAN: &str = "UPDATE change_steps SET account = $1 WHERE change_id = $2";
    store.database().execute(ORPHAN, &[gone.to_string().into(), id(1).as_str().into()]).await.unwrap();
    assert!(store.changes_begun(&gone).await.unwrap().is_empty());
    assert_eq!(find(&store, 1, &grant).await, None);
    world.clock.forward(7 * 86_400 - 1);
    assert_eq!(store.changes_sweep(now(world)).await.unwrap(), 0);
    world.clock.forward(1);
    assert_eq!(store.changes_sweep(now(world)).await.unwrap(), 2);
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM change_steps").await, 0);
}

pub(crate) async fn a_removed_account_takes_its_steps_and_its_moved_messages_along(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let user = store.find_user("ann").await.unwrap().unwrap();
    let second = store.add_account(&user.id, &name("home"), &settings("a@y.org"), &password("pw")).await;
    let (home, second) = (HomeAccount::Stored(account), HomeAccount::Stored(second.unwrap().id));
    begin(&store, world, 1, &grant, &home).await;
    done(&store, world, 1, 0, &home, &[moved("a", "x")]).await;
    begin(&store, world, 2, &grant, &home).await;
    store.change_step(&id(2), 1, &step(&second, b"meant")).await.unwrap();
    done(&store, world, 2, 1, &second, &[moved("a", "x")]).await;
    store.remove_account(&user.id, &name("work")).await.unwrap();
    assert_eq!(find(&store, 1, &grant).await, None);
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM changes").await, 1);
    let left = find(&store, 2, &grant).await.unwrap();
    assert_eq!(left.steps.iter().map(|step| &step.account).collect::<Vec<_>>(), [&second]);
    assert_eq!(store.moved_find(&home, &[b"a".to_vec()]).await.unwrap(), [None]);
    assert_eq!(store.moved_find(&second, &[b"a".to_vec()]).await.unwrap(), [Some(b"x".to_vec())]);
    assert_eq!(count(&store, "SELECT count(*) AS rows FROM moved").await, 1);
    let end = now(world) + END;
    let begun = store.change_begin(&id(3), &grant, "ann", "one", end, &step(&home, b"meant")).await;
    assert!(matches!(begun, Err(Error::Gone)));
    let until = now(world);
    assert!(matches!(
        store.change_step_done(&id(2), 0, &step(&home, WORDS), &[], until).await,
        Err(Error::Gone)
    ));
}

pub(crate) async fn what_an_ended_grant_changed_its_person_can_take_back_still(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    make(&store, world, 1, &grant, &home).await;
    begin(&store, world, 2, &grant, &home).await;
    begin(&store, world, 3, &GrantId::from_random([9; 16]), &home).await;
    store.plan_add(&plan(1), &grant, WORDS, now(world) + END).await.unwrap();
    let user = store.find_user("ann").await.unwrap().unwrap();
    store.revoke_grant(&user.id, "claude").await.unwrap().unwrap();
    assert!(find(&store, 1, &grant).await.is_some());
    let made_by = |user: &'static str, number| {
        let store = store.clone();
        async move { store.change_grant_of(user, &id(number)).await.unwrap() }
    };
    assert_eq!(made_by("ann", 1).await, Some(grant.clone()));
    assert_eq!(made_by("bob", 1).await, None, "it is another's");
    assert_eq!(made_by("ann", 9).await, None, "there is none");
    assert_eq!(store.changes_begun(&home).await.unwrap().len(), 2);
    assert_eq!(store.plan_take(&grant, &plan(1)).await.unwrap(), TakenPlan::Absent);
}

pub(crate) async fn nothing_of_a_change_can_be_read_or_put_elsewhere(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    begin(&store, world, 1, &grant, &home).await;
    store.change_step(&id(1), 1, &step(&home, WORDS)).await.unwrap();
    done(&store, world, 1, 0, &home, &[moved(WORDS, WORDS), moved("b", "to b")]).await;
    for number in [1, 2] {
        store.plan_add(&plan(number), &grant, WORDS, now(world) + END).await.unwrap();
    }
    for (sql, column) in [
        ("SELECT body FROM change_steps", "body"),
        ("SELECT place FROM moved", "place"),
        ("SELECT target FROM moved", "target"),
        ("SELECT body FROM plans", "body"),
    ] {
        for row in store.database().fetch(sql, &[]).await.unwrap() {
            let kept = row.bytes(column).unwrap();
            assert!(!kept.windows(8).any(|octets| WORDS.windows(8).any(|words| words == octets)), "{sql}");
        }
    }
    // Neither another step's words, nor those of the beginning as those of the end.
    const SWAP: &str = "UPDATE change_steps SET body = (SELECT body FROM change_steps WHERE seq = 0)";
    const UNDONE: &str = "UPDATE change_steps SET is_done = 0 WHERE seq = 0";
    store.database().execute(UNDONE, &[]).await.unwrap();
    assert!(matches!(store.change_find(&grant, &id(1)).await, Err(Error::Seal)));
    store.database().execute(SWAP, &[]).await.unwrap();
    assert!(matches!(store.change_find(&grant, &id(1)).await, Err(Error::Seal)));
    const TARGET: &str = "UPDATE moved SET target = (SELECT target FROM moved ORDER BY target LIMIT 1)";
    store.database().execute(TARGET, &[]).await.unwrap();
    let found = store.moved_find(&home, &[WORDS.to_vec(), b"b".to_vec()]).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 1);
    const PLAN: &str = "UPDATE plans SET body = (SELECT body FROM plans WHERE id = $1)";
    store.database().execute(PLAN, &[plan(2).as_str().into()]).await.unwrap();
    assert!(matches!(store.plan_take(&grant, &plan(1)).await, Err(Error::Seal)));
}
