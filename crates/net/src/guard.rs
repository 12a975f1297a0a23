//! Which addresses may be reached: the guard against requests forged into the private network.
//!
//! Judges addresses, not names: a name proves nothing, it can resolve to something else the next
//! time. [`crate::connect`] asks for each address right before connecting to it, and once more for
//! the peer it got.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::resolve::Target;

/// Whether hosts that are named by users, clients or mail may be in a private network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PrivateHosts {
    /// Any address may be reached.
    Allow,
    /// Public addresses only.
    #[default]
    Deny,
    /// Public addresses, and these.
    Only(Vec<Exemption>),
}

/// One entry of the list of private hosts that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exemption {
    /// A host by the name it is asked for, in lower case, without a final dot.
    Host(String),
    /// A network: its address and the number of leading bits that count.
    Network(IpAddr, u8),
}

/// Why a text says nothing about private hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrivateHosts {
    /// Neither a word nor a list.
    #[error("expected `true`, `false` or a list of host names, addresses and networks such as `10.0.0.0/8`")]
    Empty,
    /// One entry of the list is neither a host nor a network.
    #[error("`{0}` is no host name, address or network such as `10.0.0.0/8`")]
    Entry(String),
}

impl FromStr for PrivateHosts {
    type Err = InvalidPrivateHosts;

    /// Reads `true`, `false`, or a list of hosts, addresses and CIDR networks split by commas or spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => return Ok(Self::Allow),
            "false" => return Ok(Self::Deny),
            _ => {}
        }
        let entries: Vec<Exemption> = text
            .split([',', ' ', '\t', '\n'])
            .filter(|entry| !entry.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        if entries.is_empty() { Err(InvalidPrivateHosts::Empty) } else { Ok(Self::Only(entries)) }
    }
}

impl FromStr for Exemption {
    type Err = InvalidPrivateHosts;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPrivateHosts::Entry(text.chars().take(80).collect());
        let bare = |text: &str| -> Option<IpAddr> {
            text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text).parse().ok()
        };
        if let Some((address, bits)) = text.split_once('/') {
            let address = bare(address).ok_or_else(invalid)?;
            let bits: u8 = bits.parse().map_err(|_| invalid())?;
            if bits > width(address) {
                return Err(invalid());
            }
            return Ok(Self::Network(address, bits));
        }
        match Target::parse(text).map_err(|_| invalid())? {
            Target::Address(address) => Ok(Self::Network(address, width(address))),
            Target::Name(name) => Ok(Self::Host(name)),
        }
    }
}

impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => f.write_str(name),
            Self::Network(address, bits) => write!(f, "{address}/{bits}"),
        }
    }
}

impl PrivateHosts {
    /// Whether `address`, found for the host asked for as `host`, may be connected to.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        match self {
            Self::Allow => true,
            Self::Deny => is_public(address),
            Self::Only(list) => {
                is_public(address)
                    || list.iter().any(|exemption| match exemption {
                        Exemption::Host(name) => {
                            name.eq_ignore_ascii_case(host.strip_suffix('.').unwrap_or(host))
                        }
                        Exemption::Network(network, bits) => is_within(address, *network, *bits),
                    })
            }
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether `address` lies in `network`/`bits`; an IPv4 address written as IPv6 counts as IPv4.
fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address.to_canonical(), network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            a.to_bits() & mask == n.to_bits() & mask
        }
        (IpAddr::V4(_), IpAddr::V6(n)) => match address {
            IpAddr::V6(a) => is_within_v6(a, n, bits),
            IpAddr::V4(_) => false,
        },
        (IpAddr::V6(a), IpAddr::V6(n)) => is_within_v6(a, n, bits),
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn is_within_v6(address: Ipv6Addr, network: Ipv6Addr, bits: u8) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

