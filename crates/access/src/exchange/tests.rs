//! Verifiers and challenges.

use super::*;

/// RFC 7636, 4.6 and appendix B.
#[test]
fn a_verifier_answers_the_challenge_that_was_made_of_it() {
    // RFC 7636, appendix B
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert!(answers(&Secret::new(verifier), challenge));
    assert!(!answers(&Secret::new(verifier.replace('d', "e")), challenge));
    assert!(!answers(&Secret::new(verifier), verifier), "the plain method is not known");
    assert!(!answers(&Secret::new(""), ""));
}

/// RFC 7636, 4.1.
#[test]
fn a_verifier_has_43_to_128_unreserved_characters() {
    let challenge = |verifier: &str| BASE64_URL_SAFE_NO_PAD.encode(bearer::hash(verifier));
    for (verifier, is_one) in [
        ("a".repeat(42), false),
        ("a".repeat(43), true),
        ("~.-_".repeat(32), true),
        ("a".repeat(129), false),
        (format!("{}+", "a".repeat(43)), false),
        (format!("{} ", "a".repeat(43)), false),
        ("ä".repeat(43), false),
    ] {
        assert_eq!(answers(&Secret::new(verifier.clone()), &challenge(&verifier)), is_one, "{verifier}");
    }
}
