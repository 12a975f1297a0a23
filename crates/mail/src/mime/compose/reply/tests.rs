//! Recipients of replies.

use proptest::prelude::*;

use super::*;

fn list(addresses: &[&str]) -> Vec<Address> {
    let address = |email: &&str| Address { name: String::new(), email: (*email).to_owned() };
    addresses.iter().map(address).collect()
}

fn envelope(from: &[&str], reply_to: &[&str], to: &[&str], cc: &[&str]) -> Envelope {
    Envelope { from: list(from), reply_to: list(reply_to), to: list(to), cc: list(cc), ..Envelope::default() }
}

fn answer(original: &Envelope, all: bool) -> (Vec<String>, Vec<String>) {
    let own = ["me@home.example".to_owned(), "ich@bücher.example".to_owned()];
    let found = reply_recipients(original, &own, all);
    let emails = |list: Vec<Address>| list.into_iter().map(|address| address.email).collect();
    (emails(found.to), emails(found.cc))
}

fn both(to: &[&str], cc: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |list: &[&str]| list.iter().map(|&email| email.to_owned()).collect();
    (owned(to), owned(cc))
}

#[test]
fn a_reply_goes_to_reply_to_else_from() {
    let plain = envelope(&["ann@x.example"], &[], &["me@home.example", "bob@x.example"], &["cid@x.example"]);
    assert_eq!(answer(&plain, false), both(&["ann@x.example"], &[]));
    let asked = Envelope { reply_to: list(&["desk@x.example", "two@x.example"]), ..plain };
    assert_eq!(answer(&asked, false), both(&["desk@x.example", "two@x.example"], &[]));
}

#[test]
fn a_reply_to_all_keeps_to_and_cc_without_oneself() {
    let original = envelope(
        &["ann@x.example"],
        &[],
        &["Me@Home.example", "bob@x.example"],
        &["cid@x.example", "me@home.example"],
    );
    assert_eq!(answer(&original, true), both(&["ann@x.example", "bob@x.example"], &["cid@x.example"]));
}

#[test]
fn nobody_stands_twice() {
    let original = envelope(
        &["ann@x.example"],
        &["ann@x.example", "ANN@X.example"],
        &["bob@x.example", "Ann@x.example", "Bob@X.EXAMPLE"],
        &["bob@x.example", "cid@x.example", "cid@x.example."],
    );
    assert_eq!(answer(&original, true), both(&["ann@x.example", "bob@x.example"], &["cid@x.example"]));
}

#[test]
fn ones_own_message_is_answered_to_those_it_went_to() {
    let sent =
        envelope(&["ME@home.example"], &["elsewhere@x.example"], &["ann@x.example"], &["bob@x.example"]);
    assert_eq!(answer(&sent, false), both(&["ann@x.example"], &[]));
    assert_eq!(answer(&sent, true), both(&["ann@x.example"], &["bob@x.example"]));
    let note = envelope(&["me@home.example"], &[], &["me@home.example"], &[]);
    assert_eq!(answer(&note, true), both(&["me@home.example"], &[]));
}

#[test]
fn a_form_that_names_oneself_as_reply_to_is_answered_to_its_sender() {
    let form = envelope(&["form@x.example"], &["me@home.example"], &["me@home.example"], &[]);
    assert_eq!(answer(&form, false), both(&["form@x.example"], &[]));
}

#[test]
fn a_list_is_answered_only_where_its_reply_to_says_so() {
    let post = envelope(&["ann@x.example"], &[], &["list@lists.example"], &[]);
    assert_eq!(answer(&post, false), both(&["ann@x.example"], &[]));
    let set = Envelope { reply_to: list(&["list@lists.example"]), ..post };
    assert_eq!(answer(&set, true), both(&["list@lists.example"], &[]));
}

