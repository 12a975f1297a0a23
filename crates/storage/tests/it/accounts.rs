//! Accounts and their sealed secrets.

use domain::{
    Credentials, GrantedAccounts, Secret,
    account::{Credential, PasswordNeeded, Service, SmtpPassword, Typed},
};
use storage::Error;

use crate::world::{World, grant, name, password, settings, token};

pub(crate) async fn an_account_opens_to_what_was_stored(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let credentials = Credentials {
        imap: Credential::Password(Secret::new("imap pässword")),
        smtp: Some(Credential::AccessToken(Secret::new("smtp token"))),
    };
    let mut with_smtp = settings("ann@example.org");
    with_smtp.smtp = Some(with_smtp.imap.clone());
    with_smtp.allowed_folders = vec!["@inbox".to_owned()];
    let added = store.add_account(&ann.id, &name("work"), &with_smtp, &credentials).await.unwrap();
    assert_eq!(store.list_accounts(&ann.id).await.unwrap(), std::slice::from_ref(&added));
    assert_eq!(store.open_account(&added.id).await.unwrap(), Some((with_smtp, credentials)));
    let other = world.store().await;
    assert!(other.open_account(&added.id).await.unwrap().is_some(), "in another process too");
}

pub(crate) async fn secrets_of_another_account_do_not_open(world: &World) {
    const MOVE_SECRET: &str = "UPDATE accounts SET imap_secret = (SELECT imap_secret FROM accounts WHERE name = 'a') \
        WHERE name = 'b'";
    const MOVE_KEY_TOO: &str = "UPDATE accounts SET wrapped_key = (SELECT wrapped_key FROM accounts WHERE name = 'a') \
        WHERE name = 'b'";
    const MOVE_FIELD: &str = "UPDATE accounts SET smtp_secret = imap_secret WHERE name = 'a'";
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let a = store.add_account(&ann.id, &name("a"), &settings("a@x.org"), &password("of a")).await.unwrap();
    let b = store.add_account(&ann.id, &name("b"), &settings("b@x.org"), &password("of b")).await.unwrap();
    for change in [MOVE_SECRET, MOVE_KEY_TOO] {
        assert_eq!(store.database().execute(change, &[]).await.unwrap(), 1);
        assert!(matches!(store.open_account(&b.id).await, Err(Error::Seal)), "{change}");
    }
    assert!(store.open_account(&a.id).await.unwrap().is_some());
    store.database().execute(MOVE_FIELD, &[]).await.unwrap();
    assert!(matches!(store.open_account(&a.id).await, Err(Error::Seal)), "one field is not another");
}

pub(crate) async fn a_flipped_bit_anywhere_is_noticed(world: &World) {
    const READ: &str = "SELECT wrapped_key, imap_secret FROM accounts";
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let id = store.add_account(&ann.id, &name("a"), &settings("a@x.org"), &password("pw")).await.unwrap().id;
    let row = store.database().fetch_optional(READ, &[]).await.unwrap().unwrap();
    for (column, update) in [
        ("wrapped_key", "UPDATE accounts SET wrapped_key = $1"),
        ("imap_secret", "UPDATE accounts SET imap_secret = $1"),
    ] {
        let sealed = row.bytes(column).unwrap().to_vec();
        for position in (0..sealed.len()).step_by(5) {
            let mut flipped = sealed.clone();
            flipped[position] ^= 1 << (position % 8);
            store.database().execute(update, &[flipped.into()]).await.unwrap();
            let opened = store.open_account(&id).await;
            assert!(matches!(opened, Err(Error::Seal | Error::WrongKey)), "{column} byte {position}");
        }
        let cut = sealed[..sealed.len() / 2].to_vec();
        store.database().execute(update, &[cut.into()]).await.unwrap();
        assert!(store.open_account(&id).await.is_err(), "{column} cut");
        store.database().execute(update, &[sealed.into()]).await.unwrap();
    }
    assert!(store.open_account(&id).await.unwrap().is_some(), "as it was, it opens");
}

