//! Fetching a list over HTTP.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, CONTENT_LENGTH, ETAG, HOST, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::{Depth, WebAddress};
use super::checksum::{Checksum, said_of};

/// Why a list could not be fetched. What is in force stays.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nobody knows the server's name.
    #[error(
        "the name {host} could not be looked up ({source}); check the address and this machine's name servers"
    )]
    NoSuchName {
        /// The server.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be reached.
    #[error("{host} could not be reached ({source})")]
    NotReached {
        /// The server.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// Who answers cannot prove to be that server.
    #[error("no safe connection to {host}: {}", in_words(.source))]
    NotSafe {
        /// The server.
        host: String,
        /// What is wrong.
        source: io::Error,
    },
    /// The machine trusts nobody.
    #[error(
        "this machine has no certificates to trust, so nobody can prove to be {0}; install the package ca-certificates"
    )]
    NoRoots(String),
    /// It speaks no HTTP that we understand.
    #[error("{host} gave no proper answer ({source})")]
    NotHttp {
        /// The server.
        host: String,
        /// What is wrong.
        source: hyper::Error,
    },
    /// The server says no.
    #[error("{host} answered {status}; check whether the address still holds")]
    Refused {
        /// The server.
        host: String,
        /// What it said.
        status: StatusCode,
    },
    /// It sends on and on.
    #[error("it was sent on more than {MOST_REDIRECTS} times, last by {0}")]
    SentOnTooOften(String),
    /// It sends on to nowhere.
    #[error("{0} sends on to what is no web address")]
    SentNowhere(String),
    /// It sends on to where anybody on the way could change the list.
    #[error("{0} sends on from https to http, where anybody on the way could change the list")]
    SentDownwards(String),
    /// It sends on to where only the inside of the network can reach.
    #[error("it was sent on to {0}, which lies deeper inside the network than the address that was given")]
    SentInside(String),
    /// It was silent for too long.
    #[error("{host} sent nothing for {seconds} seconds")]
    Silent {
        /// The server.
        host: String,
        /// How long.
        seconds: u64,
    },
    /// It took too long.
    #[error("it was not whole after {seconds} seconds")]
    TooSlow {
        /// How long.
        seconds: u64,
    },
    /// It is too large.
    #[error("larger than {} MiB; check that it is a list, and use a smaller edition if it is", .most >> 20)]
    TooLarge {
        /// How many bytes may be sent.
        most: u64,
    },
    /// The connection ended before the list did.
    #[error("{0} ended the connection before the list was whole")]
    CutShort(String),
    /// It is not what it should be.
    #[error(
        "its SHA-256 is {is}, not {should}; it was damaged or changed on the way, or a new version needs a new checksum"
    )]
    WrongChecksum {
        /// What it should be.
        should: String,
        /// What it is.
        is: String,
    },
    /// Its checksum is nowhere said.
    #[error("{0} says no SHA-256 of it")]
    NoChecksum(String),
    /// There is no room for it.
    #[error("{}: a list cannot be put here ({source}); make room, and check that this account may write there", .folder.display())]
    NoRoom {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is wrong with a safe connection, for people who look after a school's machine.
fn in_words(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = tls else { return error.to_string() };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has ended, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        _ => "its certificate is not one that this machine trusts".to_owned(),
    }
}

/// How often a server may send on.
const MOST_REDIRECTS: usize = 5;
/// How long a file of checksums may be.
const MOST_CHECKSUMS: u64 = 1 << 20;
/// How long the head of an answer may be.
const MOST_HEAD: usize = 64 << 10;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until it is reached and has proved who it is.
    pub connect: Duration,
    /// Between one piece and the next.
    pub silence: Duration,
    /// For everything together, redirects and checksum included.
    pub whole: Duration,
}

impl Default for Patience {
    /// A GiB comes within half an hour over five Mbit/s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            whole: Duration::from_secs(1800),
        }
    }
}

/// Whom to believe that a server is who it says.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those whom the machine trusts, read anew for each fetch.
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

/// Is told how many bytes came, and of how many where that is known.
pub type Watch<'w> = &'w (dyn Fn(u64, Option<u64>) + Sync);

/// Fetches lists.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// How long a server may take.
    pub patience: Patience,
    /// How many bytes it may send.
    pub most: u64,
    /// Whom to believe.
    pub roots: Roots,
}

/// What a server said of a version, to be asked with next time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// A list as it was sent, in a file without a name.
#[derive(Debug)]
pub struct Fetched {
    pub(super) file: File,
    pub(super) sha256: String,
    pub(super) validators: Validators,
}

/// What a server answered.
#[derive(Debug)]
pub enum Answer {
    /// It is as it was.
    Unchanged,
    /// Another version, or the first.
    Sent(Fetched),
}

impl Fetcher {
    /// With the limits of files, for lists of so many bytes.
    pub fn new(most: u64) -> Self {
        Self { patience: Patience::default(), most, roots: Roots::default() }
    }

