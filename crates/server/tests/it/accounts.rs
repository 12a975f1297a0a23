//! Mail accounts on the command line, each against a real server: what is right and all that can be wrong.

use testkit::{CertificateKind, Dovecot, Options, require_dovecot};

use crate::world::{MAIL_PASSWORD, World};

/// A world with alice, and the answer to adding her account on such a Dovecot.
fn add_on(options: Options, input: &str) -> Option<(World, crate::world::Said)> {
    let dovecot = require_dovecot(options)?;
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let said = add(&world, &dovecot, &[], input);
    assert_eq!(
        world.run(&["account", "list", "--user", "alice", "--json"]).json().as_array().unwrap().len(),
        { usize::from(said.status == 0) }
    );
    Some((world, said))
}

fn add(world: &World, dovecot: &Dovecot, more: &[&str], input: &str) -> crate::world::Said {
    let port = dovecot.imaps_port().to_string();
    let add = ["account", "add", "alice@example.org", "--user", "alice", "--imap-host", dovecot.host()];
    let add = [&add[..], &["--imap-port", &port, "--imap-user", "alice", "--password-stdin"], more].concat();
    world.run_with(&add, input)
}

#[test]
fn an_account_is_signed_in_to_then_stored_listed_tested_and_removed() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let smtp = dovecot.submission_port().unwrap().to_string();
    let with_smtp = ["--smtp-host", dovecot.host(), "--smtp-port", &smtp, "--smtp-tls", "starttls"];
    let said = add(&world, &dovecot, &with_smtp, &format!("{MAIL_PASSWORD}\n"));
    assert_eq!(
        (said.status, said.stdout.as_str()),
        (0, "added account alice (alice@example.org) for alice\n"),
        "{said:?}"
    );
    assert!(
        said.stderr.contains("IMAP at localhost") && said.stderr.contains("SMTP at localhost"),
        "{said:?}"
    );

    let accounts = world.run(&["account", "list", "--user", "alice", "--json"]).json();
    assert_eq!(accounts[0]["name"], "alice");
    assert_eq!(accounts[0]["imap"]["tls"], "tls");
    assert_eq!(accounts[0]["smtp"]["user"], "alice");
    assert_eq!(accounts[0]["default"], true);
    assert!(!accounts.to_string().contains(MAIL_PASSWORD));

    assert_eq!(world.run(&["account", "test", "alice", "--user", "alice"]).stdout, "ok: alice\n");
    let tested = world.run(&["account", "test", "--user", "alice", "--json"]).json();
    assert!(tested[0]["ok"] == true && tested[0]["folders"].as_u64().unwrap() > 0, "{tested}");
    add(&world, &dovecot, &[], MAIL_PASSWORD).failed_with(1, &["an account `alice` already", "--name"]);
    let doctor = world.run(&["doctor"]);
    assert_eq!(doctor.status, 0, "{doctor:?}");
    assert!(
        doctor.stdout.contains("account alice of alice, IMAP") && doctor.stdout.contains("SMTP"),
        "{doctor:?}"
    );

    assert_eq!(world.run(&["account", "remove", "alice", "--user", "alice"]).status, 0);
    world
        .run(&["account", "test", "alice", "--user", "alice"])
        .failed_with(1, &["there is no account `alice`"]);
}

#[test]
fn a_wrong_password_is_told_and_nothing_is_stored() {
    let Some((_, said)) = add_on(Options::default(), "wrong-secret\n") else { return };
    said.failed_with(1, &["hint:"]);
    assert!(!said.stderr.contains("wrong-secret"), "{said:?}");
    assert!(said.stderr.contains("sign-in") || said.stderr.contains("password"), "{said:?}");
}

#[test]
fn a_wrong_smtp_password_is_told_and_nothing_is_stored() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let smtp = dovecot.submission_port().unwrap().to_string();
    let more =
        ["--smtp-host", dovecot.host(), "--smtp-port", &smtp, "--smtp-tls", "starttls", "--smtp-password"];
    let said = add(&world, &dovecot, &more, &format!("{MAIL_PASSWORD}\nwrong-secret\n"));
    said.failed_with(1, &["SMTP at", "hint:"]);
    assert_eq!(world.run(&["account", "list", "--user", "alice", "--json"]).json(), serde_json::json!([]));
    let said = add(&world, &dovecot, &more, &format!("{MAIL_PASSWORD}\n{MAIL_PASSWORD}\n"));
    assert_eq!(said.status, 0, "{said:?}");
    add(&world, &dovecot, &more, MAIL_PASSWORD).failed_with(1, &["already"]);
    let second = [&more[..], &["--name", "second"]].concat();
    add(&world, &dovecot, &second, MAIL_PASSWORD).failed_with(2, &["two lines"]);
}

