//! From a host's name to its addresses, by the system's name servers and hosts file.
//!
//! Does not judge the addresses: see [`crate::guard`]. The resolver is built at the first use, and
//! again after the name servers failed to answer, since a laptop changes its network.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::proto::rr::RData;
use url::Host;

use crate::Error;

/// The most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// The most hosts of one service that are told.
const MAX_HOSTS: usize = 16;

/// Finds addresses; the caller bounds the time.
#[derive(Default)]
pub(crate) struct Resolver {
    dns: Mutex<Option<Arc<TokioResolver>>>,
}

/// A host as it was asked for: its canonical name and, for a literal, its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// An address in place of a name.
    Address(IpAddr),
    /// A name in ASCII, lower case, without a final dot.
    Name(String),
}

impl Target {
    /// Reads a host as people write it: a name (also with letters outside ASCII), an IPv4 address in
    /// any of its spellings, an IPv6 address with or without brackets.
    pub(crate) fn parse(host: &str) -> Result<Self, Error> {
        let invalid =
            || Error::InvalidHost { host: host.chars().filter(|c| !c.is_control()).take(80).collect() };
        let trimmed = host.trim();
        if let Ok(address) = trimmed.parse::<IpAddr>() {
            return Ok(Self::Address(address));
        }
        match Host::parse(trimmed).map_err(|_| invalid())? {
            Host::Ipv4(address) => Ok(Self::Address(address.into())),
            Host::Ipv6(address) => Ok(Self::Address(address.into())),
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(&name);
                let fits = !name.is_empty()
                    && name.len() <= 253
                    && name.split('.').all(|label| (1..=63).contains(&label.len()))
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
                if fits { Ok(Self::Name(name.to_owned())) } else { Err(invalid()) }
            }
        }
    }
}

impl Resolver {
    /// The addresses of `name`, families taking turns, IPv6 first; never empty.
    pub(crate) async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Error> {
        // RFC 6761: localhost names never go out to a name server.
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)]);
        }
        let unknown = || Error::UnknownHost { host: name.to_owned() };
        let found: Vec<IpAddr> = match self.dns() {
            Some(dns) => match dns.lookup_ip(name).await {
                Ok(found) => found.iter().collect(),
                Err(error) if error.is_no_records_found() => return Err(unknown()),
                Err(error) => {
                    *self.dns.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    return Err(Error::Lookup { host: name.to_owned(), source: Box::new(error) });
                }
            },
            // No usable configuration: the system's own resolver knows other ways (and its hosts file).
            None => resolve_by_system(name).await?,
        };
        if found.is_empty() { Err(unknown()) } else { Ok(take_turns(found)) }
    }

    /// The mail exchangers of `domain`, the preferred one first; none if they cannot be found out.
    pub(crate) async fn exchangers(&self, domain: &str) -> Vec<String> {
        let Some(dns) = self.dns() else { return Vec::new() };
        let Ok(found) = dns.mx_lookup(format!("{domain}.")).await else { return Vec::new() };
        let mut hosts: Vec<(u16, String)> = Vec::new();
        for record in found.answers().iter().take(MAX_HOSTS) {
            if let RData::MX(mx) = &record.data {
                hosts.push((mx.preference, host_text(&mx.exchange.to_ascii())));
            }
        }
        hosts.sort();
        hosts.into_iter().map(|(_, host)| host).filter(|host| !host.is_empty()).collect()
    }

    /// Hosts and ports of the service `name`, the preferred one first.
    pub(crate) async fn services(&self, name: &str) -> Vec<(String, u16)> {
        let Some(dns) = self.dns() else { return Vec::new() };
        let Ok(found) = dns.srv_lookup(format!("{name}.")).await else { return Vec::new() };
        let mut hosts: Vec<(u16, u16, String, u16)> = Vec::new();
        for record in found.answers().iter().take(MAX_HOSTS) {
            if let RData::SRV(srv) = &record.data {
                hosts.push((
                    srv.priority,
                    u16::MAX - srv.weight,
                    host_text(&srv.target.to_ascii()),
                    srv.port,
                ));
            }
        }
        hosts.sort();
        let hosts = hosts.into_iter().map(|(_, _, host, port)| (host, port));
        hosts.filter(|(host, _)| !host.is_empty()).collect()
    }

    fn dns(&self) -> Option<Arc<TokioResolver>> {
        let mut slot = self.dns.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = build().map(Arc::new);
        }
        slot.clone()
    }
}

