//! What is shown of links, and which of them pretend.

use super::*;

fn link(text: &str, href: &str) -> Link {
    let mut links = Links::new(false);
    let _ = links.add(text, href);
    links.into_links().pop().unwrap()
}

#[test]
fn host_and_path_are_shown_and_the_query_is_not() {
    let found = link("Shop now", "https://www.shop.example/deals/today/?utm_campaign=x&session=secret#top");
    assert_eq!((found.url.as_str(), found.warning), ("shop.example/deals/today", None));
}

#[test]
fn the_full_view_keeps_the_whole_url() {
    let mut links = Links::new(true);
    let _ = links.add("x", "https://shop.example/?a=1");
    assert_eq!(links.into_links()[0].url, "https://shop.example/?a=1");
}

#[test]
fn text_that_names_another_site_is_warned_of_with_the_full_url() {
    for text in [
        "https://www.paypal.com/login",
        "paypal.com",
        "www.paypal.com",
        "Paypal.COM/security",
        "http://paypal.com",
    ] {
        let found = link(text, "https://evil.example/p?x=1");
        assert_eq!(found.url, "https://evil.example/p?x=1", "{text}");
        assert_eq!(
            found.warning.as_deref(),
            Some(
                format!(
                    "text shows {}, but the link leads to evil.example",
                    if text.contains("www") { "www.paypal.com" } else { "paypal.com" }
                )
                .as_str()
            ),
            "{text}"
        );
    }
}

#[test]
fn text_of_the_same_site_is_no_warning() {
    for (text, href) in [
        ("example.org", "https://www.example.org/"),
        ("shop.example.co.uk", "https://example.co.uk/x"),
        ("Report.pdf", "https://files.example.org/1"),
        ("Read more at the site", "https://x.example/"),
        ("version 2.0", "https://x.example/"),
        ("e.g. this", "https://x.example/"),
    ] {
        assert_eq!(link(text, href).warning, None, "{text}");
    }
    assert!(link("example.co.uk", "https://other.co.uk/").warning.is_some());
    assert!(link("ann.github.io", "https://bob.github.io/").warning.is_some());
}

#[test]
fn odd_targets_are_warned_of() {
    let warning = |href: &str| link("click", href).warning.unwrap_or_default();
    assert!(warning("http://192.0.2.7/x").contains("IP address"));
    assert!(warning("https://xn--pypal-4ve.com/").contains("international"));
    assert!(warning("https://xn--pypal-4ve.com/").contains("xn--pypal-4ve.com"));
    assert!(warning("https://paypal.com@evil.example/").contains("leads to evil.example"));
    assert!(warning("javascript:alert(1)").contains("javascript"));
    assert!(warning("data:text/html,hi").contains("data:"));
    assert!(link("ann@example.org", "mailto:eve@evil.example").warning.unwrap().contains("eve@evil.example"));
}

#[test]
fn tracking_parameters_are_dropped() {
    let url = Url::parse("https://x.example/a?utm_source=1&id=7&gclid=2&fbclid=3&mc_eid=4").unwrap();
    assert_eq!(without_tracking(&url), "https://x.example/a?id=7");
    let url = Url::parse("https://x.example/a?utm_source=1").unwrap();
    assert_eq!(without_tracking(&url), "https://x.example/a");
}

#[test]
fn bare_urls_stay_short() {
    let mut links = Links::new(false);
    assert_eq!(links.shorten_bare("https://example.org/a"), None);
    assert_eq!(
        links.shorten_bare("https://example.org/a?utm_source=x").as_deref(),
        Some("https://example.org/a")
    );
    let long = format!("https://click.example.org/c/{}", "x".repeat(90));
    let shown = links.shorten_bare(&long).unwrap();
    assert!(shown.starts_with("[click.example.org/c/xxx") && shown.ends_with("][1]"), "{shown}");
    assert!(Links::new(true).shorten_bare(&long).is_none());
}

#[test]
fn relative_links_need_a_base() {
    let mut links = Links::new(false);
    assert_eq!(links.add("x", "/y"), Shown::Text);
    links.set_base("https://base.example/a/");
    assert_eq!(links.add("x", "y"), Shown::Numbered(1));
    assert_eq!(links.into_links()[0].url, "base.example/a/y");
}
