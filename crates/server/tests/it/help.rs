//! The command line's own words.

use std::fmt::Write as _;

use crate::world::World;

const COMMANDS: &[&str] = &[
    "",
    "serve",
    "stdio",
    "user",
    "user add",
    "user list",
    "user disable",
    "user enable",
    "user delete",
    "user passwd",
    "user invite",
    "user reset",
    "account",
    "account add",
    "account list",
    "account test",
    "account remove",
    "token",
    "token new",
    "token list",
    "token revoke",
    "approval",
    "approval list",
    "approval show",
    "approval approve",
    "approval deny",
    "doctor",
    "completions",
];

#[test]
fn every_command_explains_itself() {
    let world = World::new();
    let mut pages = String::new();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let said = world.run(&arguments);
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{command}");
        let _ = write!(pages, "$ postroom {}\n{}\n", arguments.join(" "), said.stdout);
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let world = World::new();
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["user", "add"],
        &["token", "new", "--user", "alice", "--name", "x"],
        &["token", "new", "--user", "alice", "--name", "x", "--scopes", "mail:everything"],
        &["token", "new", "--user", "alice", "--name", "x", "--scopes", "read", "--expires", "soon"],
        &["account", "add", "not an address", "--user", "alice"],
        &["account", "add", "a@example.org", "--user", "alice", "--name", "All"],
        &["account", "add", "a@example.org", "--user", "alice", "--imap-host", "h", "--imap-tls", "ssl"],
        &["account", "add", "a@example.org", "--user", "alice", "--smtp-port", "25"],
        &["token", "new", "--user", "a", "--name", "x", "--scopes", "send", "--approval", "sometimes"],
        &["token", "new", "--user", "a", "--name", "x", "--scopes", "send", "--recipients", "bob"],
        &["token", "new", "--user", "a", "--name", "x", "--scopes", "send", "--recipients", "*"],
        &["approval", "show", "apr_1", "--raw", "--json"],
        &["approval", "approve"],
        &["stdio", "--grant", "x"],
    ] {
        assert_eq!(world.run(arguments).status, 2, "{arguments:?}");
    }
    assert!(!world.path("data").exists(), "wrong usage made a data directory");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = world.run(&["completions", shell]);
        assert_eq!(said.status, 0, "{shell}");
        assert!(said.stdout.contains("account"), "{shell}");
    }
}
