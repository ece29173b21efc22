//! One request to a store and its answer, over TLS, with bounds on everything.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, ETAG, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::PlaceError;

/// How long the head of an answer may be.
const LONGEST_HEAD: usize = 64 << 10;

/// How long a store may take, and how often it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until it is reached and has proved who it is.
    pub connect: Duration,
    /// Between one piece of an answer and the next.
    pub silence: Duration,
    /// For one piece of a back-up to go out.
    pub sending: Duration,
    /// How often it is tried again.
    pub again: u32,
    /// How long to wait before the first of these; twice as long before each next.
    pub pause: Duration,
}

impl Default for Patience {
    /// 16 MiB go out in ten minutes over a quarter of a Mbit/s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            sending: Duration::from_secs(600),
            again: 3,
            pause: Duration::from_secs(2),
        }
    }
}

/// Whom to believe that a store is who it says.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those whom the machine trusts.
    #[default]
    System,
    /// These alone.
    These(Vec<CertificateDer<'static>>),
}

impl Roots {
    /// Those of a file of certificates.
    pub fn of_pem(pem: &[u8]) -> Self {
        Self::These(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect())
    }
}

/// What sends.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub patience: Patience,
    pub roots: Roots,
}

/// An answer whose body is still to come, with the connection that it comes over.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub length: Option<u64>,
    host: String,
    body: Incoming,
    silence: Duration,
    _held: Held,
}

/// Work that ends when nobody wants it any more.
#[derive(Debug)]
struct Held(tokio::task::JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answer {
    /// The next piece; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, PlaceError> {
        loop {
            let silent = |_| PlaceError::Silent { host: self.host.clone(), seconds: self.silence.as_secs() };
            match timeout(self.silence, self.body.frame()).await.map_err(silent)? {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(PlaceError::NotReached { host: self.host.clone(), why: error.to_string() });
                }
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// All of it, where it is no longer than `most` bytes.
    pub async fn text(mut self, most: u64) -> Result<Vec<u8>, PlaceError> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece().await? {
            if (text.len() + piece.len()) as u64 > most {
                let why = format!("longer than {most} bytes");
                return Err(PlaceError::NotUnderstood { host: self.host, why });
            }
            text.extend_from_slice(&piece);
        }
        Ok(text)
    }
}

impl Sender {
    /// Sends once. The address is signed: it stands in no error.
    pub async fn send(&self, method: &Method, url: &Url, body: Bytes) -> Result<Answer, PlaceError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let not_reached =
            |error: io::Error| PlaceError::NotReached { host: host.clone(), why: error.to_string() };
        let slow = |_| not_reached(io::ErrorKind::TimedOut.into());
        let connecting = async {
            match url.host() {
                Some(Host::Ipv4(ip)) => TcpStream::connect((ip, port)).await,
                Some(Host::Ipv6(ip)) => TcpStream::connect((ip, port)).await,
                _ => TcpStream::connect((host.as_str(), port)).await,
            }
        };
        let stream = timeout(self.patience.connect, connecting).await.map_err(slow)?.map_err(not_reached)?;
        if url.scheme() != "https" {
            return self.converse(&host, method, url, body, stream).await;
        }
        let not_safe = |why: String| PlaceError::NotSafe { host: host.clone(), why };
        let name = match url.host() {
            Some(Host::Ipv4(ip)) => ServerName::from(std::net::IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => ServerName::from(std::net::IpAddr::V6(ip)),
            _ => ServerName::try_from(host.clone()).map_err(|error| not_safe(error.to_string()))?,
        };
        let connecting = TlsConnector::from(Arc::new(self.tls(&host)?)).connect(name, stream);
        let stream = timeout(self.patience.connect, connecting)
            .await
            .map_err(|_| not_safe("it did not answer in time".to_owned()))?
            .map_err(|error| not_safe(in_words(&error)))?;
        self.converse(&host, method, url, body, stream).await
    }

    fn tls(&self, host: &str) -> Result<ClientConfig, PlaceError> {
        let mut roots = RootCertStore::empty();
        let trusted = match &self.roots {
            Roots::System => rustls_native_certs::load_native_certs().certs,
            Roots::These(these) => these.clone(),
        };
        // A machine may hold a certificate that cannot be read; the others count.
        roots.add_parsable_certificates(trusted);
        let not_safe = |why: String| PlaceError::NotSafe { host: host.to_owned(), why };
        if roots.is_empty() {
            return Err(not_safe(
                "this machine has no certificates to trust; install the package ca-certificates".to_owned(),
            ));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| not_safe(error.to_string()))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    async fn converse(
        &self,
        host: &str,
        method: &Method,
        url: &Url,
        body: Bytes,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Answer, PlaceError> {
        let not_reached =
            |error: hyper::Error| PlaceError::NotReached { host: host.to_owned(), why: error.to_string() };
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(not_reached)?;
        let held = Held(tokio::spawn(async move {
            // What is wrong with it is said where the answer is read.
            let _ = connection.await;
        }));
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, authority)
            .header(USER_AGENT, concat!("Fivebar/", env!("CARGO_PKG_VERSION")))
            // Said of an empty body too, which some stores insist on.
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(body));
        let request = request.map_err(|_| PlaceError::NotUnderstood {
            host: host.to_owned(),
            why: "its address".to_owned(),
        })?;
        let patience = self.patience.sending.max(self.patience.silence);
        let silent = |_| PlaceError::Silent { host: host.to_owned(), seconds: patience.as_secs() };
        let response: Response<Incoming> =
            timeout(patience, sender.send_request(request)).await.map_err(silent)?.map_err(not_reached)?;
        let text =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            status: response.status().as_u16(),
            etag: text(ETAG),
            length: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            host: host.to_owned(),
            body: response.into_body(),
            silence: self.patience.silence,
            _held: held,
        })
    }
}

/// What is wrong with a safe connection, for people who look after a school's machine.
fn in_words(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = tls else { return error.to_string() };
    match why {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "its certificate does not hold today, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        _ => "its certificate is not one that this machine trusts".to_owned(),
    }
}
