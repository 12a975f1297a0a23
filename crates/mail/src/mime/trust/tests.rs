//! Verdicts only from our own server; impostors are named.

use super::*;

mod forged;

fn address(name: &str, email: &str) -> Address {
    Address { name: name.to_owned(), email: email.to_owned() }
}

fn assessed(headers: &[&str], above: &[bool], ids: &[&str]) -> Trust {
    let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
    let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
    let from = [address("Ann", "ann@example.org")];
    assess(&TrustInput {
        from: &from,
        authentication_results: &headers,
        stands_above_received: above,
        authserv_ids: &ids,
        ..TrustInput::default()
    })
}

const GOOD: &str = "mx.example.net; dkim=pass header.i=@example.org header.s=s1 header.b=\"a=b;c\"; spf=pass (mx.example.net: domain of ann@example.org designates 192.0.2.1) smtp.mailfrom=ann@example.org; dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=example.org";

#[test]
fn the_own_servers_verdict_is_believed() {
    let trust = assessed(&[GOOD], &[true], &["mx.example.net"]);
    assert_eq!((trust.spf, trust.dkim, trust.dmarc), (Verdict::Pass, Verdict::Pass, Verdict::Pass));
}

#[test]
fn nothing_else_is_believed() {
    for (headers, above, ids) in [
        (vec![GOOD], vec![true], vec![]),
        (vec![GOOD], vec![true], vec!["mx.other.net"]),
        (vec![GOOD], vec![false], vec!["mx.example.net"]),
        (vec!["mx.other.net; spf=fail", GOOD], vec![], vec!["mx.example.net"]),
        (vec!["(mx.example.net) evil.example; dmarc=pass"], vec![true], vec!["mx.example.net"]),
        (vec!["evil.example; x=\"y; mx.example.net\"; dmarc=pass"], vec![true], vec!["mx.example.net"]),
        (vec!["mx.example.net; none"], vec![true], vec!["mx.example.net"]),
        (vec![""], vec![true], vec![""]),
    ] {
        let trust = assessed(&headers, &above, &ids);
        assert_eq!(
            (trust.spf, trust.dkim, trust.dmarc),
            <(Verdict, Verdict, Verdict)>::default(),
            "{headers:?}"
        );
    }
}

#[test]
fn a_verdict_inside_a_comment_or_a_string_is_none() {
    let trust = assessed(
        &["mx.example.net 1; spf=fail (dmarc=pass; dkim=pass) reason=\"; dmarc=pass\""],
        &[true],
        &["MX.example.net"],
    );
    assert_eq!((trust.spf, trust.dkim, trust.dmarc), (Verdict::Fail, Verdict::Unknown, Verdict::Unknown));
}

#[test]
fn a_signature_of_somebody_else_proves_nothing() {
    let trust = assessed(
        &["mx.example.net; dkim=pass header.d=evil.example; dkim=fail header.d=example.org"],
        &[true],
        &["mx.example.net"],
    );
    assert_eq!(trust.dkim, Verdict::Fail);
    let trust = assessed(&["mx.example.net; dkim=pass header.d=evil.example"], &[true], &["mx.example.net"]);
    assert_eq!(trust.dkim, Verdict::Unknown);
    let trust = assessed(
        &["mx.example.net; dkim=fail header.d=list.example; dkim = pass header.d=mail.example.org"],
        &[true],
        &["mx.example.net"],
    );
    assert_eq!(trust.dkim, Verdict::Pass);
}

#[test]
fn soft_failures_and_errors_are_told_apart() {
    let verdict = |result: &str| {
        assessed(&[&format!("mx.example.net; spf={result}")], &[true], &["mx.example.net"]).spf
    };
    assert_eq!(verdict("softfail"), Verdict::Fail);
    assert_eq!(verdict("permerror"), Verdict::Fail);
    assert_eq!(verdict("temperror"), Verdict::Unknown);
    assert_eq!(verdict("none"), Verdict::Unknown);
    assert_eq!(verdict("neutral"), Verdict::Unknown);
}

#[test]
fn a_reply_that_leads_elsewhere_is_told() {
    let from = [address("", "ann@mail.example.org")];
    let differs = |reply_to: &[Address]| {
        assess(&TrustInput { from: &from, reply_to, ..TrustInput::default() }).reply_to_differs
    };
    assert!(differs(&[address("", "ann@evil.example")]));
    assert!(!differs(&[address("", "ann@example.org")]));
    assert!(!differs(&[]));
}

fn look_alike(name: &str, email: &str) -> Option<String> {
    let from = [address(name, email)];
    let own = ["acme-corp.example".to_owned(), "musterfirma.de".to_owned()];
    assess(&TrustInput { from: &from, own_domains: &own, ..TrustInput::default() }).look_alike
}

