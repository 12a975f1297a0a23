//! Where the server listens, how it is called from outside, and whom it may connect to.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use domain::Secret;
use net::PrivateHosts;
use url::{Host, Url};

use super::setting::{List, Value, section};
use crate::error::{Error, Result};

section! {
    /// Where the server listens, how it is called from outside, and whom it may connect to.
    #[expect(dead_code, reason = "some are checked only, until what they are for exists")]
    "Network" Network {
        /// Address to bind. Any address beyond this machine needs `public_url`.
        listen: SocketAddr = Plain (default "127.0.0.1:8143");
        /// The URL by which clients reach this server, without a path: https unless it is this machine.
        /// If not set: http://localhost with the port of `listen`.
        public_url: Option<PublicUrl> = Plain (example "https://mail.example.org");
        /// Host names that requests may be addressed to; the public URL's if not set.
        allowed_hosts: Option<List> = Plain (example "mail.example.org");
        /// Origins that browsers may call from; the public URL's if not set.
        allowed_origins: Option<List> = Plain (example "https://mail.example.org");
        /// Addresses or networks of reverse proxies whose X-Forwarded-For is believed.
        trusted_proxies: Option<Networks> = Plain (example "10.0.0.0/8");
        /// A PEM file of certificate authorities, trusted beside the system's for every outgoing connection.
        tls_ca_file: Option<PathBuf> = Plain (example "/etc/postroom/ca.pem");
        /// May hosts that users, clients or mail name be in a private network: `true`, `false`, or a list of
        /// hosts and networks. If not set: `false`, and `true` for `postroom stdio`.
        allow_private_hosts: Option<PrivateHosts> = Plain (example "mail.lan, 10.0.0.0/8");
        /// `1` lets the header door work over plain http beyond this machine.
        insecure_http: Option<super::setting::Switch> = Later (example "off");
    }
}

impl Network {
    /// Refuses what cannot be served: an address that others reach, without the URL they reach it by.
    pub(crate) fn check(&self) -> Result<()> {
        if self.public_url.is_none() && !self.listen.ip().is_loopback() {
            return Err(Error::setting(
                format!(
                    "`POSTROOM_LISTEN` is {}, which is reachable from other machines, but `POSTROOM_PUBLIC_URL` is not set",
                    self.listen
                ),
                "Set POSTROOM_PUBLIC_URL to the https URL that clients use, or listen on 127.0.0.1.",
            ));
        }
        Ok(())
    }

    /// The public URL; by default this machine with the port that was bound.
    pub(crate) fn public_url(&self, bound: SocketAddr) -> PublicUrl {
        let of_this_machine = || PublicUrl(format!("http://localhost:{}", bound.port()));
        self.public_url.clone().unwrap_or_else(of_this_machine)
    }
}

/// Scheme, host and port, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// The URL as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether people reach it over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl Value for PublicUrl {
    fn parse(text: &Secret) -> Result<Self, String> {
        let url = Url::parse(text.expose().trim())
            .map_err(|_| "expected a URL such as `https://mail.example.org`")?;
        let is_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err("expected a URL with a host, such as `https://mail.example.org`".to_owned()),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine => {}
            "http" => return Err("must be https, unless it is this machine (localhost)".to_owned()),
            _ => return Err("must begin with `https://`".to_owned()),
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must have nothing behind host and port; clients add `/mcp` themselves".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not name a user".to_owned());
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// A list of networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Whether `address` is in one of them; an IPv4 address written as IPv6 counts as IPv4.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, bits)| match (network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        })
    }
}

impl Value for Networks {
    const IS_LIST: bool = true;

    fn parse(text: &Secret) -> Result<Self, String> {
        let expected = || "expected addresses or networks such as `10.0.0.0/8`".to_owned();
        let read = |word: &String| {
            let (address, bits) = word.split_once('/').map_or((word.as_str(), None), |(a, b)| (a, Some(b)));
            let address = IpAddr::from_str(address).map_err(|_| expected())?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| expected()))?;
            if bits <= width { Ok((address, bits)) } else { Err(expected()) }
        };
        List::parse(text)?.0.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, String> {
        PublicUrl::parse(&Secret::new(text)).map(|url| url.0)
    }

    #[test]
    fn a_public_url_is_https_unless_it_is_this_machine() {
        assert_eq!(url("https://Mail.example.org/").as_deref(), Ok("https://mail.example.org"));
        assert_eq!(url("http://127.0.0.1:8143").as_deref(), Ok("http://127.0.0.1:8143"));
        assert_eq!(url("http://[::1]:8143").as_deref(), Ok("http://[::1]:8143"));
        for bad in [
            "http://mail.example.org",
            "mail.example.org",
            "ftp://localhost",
            "https://h/mcp",
            "https://h?x",
            "https://u@h",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let networks = Networks::parse(&Secret::new("10.0.0.0/8, 192.168.1.1 fd00::/8")).unwrap();
        for (address, is_in) in [
            ("10.9.9.9", true),
            ("::ffff:10.9.9.9", true),
            ("11.0.0.1", false),
            ("192.168.1.1", true),
            ("192.168.1.2", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), is_in, "{address}");
        }
        for bad in ["x", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1"] {
            assert!(Networks::parse(&Secret::new(bad)).is_err(), "{bad}");
        }
    }
}
