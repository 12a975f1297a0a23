//! Behind a proxy that speaks TLS, and on other addresses than 127.0.0.1: names of cookies, links and hosts.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
};

use testkit::mcp_http::request;

use crate::{
    connecting::{connect, text},
    routes::surfer::Surfer,
    world::{PASSWORD, World},
};

#[test]
fn behind_https_cookies_are_of_this_host_alone_and_every_link_is_https() {
    let world = World::new()
        .with("POSTROOM_PUBLIC_URL", "https://mail.example.org")
        .with("POSTROOM_ALLOWED_HOSTS", "mail.example.org, localhost");
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let cookies = alice.cookies();
    assert!(cookies.contains(&"__Host-postroom".to_owned()), "{cookies:?}");
    assert!(cookies.iter().all(|name| name.starts_with("__Host-")), "{cookies:?}");
    let page = alice.get("/connect");
    assert!(page.header("strict-transport-security").starts_with("max-age="));
    assert!(page.body.contains("https://mail.example.org/mcp") && !page.body.contains("http://localhost"));

    let fresh = Surfer::new(port);
    let csrf = fresh.csrf("/login");
    let answer = fresh.post("/login", &[("name", "alice"), ("password", PASSWORD), ("csrf", &csrf)]);
    assert!(!answer.cookies.is_empty());
    for cookie in &answer.cookies {
        for flag in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.split("; ").any(|one| one == flag), "{flag}: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let (_, tokens) = connect(port, &alice, &["mail:folders"]);
    assert_eq!(text(&tokens, "scope"), "mail:folders");
    let invited = world.run(&["user", "invite"]).stdout;
    assert!(invited.lines().last().unwrap().starts_with("https://mail.example.org/invite/"), "{invited}");
}

#[test]
fn pages_and_endpoints_answer_to_the_names_of_the_server_alone() {
    let world = World::new().with("POSTROOM_PUBLIC_URL", "https://mail.example.org");
    let serving = world.serve();
    for path in ["/login", "/oauth/authorize", "/.well-known/oauth-authorization-server"] {
        for (host, is_ours) in [("mail.example.org", true), ("localhost", false), ("evil.example", false)] {
            let status = request(serving.port, "GET", path, &[("Host", host)], "").unwrap().status;
            assert_eq!(status != 403, is_ours, "{path} at {host}: {status}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a client of tests, on loopback only")]
fn on_the_loopback_of_ipv6_it_serves_and_says_where() {
    let Ok(probe) = std::net::TcpListener::bind("[::1]:0") else {
        println!("left out: this machine has no IPv6");
        return;
    };
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let world = World::new().with("POSTROOM_LISTEN", &format!("[::1]:{port}"));
    let mut serving = world.command(&["serve"]).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = serving.stderr.take().unwrap();
    let mut chunk = [0; 1024];
    while !said.contains("listening on http://[::1]:") {
        let read = stderr.read(&mut chunk).unwrap();
        assert!(read > 0, "it ended: {said}");
        said.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
    assert!(said.contains(&format!("http://localhost:{port}/setup?code=")), "{said}");
    for host in ["localhost", "[::1]", "127.0.0.1"] {
        let mut stream = TcpStream::connect(format!("[::1]:{port}")).unwrap();
        write!(stream, "GET /login HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
}
