//! What can go wrong on the way to a server, in words a person can act on.

use std::{io, path::PathBuf};

use domain::Code;

use crate::AnswerFault;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no host name and no IP address.
    #[error("`{host}` is not a host name or address")]
    InvalidHost {
        /// What was asked for, shortened.
        host: String,
    },
    /// The name does not exist, or has no address.
    #[error("the name {host} does not exist")]
    UnknownHost {
        /// The name.
        host: String,
    },
    /// The name server could not be asked.
    #[error("the address of {host} could not be looked up")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The host is in a private network, and those may not be reached.
    #[error("{host} is in a private network, which may not be reached from here")]
    PrivateHost {
        /// The host.
        host: String,
    },
    /// Nothing answers at that port.
    #[error("{host} port {port} refused the connection")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No way leads there, or the connection broke or was closed before it was secured.
    #[error("{host} port {port} cannot be reached")]
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Too slow.
    #[error("{host} port {port} did not answer in time ({step})")]
    Timeout {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What was being waited for.
        step: Step,
    },
    /// The server's certificate cannot be trusted.
    #[error("the certificate of {host} port {port} {fault}")]
    Certificate {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What is wrong with it.
        fault: CertificateFault,
        /// What the TLS library says.
        #[source]
        source: Box<rustls::Error>,
    },
    /// The server does not speak TLS at this port.
    #[error("{host} port {port} does not speak TLS from the first byte")]
    NotTls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// TLS failed in another way.
    #[error("no secure connection to {host} port {port} could be agreed on")]
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the TLS library or the system says.
        #[source]
        source: io::Error,
    },
    /// The file of own certificate authorities cannot be used.
    #[error("the certificate authorities in {} cannot be read", path.display())]
    OwnAuthorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What came back to a request for a document cannot be used.
    #[error("the answer of {host} {fault}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong with it.
        fault: AnswerFault,
    },
    /// There are no certificate authorities to trust at all.
    #[error("this system has no certificate authorities to trust")]
    NoAuthorities {
        /// What the TLS library says.
        #[source]
        source: Box<rustls::Error>,
    },
}

/// What was being waited for when the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The answer of a name server.
    Lookup,
    /// The connection.
    Connect,
    /// The TLS handshake.
    Handshake,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lookup => "looking up its address",
            Self::Connect => "connecting",
            Self::Handshake => "TLS handshake",
        })
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not come; or this machine's clock is wrong.
    NotYetValid,
    /// Self-signed, or signed by nobody known.
    UnknownIssuer,
    /// For another name.
    WrongName,
    /// Revoked by its issuer.
    Revoked,
    /// Malformed, badly signed or not meant for servers.
    Invalid,
}

impl std::fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Expired => "has expired",
            Self::NotYetValid => "is not valid yet",
            Self::UnknownIssuer => "is self-signed or issued by an authority that is not trusted here",
            Self::WrongName => "is for another host name",
            Self::Revoked => "was revoked",
            Self::Invalid => "is not valid",
        })
    }
}

impl Error {
    /// The stable code of contract 10: `account_unreachable`, `tls_failed` or `timeout`.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidHost { .. }
            | Self::UnknownHost { .. }
            | Self::Lookup { .. }
            | Self::PrivateHost { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Answer { .. } => Code::AccountUnreachable,
            Self::Timeout { .. } => Code::Timeout,
            Self::Certificate { .. }
            | Self::NotTls { .. }
            | Self::Tls { .. }
            | Self::OwnAuthorities { .. }
            | Self::NoAuthorities { .. } => Code::TlsFailed,
        }
    }

    /// What happened, as a sentence without its final dot.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InvalidHost { .. } | Self::UnknownHost { .. } => {
                "Check the spelling of the server's host name."
            }
            Self::Lookup { .. } => "Check this machine's network and name servers (/etc/resolv.conf).",
            Self::PrivateHost { .. } => {
                "The operator can allow it: set POSTROOM_ALLOW_PRIVATE_HOSTS to this host, its network, or `true`."
            }
            Self::Refused { .. } => "Check the port, and that the server is running.",
            Self::Unreachable { .. } => "Check the host, the port, and this machine's network.",
            Self::Timeout { step: Step::Lookup, .. } => {
                "Check this machine's name servers (/etc/resolv.conf), then try again."
            }
            Self::Timeout { step: Step::Connect, .. } => {
                "Check the host and the port; a firewall may drop the connection. Else try again later."
            }
            Self::Timeout { step: Step::Handshake, .. } => {
                "The port may not speak TLS from the first byte: try `starttls` for ports 143 and 587. Else try again later."
            }
            Self::Certificate { fault, .. } => fault.hint(),
            Self::NotTls { .. } => {
                "The port speaks plain text or STARTTLS: set the TLS mode to `starttls`, or use port 993 (IMAP) or 465 (SMTP)."
            }
            Self::Tls { .. } => {
                "The server must offer TLS 1.2 or newer with current ciphers; check that the port is right."
            }
            Self::Answer { .. } => "Whoever runs that server must mend what it answers.",
            Self::OwnAuthorities { .. } => {
                "POSTROOM_TLS_CA_FILE must name a readable file with certificates in PEM form."
            }
            Self::NoAuthorities { .. } => {
                "Install the system's certificate authorities (package ca-certificates), or set POSTROOM_TLS_CA_FILE."
            }
        }
    }
}

impl CertificateFault {
    fn hint(self) -> &'static str {
        match self {
            Self::Expired => "The server's administrator must renew the certificate.",
            Self::NotYetValid => "Check this machine's clock.",
            Self::UnknownIssuer => {
                "If the server is your own, add its certificate authority to the file named by POSTROOM_TLS_CA_FILE."
            }
            Self::WrongName => "Use the host name that the certificate was issued for.",
            Self::Revoked | Self::Invalid => "The server's administrator must replace the certificate.",
        }
    }
}
