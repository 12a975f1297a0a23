//! Which servers an address has: by the table of providers, by what its domain says in DNS, else by what
//! servers are usually called. No password is needed for it and none is shown.

use std::time::Duration;

use domain::{Endpoint, TlsMode};
use futures_util::future;
use mail::discover::{self, Preset, Server};
use net::Origin;
use tokio::time::timeout;

use crate::Engine;

pub use mail::discover::SignIn;

/// How long all looking for servers may take.
const LOOKING: Duration = Duration::from_secs(8);

/// What people have to know of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// What people call it.
    pub name: &'static str,
    /// What it takes as a proof.
    pub sign_in: SignIn,
    /// What to know or do before a sign-in works.
    pub hint: &'static str,
    /// Where that is done: a page of the provider.
    pub help: &'static str,
}

/// How servers were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The address is of a provider that is known.
    Domain,
    /// A provider that is known takes the domain's mail.
    Exchanger,
    /// The domain says so in DNS.
    Service,
    /// They answer at a name that is usual.
    Answering,
    /// Nothing is known: names that are usual, nothing more.
    Guess,
}

/// Servers of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The provider, if it is known.
    pub provider: Option<Provider>,
    /// How the servers were found.
    pub found: Found,
    /// Where mail is read.
    pub imap: Endpoint,
    /// Where it is submitted.
    pub smtp: Endpoint,
}

/// All providers that are known, in the order in which people are offered them.
pub fn providers() -> impl Iterator<Item = Provider> {
    discover::presets().iter().map(provider)
}

/// The provider that gives out addresses of this one's domain. Asks nobody.
pub fn provider_of(address: &str) -> Option<Suggestion> {
    let preset = discover::preset_of_domain(domain_of(address)?)?;
    Some(suggestion(address, preset, Found::Domain))
}

/// What people have to know of the provider whose server this is.
pub fn provider_of_host(host: &str) -> Option<Provider> {
    discover::preset_of_host(host).map(provider)
}

impl Engine {
    /// Servers of an address, or of its domain if that is all there is; nothing if it has no domain.
    pub async fn suggest(&self, address: &str) -> Option<Suggestion> {
        let domain = domain_of(address)?;
        if let Some(known) = provider_of(address) {
            return Some(known);
        }
        if let Ok(Some(found)) = timeout(LOOKING, self.look_for(address, domain)).await {
            return Some(found);
        }
        let (imap, smtp) = discover::guesses(domain).into_iter().next()?;
        Some(of_servers(address, &imap, &smtp, Found::Guess))
    }

    async fn look_for(&self, address: &str, domain: &str) -> Option<Suggestion> {
        let outgoing = &self.0.settings.outgoing;
        let (exchangers, imap, smtp, starttls) = future::join4(
            outgoing.exchangers(domain),
            outgoing.services("_imaps._tcp", domain),
            outgoing.services("_submissions._tcp", domain),
            outgoing.services("_submission._tcp", domain),
        )
        .await;
        if let Some(preset) = exchangers.iter().find_map(|host| discover::preset_of_exchanger(host)) {
            return Some(suggestion(address, preset, Found::Exchanger));
        }
        // Anybody on the way can change an answer of DNS, and a password follows it: only hosts of the domain
        // itself, whose certificates prove that they are, are taken without asking (RFC 6186 section 6).
        let own = |hosts: Vec<(String, u16)>, tls| {
            let is_own = |(host, _): &(String, u16)| is_below(host, domain);
            hosts.into_iter().find(is_own).map(|(host, port)| Server { host, port, tls })
        };
        let smtp = own(smtp, TlsMode::Tls).or_else(|| own(starttls, TlsMode::StartTls));
        if let (Some(imap), Some(smtp)) = (own(imap, TlsMode::Tls), smtp) {
            return Some(of_servers(address, &imap, &smtp, Found::Service));
        }
        let answering = discover::guesses(domain).into_iter().map(|(imap, smtp)| async move {
            let secured = |at: &Server| {
                let (host, port) = (at.host.clone(), at.port);
                async move { outgoing.connect_tls(&host, port, Origin::User).await.is_ok() }
            };
            let (imap_answers, smtp_answers) = future::join(secured(&imap), secured(&smtp)).await;
            let by_starttls = Server { port: 587, tls: TlsMode::StartTls, ..smtp.clone() };
            imap_answers.then_some((imap, if smtp_answers { smtp } else { by_starttls }))
        });
        let (imap, smtp) = future::join_all(answering).await.into_iter().flatten().next()?;
        Some(of_servers(address, &imap, &smtp, Found::Answering))
    }
}

fn domain_of(address: &str) -> Option<&str> {
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).trim();
    (!domain.is_empty() && domain.len() <= 253).then_some(domain)
}

/// Whether `host` is `domain` or below it.
fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn provider(preset: &'static Preset) -> Provider {
    Provider { name: &preset.name, sign_in: preset.sign_in, hint: &preset.hint, help: &preset.help }
}

fn suggestion(address: &str, preset: &'static Preset, found: Found) -> Suggestion {
    let provider = Some(provider(preset));
    Suggestion { provider, ..of_servers(address, &preset.imap, &preset.smtp, found) }
}

fn of_servers(address: &str, imap: &Server, smtp: &Server, found: Found) -> Suggestion {
    let endpoint = |at: &Server| Endpoint {
        host: at.host.clone(),
        port: at.port,
        tls: at.tls,
        username: address.to_owned(),
    };
    Suggestion { provider: None, found, imap: endpoint(imap), smtp: endpoint(smtp) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_of_an_address_is_known_without_asking_anybody() {
        let known = provider_of("ann@GMAIL.com").unwrap();
        assert_eq!((known.found, known.imap.host.as_str()), (Found::Domain, "imap.gmail.com"));
        assert_eq!(known.smtp.username, "ann@GMAIL.com");
        assert_eq!(known.provider.unwrap().sign_in, SignIn::AppPassword);
        assert_eq!(provider_of("ann@example.org"), None);
        assert_eq!(provider_of("ann@"), None);
    }

    #[test]
    fn a_host_elsewhere_is_not_taken_for_the_domain_s_own() {
        assert!(is_below("imap.example.org", "Example.org."));
        assert!(is_below("example.org", "example.org"));
        assert!(!is_below("example.org.evil.example", "example.org"));
        assert!(!is_below("notexample.org", "example.org"));
    }
}
