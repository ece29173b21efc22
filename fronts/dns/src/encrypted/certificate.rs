//! What shows a device that it talks to this gate, and can be replaced while it does.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A certificate with its chain and key. Clones are one: replacing it in one replaces it in all. Connections that are
/// open stay.
#[derive(Clone)]
pub struct Certificate(Arc<Shown>);

struct Shown(ArcSwap<CertifiedKey>);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The first file holds no certificate.
    #[error(
        "it holds no certificate; it must be a PEM file with the gate's own first and then those it was signed with"
    )]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("a certificate in it cannot be read: {0}")]
    Unreadable(pem::Error),
    /// The second file holds no key.
    #[error("its key cannot be read: {0}; it must be a PEM file with one private key that has no password")]
    NoKey(pem::Error),
    /// The key is of a kind that is not known, or another's.
    #[error("its key cannot be used with it: {0}")]
    Unusable(rustls::Error),
}

impl Certificate {
    /// Reads a chain and its key, both as PEM.
    pub fn read(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(Arc::new(Shown(ArcSwap::from_pointee(certified(chain, key)?)))))
    }

    /// Shows another from the next connection on. Where it cannot be used, the one that is shown stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        self.0.0.store(Arc::new(certified(chain, key)?));
        Ok(())
    }

    /// The gate's own certificate, without what signed it, as DER: what a fingerprint is of.
    pub fn first(&self) -> Vec<u8> {
        self.0.0.load().cert.first().map(|first| first.to_vec()).unwrap_or_default()
    }

    /// How TLS is spoken for these protocols, the first preferred. A device that offers others only is refused.
    pub fn server(&self, protocols: &[&str]) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Shown>::clone(&self.0));
        server.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        // A device that comes back shows what it was given, so nothing is kept of it here.
        server.ticketer = ring::Ticketer::new()?;
        Ok(Arc::new(server))
    }
}

/// No key is printed.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, CertificateError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(CertificateError::Unreadable)?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(CertificateError::NoKey)?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(CertificateError::Unusable)
}