/// Whether `address` is one of the public internet, by the IANA special-purpose registries (RFC 6890).
///
/// An IPv6 address that carries an IPv4 one (mapped, compatible, 6to4, Teredo, NAT64, ISATAP) is judged
/// by what it carries, since a translator on the way would deliver it there.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // this network, private, loopback, multicast, reserved and broadcast
        0 | 10 | 127 | 224.. => true,
        100 => (64..128).contains(&b), // carrier-grade NAT (RFC 6598)
        169 => b == 254,               // link-local, cloud metadata
        172 => (16..32).contains(&b),  // private
        // private; protocol assignments, documentation, AS112, AMT, 6to4 relays (deprecated), AS112
        192 => b == 168 || matches!((b, c), (0, 0 | 2) | (31, 196) | (52, 193) | (88, 99) | (175, 48)),
        198 => matches!((b, c), (18 | 19, _) | (51, 100)), // benchmarking, documentation
        203 => (b, c) == (0, 113),                         // documentation
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // `::` and `::1`
        [0, 0, 0, 0, 0, 0, 0, _]
            // IETF protocol assignments, benchmarking, ORCHID (rest of 2001::/23), documentation
            | [0x2001, 0x0001..=0x01ff | 0x0db8, ..]
            | [0x3fff, 0x0000..=0x0fff, ..] => false,
        // Teredo (RFC 4380): the server, and the client with its bits turned over
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            embedded(server_high, server_low) && embedded(!high, !low)
        }
        // IPv4-compatible (deprecated), IPv4-mapped, IPv4-translated (RFC 2765)
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
            | [0, 0, 0, 0, 0xffff, 0, high, low]
            // NAT64 well-known prefix (RFC 6052); the local-use one (RFC 8215) is never public
            | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
            // 6to4 (RFC 3056)
            | [0x2002, high, low, ..]
            // ISATAP interface identifiers (RFC 5214) within a global prefix
            | [0x2000..=0x3fff, _, _, _, 0 | 0x0200, 0x5efe, high, low] => embedded(high, low),
        // what is left of global unicast; all else is local, multicast or reserved
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:0:808:808::f7f7:f7f7",
        ] {
            assert!(is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn addresses_of_any_special_purpose_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "100::1",
            "64:ff9b:1::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn a_private_address_inside_an_ipv6_one_is_found() {
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "::7f00:1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2002:a9fe:a9fe::1",
            "2001:0:7f00:1::f7f7:f7f7",
            "2001:0:808:808::80ff:fffe", // client 127.0.0.1, its bits turned over
            "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:10.0.0.1",
        ] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn settings_are_a_word_or_a_list() {
        assert_eq!("true".parse(), Ok(PrivateHosts::Allow));
        assert_eq!(" False ".parse(), Ok(PrivateHosts::Deny));
        let list: PrivateHosts = "Mail.Lan., 10.1.0.0/16 192.168.1.5,[fd00::]/8".parse().unwrap();
        let PrivateHosts::Only(entries) = &list else { panic!("{list:?}") };
        let shown: Vec<String> = entries.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["mail.lan", "10.1.0.0/16", "192.168.1.5/32", "fd00::/8"]);
        for bad in ["", " , ", "10.0.0.0/33", "fd00::/129", "10.0.0.0/x", "a b/8", "yes!", "mail/8"] {
            assert!(bad.parse::<PrivateHosts>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_exempts_its_hosts_and_networks_and_nothing_else() {
        let list: PrivateHosts = "mail.lan,10.1.0.0/16,127.0.0.1,fd00::/8".parse().unwrap();
        for (host, at, permitted) in [
            ("mail.lan", "192.168.7.7", true),
            ("MAIL.LAN.", "192.168.7.7", true),
            ("notmail.lan", "192.168.7.7", false),
            ("x", "10.1.2.3", true),
            ("x", "::ffff:10.1.2.3", true),
            ("x", "10.2.0.1", false),
            ("x", "127.0.0.1", true),
            ("x", "127.0.0.2", false),
            ("x", "fd00::1", true),
            ("x", "fe80::1", false),
            ("x", "8.8.8.8", true),
        ] {
            assert_eq!(list.permits(host, address(at)), permitted, "{host} {at}");
        }
        assert!(PrivateHosts::Allow.permits("x", address("127.0.0.1")));
        assert!(!PrivateHosts::Deny.permits("x", address("127.0.0.1")));
        let everything: PrivateHosts = "0.0.0.0/0".parse().unwrap();
        assert!(everything.permits("x", address("10.0.0.1")));
        assert!(!everything.permits("x", address("::1")));
    }
}
