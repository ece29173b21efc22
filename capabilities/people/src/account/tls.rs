//! Whom to believe that another system is who it says.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Whom to believe that a provider or a directory is who it says. Cheap to clone.
#[derive(Clone)]
pub struct Trust(Option<Arc<ClientConfig>>);

impl Trust {
    /// Those whom the machine trusts, as they are now.
    pub fn of_this_machine() -> Self {
        Self::these(rustls_native_certs::load_native_certs().certs)
    }

    /// Those of a file of certificates and nobody else, as for a directory whose certificate the school signs itself.
    pub fn of_pem(pem: &[u8]) -> Self {
        Self::these(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok))
    }

    fn these(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        // A machine may hold a certificate that cannot be read; the others count.
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            return Self(None);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Self(
            builder.ok().map(|builder| Arc::new(builder.with_root_certificates(roots).with_no_client_auth())),
        )
    }

    /// Whether there is nobody to believe: then nothing is asked over TLS.
    pub const fn is_nobody(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn config(&self) -> Option<Arc<ClientConfig>> {
        self.0.clone()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_nobody() { "Trust(nobody)" } else { "Trust" })
    }
}

/// Whether a host is this very machine, so that nobody on the way could read or change what goes there.
pub(super) fn is_this_machine(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || literal.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_what_cannot_be_anybody_else() {
        for (host, here) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("::1", true),
            ("localhost.school.example", false),
            ("10.0.0.1", false),
            ("[fd00::1]", false),
        ] {
            assert_eq!(is_this_machine(host), here, "{host}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_makes_nobody_believed() {
        assert!(Trust::of_pem(b"no certificate").is_nobody());
    }
}
