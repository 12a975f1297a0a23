//! Users and their tokens on the command line.

use crate::world::{PASSWORD, World};

#[test]
fn the_first_user_is_an_administrator_and_users_can_be_listed_disabled_and_enabled() {
    let world = World::new();
    assert!(world.run(&["user", "list"]).stderr.contains("postroom user add"));
    world.add_user("alice");
    world.add_user("bob");
    world.run(&["user", "disable", "bob"]);
    let users = world.run(&["user", "list", "--json"]).json();
    assert_eq!((&users[0]["name"], &users[0]["admin"]), (&"alice".into(), &true.into()));
    assert_eq!((&users[1]["name"], &users[1]["admin"]), (&"bob".into(), &false.into()));
    assert_eq!((&users[0]["disabled"], &users[1]["disabled"]), (&false.into(), &true.into()));
    world.run(&["user", "enable", "bob"]);
    assert_eq!(world.run(&["user", "list", "--json"]).json()[1]["disabled"], false);
    let table = world.run(&["user", "list"]).stdout;
    assert!(table.lines().count() == 3 && table.contains("administrator"), "{table}");
    assert!(!table.contains('\u{1b}'), "colours without a terminal: {table:?}");
}

#[test]
fn doctor_says_how_the_first_user_is_made_and_that_nothing_is_broken() {
    let world = World::new();
    world.run(&["user", "list"]);
    let said = world.run(&["doctor"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("there is no user yet"), "{said:?}");
    assert!(said.stdout.contains("`postroom serve`") && said.stdout.contains("user add"), "{said:?}");
    let found = world.run(&["doctor", "--json"]).json();
    let users = found.as_array().unwrap().iter().find(|one| one["check"] == "users").unwrap();
    assert_eq!(users["state"], "warning");
}

#[test]
fn what_cannot_be_a_user_is_refused_with_the_reason() {
    let world = World::new();
    world.add_user("alice");
    let add =
        |name: &str, password: &str| world.run_with(&["user", "add", name, "--password-stdin"], password);
    add("alice", PASSWORD).failed_with(1, &["there is a user `alice` already", "hint:"]);
    add("Alice B", PASSWORD).failed_with(1, &["a-z"]);
    add("bob", "short\n").failed_with(1, &["8 to 1,024"]);
    add("bob", "").failed_with(2, &["no password on stdin"]);
    world.run(&["user", "disable", "alcie"]).failed_with(1, &["`alcie`", "Did you mean `alice`?"]);
}

#[test]
fn exactly_one_trailing_newline_is_not_part_of_a_password() {
    let world = World::new();
    // seven characters and a newline are too short, and eight with an inner newline are fine
    world.run_with(&["user", "add", "a", "--password-stdin"], "1234567\n").failed_with(1, &["8 to"]);
    assert_eq!(world.run_with(&["user", "add", "b", "--password-stdin"], "123456\n\n\n").status, 0);
}

#[test]
fn a_password_is_never_asked_for_where_there_is_nobody() {
    let world = World::new();
    world.run(&["user", "add", "alice"]).failed_with(2, &["--password-stdin"]);
}

#[test]
fn an_invitation_is_a_link_to_the_public_url_shown_once_as_the_last_line() {
    let world = World::new().with("POSTROOM_PUBLIC_URL", "https://mail.example.org");
    world.add_user("alice");
    let said = world.run(&["user", "invite", "--note", "for Bob"]);
    let link = said.stdout.lines().last().unwrap();
    let code = link.strip_prefix("https://mail.example.org/invite/").unwrap();
    assert_eq!((said.status, code.len()), (0, 43), "{said:?}");
    assert!(said.stderr.contains("a user") && said.stderr.contains("once"), "{said:?}");

    let world = world.with("POSTROOM_PUBLIC_URL", "http://localhost:9000");
    let made = world.run(&["user", "invite", "--admin", "--json"]).json();
    assert!(made["link"].as_str().unwrap().starts_with("http://localhost:9000/invite/"), "{made}");
    assert!(made["id"].as_str().unwrap().starts_with("inv_") && made["expires"].is_string(), "{made}");
}

#[test]
fn where_nobody_can_be_invited_the_operator_is_told_which_setting_says_so() {
    let world = World::new().with("POSTROOM_SIGNUP", "off");
    world.add_user("alice");
    world.run(&["user", "invite"]).failed_with(1, &["`POSTROOM_SIGNUP` is `off`", "user add"]);
    assert_eq!(world.run(&["user", "reset", "alice"]).status, 0, "who is in already is let in again");
}

#[test]
fn a_link_for_another_password_is_for_somebody_who_may_sign_in() {
    let world = World::new();
    world.add_user("alice");
    let said = world.run(&["user", "reset", "alice"]);
    let link = said.stdout.lines().last().unwrap();
    assert!(link.starts_with("http://localhost:") && link.contains("/invite/"), "{said:?}");
    assert_ne!(world.run(&["user", "reset", "alice", "--json"]).json()["link"], link);
    world.run(&["user", "reset", "alcie"]).failed_with(1, &["`alcie`", "Did you mean `alice`?"]);
    world.run(&["user", "disable", "alice"]);
    world.run(&["user", "reset", "alice"]).failed_with(1, &["disabled", "user enable alice"]);
}

#[test]
fn a_token_is_the_last_word_printed_once_and_lives_until_it_is_revoked() {
    let world = World::new();
    world.add_user("alice");
    let new = ["token", "new", "--user", "alice", "--name", "My agent", "--scopes", "read, mail:search"];
    let said = world.run(&[&new[..], &["--expires", "90d"]].concat());
    let bearer = said.stdout.split_whitespace().last().unwrap();
    assert!(bearer.starts_with("prp_") && bearer.len() == 47, "{said:?}");

    let tokens = world.run(&["token", "list", "--user", "alice", "--json"]).json();
    assert_eq!(tokens[0]["label"], "My agent");
    assert_eq!(tokens[0]["scopes"], serde_json::json!(["mail:search", "mail:read"]));
    assert_eq!(tokens[0]["accounts"], "all");
    assert!(tokens[0]["expires"].is_string() && tokens[0]["last_used"].is_null());
    assert!(!tokens.to_string().contains("prp_"));

    world.run(&new).failed_with(1, &["`My agent` already"]);
    world
        .run(&["token", "revoke", "My agnet", "--user", "alice"])
        .failed_with(1, &["Did you mean `My agent`?"]);
    assert_eq!(world.run(&["token", "revoke", "My agent", "--user", "alice"]).status, 0);
    assert_eq!(world.run(&["token", "list", "--user", "alice", "--json"]).json(), serde_json::json!([]));
    let again = world.run(&[&new[..], &["--json"]].concat()).json();
    assert!(again["token"].as_str().unwrap().starts_with("prp_"));
}

#[test]
fn a_user_is_deleted_with_all_that_is_theirs_and_only_if_that_is_said() {
    let world = World::new();
    world.add_user("alice");
    world.add_user("bob");
    world.new_token("My agent", "mail:read");
    world.run(&["user", "delete", "bob"]).failed_with(2, &["no terminal", "--yes"]);
    world.run(&["user", "delete", "bbo", "--yes"]).failed_with(1, &["Did you mean `bob`?"]);
    world.run(&["user", "delete", "alice", "--yes"]).failed_with(1, &["last administrator", "Make somebody"]);
    let said = world.run(&["user", "delete", "bob", "--yes"]);
    assert_eq!((said.status, said.stdout.as_str()), (0, "deleted user bob\n"), "{said:?}");
    assert_eq!(world.run(&["user", "list", "--json"]).json().as_array().unwrap().len(), 1);
    // who is alone may go, with what agents held
    assert_eq!(world.run(&["user", "delete", "alice", "--yes"]).status, 0);
    assert_eq!(world.run(&["user", "list", "--json"]).json(), serde_json::json!([]));
    world.add_user("alice");
    assert_eq!(world.run(&["token", "list", "--user", "alice", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_token_cannot_reach_accounts_that_do_not_exist() {
    let world = World::new();
    world.add_user("alice");
    let new = ["token", "new", "--user", "alice", "--name", "x", "--scopes", "read", "--accounts", "home"];
    world.run(&new).failed_with(1, &["there is no account `home`"]);
    let nobody = ["token", "new", "--user", "bob", "--name", "x", "--scopes", "read"];
    world.run(&nobody).failed_with(1, &["there is no user `bob`"]);
}