/// A name as it is written elsewhere: lower case, without the final dot.
fn host_text(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

async fn resolve_by_system(name: &str) -> Result<Vec<IpAddr>, Error> {
    match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => Ok(found.map(|address| address.ip()).collect()),
        Err(error) => Err(Error::Lookup { host: name.to_owned(), source: Box::new(error) }),
    }
}

fn build() -> Option<TokioResolver> {
    let built = TokioResolver::builder_tokio().and_then(|mut builder| {
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.cache_size = 64;
        options.timeout = options.timeout.min(Duration::from_secs(2));
        options.attempts = options.attempts.clamp(1, 2);
        // A cached failure must not outlive the person's correction of it.
        options.negative_max_ttl = Some(Duration::from_secs(10));
        builder.build()
    });
    built
        .map_err(|error| tracing::debug!(%error, "no name server configuration, using the system's resolver"))
        .ok()
}

/// IPv6, IPv4, IPv6 … in the order found (RFC 8305 section 4), without doubles.
fn take_turns(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(IpAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [six.next(), four.next()];
        if pair == [None, None] || ordered.len() >= MAX_ADDRESSES {
            return ordered;
        }
        for address in pair.into_iter().flatten() {
            if !ordered.contains(&address) {
                ordered.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_in_any_spelling() {
        for (text, target) in [
            ("IMAP.Example.ORG.", Target::Name("imap.example.org".into())),
            ("bücher.example", Target::Name("xn--bcher-kva.example".into())),
            ("127.0.0.1", Target::Address([127, 0, 0, 1].into())),
            ("0x7f.1", Target::Address([127, 0, 0, 1].into())),
            ("2130706433", Target::Address([127, 0, 0, 1].into())),
            ("[::1]", Target::Address(IpAddr::from(std::net::Ipv6Addr::LOCALHOST))),
            ("::1", Target::Address(IpAddr::from(std::net::Ipv6Addr::LOCALHOST))),
        ] {
            assert_eq!(Target::parse(text).unwrap(), target, "{text}");
        }
        for bad in
            ["", ".", "a..b", "a b", "a/b", "user@host", "host:993", "a\r\nb", "256.1.1.1", &"a".repeat(300)]
        {
            assert!(matches!(Target::parse(bad), Err(Error::InvalidHost { .. })), "{bad}");
        }
    }

    #[test]
    fn families_take_turns() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let found = ["1.1.1.1", "8.8.8.8", "1.1.1.1", "2a00::1"].map(address).to_vec();
        assert_eq!(take_turns(found), ["2a00::1", "1.1.1.1", "8.8.8.8"].map(address));
    }

    #[tokio::test]
    async fn localhost_is_known_without_a_name_server() {
        for name in ["localhost", "mail.localhost"] {
            let found = Resolver::default().resolve(name).await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_domain_that_cannot_be_has_no_exchangers_and_no_services() {
        let resolver = Resolver::default();
        assert_eq!(resolver.exchangers("nowhere.invalid").await, Vec::<String>::new());
        assert_eq!(resolver.services("_imaps._tcp.nowhere.invalid").await, Vec::new());
    }

    #[tokio::test]
    async fn without_name_servers_the_system_is_asked() {
        let found = resolve_by_system("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert!(matches!(resolve_by_system("nowhere.invalid").await, Err(Error::Lookup { .. })));
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_is_unknown() {
        // RFC 6761: `invalid` is answered without asking anybody, where there is a resolver to answer.
        match Resolver::default().resolve("nowhere.invalid").await {
            Err(Error::UnknownHost { host } | Error::Lookup { host, .. }) => {
                assert_eq!(host, "nowhere.invalid");
            }
            other => panic!("{other:?}"),
        }
    }
}
