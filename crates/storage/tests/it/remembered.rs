//! What is remembered beside the outbox: known addresses, what grants were given to read, files that were
//! handed over, who files Sent.

use std::io;

use domain::{GrantId, HomeAccount};
use storage::{Error, Exposure, UploadLimits};
use time::Duration;

use crate::{
    outbox::{Octets, SENTENCE, ann, now, octets, read_all},
    world::{World, name},
};

const LIMITS: UploadLimits = UploadLimits { size: 400_000, count: 3, total: 900_000 };

pub(crate) async fn an_address_is_known_to_one_account_in_any_case(world: &World) {
    let store = world.store().await;
    let (_, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let many: Vec<String> = (0..45).map(|n| format!("Person{n}@Example.org")).collect();
    store.known_add(&home, &many).await.unwrap();
    store.known_add(&home, &many[..3]).await.unwrap();
    let asked: Vec<String> =
        many.iter().map(|address| address.to_uppercase()).chain(["eve@example.org".to_owned()]).collect();
    let known = world.store().await.known_among(&home, &asked).await.unwrap();
    assert!(known[..45].iter().all(|known| *known) && !known[45]);
    assert_eq!(store.known_among(&home, &[]).await.unwrap(), [] as [bool; 0]);
    let user = store.find_user("ann").await.unwrap().unwrap();
    store.remove_account(&user.id, &name("work")).await.unwrap();
    assert!(!store.known_among(&home, &asked).await.unwrap().contains(&true));
    assert!(matches!(store.known_add(&home, &many).await, Err(Error::Gone)));
}

pub(crate) async fn a_mac_is_of_its_account_purpose_and_parts(world: &World) {
    let store = world.store().await;
    let (_, account) = ann(&store).await;
    let homes = [HomeAccount::Stored(account), HomeAccount::Carried([1; 32]), HomeAccount::Carried([2; 32])];
    let mut seen = std::collections::BTreeSet::new();
    for home in &homes {
        for (purpose, parts) in [("a", ["ab", "c"]), ("a", ["a", "bc"]), ("b", ["ab", "c"])] {
            let parts = parts.map(str::as_bytes);
            let mac = store.account_mac(home, purpose, &parts).await.unwrap();
            assert_eq!(world.store().await.account_mac(home, purpose, &parts).await.unwrap(), mac);
            assert!(seen.insert(mac), "{home} {purpose}");
        }
    }
}

pub(crate) async fn what_a_grant_was_given_counts_until_then_and_is_never_shortened(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let minute = now(world) + Duration::seconds(60 - now(world).unix_timestamp() % 60);
    let (early, late) = (minute + Duration::hours(1), minute + Duration::hours(2));
    store.exposure_note(&grant, &home, false, late).await.unwrap();
    store.exposure_note(&grant, &home, true, early - Duration::seconds(30)).await.unwrap();
    store.exposure_note(&grant, &home, false, early).await.unwrap();
    let noted = Exposure { account: home.clone(), until: late, stranger_until: Some(early) };
    assert_eq!(store.exposures(&grant, now(world)).await.unwrap(), [noted]);
    assert_eq!(store.exposures(&GrantId::from_random([1; 16]), now(world)).await.unwrap(), []);
    assert_eq!(store.exposures(&grant, early).await.unwrap()[0].stranger_until, None);
    assert_eq!(store.exposures(&grant, late).await.unwrap(), []);
    store.exposure_note(&grant, &home, true, late).await.unwrap();
    assert_eq!(store.exposures(&grant, early).await.unwrap()[0].stranger_until, Some(late));
    // removing the account is no way to be rid of what a grant has read
    let user = store.find_user("ann").await.unwrap().unwrap();
    store.remove_account(&user.id, &name("work")).await.unwrap();
    assert_eq!(store.exposures(&grant, early).await.unwrap().len(), 1);
    store.outbox_sweep(late).await.unwrap();
    assert_eq!(store.exposures(&grant, early).await.unwrap(), []);
}

pub(crate) async fn whether_a_provider_files_sent_is_learned(world: &World) {
    let store = world.store().await;
    let home = HomeAccount::Carried([1; 32]);
    assert_eq!(store.filing_of(&home).await.unwrap(), None);
    for files_itself in [true, false] {
        store.filing_learn(&home, files_itself).await.unwrap();
        assert_eq!(world.store().await.filing_of(&home).await.unwrap(), Some(files_itself));
    }
}

pub(crate) async fn a_file_is_kept_a_day_for_the_grant_that_handed_it_over(world: &World) {
    let store = world.store().await;
    let grant = GrantId::from_random([1; 16]);
    let (whole, source) = octets(300_000, 1000);
    let upload = store.upload_add(&grant, "plan.pdf", "application/pdf", &LIMITS, source).await.unwrap();
    assert_eq!((upload.size, upload.name.as_str()), (300_000, "plan.pdf"));
    let other = world.store().await;
    assert_eq!(other.upload_find(&grant, &upload.id).await.unwrap(), Some(upload.clone()));
    assert_eq!(read_all(other.upload_reader(&grant, &upload.id).await.unwrap()).await.unwrap(), whole);
    let stranger = GrantId::from_random([2; 16]);
    assert_eq!(store.upload_find(&stranger, &upload.id).await.unwrap(), None);
    assert!(matches!(store.upload_reader(&stranger, &upload.id).await, Err(Error::Gone)));
    world.clock.forward(86400);
    assert_eq!(store.upload_find(&grant, &upload.id).await.unwrap(), None);
    assert_eq!(store.uploads_sweep(now(world)).await.unwrap(), 1);
    assert!(matches!(store.upload_reader(&grant, &upload.id).await, Err(Error::Gone)));
}

pub(crate) async fn a_grant_hands_over_so_much_and_what_fails_leaves_nothing(world: &World) {
    let store = world.store().await;
    let grant = GrantId::from_random([1; 16]);
    let hand = async |source: Octets| store.upload_add(&grant, "a", "text/plain", &LIMITS, source).await;
    let failing = Octets(vec![Ok(SENTENCE.into()), Err(io::ErrorKind::ConnectionReset.into())]);
    assert!(matches!(hand(failing).await, Err(Error::Source(_))));
    assert!(matches!(hand(octets(400_001, 1000).1).await, Err(Error::Full)), "one file");
    hand(octets(400_000, 1000).1).await.unwrap();
    hand(octets(400_000, 1000).1).await.unwrap();
    assert!(matches!(hand(octets(100_001, 1000).1).await, Err(Error::Full)), "all files");
    hand(octets(0, 1000).1).await.unwrap();
    assert!(matches!(hand(octets(1, 1000).1).await, Err(Error::Full)), "too many files");
    const COUNT: &str = "SELECT count(*) AS pieces FROM upload_pieces";
    assert_eq!(store.database().fetch(COUNT, &[]).await.unwrap()[0].int("pieces").unwrap(), 14);
}
