//! The account of the environment: the one that `postroom stdio` serves without a data directory.
//!
//! Its variables have no prefix, as other mail tools use them, and are only looked at when asked for.

use domain::{
    AccountName, AccountSettings, Credentials, Endpoint, TlsMode,
    account::{Credential, is_address},
};

use super::given::Given;
use crate::error::{Error, Result};

/// The variables, what they are if not set, and what they mean; for the example file.
pub(crate) const VARIABLES: &[(&str, &str, &str)] = &[
    ("POSTROOM_ACCOUNT", "mail", "the account's name for agents"),
    ("IMAP_HOST", "", "IMAP server"),
    ("IMAP_PORT", "993", "its port"),
    ("IMAP_TLS", "", "tls, starttls or none; by the port if not set"),
    ("IMAP_USERNAME", "", "whom to sign in as"),
    ("IMAP_PASSWORD", "", "password, or IMAP_PASSWORD_FILE with the path of a file that holds it"),
    ("IMAP_ALLOWED_FOLDERS", "", "the only folders that agents see, with commas"),
    ("SMTP_HOST", "", "submission server; without it nothing that sends is offered"),
    ("SMTP_PORT", "465", "its port"),
    ("SMTP_TLS", "", "as IMAP_TLS"),
    ("SMTP_USERNAME", "", "IMAP's if not set"),
    ("SMTP_PASSWORD", "", "IMAP's if not set; or SMTP_PASSWORD_FILE"),
    ("MAIL_FROM", "", "the address that mail is sent from; IMAP_USERNAME if that is an address"),
    ("MAIL_NAME", "", "the person's name as recipients see it"),
];

/// An account that is not stored anywhere.
#[derive(Debug, Clone)]
pub(crate) struct EnvironmentAccount {
    /// Its name.
    pub(crate) name: AccountName,
    /// Its servers.
    pub(crate) settings: AccountSettings,
    /// Its secrets.
    pub(crate) credentials: Credentials,
}

impl EnvironmentAccount {
    /// The account that the variables describe; nothing if `IMAP_HOST` is not set.
    pub(crate) fn read(given: &Given) -> Result<Option<Self>> {
        if given.variable("IMAP_HOST").is_none() {
            return Ok(None);
        }
        let imap = endpoint(given, "IMAP", 993, 143)?.ok_or_else(|| missing("IMAP_USERNAME"))?;
        if imap.username.is_empty() {
            return Err(missing("IMAP_USERNAME"));
        }
        let password = given.secret("IMAP_PASSWORD")?.ok_or_else(|| missing("IMAP_PASSWORD"))?;
        let mut smtp = endpoint(given, "SMTP", 465, 587)?;
        if let Some(smtp) = &mut smtp
            && smtp.username.is_empty()
        {
            smtp.username.clone_from(&imap.username);
        }
        let smtp_password = given.secret("SMTP_PASSWORD")?;
        let name = match text(given, "POSTROOM_ACCOUNT") {
            Some(name) => name.parse().map_err(|error: domain::account::InvalidAccountName| {
                Error::setting(format!("`POSTROOM_ACCOUNT`: {error}"), "For example `mail` or `work`.")
            })?,
            None => AccountName::from_address("mail"),
        };
        let allowed = text(given, "IMAP_ALLOWED_FOLDERS").unwrap_or_default();
        let allowed = allowed.split(',').map(str::trim).filter(|folder| !folder.is_empty());
        Ok(Some(Self {
            name,
            settings: AccountSettings {
                address: address(given, &imap)?,
                display_name: text(given, "MAIL_NAME").unwrap_or_default(),
                allowed_folders: allowed.map(str::to_owned).collect(),
                signature: String::new(),
                writing_style: String::new(),
                smtp,
                imap,
            },
            credentials: Credentials {
                imap: Credential::Password(password),
                smtp: smtp_password.map(Credential::Password),
            },
        }))
    }
}

fn missing(name: &str) -> Error {
    let or_file = if name.ends_with("PASSWORD") { format!(" (or `{name}_FILE`)") } else { String::new() };
    Error::setting(
        format!("`IMAP_HOST` is set but `{name}` is not"),
        format!("Set `{name}`{or_file} too, or leave IMAP_HOST out and name a user with `--user`."),
    )
}

fn text(given: &Given, name: &str) -> Option<String> {
    given.variable(name).map(|text| text.expose().trim().to_owned()).filter(|text| !text.is_empty())
}