    /// Fetches a list into a file without a name beside those in `beside`, unless the server says that it is as `known` says.
    /// Dropped at any moment, it leaves nothing.
    pub async fn fetch(
        &self,
        address: &WebAddress,
        known: Option<&Validators>,
        checksum: Option<&Checksum>,
        beside: &Path,
        watch: Watch<'_>,
    ) -> Result<Answer, FetchError> {
        let whole = self.patience.whole;
        timeout(whole, self.fetch_checked(address, known, checksum, beside, watch))
            .await
            .unwrap_or(Err(FetchError::TooSlow { seconds: whole.as_secs() }))
    }

    async fn fetch_checked(
        &self,
        address: &WebAddress,
        known: Option<&Validators>,
        checksum: Option<&Checksum>,
        beside: &Path,
        watch: Watch<'_>,
    ) -> Result<Answer, FetchError> {
        let mut depth = None;
        let Some(response) = self.ask(address, known, &mut depth).await? else {
            return Ok(Answer::Unchanged);
        };
        let fetched = self.save(address.host(), response, beside, watch).await?;
        let should = match checksum {
            None => return Ok(Answer::Sent(fetched)),
            Some(Checksum::Is(sum)) => sum.to_string(),
            Some(Checksum::SaidAt(place)) => {
                if address.is_secure() && !place.is_secure() {
                    return Err(FetchError::SentDownwards(address.host().to_owned()));
                }
                let none = || FetchError::NoChecksum(place.to_string());
                let response = self.ask(place, None, &mut depth).await?.ok_or_else(none)?;
                let text = self.text(place.host(), response).await?;
                said_of(address.file_name(), &text).ok_or_else(none)?.to_string()
            }
        };
        if should == fetched.sha256 {
            Ok(Answer::Sent(fetched))
        } else {
            Err(FetchError::WrongChecksum { should, is: fetched.sha256 })
        }
    }

