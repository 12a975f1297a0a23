//! Settings from file and environment, as far as they reach the person.

use std::{fs, os::unix::fs::PermissionsExt as _};

use testkit::mcp_http::request;

use crate::world::World;

#[test]
fn an_unknown_setting_is_an_error_that_names_the_nearest_one() {
    let world = World::new();
    fs::write(world.path("postroom.toml"), "lissten = \"127.0.0.1:0\"\n").unwrap();
    world.run(&["user", "list"]).failed_with(1, &["`lissten`", "postroom.toml", "Did you mean `listen`?"]);
    fs::remove_file(world.path("postroom.toml")).unwrap();
    let world = world.with("POSTROOM_LOG_FORMATT", "json");
    world
        .run(&["user", "list"])
        .failed_with(1, &["`POSTROOM_LOG_FORMATT`", "Did you mean `POSTROOM_LOG_FORMAT`?"]);
}

#[test]
fn a_file_that_is_named_must_be_there_and_must_be_toml() {
    let world = World::new();
    world.run(&["user", "list", "--config", "nowhere.toml"]).failed_with(1, &["nowhere.toml", "because:"]);
    fs::write(world.path("x.toml"), "log = \"info\"\nmaster_key = hunter2\n").unwrap();
    let said = world.run(&["user", "list", "--config", "x.toml"]);
    said.failed_with(1, &["x.toml", "line 2"]);
    assert!(!said.stderr.contains("hunter2"), "{said:?}");
}

#[test]
fn the_platform_s_configuration_directory_is_looked_at_last() {
    let world = World::new();
    fs::create_dir_all(world.path(".config/postroom")).unwrap();
    fs::write(world.path(".config/postroom/postroom.toml"), "frobnicate = 1\n").unwrap();
    world.run(&["user", "list"]).failed_with(1, &["frobnicate"]);
    fs::write(world.path("postroom.toml"), "log = \"warn\"\n").unwrap();
    assert_eq!(world.run(&["user", "list"]).status, 0);
}

#[test]
fn a_file_of_variables_is_read_only_if_named_and_the_environment_wins() {
    let world = World::new();
    let elsewhere = world.path("elsewhere").display().to_string();
    fs::write(
        world.path(".env"),
        format!("# ours\nexport POSTROOM_DATA_DIR='{elsewhere}'\nPOSTROOM_LOG=nonsense=nonsense=1\n"),
    )
    .unwrap();
    fs::set_permissions(world.path(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.run(&["user", "list"]).status, 0);
    world.run(&["user", "list", "--env-file", ".env"]).failed_with(1, &["POSTROOM_LOG"]);
    let world = world.with("POSTROOM_LOG", "info");
    assert_eq!(world.run(&["user", "list", "--env-file", ".env"]).status, 0);
    assert!(!world.path("elsewhere").exists(), "the file won over the environment");
}

#[test]
fn a_wildcard_address_without_a_public_url_is_refused() {
    let world = World::new().with("POSTROOM_LISTEN", "0.0.0.0:0");
    world.run(&["serve"]).failed_with(1, &["POSTROOM_PUBLIC_URL"]);
    let world = World::new().with("POSTROOM_PUBLIC_URL", "http://mail.example.org");
    world.run(&["serve"]).failed_with(1, &["POSTROOM_PUBLIC_URL", "https"]);
}

#[test]
fn an_address_that_is_taken_says_so() {
    let world = World::new();
    let serving = world.serve();
    let second = World::new().with("POSTROOM_LISTEN", &format!("127.0.0.1:{}", serving.port));
    second.run(&["serve"]).failed_with(1, &["cannot listen on", "POSTROOM_LISTEN"]);
}

#[test]
fn a_setting_without_effect_is_accepted_with_a_warning() {
    let world = World::new().with("POSTROOM_TOOLSETS", "default, rules");
    let said = world.run(&["user", "list"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("`POSTROOM_TOOLSETS` has no effect yet"), "{said:?}");
}

#[test]
fn tokens_that_end_as_they_are_made_are_refused() {
    for setting in ["POSTROOM_ACCESS_TTL", "POSTROOM_REFRESH_TTL"] {
        World::new().with(setting, "0").run(&["serve"]).failed_with(1, &[setting, "hint:"]);
    }
}

#[test]
fn authorities_that_cannot_be_read_stop_the_start() {
    let world = World::new();
    fs::write(world.path("ca.pem"), "no certificate\n").unwrap();
    let world = world.with("POSTROOM_TLS_CA_FILE", "ca.pem");
    world.run(&["serve"]).failed_with(1, &["ca.pem", "POSTROOM_TLS_CA_FILE"]);
}

#[test]
fn json_logs_are_json_from_the_first_line_to_the_last() {
    let world = World::new().with("POSTROOM_LOG_FORMAT", "json");
    let serving = world.serve();
    request(serving.port, "GET", "/nothing", &[("X-Request-Id", "the-id")], "").unwrap();
    let (status, log) = serving.stop();
    assert_eq!(status, Some(0), "{log}");
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "answered" && line["status"] == 404), "{log}");
    assert!(lines.iter().any(|line| line["span"]["id"] == "the-id"), "{log}");
}
