//! How far a message can be believed to come from whom it says.
//!
//! Verdicts are taken from Authentication-Results (RFC 8601) of the account's own server only; whatever the
//! sender could have written himself proves nothing.

mod look_alike;
mod results;

pub use self::{look_alike::decode_punycode_host, results::authserv_id};

use domain::{
    Address,
    reading::{Removed, Trust, Verdict},
};

use self::results::Results;
use super::links::registrable;

/// What is known of a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct TrustInput<'a> {
    /// From.
    pub from: &'a [Address],
    /// Reply-To.
    pub reply_to: &'a [Address],
    /// Sender.
    pub sender: &'a [Address],
    /// Authentication-Results, unfolded, topmost first.
    pub authentication_results: &'a [String],
    /// For each of them whether it stands above the first foreign Received. Where it is shorter, as when only
    /// a few fields were fetched, the topmost header alone is believed.
    pub stands_above_received: &'a [bool],
    /// The authserv-ids of the account's own server (preset or setting). Empty: nothing is believed.
    pub authserv_ids: &'a [String],
    /// Domains of the person's own addresses.
    pub own_domains: &'a [String],
    /// What was removed from subject, names and body.
    pub removed: Removed,
    /// How many codes and sign-in links were masked.
    pub masked: usize,
}

/// Judges a message.
pub fn assess(input: &TrustInput<'_>) -> Trust {
    let from_domain = input.from.first().map(Address::domain).unwrap_or_default();
    let results = own_results(input);
    let reply_to_differs = input.reply_to.iter().any(|address| {
        let domain = address.domain();
        !domain.is_empty() && !from_domain.is_empty() && registrable(&domain) != registrable(&from_domain)
    });
    let look_alike = input
        .from
        .iter()
        .chain(input.sender)
        .chain(input.reply_to)
        .find_map(|address| look_alike::find(address, input.own_domains));
    Trust {
        spf: results.as_ref().map_or(Verdict::Unknown, |results| results.verdict("spf", &from_domain)),
        dkim: results.as_ref().map_or(Verdict::Unknown, |results| results.verdict("dkim", &from_domain)),
        dmarc: results.as_ref().map_or(Verdict::Unknown, |results| results.verdict("dmarc", &from_domain)),
        reply_to_differs,
        look_alike,
        removed: input.removed,
        masked_codes: input.masked,
    }
}

/// The results of the account's own server, all its headers together.
fn own_results(input: &TrustInput<'_>) -> Option<Results> {
    let mut own: Option<Results> = None;
    for (position, header) in input.authentication_results.iter().enumerate() {
        // A header whose place is unknown may be one that the sender wrote, unless it is the topmost.
        if !input.stands_above_received.get(position).copied().unwrap_or(position == 0) {
            continue;
        }
        let Some(results) = results::parse(header) else { continue };
        let is_known = input.authserv_ids.iter().any(|id| id.eq_ignore_ascii_case(&results.authserv_id));
        if !is_known {
            continue;
        }
        match &mut own {
            Some(own) => own.methods.extend(results.methods),
            None => own = Some(results),
        }
    }
    own
}

#[cfg(test)]
mod tests;