    /// Asks, and goes where it is sent on to. `depth` is how far inside it may go, which the first answer settles. `None`
    /// where nothing changed.
    async fn ask(
        &self,
        address: &WebAddress,
        known: Option<&Validators>,
        depth: &mut Option<Depth>,
    ) -> Result<Option<Response<Conversation>>, FetchError> {
        let mut at = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let host = at.host().to_owned();
            let places = self.look_up(&at).await?;
            let deepest = places.iter().map(|place| Depth::of(*place)).max().unwrap_or(Depth::ThisMachine);
            if deepest > *depth.get_or_insert(deepest) {
                return Err(FetchError::SentInside(host));
            }
            let response = self.ask_once(&at, &places, known).await?;
            match response.status() {
                StatusCode::OK => return Ok(Some(response)),
                StatusCode::NOT_MODIFIED if known.is_some() => return Ok(None),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let location = header(response.headers(), &LOCATION);
                    let next = location.and_then(|location| at.joined(&location));
                    let Some(next) = next else { return Err(FetchError::SentNowhere(host)) };
                    if at.is_secure() && !next.is_secure() {
                        return Err(FetchError::SentDownwards(host));
                    }
                    at = next;
                }
                status => return Err(FetchError::Refused { host, status }),
            }
        }
        Err(FetchError::SentOnTooOften(at.host().to_owned()))
    }

    /// Every address of the server. Each is judged, and the connection goes to one of these and to no other.
    async fn look_up(&self, at: &WebAddress) -> Result<Vec<IpAddr>, FetchError> {
        if let Some(address) = at.literal() {
            return Ok(vec![address]);
        }
        let host = at.host().to_owned();
        let failed = |source| FetchError::NoSuchName { host: host.clone(), source };
        let found = timeout(self.patience.connect, lookup_host((at.host(), at.port())))
            .await
            .map_err(|_| failed(io::ErrorKind::TimedOut.into()))?
            .map_err(failed)?;
        let places: Vec<IpAddr> = found.map(|place| place.ip()).collect();
        if places.is_empty() { Err(failed(io::ErrorKind::NotFound.into())) } else { Ok(places) }
    }

    async fn ask_once(
        &self,
        at: &WebAddress,
        places: &[IpAddr],
        known: Option<&Validators>,
    ) -> Result<Response<Conversation>, FetchError> {
        let stream = self.connect(at, places).await?;
        if !at.is_secure() {
            return self.converse(at, stream, known).await;
        }
        let host = at.host().to_owned();
        let not_safe = |source| FetchError::NotSafe { host: host.clone(), source };
        let name = match at.literal() {
            Some(address) => ServerName::from(address),
            None => ServerName::try_from(host.clone()).map_err(|error| not_safe(io::Error::other(error)))?,
        };
        let connecting = TlsConnector::from(Arc::new(self.tls(&host)?)).connect(name, stream);
        let stream = timeout(self.patience.connect, connecting)
            .await
            .map_err(|_| not_safe(io::ErrorKind::TimedOut.into()))?
            .map_err(not_safe)?;
        self.converse(at, stream, known).await
    }

    async fn connect(&self, at: &WebAddress, places: &[IpAddr]) -> Result<TcpStream, FetchError> {
        let mut why = io::Error::from(io::ErrorKind::NotFound);
        for place in places {
            let place = SocketAddr::new(*place, at.port());
            match timeout(self.patience.connect, TcpStream::connect(place)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => why = error,
                Err(_) => why = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(FetchError::NotReached { host: at.host().to_owned(), source: why })
    }

    fn tls(&self, host: &str) -> Result<ClientConfig, FetchError> {
        let mut roots = RootCertStore::empty();
        let trusted = match &self.roots {
            Roots::System => rustls_native_certs::load_native_certs().certs,
            Roots::These(these) => these.clone(),
        };
        // A machine may hold a certificate that cannot be read; the others count.
        roots.add_parsable_certificates(trusted);
        if roots.is_empty() {
            return Err(FetchError::NoRoots(host.to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| FetchError::NotSafe {
            host: host.to_owned(),
            source: io::Error::other(error),
        })?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    async fn converse(
        &self,
        at: &WebAddress,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        known: Option<&Validators>,
    ) -> Result<Response<Conversation>, FetchError> {
        let host = at.host();
        let not_http = |source| FetchError::NotHttp { host: host.to_owned(), source };
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MOST_HEAD)
            .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(not_http)?;
        let held = Held(tokio::spawn(async move {
            // What is wrong with it is said where the answer is read.
            let _ = connection.await;
        }));
        let mut request = Request::get(at.path_and_query())
            .header(HOST, at.authority())
            .header(USER_AGENT, concat!("Fivebar/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*");
        if let Some(known) = known {
            for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
                if let Some(value) = value {
                    request = request.header(name, value.as_str());
                }
            }
        }
        let Ok(request) = request.body(Empty::new()) else {
            return Err(FetchError::SentNowhere(host.to_owned()));
        };
        let answer = timeout(self.patience.silence, sender.send_request(request));
        let response = answer.await.map_err(|_| self.silent(host))?.map_err(not_http)?;
        Ok(response.map(|body| Conversation { body, _held: held }))
    }

    fn silent(&self, host: &str) -> FetchError {
        FetchError::Silent { host: host.to_owned(), seconds: self.patience.silence.as_secs() }
    }

    /// The next piece; `None` at the end.
    async fn piece(&self, host: &str, body: &mut Incoming) -> Result<Option<Bytes>, FetchError> {
        loop {
            match timeout(self.patience.silence, body.frame()).await {
                Err(_) => return Err(self.silent(host)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(FetchError::CutShort(host.to_owned())),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => return Ok(Some(piece)),
                    Err(_) => continue,
                },
            }
        }
    }

    async fn save(
        &self,
        host: &str,
        response: Response<Conversation>,
        beside: &Path,
        watch: Watch<'_>,
    ) -> Result<Fetched, FetchError> {
        let validators = Validators {
            etag: header(response.headers(), &ETAG),
            last_modified: header(response.headers(), &LAST_MODIFIED),
        };
        let of = header(response.headers(), &CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let too_large = || FetchError::TooLarge { most: self.most };
        if of.is_some_and(|of: u64| of > self.most) {
            return Err(too_large());
        }
        let no_room = |source| FetchError::NoRoom { folder: beside.to_owned(), source };
        let mut file =
            fs::create_dir_all(beside).and_then(|()| tempfile::tempfile_in(beside)).map_err(no_room)?;
        let mut conversation = response.into_body();
        let (mut bytes, mut hash) = (0u64, Sha256::new());
        while let Some(piece) = self.piece(host, &mut conversation.body).await? {
            bytes += piece.len() as u64;
            if bytes > self.most {
                return Err(too_large());
            }
            hash.update(&piece);
            file.write_all(&piece).map_err(no_room)?;
            watch(bytes, of);
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Fetched { file, sha256, validators })
    }

    async fn text(&self, host: &str, response: Response<Conversation>) -> Result<String, FetchError> {
        let mut conversation = response.into_body();
        let mut text = Vec::new();
        while let Some(piece) = self.piece(host, &mut conversation.body).await? {
            if (text.len() + piece.len()) as u64 > MOST_CHECKSUMS {
                return Err(FetchError::TooLarge { most: MOST_CHECKSUMS });
            }
            text.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// The body of an answer and the connection that it comes over, which ends with it.
#[derive(Debug)]
struct Conversation {
    body: Incoming,
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

/// The most of a header that is kept.
const MOST_HEADER: usize = 1024;

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let most = if *name == LOCATION { MOST_HEAD } else { MOST_HEADER };
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= most).then(|| value.to_owned())
}