#[test]
fn impostors_are_named() {
    for (name, email, part) in [
        ("", "a@paypa1.com", "paypal.com"),
        ("", "a@rnicrosoft.com", "microsoft.com"),
        ("", "a@xn--pypal-4ve.com", "paypal.com"),
        ("", "a@musterfirrna.de", "your own domain"),
        ("", "a@acme-c0rp.example", "acme-corp.example"),
        ("", "a@mustefirma.de", "one slip away"),
        ("", "a@mustrefirma.de", "one slip away"),
        ("", "a@paypal.com.evil.example", "belongs to evil.example"),
        ("ceo@acme-corp.example", "x@evil.example", "the name shows"),
        ("PayPal.com Support", "x@evil.example", "paypal.com"),
        ("Pаypal", "x@evil.example", "scripts"),
        ("", "a@exаmple.com", "scripts"),
        ("", "a@micros0ft.com", "microsoft.com"),
        ("", "a@goog1e.com", "google.com"),
        ("", "a@arnazon.com", "amazon.com"),
        ("", "a@netfIix.com", "netflix.com"),
        ("", "a@faceb00k.com", "facebook.com"),
        ("", "a@lnstagram.com", "instagram.com"),
        ("", "a@dropb0x.com", "dropbox.com"),
        ("", "a@coinbsae.com", "one slip away"),
        ("", "a@paypall.com", "one slip away"),
        ("", "a@xn--80ak6aa92e.com", "apple.com"),
        ("", "a@xn--mcrosoft-tkb.com", "microsoft.com"),
        ("", "a@google.com.sign-in.example", "belongs to sign-in.example"),
        ("", "a@mail.paypal.com.evil.example", "belongs to evil.example"),
        ("", "a@paypal-com.evil.example", "belongs to evil.example"),
        ("", "a@PayPal.com.Evil.example", "belongs to evil.example"),
        ("", "a@acme-corp.example.evil.test", "belongs to evil.test"),
        ("", "a@paypal-login.com", "beside other words"),
        ("", "a@secure-paypal.net", "beside other words"),
        ("", "a@micros0ft-support.com", "beside other words"),
        ("", "a@pay-pal.com", "one slip away"),
        ("", "a@paypa1.net", "beside other words"),
        ("", "a@acme-corpp.example", "one slip away"),
        ("", "a@acmecorp.example", "one slip away"),
        ("", "a@paypаl.com", "paypal.com"),
        ("", "a@bаnk.example", "scripts"),
        ("", "a@bank\u{561}.example", "scripts"),
        ("service@paypal.com", "x@evil.example", "the name shows"),
        ("\"service@paypal.com\" via Mail", "x@evil.example", "the name shows"),
        ("service\u{FF20}paypal\u{FF0E}com", "x@evil.example", "the name shows"),
        ("Ann <ann@acme-corp.example>", "x@evil.example", "the name shows"),
        ("ann@acme-corp.example (Ann)", "ann@acme-corp.example.evil.test", "belongs to evil.test"),
        ("www.acme-corp.example", "x@evil.example", "the name shows"),
        ("Αnn from ΑCME", "x@evil.example", "scripts"),
    ] {
        let found = look_alike(name, email).unwrap_or_default();
        assert!(found.to_lowercase().contains(part), "{name} {email}: {found}");
    }
}

#[test]
fn honest_senders_are_not_accused() {
    for (name, email) in [
        ("Ann Lee", "ann@example.org"),
        ("PayPal", "service@mail.paypal.com"),
        ("Bob", "bob@musterfirma.de"),
        ("Bob", "bob@sub.musterfirma.de"),
        ("Amazon.co.jp", "x@amazon.co.jp"),
        ("ann@example.org", "ann@example.org"),
        ("Ann (example.org)", "ann@news.example.org"),
        ("Müller GmbH", "info@müller.example"),
        ("", "x@chess.com"),
        ("", "x@apply.com"),
        ("Amazon", "x@amazon.fr"),
        ("eBay", "x@ebay.co.uk"),
        ("", "x@amazonaws.com"),
        ("", "x@googlegroups.com"),
        ("", "x@github.io"),
        ("", "x@notifications.google.com"),
        ("", "x@em.email.microsoft.com"),
        ("", "x@mail.instagram.com"),
        ("", "x@stripe.dev"),
        ("", "x@wiser.com"),
        ("", "x@sting.com"),
        ("", "x@ups-and-downs.example"),
        ("", "x@apple-orchard.example"),
        ("", "x@chase-hill.example"),
        ("", "x@booking-desk.example"),
        ("", "x@outlook-travel.example"),
        ("", "x@slackline.org"),
        ("", "x@web.dev"),
        ("", "x@bücher.example"),
        ("", "x@日本語.example"),
        ("", "x@xn--mnchen-3ya.de"),
        ("", "x@1und1.de"),
        ("", "x@3m.com"),
        ("", "x@4chan.org"),
        ("", "x@163.com"),
        ("Ann via Dropbox", "no-reply@dropbox.com"),
        ("Dr. A. B. Smith", "smith@clinic.example"),
        ("Node.js Weekly", "x@weekly.example"),
        ("invoice.pdf", "x@shop.example"),
        ("Bob @ Work", "bob@work.example"),
        ("O'Neil, Ann", "ann@oneil.example"),
        ("Sony ソニー", "x@sony.example"),
        ("Ελένη", "eleni@example.gr"),
        ("Łukasz Żak", "lukasz@example.pl"),
        ("Иван", "ivan@пример.example"),
        ("", ""),
    ] {
        assert_eq!(look_alike(name, email), None, "{name} {email}");
    }
}

#[test]
fn punycode_is_decoded() {
    assert_eq!(decode_punycode_host("xn--mnchen-3ya.de").as_deref(), Some("münchen.de"));
    assert_eq!(decode_punycode_host("www.xn--fiqs8s").as_deref(), Some("www.中国"));
    assert_eq!(decode_punycode_host("xn--9999999999999"), None);
    assert_eq!(decode_punycode_host("example.org"), None);
}
