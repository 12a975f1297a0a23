//! Whom to trust and how a connection is secured: TLS 1.2 and newer, verified always.
//!
//! The system's certificate authorities, and those of an own file, are loaded at the first use: that
//! costs time and memory which a start has no need of. There is no way to switch verification off.

use std::{io, path::Path, sync::Arc};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{CertificateError, ClientConfig};
use rustls_platform_verifier::Verifier;

use crate::{CertificateFault, Error, resolve::Target};

/// The largest file of own certificate authorities that is read, in bytes.
const MAX_CA_FILE: u64 = 8 << 20;

/// How many servers' sessions are kept for resumption.
const RESUMABLE_SESSIONS: usize = 64;

/// Reads the trust of this machine and of `ca_file`; slow, blocking.
pub(crate) fn load(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let own = ca_file.map(read_authorities).transpose()?.unwrap_or_default();
    let verifier = build_verifier(own, ca_file, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::NoAuthorities { source: Box::new(error) })?
        .dangerous() // the name of the door for verifiers other than rustls' own; the platform's is one
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(RESUMABLE_SESSIONS);
    Ok(Arc::new(config))
}

fn build_verifier(
    own: Vec<CertificateDer<'static>>,
    ca_file: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    Verifier::new_with_extra_roots(own, provider.clone()).map_err(|error| match (&error, ca_file) {
        // Only an own certificate's fault is reported as such; the system's bad ones are left out silently.
        (rustls::Error::InvalidCertificate(_), Some(path)) => {
            Error::OwnAuthorities { path: path.to_owned(), source: Box::new(error) }
        }
        _ => Error::NoAuthorities { source: Box::new(error) },
    })
}

/// The certificates of a PEM bundle; an error if there is none.
pub(crate) fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = |source| Error::OwnAuthorities { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(|error| unusable(error.into()))?.len();
    if size > MAX_CA_FILE {
        return Err(unusable("the file is larger than 8 MiB".into()));
    }
    let text = std::fs::read(path).map_err(|error| unusable(error.into()))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(error.to_string().into()))?;
    if found.is_empty() { Err(unusable("there is no certificate in it".into())) } else { Ok(found) }
}

/// The name that a server's certificate must be for.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    match Target::parse(host)? {
        Target::Address(address) => Ok(ServerName::IpAddress(address.into())),
        Target::Name(name) => {
            ServerName::try_from(name).map_err(|_| Error::InvalidHost { host: host.to_owned() })
        }
    }
}

/// What a failed handshake means.
pub(crate) fn classify(host: &str, port: u16, error: io::Error) -> Error {
    let host = host.to_owned();
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        // Closed or broken in the middle of it: that says nothing about the server's TLS.
        return Error::Unreachable { host, port, source: error };
    };
    match tls {
        rustls::Error::InvalidCertificate(fault) => {
            Error::Certificate { host, port, fault: fault_of(fault), source: Box::new(tls.clone()) }
        }
        rustls::Error::NoCertificatesPresented => {
            Error::Certificate { host, port, fault: CertificateFault::Invalid, source: Box::new(tls.clone()) }
        }
        // A greeting in plain text where a TLS record was expected: its first byte is no content
        // type, or its next two are no version.
        rustls::Error::InvalidMessage(_) => Error::NotTls { host, port },
        _ => Error::Tls { host, port, source: error },
    }
}

fn fault_of(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        // A signature that does not fit is what an authority of the same name, with another key, looks
        // like: made anew under its old name, or one of the many named `localhost`.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateFault::UnknownIssuer
        }
        // A certificate authority used as a server's own certificate, as mail bridges and small
        // servers do: webpki has no public variant for it.
        CertificateError::Other(other) if format!("{:?}", other.0).contains("CaUsedAsEndEntity") => {
            CertificateFault::UnknownIssuer
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        _ => CertificateFault::Invalid,
    }
}
