//! Headers in which a sender tries to be believed, and headers that are to be believed: each with SPF,
//! DKIM and DMARC as they must come out. The account's server is `mx.own.example`.

use super::*;
use crate::mime::header::Headers;

const P: Verdict = Verdict::Pass;
const F: Verdict = Verdict::Fail;
const U: Verdict = Verdict::Unknown;

/// What the own server says of a message that is what it seems.
const TRUE: &str = "Authentication-Results: mx.own.example;\r\n dkim=pass header.d=bank.example;\r\n spf=pass smtp.mailfrom=bounce@bank.example;\r\n dmarc=pass header.from=bank.example\r\n";
/// What the own server says of a forgery.
const FALSE: &str = "Authentication-Results: mx.own.example; dkim=none; spf=fail smtp.mailfrom=bank.example; dmarc=fail header.from=bank.example\r\n";
const OWN: &str = "Received: from evil.example by mx.own.example with ESMTPS; x\r\n";
const FOREIGN: &str = "Received: from a by relay.evil.example; x\r\n";
const FROM: &str = "From: Bank <service@bank.example>\r\n";

#[test]
fn only_what_the_own_server_wrote_is_believed() {
    let cases: &[(&str, String, [Verdict; 3])] = &[
        ("true, above all Received", format!("{TRUE}{OWN}{FOREIGN}{FROM}"), [P, P, P]),
        ("true, below the own Received", format!("{OWN}{TRUE}{FOREIGN}{FROM}"), [P, P, P]),
        (
            "true, with a version",
            format!("{}{OWN}{FROM}", TRUE.replace("example;\r\n dkim", "example 1;\r\n dkim")),
            [P, P, P],
        ),
        (
            "true, in capitals",
            format!("{}{OWN}{FROM}", TRUE.replace("mx.own", "MX.Own").replace("pass", "PASS")),
            [P, P, P],
        ),
        (
            "true, with a comment before the id",
            format!("{}{OWN}{FROM}", TRUE.replace(": mx", ": (checked; dmarc=fail) mx")),
            [P, P, P],
        ),
        ("false, above all Received", format!("{FALSE}{OWN}{FROM}"), [F, U, F]),
        ("the sender's beside the own server's", format!("{FALSE}{OWN}{TRUE}{FROM}"), [F, U, F]),
        ("the sender's right below the own server's", format!("{OWN}{FALSE}{TRUE}{FROM}"), [F, U, F]),
        ("the sender's below a foreign Received", format!("{OWN}{FOREIGN}{TRUE}{FROM}"), [U, U, U]),
        ("the sender's below From", format!("{OWN}{FROM}{TRUE}"), [U, U, U]),
        ("the sender's below a signature", format!("{OWN}DKIM-Signature: v=1\r\n{TRUE}{FROM}"), [U, U, U]),
        ("the sender's below an own Received of his", format!("{OWN}{FOREIGN}{OWN}{TRUE}{FROM}"), [U, U, U]),
        ("another server's id", format!("{}{OWN}{FROM}", TRUE.replace("mx.own", "mx.other")), [U, U, U]),
        ("an id that ends alike", format!("{}{OWN}{FROM}", TRUE.replace("mx.own", "evil.mx.own")), [U, U, U]),
        (
            "an id that begins alike",
            format!("{}{OWN}{FROM}", TRUE.replace("own.example", "own.example.evil.test")),
            [U, U, U],
        ),
        (
            "our id in a comment",
            format!(
                "Authentication-Results: (mx.own.example;) evil.test; dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "our id in a second place",
            format!(
                "Authentication-Results: evil.test; mx.own.example; dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "no id",
            format!("Authentication-Results: dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"),
            [U, U, U],
        ),
        ("no result", format!("Authentication-Results: mx.own.example; none\r\n{OWN}{FROM}"), [U, U, U]),
        (
            "ARC says so",
            format!(
                "ARC-Authentication-Results: i=1; mx.own.example; dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "an older name of the field",
            format!(
                "X-Authentication-Results: mx.own.example; dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "a field in an encoded word",
            format!(
                "{OWN}Subject: =?utf-8?q?a=0D=0AAuthentication-Results:_mx.own.example;_dmarc=3Dpass?=\r\n{FROM}"
            ),
            [U, U, U],
        ),
        (
            "a field behind a bare carriage return",
            format!(
                "{OWN}X-A: b\rAuthentication-Results: mx.own.example; dmarc=pass header.from=bank.example\r\n{FROM}"
            ),
            [U, U, U],
        ),
        (
            "a verdict in a comment",
            format!(
                "Authentication-Results: mx.own.example; dmarc=fail (dmarc=pass; dkim=pass header.d=bank.example) header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a verdict in a nested comment",
            format!(
                "Authentication-Results: mx.own.example; dmarc=fail ((a) dmarc=pass; b) header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a verdict in a string",
            format!(
                "Authentication-Results: mx.own.example; dmarc=fail reason=\"x; dkim=pass header.d=bank.example\" header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a verdict in an address",
            format!(
                "Authentication-Results: mx.own.example; spf=pass smtp.mailfrom=\"a; dkim=pass header.d=bank.example; b\"@evil.test; dmarc=fail\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a verdict in an address in a comment",
            format!(
                "Authentication-Results: mx.own.example; spf=pass (domain of \"a); dkim=pass header.d=bank.example; (\"@evil.test) smtp.mailfrom=evil.test; dmarc=fail\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a comment without end",
            format!(
                "Authentication-Results: mx.own.example; dmarc=fail (; dkim=pass header.d=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a string without end",
            format!(
                "Authentication-Results: mx.own.example; dmarc=fail reason=\"; dkim=pass header.d=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "passed for somebody else's domain",
            format!(
                "Authentication-Results: mx.own.example; dkim=pass header.d=evil.test; spf=pass smtp.mailfrom=evil.test; dmarc=pass header.from=evil.test\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "passed for a domain that begins alike",
            format!(
                "Authentication-Results: mx.own.example; dkim=pass header.d=bank.example.evil.test\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "passed for a part of the domain",
            format!(
                "Authentication-Results: mx.own.example; dkim=pass header.d=mail.bank.example; spf=pass smtp.mailfrom=x@mail.bank.example\r\n{OWN}{FROM}"
            ),
            [P, P, U],
        ),
        (
            "two From, checked for the other",
            format!(
                "Authentication-Results: mx.own.example; dmarc=pass header.from=evil.test\r\n{OWN}{FROM}From: x@evil.test\r\n"
            ),
            [U, U, U],
        ),
        (
            "two answers",
            format!(
                "Authentication-Results: mx.own.example; dmarc=pass header.from=bank.example; dmarc=fail header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, F],
        ),
        (
            "a folded name of the field is none",
            format!(
                "Authentication-\r\n Results: mx.own.example; dmarc=pass header.from=bank.example\r\n{OWN}{FROM}"
            ),
            [U, U, U],
        ),
        (
            "a continuation of nothing",
            format!("junk\r\n mx.own.example; dmarc=pass\r\n{OWN}{FROM}"),
            [U, U, U],
        ),
        (
            "a blank before the colon",
            format!("{}{OWN}{FROM}", TRUE.replace("Results:", "Results :")),
            [P, P, P],
        ),
    ];
    let ids = ["mx.own.example".to_owned()];
    let mut failed = Vec::new();
    for (name, header, expected) in cases {
        let headers = Headers::parse(format!("{header}\r\n").as_bytes());
        let from = headers.addresses("from");
        let (results, above): (Vec<String>, Vec<bool>) =
            headers.placed_authentication_results().into_iter().unzip();
        let input = TrustInput {
            from: &from,
            authentication_results: &results,
            stands_above_received: &above,
            authserv_ids: &ids,
            ..TrustInput::default()
        };
        let trust = assess(&input);
        let found = [trust.spf, trust.dkim, trust.dmarc];
        if found != *expected {
            failed.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
