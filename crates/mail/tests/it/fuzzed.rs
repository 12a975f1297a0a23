//! The fuzz targets of `fuzz/` on what they start from, whole and a little broken: so that they keep
//! compiling and holding between two runs of `cargo xtask fuzz`.

#[path = "../../../../fuzz/src/invites.rs"]
mod invites;
#[path = "../../../../fuzz/src/mime.rs"]
mod mime;
#[path = "../../../../fuzz/src/outgoing.rs"]
mod outgoing;
#[path = "../../../../fuzz/src/replies.rs"]
mod replies;

/// `octets` as they are, cut off, and with one octet changed, at `steps` places.
fn broken(octets: &[u8], steps: usize) -> impl Iterator<Item = Vec<u8>> {
    let places = (0..octets.len()).step_by((octets.len() / steps).max(1));
    let cut = places.clone().map(|at| octets[..at].to_vec());
    let changed = places.map(|at| {
        let mut octets = octets.to_vec();
        octets[at] = octets[at].wrapping_add(u8::try_from(at % 255).unwrap_or_default() + 1);
        octets
    });
    std::iter::once(octets.to_vec()).chain(cut).chain(changed)
}

#[test]
fn recorded_replies_hold_broken_or_not_however_they_are_cut() {
    for line in include_str!("../../src/imap/wire/testdata/replies.txt").lines() {
        let (_, reply) = line.split_once('|').unwrap();
        let octets = format!("\x07{}\r\n* 1 EXISTS\r\n", reply.replace("\\r\\n", "\r\n"));
        broken(octets.as_bytes(), 40).for_each(|octets| replies::check(&octets));
    }
}

#[test]
fn sample_messages_hold_broken_or_not() {
    for sample in testkit::sample::mailbox(1_790_000_000).iter().step_by(9) {
        broken(&sample.mail.raw, 5).for_each(|octets| mime::check(&octets));
    }
}

#[test]
fn what_goes_out_holds_whatever_it_was_made_of() {
    for sample in testkit::sample::mailbox(1_790_000_000).iter().step_by(9) {
        broken(&sample.mail.raw, 5).for_each(|octets| outgoing::check(&octets));
    }
}

#[test]
fn invites_hold_broken_or_not() {
    for (_, text) in crate::calendar::SAMPLES {
        broken(text.as_bytes(), 25).for_each(|octets| invites::check(&octets));
    }
}
