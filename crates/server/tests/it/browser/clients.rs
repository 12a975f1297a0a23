//! Clients of others that were given nothing but the URL: each registers, sends alice to the real pages in a real
//! browser, is let in, has its token renewed, and is refused once that was revoked.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use testkit::{
    CertificateKind, McpStdio, certificates::Certificates, require_browser, require_node, require_python,
};

use super::world::Pages;
use crate::{reading::sample_dovecot, world::World};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/connect.py");
const TYPESCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/connect.mjs");

/// What a client may see that got what is ticked beforehand.
const TOOLS: [&str; 11] = [
    "mail_accounts",
    "mail_attachment",
    "mail_draft",
    "mail_folders",
    "mail_invite",
    "mail_organize",
    "mail_people",
    "mail_read",
    "mail_search",
    "mail_thread",
    "mail_undo",
];

const SCOPES: &str = "mail:folders mail:search mail:read mail:draft mail:modify";

fn pages() -> Option<(testkit::Dovecot, Pages)> {
    let browser = require_browser()?;
    let dovecot = sample_dovecot()?;
    let pages = Pages::with_mailbox(&dovecot, browser);
    Some((dovecot, pages))
}

/// Runs a client's script and checks what it went through; answers all that it said.
#[track_caller]
fn assert_dances(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    for line in [
        format!("tools {}", TOOLS.join(" ")),
        format!("scopes {SCOPES}"),
        "accounts 1".to_owned(),
        "renewed".to_owned(),
        "refused".to_owned(),
    ] {
        assert!(said.lines().any(|there| there == line), "`{line}` is missing: {said}\n{errors}");
    }
    said
}

#[test]
fn the_python_client_is_let_in_renewed_and_revoked_in_both_eras() {
    let Some(python) = require_python() else { return };
    for mode in ["auto", "legacy"] {
        let Some((_dovecot, pages)) = pages() else { return };
        let mut command = Command::new(&python);
        command.arg(PYTHON).args([mode, &pages.url()]);
        command.env("BROWSER", pages.opener()).env("REVOKE", pages.revoker("connect.py"));
        assert_dances(command);
        assert_eq!(pages.times_opened(), 1, "{mode}");
    }
}

/// Client id metadata documents: nobody registers, and the person is told which host the client is of.
#[test]
fn a_client_that_is_named_by_a_document_is_let_in_under_the_host_that_vouches_for_it() {
    let Some(python) = require_python() else { return };
    let Some(browser) = require_browser() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = Certificates::make(folder.path(), CertificateKind::Trusted).unwrap();
    let authorities = folder.path().join("authorities.pem");
    let both = [dovecot.ca_file(), &made.ca].map(|file| fs::read(file).unwrap()).concat();
    fs::write(&authorities, both).unwrap();
    let world = World::reaching(&dovecot).with("POSTROOM_TLS_CA_FILE", &authorities.display().to_string());
    let pages = Pages::with_mailbox_in(world, &dovecot, browser);
    let mut command = Command::new(&python);
    command.arg(PYTHON).args(["auto", &pages.url()]);
    command.env("CERTIFICATE", &made.certificate).env("KEY", &made.key).env("PUBLISHED_BY", "localhost");
    command.env("BROWSER", pages.opener()).env("REVOKE", pages.revoker("connect.py"));
    let said = assert_dances(command);
    assert!(said.contains("named by its document True\n"), "{said}");
    // before she signed in, which is not kept, and after; not with each token
    assert!(said.contains("documents asked for 2\n"), "{said}");
    assert_eq!(pages.times_opened(), 1);
}

#[test]
fn the_typescript_clients_are_let_in_renewed_and_revoked_in_both_eras() {
    let Some(node) = require_node() else { return };
    for mode in ["auto", "legacy", "sdk"] {
        let Some((_dovecot, pages)) = pages() else { return };
        let mut command = node.script(Path::new(TYPESCRIPT)).unwrap();
        command.args([mode, &pages.url()]).env("BROWSER", pages.opener());
        assert_dances(command);
        assert_eq!(pages.times_opened(), 1, "{mode}");
    }
}

