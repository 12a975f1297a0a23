//! Which servers a mailbox has: a table of providers, and what servers are usually called.
//!
//! Asks nobody: who found the mail exchanger of a domain can have it looked up here. Whether a server answers is
//! found out by signing in.

mod preset;

pub use preset::{Preset, Server, SignIn, presets};

use domain::TlsMode;

/// The provider whose own domain this is.
pub fn preset_of_domain(domain: &str) -> Option<&'static Preset> {
    let domain = canonical(domain);
    presets().iter().find(|preset| preset.domains.contains(&domain))
}

/// The provider that takes mail for a domain at this host.
pub fn preset_of_exchanger(host: &str) -> Option<&'static Preset> {
    let host = canonical(host);
    let longest = |preset: &'static Preset| {
        let ends = preset.mx.iter().filter(|end| is_within(&host, end));
        ends.map(|end| (end.len(), preset)).max_by_key(|(length, _)| *length)
    };
    presets().iter().filter_map(longest).max_by_key(|(length, _)| *length).map(|(_, preset)| preset)
}

/// The provider whose server this is.
pub fn preset_of_host(host: &str) -> Option<&'static Preset> {
    let host = canonical(host);
    presets().iter().find(|preset| [&preset.imap.host, &preset.smtp.host].contains(&&host))
}

/// Hosts that servers of a domain often have, the likeliest first: IMAP and submission, in pairs.
pub fn guesses(domain: &str) -> Vec<(Server, Server)> {
    let domain = canonical(domain);
    let server = |host: String, port| Server { host, port, tls: TlsMode::of_port(port) };
    vec![
        (server(format!("imap.{domain}"), 993), server(format!("smtp.{domain}"), 465)),
        (server(format!("mail.{domain}"), 993), server(format!("mail.{domain}"), 465)),
    ]
}

fn canonical(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// Whether `host` is `end` or below it.
fn is_within(host: &str, end: &str) -> bool {
    host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_domain_its_exchanger_and_its_servers() {
        let name = |preset: Option<&'static Preset>| preset.map(|preset| preset.name.as_str());
        assert_eq!(name(preset_of_domain("GMail.com.")), Some("Gmail"));
        assert_eq!(name(preset_of_domain("notgmail.com")), None);
        assert_eq!(name(preset_of_exchanger("ALT1.aspmx.l.google.com.")), Some("Gmail"));
        assert_eq!(
            name(preset_of_exchanger("example-org.mail.protection.outlook.com")),
            Some("Microsoft 365")
        );
        assert_eq!(name(preset_of_exchanger("outlook-com.olc.protection.outlook.com")), Some("Outlook.com"));
        assert_eq!(name(preset_of_exchanger("mx.evilgoogle.com")), None);
        assert_eq!(name(preset_of_host("IMAP.mail.me.com")), Some("iCloud"));
        assert_eq!(name(preset_of_host("imap.example.org")), None);
    }

    #[test]
    fn guesses_are_secured_from_the_first_byte() {
        for (imap, smtp) in guesses("Example.org") {
            assert!(imap.host.ends_with(".example.org") && smtp.host.ends_with(".example.org"));
            assert_eq!((imap.tls, smtp.tls), (TlsMode::Tls, TlsMode::Tls));
        }
    }
}
