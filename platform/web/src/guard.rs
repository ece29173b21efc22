//! What stands between the network and every page.
//!
//! - **Names of others** that lead here are not served: see [`crate::address`].
//! - **Forms from elsewhere** are refused without tokens: a browser says where a form came from in `Sec-Fetch-Site`
//!   (on HTTPS and on this machine) and in `Origin` (always), and a page of another site can forge neither. A caller
//!   that sends neither is not a browser, and has no person's session to abuse.
//! - **Headers**: every page brings its own content security policy with a nonce; what has none gets one that allows
//!   nothing. Nothing is kept by caches, framed, sniffed or told to other sites. The referrer policy is `same-origin`
//!   and not `no-referrer`, because the latter makes browsers send `Origin: null` with our own forms (Fetch standard,
//!   "serialize a request origin"), and then the check above could not tell them from foreign ones; other sites are
//!   told nothing under either.
//! - **Bodies** are at most [`LARGEST_BODY_BYTES`], and are here whole before any page sees the request: one that is held
//!   back longer than [`LONGEST_WAIT`] is not waited for. So nothing of a page is worked out before the last byte of its form
//!   is there, whatever the order in which the page asks for things, and who may do what is settled at the moment at which it
//!   is done. [`Arrived`] is the witness of that: without it nobody is signed in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Method;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use words::Words;

use crate::error::Bare;
use crate::form::is_a_form;
use crate::speech::{Speaking, speaking};
use crate::{Encrypted, OwnAddress, PageError, Shell, Submitted, assets, packed};

/// More than the longest form with every field full, in bytes.
pub const LARGEST_BODY_BYTES: usize = 64 * 1024;
/// How long a whole body may take to arrive. So many bytes need less than that on any line that people work on.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Says of a request that all of it is here: an extension that the guard puts there, and nobody else can. Whoever signs people
/// in asks for it.
#[derive(Debug, Clone)]
pub struct Arrived {
    form: Option<Submitted>,
    cookies: Cookies,
}

/// What the answer puts into the browser, whatever page gives it.
#[derive(Debug, Clone, Default)]
struct Cookies(Arc<Mutex<Vec<HeaderValue>>>);

impl Cookies {
    fn all(&self) -> MutexGuard<'_, Vec<HeaderValue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrived {
    /// What came as a form; `None` where no form came.
    pub const fn form(&self) -> Option<&Submitted> {
        self.form.as_ref()
    }

    /// Has the answer put a cookie into the browser, whatever page gives it and whatever comes of what was asked. What a page itself puts
    /// there comes after it, and stands.
    pub fn puts(&self, cookie: HeaderValue) {
        self.cookies.all().push(cookie);
    }
}

/// The shell that pages have, made anew for each: what must be said on every page changes.
pub type AnyShell = Arc<dyn Fn() -> Shell + Send + Sync>;

/// The words that pages are said in, which a school changes.
pub type AnyWords = Arc<dyn Fn() -> Arc<Words> + Send + Sync>;

/// The routes behind the guard, with the assets, and pages for what is not there, which stand in the shell as all do. Every answer is said
/// in the language of whoever asks ([`speech`](crate::speech)).
pub fn guarded(routes: Router, own: OwnAddress, shell: AnyShell, words: AnyWords) -> Router {
    routes
        .merge(assets::routes())
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::WrongMethod)
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .layer(from_fn(move |request: Request, next: Next| {
            let (parts, body) = request.into_parts();
            let to = Speaking::to(&words(), &parts);
            speaking(to, guard(own.clone(), Arc::clone(&shell), Request::from_parts(parts, body), next))
        }))
}

/// For so long a browser comes over TLS alone, to names below this one too, which OWASP ASVS 5.0 (3.4.1) asks for.
const A_YEAR: &str = "max-age=31536000; includeSubDomains";

