//! Settings as a person gives them.

use std::path::Path;

use domain::ApprovalRule;

use super::{setting::Seconds, *};

fn given(file: &str, variables: &[(&str, &str)]) -> Given {
    Given {
        file: (!file.is_empty()).then(|| ("postroom.toml".into(), file.parse().unwrap())),
        environment: variables.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect(),
    }
}

fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config> {
    Config::read(given(file, variables))
}

fn told(error: &Error) -> String {
    format!("{error}\n{}", error.hint())
}

#[test]
fn nothing_needs_to_be_set() {
    let config = read("", &[("HOME", "/home/ann")]).unwrap();
    assert_eq!(config.network.listen.to_string(), "127.0.0.1:8143");
    assert_eq!(config.network.public_url(config.network.listen).as_str(), "http://localhost:8143");
    assert!(config.data_directory().unwrap().ends_with("postroom"));
    assert_eq!(config.agents.scopes.to_string(), "mail:folders mail:search mail:read mail:draft mail:modify");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn the_environment_wins_over_the_file_and_an_empty_variable_says_nothing() {
    let file = "listen = \"127.0.0.1:1\"\nscopes = [\"read\", \"search\"]\nsend_delay = 0";
    let config = read(file, &[("POSTROOM_LISTEN", "127.0.0.1:2"), ("POSTROOM_SCOPES", "")]).unwrap();
    assert_eq!(config.network.listen.port(), 2);
    assert_eq!(config.agents.scopes.to_string(), "mail:search mail:read");
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let error = read("lsiten = \"127.0.0.1:1\"", &[]).unwrap_err();
    assert!(
        told(&error).contains("`lsiten` in `postroom.toml`") && told(&error).contains("`listen`"),
        "{error:?}"
    );
    let error = read("", &[("POSTROOM_PUBLICURL", "https://x")]).unwrap_err();
    assert!(told(&error).contains("`POSTROOM_PUBLIC_URL`"), "{error:?}");
    let error = read("", &[("POSTROOM_LOG_FILE", "x")]).unwrap_err();
    assert!(told(&error).contains("POSTROOM_LOG_FILE"), "{error:?}");
}

#[test]
fn variables_that_kubernetes_makes_up_are_left_alone() {
    let service = [
        ("POSTROOM_SERVICE_HOST", "10.0.0.1"),
        ("POSTROOM_PORT", "tcp://10.0.0.1:8143"),
        ("POSTROOM_PORT_8143_TCP", "tcp://10.0.0.1:8143"),
    ];
    assert!(read("", &service).is_ok());
}

#[test]
fn a_secret_in_the_file_is_refused_with_the_place_where_it_belongs_and_not_shown() {
    for (file, variable) in [
        ("master_key = \"hunter2\"", "POSTROOM_MASTER_KEY_FILE"),
        ("metrics_token = \"hunter2\"", "POSTROOM_METRICS_TOKEN_FILE"),
        ("login_oidc_client_secret = \"hunter2\"", "POSTROOM_LOGIN_OIDC_CLIENT_SECRET_FILE"),
        ("database_url = \"postgres://ann:hunter2@db/postroom\"", "POSTROOM_DATABASE_URL"),
    ] {
        let error = read(file, &[]).unwrap_err();
        assert!(told(&error).contains(variable), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    assert!(read("database_url = \"postgres://db/postroom\"", &[]).is_ok());
}

#[test]
fn an_address_that_others_reach_needs_a_public_url() {
    for listen in ["0.0.0.0:8143", "[::]:8143", "192.0.2.1:8143"] {
        let error = read("", &[("POSTROOM_LISTEN", listen)]).unwrap_err();
        assert!(told(&error).contains("POSTROOM_PUBLIC_URL"), "{error:?}");
        let with_url = [("POSTROOM_LISTEN", listen), ("POSTROOM_PUBLIC_URL", "https://mail.example.org/")];
        let network = read("", &with_url).unwrap().network;
        assert_eq!(network.public_url(network.listen).as_str(), "https://mail.example.org");
    }
    let error = read("", &[("POSTROOM_PUBLIC_URL", "http://mail.example.org")]).unwrap_err();
    assert!(told(&error).contains("https"), "{error:?}");
}

#[test]
fn malformed_values_say_which_setting_and_what_was_expected() {
    for (name, text, expected) in [
        ("POSTROOM_LISTEN", "8143", "127.0.0.1:8143"),
        ("POSTROOM_SCOPES", "everything", "folders, search"),
        ("POSTROOM_ALLOW_PRIVATE_HOSTS", "10.0.0.0/99", "10.0.0.0/8"),
        ("POSTROOM_MIRROR", "maybe", "`on` or `off`"),
        ("POSTROOM_LOG_FORMAT", "xml", "`json`"),
        ("POSTROOM_APPROVAL", "sometimes", "`after-strangers`"),
        ("POSTROOM_DOORS", "window", "`header`"),
        ("POSTROOM_TOOLSETS", "hammer", "`calendar`"),
        ("POSTROOM_ACCESS_TTL", "soon", "seconds"),
        ("POSTROOM_REFRESH_TTL", "0", "no agent could connect"),
        ("POSTROOM_DATABASE_URL", "mysql://x", "postgres://"),
        ("POSTROOM_TRUSTED_PROXIES", "proxy", "10.0.0.0/8"),
    ] {
        let error = read("", &[(name, text)]).unwrap_err();
        assert!(told(&error).contains(name) && told(&error).contains(expected), "{error:?}");
    }
    assert!(read("listen = { port = 1 }", &[]).is_err());
}

#[test]
fn what_has_no_effect_yet_is_accepted_and_said() {
    let later = [("POSTROOM_OIDC_AUDIENCE", "x"), ("POSTROOM_SIGNUP", "open"), ("POSTROOM_DOORS", "oauth")];
    let config = read("toolsets = [\"rules\"]", &later).unwrap();
    assert_eq!(
        config.warnings,
        ["`POSTROOM_TOOLSETS` has no effect yet", "`POSTROOM_OIDC_AUDIENCE` has no effect yet"]
    );
}

#[test]
fn the_rule_of_asking_and_the_delay_of_sending_are_read() {
    let config = read("", &[]).unwrap();
    assert_eq!((config.agents.approval, config.agents.send_delay), (ApprovalRule::NewRecipients, Seconds(0)));
    let config = read("approval = \"never\"\nsend_delay = 30", &[("POSTROOM_APPROVAL", "always")]).unwrap();
    assert_eq!((config.agents.approval, config.agents.send_delay), (ApprovalRule::Always, Seconds(30)));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let error = read("approval = \"sometimes\"", &[]).unwrap_err();
    assert!(told(&error).contains("`after-strangers`"), "{error:?}");
}

#[test]
fn a_secret_comes_from_a_variable_or_from_the_file_it_names_but_not_from_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-file\n").unwrap();
    let path = path.to_str().unwrap();
    let config = read("", &[("POSTROOM_METRICS_TOKEN_FILE", path)]).unwrap();
    assert_eq!(config.operations.metrics_token.unwrap().expose(), "from-file");
    assert!(config.warnings.iter().any(|warning| warning.contains("chmod 600")), "{:?}", config.warnings);
    let both = [("POSTROOM_METRICS_TOKEN", "x"), ("POSTROOM_METRICS_TOKEN_FILE", path)];
    assert!(told(&read("", &both).unwrap_err()).contains("both"));
    assert!(read("", &[("POSTROOM_METRICS_TOKEN_FILE", "/nowhere/at-all")]).is_err());
}

#[test]
fn debug_output_of_all_settings_shows_no_secret() {
    let config = read(
        "",
        &[
            ("POSTROOM_METRICS_TOKEN", "hunter2-metrics"),
            ("POSTROOM_DATABASE_URL", "postgres://ann:hunter2@db/postroom"),
            ("IMAP_PASSWORD", "hunter2-imap"),
        ],
    );
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
}

/// `POSTROOM_REWRITE=1 cargo test -p postroom example` writes it anew.
#[test]
fn the_example_file_is_the_one_that_the_declarations_make_and_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/postroom.example.toml");
    let made = example::text();
    if std::env::var_os("POSTROOM_REWRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, made, "run it with POSTROOM_REWRITE=1");
    let settings = made.lines().filter_map(|line| line.strip_prefix('#'));
    let settings: Vec<&str> =
        settings.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    let config = read(&settings.join("\n"), &[]).unwrap();
    assert_eq!(config.network.listen.to_string(), "127.0.0.1:8143");
}
