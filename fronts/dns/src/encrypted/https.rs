//! DNS over HTTPS (RFC 8484) on one connection of HTTP/2.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use engine::NameHash;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Limits;
use super::flights::{Flight, Flights};
use crate::desk::Desk;
use crate::inbox::Letter;
use crate::resolver::Source;
use crate::stream::{Asker, Reply};
use crate::wire::HEADER;
use crate::wire::life::life_s;

/// Where questions are asked; behind it may stand somebody's own name.
const PATH: &str = "/dns-query";
const MESSAGE: &str = "application/dns-message";
/// The longest message there is.
const LONGEST: usize = u16::MAX as usize;
/// How many requests of one connection may be under way.
const TOGETHER: u32 = 32;
/// The most that the fields of a request may take; a question in an address is some hundred bytes long.
const FIELD_BYTES: u32 = 8 << 10;

/// Serves one connection until it is silent for too long, slow, or closed.
pub async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    asker: Asker,
    desk: Arc<Desk>,
    limits: Limits,
) {
    let flights = Flights::new();
    let asker = Arc::new((asker, desk));
    let under_way = flights.clone();
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (asker, flight) = (Arc::clone(&asker), under_way.begin());
        async move {
            let (parts, body) = request.into_parts();
            let answer = match timeout(limits.message, read(&parts, body)).await {
                Ok(Ok(question)) => ask(question, &asker).await,
                Ok(Err(refusal)) => Err(refusal),
                Err(_) => Err(Refusal::Slow),
            };
            let mut answer = answer.unwrap_or_else(Refusal::response);
            if parts.method == Method::HEAD {
                // RFC 9110 §9.3.2: whatever is answered, there is no body.
                *answer.body_mut() = Bytes::new();
            }
            Ok::<_, Infallible>(answer.map(|bytes| Answer { bytes, flight }))
        }
    });
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(TOGETHER)
        .max_header_list_size(FIELD_BYTES)
        .initial_stream_window_size(LONGEST as u32)
        .initial_connection_window_size(4 * LONGEST as u32)
        .max_send_buf_size(LONGEST);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = flights.overdue(limits.idle, limits.slow + limits.message) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.slow.min(limits.idle), connection).await;
}

/// A question as it came: the message, and whose name stood in the path.
#[derive(Debug)]
struct Question {
    bytes: Vec<u8>,
    name: Option<NameHash>,
}

/// Why a request is no question. The words say nothing of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NoSuchPath,
    NoQuestion,
    NotBase64,
    NotAMessage,
    Method,
    TooLong,
    ContentType,
    Slow,
    Broken,
    Stopping,
    TooMany,
}

impl Refusal {
    const fn say(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "DNS is asked at /dns-query.\n"),
            Self::NoQuestion => {
                (StatusCode::BAD_REQUEST, "The address needs one part dns= with the question (RFC 8484).\n")
            }
            Self::NotBase64 => {
                (StatusCode::BAD_REQUEST, "What stands behind dns= is not base64url without padding.\n")
            }
            Self::NotAMessage => (StatusCode::BAD_REQUEST, "This is not a DNS question.\n"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "DNS is asked with GET or POST.\n"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "A DNS message has at most 65535 bytes.\n"),
            Self::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "A question is sent as application/dns-message.\n")
            }
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "The question took too long to arrive.\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "The request ended before the question did.\n"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too much is asked from this address.\n"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "There is no answer just now.\n"),
        }
    }

    fn response(self) -> Response<Bytes> {
        let (status, words) = self.say();
        let mut response = Response::new(Bytes::from_static(words.as_bytes()));
        *response.status_mut() = status;
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            fields.insert(ALLOW, HeaderValue::from_static("GET, POST"));
        }
        response
    }
}

/// Reads the question out of a request. What follows a refused one is let run out, up to a limit: some clients lose an
/// answer that comes before they have sent everything.
async fn read<B>(parts: &Parts, mut body: B) -> Result<Question, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let read = question(parts, &mut body).await;
    let mut left = 4 * LONGEST;
    while read.is_err()
        && let Some(Ok(frame)) = body.frame().await
        && let Some(more) = left.checked_sub(frame.data_ref().map_or(1, Bytes::len))
    {
        left = more;
    }
    read
}

/// The question of a request (RFC 8484 §4.1).
async fn question<B>(parts: &Parts, body: &mut B) -> Result<Question, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let rest = parts.uri.path().strip_prefix(PATH).ok_or(Refusal::NoSuchPath)?;
    let name = match rest.strip_prefix('/') {
        None if rest.is_empty() => None,
        // What is no token is a path that is not there; whether a token is somebody's is no business of who asks.
        Some(token) => Some(NameHash::of_token(token).ok_or(Refusal::NoSuchPath)?),
        None => return Err(Refusal::NoSuchPath),
    };
    let bytes = match parts.method {
        Method::GET => from_address(parts.uri.query().unwrap_or(""))?,
        Method::POST => {
            let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            if !kind.eq_ignore_ascii_case(MESSAGE.as_bytes()) {
                return Err(Refusal::ContentType);
            }
            if body.size_hint().lower() > LONGEST as u64 {
                return Err(Refusal::TooLong);
            }
            let whole = Limited::new(body, LONGEST).collect().await;
            whole
                .map_err(
                    |error| if error.is::<LengthLimitError>() { Refusal::TooLong } else { Refusal::Broken },
                )?
                .to_bytes()
                .to_vec()
        }
        _ => return Err(Refusal::Method),
    };
    if bytes.len() < HEADER { Err(Refusal::NotAMessage) } else { Ok(Question { bytes, name }) }
}

/// The message in the query of an address: one `dns=`.
fn from_address(query: &str) -> Result<Vec<u8>, Refusal> {
    let mut all = query.split('&').filter_map(|part| part.strip_prefix("dns="));
    let (Some(text), None) = (all.next(), all.next()) else { return Err(Refusal::NoQuestion) };
    if text.len() > LONGEST.div_ceil(3) * 4 {
        return Err(Refusal::TooLong);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::NotBase64)
}

/// Hands the question to the thread that answers, and waits.
async fn ask(question: Question, (asker, desk): &(Asker, Arc<Desk>)) -> Result<Response<Bytes>, Refusal> {
    let Question { bytes, name } = question;
    if !asker.pace.turn(asker.source.client).await {
        return Err(Refusal::TooMany);
    }
    let (answer, mut answered) = mpsc::channel(1);
    let source = Source { name: name.or(asker.source.name), ..asker.source };
    asker.inbox.put(Letter::Question { bytes, source, to: Reply::at_desk(Arc::clone(desk), answer) });
    let (bytes, _) = answered.recv().await.ok_or(Refusal::Stopping)?;
    if bytes.is_empty() {
        return Err(Refusal::NotAMessage);
    }
    let life = life_s(&bytes);
    let mut response = Response::new(Bytes::from(bytes));
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(MESSAGE));
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What one person is answered is not another's answer, so whatever stands between keeps nothing.
    let keep = HeaderValue::from_maybe_shared(Bytes::from(format!("private, max-age={life}")));
    fields.insert(CACHE_CONTROL, keep.unwrap_or_else(|_| HeaderValue::from_static("no-store")));
    Ok(response)
}

/// An answer on its way; its request is over when it is taken.
struct Answer {
    bytes: Bytes,
    #[expect(dead_code, reason = "it is held until the answer has been taken")]
    flight: Flight,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