#[test]
fn mcp_remote_is_let_in_renewed_and_revoked() {
    let Some(node) = require_node() else { return };
    let Some((_dovecot, pages)) = pages() else { return };
    let opener = pages.opener();
    let home = pages.world.path("remote");
    let path = format!("{}:/usr/bin:/bin", opener.parent().unwrap().display());
    let start = || {
        let mut command = node.program("mcp-remote");
        command.args([&pages.url(), "--silent"]);
        command.env("HOME", &home).env("PATH", &path).env("BROWSER", &opener);
        McpStdio::start(&mut command)
    };
    let mut remote = start().unwrap();
    let tools = remote.request("tools/list", &json!({})).unwrap();
    assert_eq!(names(&tools["tools"]), TOOLS);
    assert!(!remote.call("mail_folders", &json!({})).unwrap().is_error());
    drop(remote);

    let before = spoil_access_token(&home);
    let mut remote = start().unwrap();
    assert!(!remote.call("mail_folders", &json!({})).unwrap().is_error());
    assert_ne!(kept_tokens(&home).1["refresh_token"], before["refresh_token"]);
    assert_eq!(pages.times_opened(), 1);

    assert!(Command::new(pages.revoker("MCP CLI Proxy")).status().unwrap().success());
    let refused = remote.call("mail_folders", &json!({}));
    // it takes the person to the page again, and only they can let it in anew
    assert!(refused.is_err() || pages.times_opened() == 2, "{refused:?}");
}

#[test]
fn the_inspector_is_let_in_and_revoked() {
    let Some(node) = require_node() else { return };
    let Some((_dovecot, pages)) = pages() else { return };
    let opener = pages.opener();
    let home = pages.world.path("inspector");
    fs::create_dir_all(&home).unwrap();
    let path = format!("{}:/usr/bin:/bin", opener.parent().unwrap().display());
    let inspect = |more: &[&str]| {
        let mut command = node.program("inspector");
        command.env("HOME", &home).env("PATH", &path).env("BROWSER", &opener);
        // it opens a browser only where it believes that somebody looks at it
        command.env("MCP_AUTO_OPEN_ENABLED", "true").env("MCP_INSPECTOR_SECRET_STORE", "file");
        command.args(["--cli", "--format", "json", "--transport", "http", "--server-url", &pages.url()]);
        let output = command.args(more).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(), errors)
    };
    let here = ["--callback-url", "http://127.0.0.1:0/oauth/callback"];
    let (listed, errors) = inspect(&[&["--method", "tools/list"], here.as_slice()].concat());
    assert_eq!(names(&listed["result"]["tools"]), TOOLS, "{errors}");
    let call = ["--method", "tools/call", "--tool-name", "mail_folders", "--stored-auth-only"];
    let (called, errors) = inspect(&call);
    assert_ne!(called["result"]["structuredContent"], Value::Null, "{errors}");
    assert_eq!(pages.times_opened(), 1);

    assert!(Command::new(pages.revoker("Inspector")).status().unwrap().success());
    let (called, errors) = inspect(&call);
    assert_eq!(called, Value::Null);
    assert!(errors.contains("auth_required"), "{errors}");
}

fn names(tools: &Value) -> Vec<&str> {
    let tools = tools.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    names.sort_unstable();
    names
}

/// Where `mcp-remote` keeps its tokens, and what they are.
fn kept_tokens(home: &Path) -> (std::path::PathBuf, Value) {
    let folder = fs::read_dir(home.join(".mcp-auth")).unwrap().next().unwrap().unwrap().path();
    let mut files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let file = files.find(|file| file.to_string_lossy().ends_with("_tokens.json")).unwrap();
    let tokens = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    (file, tokens)
}

/// Puts another access token in the place of the kept one, which is answered as it was.
fn spoil_access_token(home: &Path) -> Value {
    let (file, before) = kept_tokens(home);
    let mut spoilt = before.clone();
    spoilt["access_token"] = json!("prm_of-another-day");
    fs::write(file, spoilt.to_string()).unwrap();
    before
}
