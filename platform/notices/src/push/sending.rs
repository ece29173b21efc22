//! Sending to a push service: one request over TLS to an address that was looked at, led on nowhere, with a bound on all of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::store::{Db, StoreError};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jobs::{Carrier, Carrying, Taken, Undelivered};
use kit::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;

use super::endpoint::Endpoint;
use super::key::Vapid;
use super::{PushMessage, Subscription, public_key, shared};
use crate::content::Notices;
use crate::model::Notice;
use crate::store;

/// How long all of one message may take.
const LONGEST: Duration = Duration::from_secs(30);
/// How long a service keeps a message for a browser that is off.
const KEPT_SECONDS: u32 = 24 * 3_600;
/// How long the head of an answer may be.
const LONGEST_HEAD: usize = 16 << 10;

/// Where push services may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// On the public internet.
    #[default]
    Public,
    /// Inside the network and on this machine too: for tests.
    AlsoLocal,
}

/// Whom to believe that a service is who it says.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those whom the machine trusts, read anew for each message.
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

/// Carries notices to browsers.
#[derive(Debug, Clone)]
pub struct Push {
    /// The records.
    pub records: Db,
    /// The school's key for push messages.
    pub key: Vapid,
    /// Where browsers reach the portal: services are told whose messages these are.
    pub portal: String,
    /// Where services may be.
    pub reach: Reach,
    /// Whom to believe.
    pub roots: Roots,
}

impl Carrier for Push {
    fn kind(&self) -> &'static str {
        <PushMessage as jobs::Message>::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            let Some((notice, subscription)) = self.look_up(&message).await? else { return Ok(()) };
            let sending = timeout(LONGEST, self.send(&notice, &subscription, message.at));
            let status =
                sending.await.map_err(|_| Undelivered::Later("the push service does not answer"))??;
            self.answered(&subscription, status, message.at).await
        })
    }
}

impl Push {
    /// What goes and to which browser; nothing where it has become needless: its owner has looked at it, or the browser is told no more.
    async fn look_up(&self, message: &Taken) -> Result<Option<(Notice, Subscription)>, Undelivered> {
        let unread = |_: StoreError| Undelivered::Later("the records failed");
        let said = message.read::<PushMessage>()?;
        let mut tx = self.records.read().await.map_err(unread)?;
        let notice = store::by_id(&mut tx, said.notice).await.map_err(unread)?;
        let subscription = store::subscription(&mut tx, said.subscription).await.map_err(unread)?;
        tx.roll_back().await.map_err(unread)?;
        let notice = notice.filter(|notice| notice.is_still_told());
        // A browser may have become somebody else's.
        Ok(notice.zip(subscription).filter(|(notice, subscription)| notice.person == subscription.person))
    }

    /// Sends once.
    async fn send(
        &self,
        notice: &Notice,
        subscription: &Subscription,
        at: Timestamp,
    ) -> Result<StatusCode, Undelivered> {
        let text = Notices::built_in().text(notice.kind);
        let text = text.ok_or(Undelivered::Never("there is no such kind of notice"))?;
        let said = json!({ "title": text.title, "path": notice.path.path() }).to_string();
        let unusable = Undelivered::Never("the subscription cannot be used");
        let key = public_key(subscription.key.reveal()).ok_or(unusable)?;
        let auth = shared(subscription.auth.reveal()).ok_or(unusable)?;
        let body = web_push_native::encrypt(said.into_bytes(), &key, &auth.into()).map_err(|_| unusable)?;
        let endpoint = Endpoint::read(subscription.endpoint.reveal(), self.reach);
        let endpoint = endpoint.map_err(|_| Undelivered::Never("the address is none that is sent to"))?;
        let urgency = if text.urgent { "high" } else { "normal" };
        self.post(&endpoint, body, urgency, at).await
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
        urgency: &str,
        at: Timestamp,
    ) -> Result<StatusCode, Undelivered> {
        let not_reached = Undelivered::Later("the push service could not be reached");
        let (url, places) = (endpoint.url(), self.places(endpoint).await?);
        let name = match url.host() {
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
                .map_err(|_| Undelivered::Never("no name of a server"))?,
            None => return Err(Undelivered::Never("no name of a server")),
        };
        let stream = TcpStream::connect(places.as_slice()).await.map_err(|_| not_reached)?;
        let connecting = TlsConnector::from(Arc::new(self.tls()?)).connect(name, stream);
        let stream =
            connecting.await.map_err(|_| Undelivered::Later("no safe connection to the push service"))?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|_| not_reached)?;
        // What is wrong with it is said where the answer is read; it ends with this.
        let mut held = tokio::task::JoinSet::new();
        held.spawn(connection);
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let request = Request::post(path)
            .header(HOST, authority)
            .header(USER_AGENT, concat!("Fivebar/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, self.key.authorization(&endpoint.origin(), &self.portal, at))
            .header("TTL", KEPT_SECONDS)
            .header("Urgency", urgency)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Undelivered::Never("no request could be made of it"))?;
        let answer = sender.send_request(request).await.map_err(|_| not_reached)?;
        Ok(answer.status())
    }

    /// Every address of the service. Each is judged, and the connection goes to one of these and to no other: whoever names a host cannot
    /// have its name lead elsewhere in between.
    async fn places(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Undelivered> {
        let url = endpoint.url();
        let port = url.port_or_known_default().unwrap_or(443);
        let places = match url.host() {
            Some(Host::Ipv4(address)) => vec![SocketAddr::new(address.into(), port)],
            Some(Host::Ipv6(address)) => vec![SocketAddr::new(address.into(), port)],
            Some(Host::Domain(name)) => {
                let found = lookup_host((name, port)).await;
                found
                    .map_err(|_| Undelivered::Later("the push service's name could not be looked up"))?
                    .collect()
            }
            None => Vec::new(),
        };
        if places.is_empty() || !places.iter().all(|place| self.reach.may(place.ip())) {
            return Err(Undelivered::Never("the address is none that is sent to"));
        }
        Ok(places)
    }

    fn tls(&self) -> Result<ClientConfig, Undelivered> {
        let mut roots = RootCertStore::empty();
        let trusted = match &self.roots {
            Roots::System => rustls_native_certs::load_native_certs().certs,
            Roots::These(these) => these.clone(),
        };
        // A machine may hold a certificate that cannot be read; the others count.
        roots.add_parsable_certificates(trusted);
        if roots.is_empty() {
            return Err(Undelivered::Later("this machine trusts no certificates"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|_| Undelivered::Later("no safe connection to the push service"))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    /// What an answer comes to (RFC 8030, 7 and 8). It is led on nowhere.
    async fn answered(
        &self,
        subscription: &Subscription,
        status: StatusCode,
        at: Timestamp,
    ) -> Result<(), Undelivered> {
        let unkept = |_: StoreError| Undelivered::Later("the records failed");
        match status.as_u16() {
            200..=299 => {
                let mut tx = self.records.begin().await.map_err(unkept)?;
                store::pushed(&mut tx, subscription.id, at).await.map_err(unkept)?;
                tx.commit().await.map_err(unkept)
            }
            // The browser is gone, or its owner wants no more of it.
            404 | 410 => {
                let mut tx = self.records.begin().await.map_err(unkept)?;
                store::unsubscribe(&mut tx, subscription.id, None).await.map_err(unkept)?;
                tx.commit().await.map_err(unkept)
            }
            408 | 429 | 500..=599 => Err(Undelivered::Later("the push service does not take it now")),
            300..=399 => Err(Undelivered::Never("the push service sends on elsewhere")),
            _ => Err(Undelivered::Never("the push service refuses it")),
        }
    }
}