#[test]
fn a_certificate_that_proves_nothing_is_refused_for_its_own_reason() {
    for (certificate, word) in [
        (CertificateKind::Expired, "expired"),
        (CertificateKind::SelfSigned, "certificate"),
        (CertificateKind::WrongName, "name"),
    ] {
        let options = Options { certificate, ..Options::default() };
        let Some((_, said)) = add_on(options, MAIL_PASSWORD) else { return };
        said.failed_with(1, &[word, "hint:"]);
    }
}

#[test]
fn a_certificate_of_an_authority_that_nobody_named_is_refused() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot).with("POSTROOM_TLS_CA_FILE", "");
    world.add_user("alice");
    add(&world, &dovecot, &[], MAIL_PASSWORD).failed_with(1, &["certificate", "POSTROOM_TLS_CA_FILE"]);
}

#[test]
fn a_host_that_cannot_be_reached_is_told_at_once() {
    let world = World::new().with("POSTROOM_ALLOW_PRIVATE_HOSTS", "true");
    world.add_user("alice");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let add =
        ["account", "add", "alice@example.org", "--user", "alice", "--password-stdin", "--imap-port", &free];
    let started = std::time::Instant::now();
    world
        .run_with(&[&add[..], &["--imap-host", "127.0.0.1"]].concat(), "x")
        .failed_with(1, &["127.0.0.1", "hint:"]);
    world
        .run_with(&[&add[..], &["--imap-host", "no-such-host.invalid"]].concat(), "x")
        .failed_with(1, &["no-such-host.invalid"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn private_hosts_are_refused_unless_the_operator_allows_them() {
    let world = World::new();
    world.add_user("alice");
    let add = [
        "account",
        "add",
        "alice@example.org",
        "--user",
        "alice",
        "--password-stdin",
        "--imap-host",
        "127.0.0.1",
    ];
    world.run_with(&add, "x").failed_with(1, &["private", "POSTROOM_ALLOW_PRIVATE_HOSTS"]);
}

#[test]
fn without_hosts_it_says_which_flags_to_give() {
    let world = World::new();
    world.add_user("alice");
    let add = ["account", "add", "alice@example.org", "--user", "alice", "--password-stdin"];
    world.run_with(&add, "x").failed_with(2, &["--imap-host", "--smtp-host"]);
    let nobody =
        ["account", "add", "a@example.org", "--user", "alcie", "--imap-host", "h", "--password-stdin"];
    world.run_with(&nobody, "x").failed_with(1, &["Did you mean `alice`?"]);
}

#[test]
fn doctor_tells_which_account_is_broken_and_how_to_mend_it() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    dovecot.stop();
    let world = world.with("POSTROOM_TLS_CA_FILE", "");
    let said = world.run(&["doctor"]);
    said.failed_with(1, &["one thing is broken"]);
    assert!(said.stdout.contains("BROKEN   account home of alice, IMAP"), "{said:?}");
    let found: serde_json::Value = serde_json::from_str(&world.run(&["doctor", "--json"]).stdout).unwrap();
    let broken: Vec<_> = found.as_array().unwrap().iter().filter(|one| one["state"] == "broken").collect();
    assert!(broken.len() == 1 && broken[0]["mend"].as_str().is_some_and(|mend| !mend.is_empty()), "{found}");
}

#[test]
fn a_signature_comes_from_a_file_of_bounded_length() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let path = world.path("signature.txt");
    let with_file = ["--signature-file", path.to_str().unwrap()];
    let input = format!("{MAIL_PASSWORD}\n");
    add(&world, &dovecot, &with_file, &input).failed_with(1, &["signature", "signature.txt"]);
    std::fs::write(&path, "ä".repeat(20_001)).unwrap();
    add(&world, &dovecot, &with_file, &input).failed_with(2, &["20000 characters"]);
    std::fs::write(&path, "Alice\n<b>Ünited</b> Letters\n\n").unwrap();
    assert_eq!(add(&world, &dovecot, &with_file, &input).status, 0);
    let accounts = world.run(&["account", "list", "--user", "alice", "--json"]).json();
    assert_eq!(accounts[0]["signature"], "Alice\n<b>Ünited</b> Letters");
}

#[test]
fn servers_that_are_not_given_are_looked_for_before_a_password_is_asked_for() {
    let world = World::new();
    world.add_user("alice");
    let unknown = ["account", "add", "alice@nowhere.invalid", "--user", "alice", "--password-stdin"];
    world.run_with(&unknown, "").failed_with(2, &["could not be found", "--imap-host HOST"]);
    let known = ["account", "add", "alice@gmail.com", "--user", "alice", "--password-stdin"];
    let said = world.run_with(&known, "");
    said.failed_with(
        2,
        &["imap.gmail.com:993 (tls)", "smtp.gmail.com:465 (tls)", "apppasswords", "no password"],
    );
}