#[test]
fn several_authors_all_get_the_reply() {
    let original = envelope(&["ann@x.example", "bob@x.example"], &[], &["me@home.example"], &[]);
    assert_eq!(answer(&original, false), both(&["ann@x.example", "bob@x.example"], &[]));
    let together = Envelope { from: list(&["me@home.example", "bob@x.example"]), ..original };
    assert_eq!(answer(&together, true), both(&["bob@x.example"], &[]));
}

#[test]
fn international_domains_are_the_same_in_both_forms() {
    let original = envelope(
        &["ann@x.example"],
        &[],
        &["ICH@xn--bcher-kva.example", "bob@straße.example", "bob@xn--strae-oqa.example"],
        &[],
    );
    assert_eq!(answer(&original, true), both(&["ann@x.example", "bob@straße.example"], &[]));
}

#[test]
fn tags_and_dots_are_not_folded() {
    let original = envelope(&["ann@x.example"], &[], &["me+shop@home.example", "m.e@home.example"], &[]);
    assert_eq!(
        answer(&original, true),
        both(&["ann@x.example", "me+shop@home.example", "m.e@home.example"], &[])
    );
}

#[test]
fn names_of_groups_and_garbled_addresses_are_left_out() {
    let original = envelope(
        &["ann@x.example"],
        &["undisclosed-recipients", "", "@", "a@", "@b", "eve@x.example\r\nBcc: all@x.example"],
        &["Friends", "bob@x.example", "a b@x.example", "<x@y.example", "a@b@c,d@e", "x@..."],
        &["\"quoted, name\"@x.example"],
    );
    assert_eq!(answer(&original, true), both(&["ann@x.example", "bob@x.example"], &[]));
}

#[test]
fn a_message_that_names_nobody_has_no_recipients() {
    assert_eq!(answer(&Envelope::default(), true), both(&[], &[]));
    assert_eq!(answer(&envelope(&["garbled"], &[], &[], &[]), true), both(&[], &[]));
}

#[test]
fn names_are_kept_in_one_line() {
    let ann = Address { name: "Ann\r\nBcc: x\u{202E} Lee".to_owned(), email: "ann@x.example".to_owned() };
    let found = reply_recipients(&Envelope { from: vec![ann], ..Envelope::default() }, &[], false);
    assert_eq!(found.to.first().map(|address| address.name.as_str()), Some("Ann Bcc: x Lee"));
}

#[test]
fn ten_thousand_recipients_are_merged_at_once() {
    let many: Vec<Address> = (0..10_000)
        .map(|number| Address { name: String::new(), email: format!("p{}@x.example", number % 5_000) })
        .collect();
    let original = Envelope { from: list(&["ann@x.example"]), to: many, ..Envelope::default() };
    assert_eq!(reply_recipients(&original, &[], true).to.len(), 5_001);
}

proptest! {
    #[test]
    fn nobody_of_ones_own_and_nobody_twice_whatever_the_message_says(
        from in proptest::collection::vec(".{0,12}|[ab]@x.example|me@home.example", 0..4),
        to in proptest::collection::vec(".{0,12}|[a-d]@x.example|Me@Home.example", 0..6),
        cc in proptest::collection::vec(".{0,12}|[C-F]@X.example|ME@home.example", 0..6),
    ) {
        let owned = |list: &[String]| list.iter()
            .map(|email| Address { name: email.clone(), email: email.clone() }).collect::<Vec<_>>();
        let original = Envelope { from: owned(&from), to: owned(&to), cc: owned(&cc), ..Envelope::default() };
        let own = ["me@home.example".to_owned()];
        let found = reply_recipients(&original, &own, true);
        let keys: Vec<String> = found.to.iter().chain(&found.cc).map(|address| key(&address.email)).collect();
        let unique: HashSet<&String> = keys.iter().collect();
        prop_assert_eq!(unique.len(), keys.len());
        prop_assert!(!found.cc.iter().any(|address| key(&address.email) == "me@home.example"));
        for address in found.to.iter().chain(&found.cc) {
            prop_assert!(!address.email.contains(['\r', '\n', ' ', ',']) && !address.name.contains(['\r', '\n']));
        }
    }
}