/// One server; nothing if it has no host. An unset port follows the TLS mode, an unset mode the port.
fn endpoint(given: &Given, which: &str, usual: u16, starttls: u16) -> Result<Option<Endpoint>> {
    let named = |what: &str| format!("{which}_{what}");
    let Some(host) = text(given, &named("HOST")) else { return Ok(None) };
    let port = text(given, &named("PORT"))
        .map(|port| {
            port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                Error::setting(
                    format!("`{}`: expected a port number", named("PORT")),
                    format!("Usually {usual}."),
                )
            })
        })
        .transpose()?;
    let tls = text(given, &named("TLS"))
        .map(|tls| {
            tls.parse::<TlsMode>().map_err(|why| {
                Error::setting(
                    format!("`{}`: {why}", named("TLS")),
                    "Leave it out to have it follow the port.",
                )
            })
        })
        .transpose()?;
    let (port, tls) = complete(port, tls, usual, starttls);
    let username = text(given, &named("USERNAME")).unwrap_or_default();
    Ok(Some(Endpoint { host, port, tls, username }))
}

/// Port and TLS mode, each from the other where it is not given.
pub(crate) fn complete(port: Option<u16>, tls: Option<TlsMode>, usual: u16, starttls: u16) -> (u16, TlsMode) {
    match (port, tls) {
        (Some(port), Some(tls)) => (port, tls),
        (Some(port), None) => (port, TlsMode::of_port(port)),
        (None, Some(TlsMode::StartTls | TlsMode::None)) => (starttls, tls.unwrap_or(TlsMode::StartTls)),
        (None, Some(TlsMode::Tls) | None) => (usual, TlsMode::Tls),
    }
}

fn address(given: &Given, imap: &Endpoint) -> Result<String> {
    match text(given, "MAIL_FROM") {
        Some(address) if is_address(&address) => Ok(address),
        Some(_) => Err(Error::setting(
            "`MAIL_FROM`: expected a bare address such as `alice@example.org`",
            "The name goes into MAIL_NAME.",
        )),
        None if is_address(&imap.username) => Ok(imap.username.clone()),
        None => Ok(format!("{}@{}", imap.username, imap.host)),
    }
}

#[cfg(test)]
mod tests {
    use domain::Secret;

    use super::*;

    fn account(variables: &[(&str, &str)]) -> Result<Option<EnvironmentAccount>> {
        let environment =
            variables.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect();
        EnvironmentAccount::read(&Given { file: None, environment })
    }

    const LEAST: [(&str, &str); 3] =
        [("IMAP_HOST", "imap.example.org"), ("IMAP_USERNAME", "ann@example.org"), ("IMAP_PASSWORD", "p w")];

    #[test]
    fn host_user_and_password_are_enough() {
        let account = account(&LEAST).unwrap().unwrap();
        assert_eq!(account.name.as_str(), "mail");
        assert_eq!(account.settings.address, "ann@example.org");
        assert_eq!((account.settings.imap.port, account.settings.imap.tls), (993, TlsMode::Tls));
        assert!(account.settings.smtp.is_none());
    }

    #[test]
    fn the_tls_mode_follows_the_port_and_the_port_the_mode() {
        for (more, expected) in [
            (vec![("IMAP_PORT", "143")], (143, TlsMode::StartTls)),
            (vec![("IMAP_TLS", "starttls")], (143, TlsMode::StartTls)),
            (vec![("IMAP_TLS", "none"), ("IMAP_PORT", "3143")], (3143, TlsMode::None)),
            (vec![("IMAP_PORT", "3993")], (3993, TlsMode::Tls)),
        ] {
            let imap = account(&[&LEAST[..], &more[..]].concat()).unwrap().unwrap().settings.imap;
            assert_eq!((imap.port, imap.tls), expected, "{more:?}");
        }
    }

    #[test]
    fn smtp_signs_in_as_imap_does_unless_told_otherwise() {
        let smtp = account(&[&LEAST[..], &[("SMTP_HOST", "smtp.example.org")]].concat()).unwrap().unwrap();
        let endpoint = smtp.settings.smtp.unwrap();
        assert_eq!((endpoint.port, endpoint.username.as_str()), (465, "ann@example.org"));
        assert!(smtp.credentials.smtp.is_none());
    }

    #[test]
    fn what_is_missing_or_malformed_is_named_without_its_value() {
        assert!(account(&[]).unwrap().is_none());
        for (change, named) in [
            (("IMAP_PASSWORD", ""), "IMAP_PASSWORD"),
            (("IMAP_USERNAME", ""), "IMAP_USERNAME"),
            (("IMAP_PORT", "imap"), "IMAP_PORT"),
            (("IMAP_TLS", "ssl"), "IMAP_TLS"),
            (("POSTROOM_ACCOUNT", "My Mail"), "POSTROOM_ACCOUNT"),
            (("MAIL_FROM", "Ann <ann@example.org>"), "MAIL_FROM"),
        ] {
            let error = account(&[&LEAST[..], &[change]].concat()).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
