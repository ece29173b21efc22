//! Sending one delivery: over HTTPS, to a public address alone, which is judged after its name was looked up and before it is connected to:
//! the connection goes to the very address that was judged. Nobody is followed elsewhere, and of the answer nothing is read but its status.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// How long everything together may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the head of an answer may be.
const MOST_HEAD: usize = 16 << 10;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It arrived.
    Arrived,
    /// It arrived, and no more is wanted there.
    Gone,
    /// It did not; why, in words that say nothing about anybody.
    No(&'static str),
}

/// Finds the addresses of a name.
pub type LooksUp =
    Arc<dyn Fn(String, u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// How deliveries are sent.
#[derive(Clone)]
pub struct Sending {
    /// Finds the addresses of a name.
    pub look_up: LooksUp,
    /// Whether an address may be sent to.
    pub may: fn(IpAddr) -> bool,
    /// Whom to believe that a server is who it says; those whom the machine trusts where none are named.
    pub roots: Option<Vec<CertificateDer<'static>>>,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            look_up: Arc::new(|name, port| {
                Box::pin(async move {
                    Ok(lookup_host((name.as_str(), port)).await?.map(|place| place.ip()).collect())
                })
            }),
            may: |address| kit::address::is_public(address.to_canonical()),
            roots: None,
        }
    }
}

impl Sending {
    /// Sends a body with its id, the second it is sent at and its signatures.
    pub async fn send(&self, url: &str, signed: (&str, i64, &str), body: &str) -> Answer {
        let sent = tokio::time::timeout(PATIENCE, self.sent(url, signed, body)).await;
        sent.unwrap_or(Err("it took longer than 15 seconds")).unwrap_or_else(Answer::No)
    }

    async fn sent(
        &self,
        url: &str,
        (id, seconds, signatures): (&str, i64, &str),
        body: &str,
    ) -> Result<Answer, &'static str> {
        let url =
            Url::parse(url).ok().filter(|url| url.scheme() == "https").ok_or("its address is no https")?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let (places, name) = match url.host() {
            Some(Host::Ipv4(address)) => {
                (vec![IpAddr::from(address)], ServerName::from(IpAddr::from(address)))
            }
            Some(Host::Ipv6(address)) => {
                (vec![IpAddr::from(address)], ServerName::from(IpAddr::from(address)))
            }
            Some(Host::Domain(name)) => {
                let places = (self.look_up)(name.to_owned(), port)
                    .await
                    .map_err(|_| "nobody knows the server’s name")?;
                let name =
                    ServerName::try_from(name.to_owned()).map_err(|_| "its address names no server")?;
                (places, name)
            }
            None => return Err("its address names no server"),
        };
        // One address inside is one too many: a name that leads to both is a trap.
        if places.is_empty() || !places.iter().all(|place| (self.may)(*place)) {
            return Err("its name leads inside a network, where nothing is sent");
        }
        let stream = connected(&places, port).await?;
        let connector = TlsConnector::from(Arc::new(self.tls()?));
        let stream =
            connector.connect(name, stream).await.map_err(|_| "there is no safe connection to it")?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MOST_HEAD)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|_| "it speaks no HTTP")?;
        let held = Held(tokio::spawn(async move {
            // What is wrong with it is said where the answer is read.
            let _ = connection.await;
        }));
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let request = Request::post(path)
            .header(HOST, authority)
            .header(USER_AGENT, concat!("Fivebar/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures)
            .body(Full::new(Bytes::from(body.to_owned())))
            .map_err(|_| "its address cannot be asked for")?;
        let response = sender.send_request(request).await.map_err(|_| "it gave no proper answer")?;
        drop(held);
        Ok(match response.status() {
            status if status.is_success() => Answer::Arrived,
            StatusCode::GONE => Answer::Gone,
            status if status.is_redirection() => Answer::No("it sends on elsewhere, where nothing is sent"),
            status if status.is_server_error() => Answer::No("it answered that it has a problem"),
            _ => Answer::No("it answered that it does not take this"),
        })
    }

    fn tls(&self) -> Result<ClientConfig, &'static str> {
        let mut roots = RootCertStore::empty();
        let trusted = match &self.roots {
            Some(these) => these.clone(),
            None => rustls_native_certs::load_native_certs().certs,
        };
        // A machine may hold a certificate that cannot be read; the others count.
        roots.add_parsable_certificates(trusted);
        if roots.is_empty() {
            return Err("this machine has no certificates to trust");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|_| "there is no safe connection to it")?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

async fn connected(places: &[IpAddr], port: u16) -> Result<TcpStream, &'static str> {
    for place in places {
        if let Ok(stream) = TcpStream::connect(SocketAddr::new(*place, port)).await {
            return Ok(stream);
        }
    }
    Err("it could not be reached")
}

/// Work that ends when nobody wants it any more.
struct Held(tokio::task::JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}
