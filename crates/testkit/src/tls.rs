//! TLS for a server that lives in the process of a test: a certificate for `localhost`, of an authority of its
//! own. Servers that are programs get theirs as files, from [`crate::certificates`].

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};

/// What such a server answers handshakes with, and the PEM file of its authority, made in `folder`, which its
/// clients must trust.
pub fn localhost(folder: &Path) -> io::Result<(Arc<ServerConfig>, PathBuf)> {
    let mut authority = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    authority.distinguished_name.push(DnType::CommonName, "authority of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let file = folder.join("ca.pem");
    fs::write(&file, authority.self_signed(&key).map_err(io::Error::other)?.pem())?;
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&key, &issuer))
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
        })
        .map_err(io::Error::other)?;
    Ok((Arc::new(config), file))
}
