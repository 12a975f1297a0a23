//! Which secrets an account has after it was changed: typed ones, and stored ones as long as they go where
//! they always went. Not how they are sealed.

use super::{AccountSettings, Credential, Credentials};
use crate::Secret;

/// The passwords that a person typed while changing an account.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// For IMAP; if absent, the stored one stays.
    pub imap: Option<Secret>,
    /// For SMTP.
    pub smtp: SmtpPassword,
}

/// What signs in to SMTP.
#[derive(Debug, Clone, Default)]
pub enum SmtpPassword {
    /// What signs in to IMAP.
    #[default]
    SameAsImap,
    /// A password of its own; if absent, the stored one stays.
    Own(Option<Secret>),
}

/// One of an account's two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Where mail is read.
    Imap,
    /// Where mail is submitted.
    Smtp,
}

impl Service {
    /// The protocol's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Smtp => "SMTP",
        }
    }
}

/// A stored password would go where it was not typed for, so it has to be typed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {} password has to be typed again, since it would go to another server or login", .0.as_str())]
pub struct PasswordNeeded(pub Service);

impl Typed {
    /// The secrets of the account with its settings changed from `old` to `new`.
    ///
    /// Who sits at an open session can change hosts but does not know the password: a stored one is never
    /// shown to another host, port or login name, and never with less protection, than it was typed for.
    pub fn onto(
        &self,
        old: &AccountSettings,
        stored: &Credentials,
        new: &AccountSettings,
    ) -> Result<Credentials, PasswordNeeded> {
        let imap = match &self.imap {
            Some(typed) => Credential::Password(typed.clone()),
            None if old.imap == new.imap => stored.imap.clone(),
            None => return Err(PasswordNeeded(Service::Imap)),
        };
        let is_smtp_kept = new.smtp == old.smtp;
        let smtp = match (&new.smtp, &self.smtp) {
            (None, _) => None,
            (Some(_), SmtpPassword::Own(Some(typed))) => Some(Credential::Password(typed.clone())),
            (Some(_), SmtpPassword::Own(None)) => match &stored.smtp {
                Some(own) if is_smtp_kept => Some(own.clone()),
                _ => return Err(PasswordNeeded(Service::Smtp)),
            },
            (Some(_), SmtpPassword::SameAsImap) => {
                // The IMAP password went to this SMTP server before only if there was no other for it.
                let goes_as_before = is_smtp_kept && stored.smtp.is_none();
                if self.imap.is_none() && !goes_as_before {
                    return Err(PasswordNeeded(Service::Imap));
                }
                None
            }
        };
        Ok(Credentials { imap, smtp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, TlsMode};

    fn endpoint(host: &str) -> Endpoint {
        Endpoint { host: host.to_owned(), port: 993, tls: TlsMode::Tls, username: "ann".to_owned() }
    }

    fn settings() -> AccountSettings {
        AccountSettings {
            address: "ann@example.org".to_owned(),
            display_name: String::new(),
            imap: endpoint("imap.example.org"),
            smtp: Some(endpoint("smtp.example.org")),
            allowed_folders: Vec::new(),
            signature: String::new(),
            writing_style: String::new(),
        }
    }

    fn password(text: &str) -> Credential {
        Credential::Password(Secret::new(text))
    }

    fn shared() -> Credentials {
        Credentials { imap: password("imap"), smtp: None }
    }

    fn apart() -> Credentials {
        Credentials { imap: password("imap"), smtp: Some(password("smtp")) }
    }

    fn own(text: Option<&str>) -> SmtpPassword {
        SmtpPassword::Own(text.map(Secret::new))
    }

    #[test]
    fn what_is_not_typed_stays_while_the_servers_stay() {
        let mut new = settings();
        new.display_name = "Ann".to_owned();
        let nothing = Typed::default();
        assert_eq!(nothing.onto(&settings(), &shared(), &new), Ok(shared()));
        let nothing = Typed { imap: None, smtp: own(None) };
        assert_eq!(nothing.onto(&settings(), &apart(), &new), Ok(apart()));
    }

    #[test]
    fn a_stored_password_goes_to_no_other_host_port_login_or_protection() {
        let changes: [fn(&mut Endpoint); 4] = [
            |at| at.host = "evil.example".to_owned(),
            |at| at.port = 143,
            |at| at.tls = TlsMode::None,
            |at| at.username = "bob".to_owned(),
        ];
        for change in changes {
            let mut imap = settings();
            change(&mut imap.imap);
            let mut smtp = settings();
            change(smtp.smtp.as_mut().unwrap());
            let needed = Err(PasswordNeeded(Service::Imap));
            for (stored, typed) in
                [(shared(), Typed::default()), (apart(), Typed { imap: None, smtp: own(None) })]
            {
                assert_eq!(typed.onto(&settings(), &stored, &imap), needed);
            }
            assert_eq!(Typed::default().onto(&settings(), &shared(), &smtp), needed);
            let kept = Typed { imap: None, smtp: own(None) };
            assert_eq!(kept.onto(&settings(), &apart(), &smtp), Err(PasswordNeeded(Service::Smtp)));
        }
    }

    #[test]
    fn the_imap_password_does_not_go_to_an_smtp_server_that_had_one_of_its_own() {
        let typed = Typed::default();
        assert_eq!(typed.onto(&settings(), &apart(), &settings()), Err(PasswordNeeded(Service::Imap)));
        let mut without = settings();
        without.smtp = None;
        assert_eq!(typed.onto(&without, &shared(), &settings()), Err(PasswordNeeded(Service::Imap)));
        assert_eq!(typed.onto(&settings(), &apart(), &without), Ok(shared()), "no SMTP, no password for it");
    }

    #[test]
    fn what_is_typed_goes_anywhere() {
        let mut new = settings();
        new.imap = endpoint("imap.example.net");
        new.smtp = Some(endpoint("smtp.example.net"));
        let typed = Typed { imap: Some(Secret::new("new")), smtp: SmtpPassword::SameAsImap };
        let expected = Credentials { imap: password("new"), smtp: None };
        assert_eq!(typed.onto(&settings(), &apart(), &new), Ok(expected));
        let typed = Typed { imap: None, smtp: own(Some("newer")) };
        let mut new = settings();
        new.smtp = Some(endpoint("smtp.example.net"));
        let expected = Credentials { imap: password("imap"), smtp: Some(password("newer")) };
        assert_eq!(typed.onto(&settings(), &shared(), &new), Ok(expected));
    }
}
