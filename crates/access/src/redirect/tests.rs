//! Redirects that clients are known to use, and those that somebody might try.

use std::sync::Arc;

use domain::{FixedClock, Random, Timestamp};

use super::*;

struct Nothing;

impl Random for Nothing {
    fn fill(&self, _bytes: &mut [u8]) {}
}

#[test]
fn an_answer_keeps_what_the_redirect_has_and_encodes_what_is_added() {
    let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
    let access = Access::without_store(clock, Arc::new(Nothing), &crate::Settings::default());
    let answer = |url: &str| access.answer_at(url, Some("x&y=ä z%"), &[("code", "a-b_c")]);
    let added = "code=a-b_c&state=x%26y%3D%C3%A4%20z%25&iss=http%3A%2F%2Flocalhost%3A8143";
    assert_eq!(answer("https://agent.example/cb"), format!("https://agent.example/cb?{added}"));
    assert_eq!(answer("https://agent.example/cb?"), format!("https://agent.example/cb?{added}"));
    assert_eq!(answer("https://agent.example/cb?a=1"), format!("https://agent.example/cb?a=1&{added}"));
    assert_eq!(answer("cursor://x/cb?a=%2F&"), format!("cursor://x/cb?a=%2F&{added}"));
    assert!(!access.answer_at("https://agent.example/cb", None, &[]).contains("state="));
}

/// As real clients register them.
const SEEN: &[&str] = &[
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "http://localhost:54545/callback",
    "https://chatgpt.com/connector/oauth/abc",
    "https://chatgpt.com/connector_platform_oauth_redirect",
    "http://localhost:8787/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "http://127.0.0.1:33418/",
    "http://127.0.0.1:33418",
    "http://127.0.0.1",
    "http://[::1]:7777/callback?from=agent",
    "https://vscode.dev/redirect",
    "vscode-insiders://host/redirect",
    "com.example.agent:/oauth",
    "com.example.agent://oauth",
];

#[test]
fn redirects_of_real_clients_may_be_registered() {
    for uri in SEEN {
        assert_eq!(check(uri), Ok(()), "{uri}");
    }
}

#[test]
fn what_is_neither_https_nor_the_persons_machine_may_not() {
    for uri in [
        "http://a.example/back",
        "http://localhost.a.example/back",
        "http://localhostx/back",
        "http://127.0.0.2/back",
        "http://127.0.0.1.a.example/",
        "http://0x7f.1/",
        "http://[::2]/",
        "http://localhost:/back",
        "http://localhost:0/back",
        "http://localhost:99999/back",
        "HTTP://localhost/back",
        "https:a.example",
        "https:/a.example",
        "https:///a.example/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://a.example/x",
        "ftp://a.example/",
        "unknownapp://back",
        ".x:/y",
        "x.:/y",
        "COM.example:/y",
        "about:blank",
        "/back",
        "a.example/back",
        "",
        ":",
    ] {
        assert!(check(uri).is_err(), "{uri}");
    }
}

/// OAuth 2.1, 2.3: no fragment.
#[test]
fn fragments_users_wildcards_and_foreign_characters_may_not() {
    for uri in [
        "https://a.example/back#x",
        "https://a.example/back#",
        "https://ann@a.example/back",
        "https://ann:pw@a.example/back",
        "https://@a.example/back",
        "https://:@a.example/back",
        "http://localhost@a.example/back",
        "com.example.agent://ann@host/back",
        "https://*.a.example/back",
        "https://a.example/*",
        "https://a.example/ back",
        "https://a.example/back\n",
        "https://a.example\\@b.example/",
        "https://ä.example/back",
        "https://a.example/<x>",
    ] {
        assert!(check(uri).is_err(), "{uri}");
    }
    assert!(check(&format!("https://a.example/{}", "x".repeat(2000))).is_err());
}

#[test]
fn a_client_has_one_to_twenty_redirects() {
    let many = |count| vec!["https://a.example/back".to_owned(); count];
    assert!(check_all(&many(0)).is_err());
    assert_eq!(check_all(&many(20)), Ok(()));
    assert!(check_all(&many(21)).is_err());
}

/// OAuth 2.1, 4.1.1: simple string comparison.
#[test]
fn redirects_are_the_same_octet_by_octet() {
    let registered = "https://a.example/back?x=1";
    assert!(is_same(registered, registered));
    for asked in [
        "https://a.example/back?x=2",
        "https://a.example/back",
        "https://a.example/back?x=1&y",
        "https://a.example/back/?x=1",
        "https://A.example/back?x=1",
        "https://a.example:443/back?x=1",
        "http://a.example/back?x=1",
        "https://a.example/bac%6B?x=1",
        "",
    ] {
        assert!(!is_same(registered, asked), "{asked}");
    }
    assert!(
        !is_same("https://localhost/back", "https://localhost:8443/back"),
        "only http has loopback ports"
    );
}

/// RFC 8252, 7.3: any port of the loopback.
#[test]
fn the_port_of_a_loopback_host_is_ignored_and_nothing_else_of_it() {
    for (registered, asked) in [
        ("http://localhost/callback", "http://localhost:54545/callback"),
        ("http://localhost:1/callback", "http://localhost:65535/callback"),
        ("http://127.0.0.1:33418/", "http://127.0.0.1/"),
        ("http://[::1]/x?y", "http://[::1]:9/x?y"),
    ] {
        assert!(is_same(registered, asked), "{asked}");
    }
    for (registered, asked) in [
        ("http://localhost/callback", "http://127.0.0.1/callback"),
        ("http://localhost/callback", "http://localhost:1/callbac"),
        ("http://localhost/callback", "http://localhost:1/callback/"),
        ("http://localhost/callback", "http://localhost:1/callback#x"),
        ("http://localhost/callback", "http://localhost:1@a.example/callback"),
        ("http://localhost/callback", "http://localhost:99999/callback"),
        ("http://localhost/callback", "http://localhost:-1/callback"),
        ("http://localhost/callback", "http://localhost:+1/callback"),
        ("http://localhost/callback", "https://localhost:1/callback"),
        ("http://localhost", "http://localhost:1.a.example"),
        ("http://localhost:80", "http://localhost:80/"),
        ("com.example:/x", "com.example:1/x"),
    ] {
        assert!(!is_same(registered, asked), "{asked}");
    }
}

#[test]
fn registrations_are_counted_under_the_first_host_elsewhere() {
    let under = |uris: &[&str]| counted_under(&uris.iter().map(|uri| (*uri).to_owned()).collect::<Vec<_>>());
    assert_eq!(under(&["http://localhost:1/x", "http://127.0.0.1/x"]), LOOPBACK);
    assert_eq!(under(&["http://127.0.0.1/", "https://vscode.dev/redirect"]), "vscode.dev");
    assert_eq!(under(&["cursor://anysphere/x", "https://a.example/"]), "cursor:");
    assert_eq!(under(&["https://A.example:8443/x"]), "a.example");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_rules_panic(
        scheme in "(https?|HTTP|com\\.x|javascript|)", text in "(://|:|)?(localhost|127\\.0\\.0\\.1|\\[::1\\]|ä|\\PC{0,5})?(:[0-9ä]{0,7})?\\PC{0,20}",
    ) {
        let uri = format!("{scheme}{text}");
        let is_allowed = check(&uri).is_ok();
        let _ = counted_under(std::slice::from_ref(&uri));
        proptest::prop_assert!(is_same(&uri, &uri));
        // what may be registered never leaves plain ASCII: it becomes a header
        proptest::prop_assert!(!is_allowed || uri.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
