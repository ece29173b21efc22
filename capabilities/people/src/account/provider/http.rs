//! Asking a provider over HTTP: over TLS to whoever proves to be it, within bounds, and never on to anywhere else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::tls::{Trust, is_this_machine};

/// How long one answer may take, the connection included.
const WHOLE: Duration = Duration::from_secs(8);
/// How long the head of an answer may be.
const MOST_HEAD: usize = 32 << 10;
/// How long an answer may be: the keys of a large provider are some ten thousand bytes.
const MOST: usize = 256 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// It would go where others can read it.
    #[error("the provider names an address that is not safe; it begins with https://")]
    NotSafe,
    /// There is nobody to believe.
    #[error(
        "this machine has no certificates to trust; name a file with `certificates`, or install the package ca-certificates"
    )]
    NobodyBelieved,
    /// It cannot be reached, or cannot prove who it is.
    #[error("it could not be reached ({0})")]
    NotReached(io::Error),
    /// It speaks no HTTP that we understand.
    #[error("it gave no proper answer ({0})")]
    NotHttp(hyper::Error),
    /// What it sent is too long, or ended before it was whole.
    #[error("its answer was longer than {} KiB, or broke off", MOST >> 10)]
    NotWhole,
    /// It took too long.
    #[error("it took longer than {} seconds", WHOLE.as_secs())]
    TooSlow,
}

/// Asks. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Http {
    pub trust: Trust,
}

type Answer<'c> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Answer<'c>;

    fn call(&'c self, request: HttpRequest) -> Answer<'c> {
        Box::pin(async move { timeout(WHOLE, self.ask(request)).await.unwrap_or(Err(HttpError::TooSlow)) })
    }
}

impl Http {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let uri = request.uri().clone();
        let host = uri.host().unwrap_or("").to_owned();
        let secure = uri.scheme_str() == Some("https");
        if host.is_empty() || !(secure || is_this_machine(&host)) {
            return Err(HttpError::NotSafe);
        }
        let plain = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect((plain.as_str(), port)).await.map_err(HttpError::NotReached)?;
        if !secure {
            return converse(request, stream).await;
        }
        let config = self.trust.config().ok_or(HttpError::NobodyBelieved)?;
        let name = ServerName::try_from(plain).map_err(|_| HttpError::NotSafe)?;
        let stream = TlsConnector::from(Arc::clone(&config)).connect(name, stream).await;
        converse(request, stream.map_err(HttpError::NotReached)?).await
    }
}

async fn converse(
    request: HttpRequest,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<HttpResponse, HttpError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MOST_HEAD)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(HttpError::NotHttp)?;
    let held = Held(tokio::spawn(async move {
        // What is wrong with it is said where the answer is read.
        let _ = connection.await;
    }));
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    head.uri = path.parse().map_err(|_| HttpError::NotSafe)?;
    head.headers.insert(HOST, HeaderValue::try_from(authority).map_err(|_| HttpError::NotSafe)?);
    let agent = concat!("Fivebar/", env!("CARGO_PKG_VERSION"));
    head.headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    let request = hyper::Request::from_parts(head, Full::new(Bytes::from(body)));
    let (head, body) = sender.send_request(request).await.map_err(HttpError::NotHttp)?.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|_| HttpError::NotWhole)?;
    drop(held);
    Ok(hyper::Response::from_parts(head, body.to_bytes().to_vec()))
}

/// Work that ends when nobody wants it any more.
struct Held(tokio::task::JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}