pub(crate) async fn a_removed_account_is_gone_with_its_key_and_its_grants(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    for account in ["work", "home"] {
        store.add_account(&ann.id, &name(account), &settings("a@x.org"), &password("pw")).await.unwrap();
    }
    let mut both = grant("agent");
    both.accounts = GrantedAccounts::Only(vec![name("home"), name("work")]);
    store.add_grant(&ann.id, &both, &token(1)).await.unwrap();

    let id = store.remove_account(&ann.id, &name("work")).await.unwrap().unwrap();
    assert_eq!(store.open_account(&id).await.unwrap(), None);
    assert_eq!(store.remove_account(&ann.id, &name("work")).await.unwrap(), None);

    // A later account of the same name was never granted.
    store.add_account(&ann.id, &name("work"), &settings("b@x.org"), &password("pw")).await.unwrap();
    let bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(bearer.standing.grant.accounts, GrantedAccounts::Only(vec![name("home")]));
}

pub(crate) async fn the_first_account_is_the_default_until_another_is_chosen_or_it_goes(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    for account in ["z", "y", "x"] {
        store.add_account(&ann.id, &name(account), &settings("a@x.org"), &password("pw")).await.unwrap();
        world.clock.forward(1);
    }
    let default = async || {
        let accounts = store.list_accounts(&ann.id).await.unwrap().into_iter();
        accounts
            .filter(|account| account.is_default)
            .map(|account| account.name.to_string())
            .collect::<String>()
    };
    assert_eq!(default().await, "z");
    assert!(store.set_default_account(&ann.id, &name("x")).await.unwrap());
    assert!(!store.set_default_account(&ann.id, &name("missing")).await.unwrap());
    assert_eq!(default().await, "x");
    store.remove_account(&ann.id, &name("x")).await.unwrap();
    assert_eq!(default().await, "z", "the oldest of the others");
}

pub(crate) async fn two_accounts_of_a_user_cannot_share_a_name(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let add =
        async |user| store.add_account(user, &name("work"), &settings("a@x.org"), &password("pw")).await;
    add(&ann.id).await.unwrap();
    assert!(matches!(add(&ann.id).await, Err(Error::Taken)));
    assert!(add(&bob.id).await.unwrap().is_default, "of another user they can");
}

pub(crate) async fn what_was_not_typed_stays_when_an_account_is_changed(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let mut both = settings("ann@example.org");
    both.smtp = Some(both.imap.clone());
    let added = store.add_account(&ann.id, &name("work"), &both, &password("old")).await.unwrap();
    "Short. No flourish.".clone_into(&mut both.writing_style);
    assert_eq!(store.edit_account(&bob.id, &name("work"), &both, &Typed::default()).await.unwrap(), None);
    let edited = store.edit_account(&ann.id, &name("work"), &both, &Typed::default()).await.unwrap().unwrap();
    assert_eq!((&edited.id, &edited.settings), (&added.id, &both));
    assert!(edited.is_default);
    assert_eq!(store.open_account(&added.id).await.unwrap(), Some((both.clone(), password("old"))));
    let typed = Typed { imap: None, smtp: SmtpPassword::Own(Some(Secret::new("of smtp"))) };
    store.edit_account(&ann.id, &name("work"), &both, &typed).await.unwrap().unwrap();
    let apart = Credentials { smtp: Some(Credential::Password(Secret::new("of smtp"))), ..password("old") };
    assert_eq!(store.open_account(&added.id).await.unwrap(), Some((both, apart)));
}

pub(crate) async fn a_changed_server_needs_its_password_and_changes_nothing_without(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let old = settings("ann@example.org");
    let id = store.add_account(&ann.id, &name("work"), &old, &password("old")).await.unwrap().id;
    let mut moved = old.clone();
    "imap.example.net".clone_into(&mut moved.imap.host);
    let refused = store.edit_account(&ann.id, &name("work"), &moved, &Typed::default()).await;
    assert!(matches!(refused, Err(Error::PasswordNeeded(PasswordNeeded(Service::Imap)))), "{refused:?}");
    assert_eq!(store.open_account(&id).await.unwrap(), Some((old, password("old"))));
    let typed = Typed { imap: Some(Secret::new("new")), smtp: SmtpPassword::SameAsImap };
    store.edit_account(&ann.id, &name("work"), &moved, &typed).await.unwrap().unwrap();
    assert_eq!(store.open_account(&id).await.unwrap(), Some((moved, password("new"))));
}
