//! The providers that people have: their servers and what their users have to know, one file each in `presets/`.

use std::sync::LazyLock;

use domain::TlsMode;
use serde::Deserialize;

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What people call it.
    pub name: String,
    /// Domains of the addresses that it gives out, in lower case.
    #[serde(default)]
    pub domains: Vec<String>,
    /// What the mail exchangers end in of domains that people keep there, in lower case.
    #[serde(default)]
    pub mx: Vec<String>,
    /// What it takes as a proof.
    pub sign_in: SignIn,
    /// What people have to know or do before a sign-in works.
    pub hint: String,
    /// Where they do it: a page of the provider.
    pub help: String,
    /// Where mail is read.
    pub imap: Server,
    /// Where it is submitted.
    pub smtp: Server,
}

/// What a provider takes as a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignIn {
    /// The password of the mailbox.
    Password,
    /// A password made for one program.
    AppPassword,
    /// The password that a bridge on the person's machine shows.
    BridgePassword,
    /// Only OAuth 2.0.
    Oauth,
}

/// A server, whoever signs in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How its connections are protected.
    pub tls: TlsMode,
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(include_str!(concat!("../../presets/", $name, ".toml"))),*]
    };
}

/// In the order in which people are offered them.
const FILES: &[&str] = files![
    "gmail" "outlook" "microsoft365" "icloud" "yahoo" "fastmail" "ovh" "gmx" "gmxcom" "webde" "zoho" "zohoeu" "posteo"
    "mailboxorg" "ionos" "aol" "proton"
];

/// All providers.
pub fn presets() -> &'static [Preset] {
    // A file that cannot be read is left out; a test sees to it that there is none.
    static PRESETS: LazyLock<Vec<Preset>> =
        LazyLock::new(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect());
    &PRESETS
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[test]
    fn every_file_is_one_provider() {
        for text in FILES {
            if let Err(error) = toml::from_str::<Preset>(text) {
                panic!("{error}\n{text}");
            }
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), FILES.len(), "each file is in the list");
        assert_eq!(presets().len(), FILES.len());
    }

    #[test]
    fn no_domain_or_exchanger_belongs_to_two() {
        let mut seen = BTreeSet::new();
        for preset in presets() {
            let ends = preset.mx.iter().map(|end| format!("mx {end}"));
            for name in preset.domains.iter().cloned().chain(ends) {
                assert_eq!(name, name.to_ascii_lowercase());
                assert!(seen.insert(name.clone()), "{name} twice");
            }
        }
    }

    #[test]
    fn every_provider_says_what_to_do_and_where_and_protects_passwords() {
        for Preset { name, hint, help, imap, smtp, .. } in presets() {
            assert!(help.starts_with("https://"), "{name}");
            assert!((20..400).contains(&hint.len()) && hint.ends_with('.'), "{name}");
            for server in [imap, smtp] {
                assert_eq!(server.tls, TlsMode::of_port(server.port), "{name}");
                assert_ne!(server.tls, TlsMode::None, "{name}");
            }
        }
    }
}