async fn guard(own: OwnAddress, shell: AnyShell, request: Request, next: Next) -> Response {
    let may_be_packed = packed::may_be(request.method(), request.uri(), request.headers());
    // Where links lead over TLS, browsers that came so are told to come so from now on (RFC 6797).
    let stays_encrypted =
        request.extensions().get::<Encrypted>().is_some() && own.url.starts_with("https://");
    let is_asset = request.uri().path().starts_with("/assets/");
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let cookies = Cookies::default();
    let mut response = if !own.is_meant(&request) {
        tracing::warn!("Somebody came by a name that is not the portal’s, and was refused");
        PageError::OtherName(own.url).into_response()
    } else if safe || from_our_own_page(request.headers()) {
        match whole(request, &cookies, LONGEST_WAIT).await {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    } else {
        tracing::warn!("A form from another site was refused");
        PageError::ForeignForm.into_response()
    };
    if let Some(Bare(page)) = response.extensions_mut().remove::<Bare>() {
        response = shell().respond(&page);
    }
    let headers = response.headers_mut();
    let put: Vec<HeaderValue> = cookies.all().drain(..).collect();
    if !put.is_empty() {
        let of_the_page: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        for cookie in put.into_iter().chain(of_the_page) {
            headers.append(SET_COOKIE, cookie);
        }
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let of_pages = [
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    // Styles, scripts and fonts are no documents: these say nothing of them, and would weigh as much as a paragraph.
    for (name, value) in fixed.into_iter().chain(of_pages.into_iter().filter(|_| !is_asset)) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if stays_encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
    }
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if may_be_packed { packed::pack(response).await } else { response }
}

/// The request with all of its body, which is waited for so long.
async fn whole(request: Request, cookies: &Cookies, wait: Duration) -> Result<Request, PageError> {
    let (mut parts, body) = request.into_parts();
    if is_an_upload(&parts.headers) {
        // Far longer than any form: whoever takes it reads it, once it is known who sends it, and changes nothing by who they were before.
        parts.extensions.insert(Arrived { form: None, cookies: cookies.clone() });
        return Ok(Request::from_parts(parts, body));
    }
    let reading = Limited::new(body, LARGEST_BODY_BYTES).collect();
    let read = tokio::time::timeout(wait, reading).await.map_err(|_| PageError::TooSlow)?;
    let body = read.map_err(|error| {
        if error.is::<LengthLimitError>() { PageError::TooLarge } else { PageError::Unreadable }
    })?;
    let body = body.to_bytes();
    let form = is_a_form(&parts.headers).then(|| Submitted::parse(&body));
    parts.extensions.insert(Arrived { form, cookies: cookies.clone() });
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Whether a form has a file in it.
fn is_an_upload(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// Whether a form comes from a page of this very origin, or from something that is not a browser.
fn from_our_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = text(&ORIGIN) else { return true };
    let host = text(&HOST).unwrap_or("");
    let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    !host.is_empty() && origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    #[tokio::test]
    async fn a_body_is_waited_for_and_not_for_ever_and_only_the_whole_of_it_is_passed_on() {
        let form = |body: Body| {
            Request::post("/").header("content-type", "application/x-www-form-urlencoded").body(body).unwrap()
        };
        let soon = Duration::from_millis(1);
        let arrived = whole(form(Body::from("a=1&b=2")), &Cookies::default(), LONGEST_WAIT).await.unwrap();
        let seen = arrived.extensions().get::<Arrived>().unwrap().form().unwrap().clone();
        assert_eq!((seen.text("a"), seen.text("b")), ("1", "2"));
        assert_eq!(arrived.into_body().collect().await.unwrap().to_bytes(), "a=1&b=2");
        let other = whole(Request::get("/").body(Body::empty()).unwrap(), &Cookies::default(), LONGEST_WAIT)
            .await
            .unwrap();
        assert!(other.extensions().get::<Arrived>().unwrap().form().is_none());

        // A first half whose second never comes.
        let held = Body::new(HeldBack(Some(bytes::Bytes::from("a=1&"))));
        assert!(matches!(whole(form(held), &Cookies::default(), soon).await, Err(PageError::TooSlow)));
        let long = Body::from(vec![b'a'; LARGEST_BODY_BYTES + 1]);
        assert!(matches!(
            whole(form(long), &Cookies::default(), LONGEST_WAIT).await,
            Err(PageError::TooLarge)
        ));
    }

    /// One piece, and then nothing more, without an end.
    struct HeldBack(Option<bytes::Bytes>);

    impl axum::body::HttpBody for HeldBack {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<bytes::Bytes>, Self::Error>>> {
            self.0.take().map_or(Poll::Pending, |piece| Poll::Ready(Some(Ok(Frame::data(piece)))))
        }
    }

    #[test]
    fn a_form_is_taken_from_our_own_pages_only() {
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            // What the browser says of itself is believed before anything else.
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://portal.school.example"),
                    ("host", "portal.school.example"),
                ],
                false,
            ),
            (&[("sec-fetch-site", "nonsense")], false),
            (&[("origin", "http://portal.school.example"), ("host", "portal.school.example")], true),
            (
                &[("origin", "http://Portal.school.example:8080"), ("host", "portal.school.example:8080")],
                true,
            ),
            (&[("origin", "http://portal.school.example:81"), ("host", "portal.school.example")], false),
            (&[("origin", "http://other.example"), ("host", "portal.school.example")], false),
            (
                &[
                    ("origin", "http://portal.school.example.other.example"),
                    ("host", "portal.school.example"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "portal.school.example")], false),
            (&[("origin", "null"), ("host", "null")], false),
            (&[("origin", "http://"), ("host", "")], false),
            (&[("host", "portal.school.example")], true),
        ];
        for (given, taken) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *given {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(from_our_own_page(&headers), *taken, "{given:?}");
        }
    }
}
