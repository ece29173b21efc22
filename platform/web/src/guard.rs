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
//! - **Bodies** are at most [`LARGEST_BODY_BYTES`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Method;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

use crate::error::Bare;
use crate::{OwnAddress, PageError, Shell, assets};

/// More than the longest form with every field full, in bytes.
pub const LARGEST_BODY_BYTES: usize = 64 * 1024;

/// The shell that pages have, made anew for each: what must be said on every page changes.
pub type AnyShell = Arc<dyn Fn() -> Shell + Send + Sync>;

/// The routes behind the guard, with the assets, and pages for what is not there, which stand in the shell as all do.
pub fn guarded(routes: Router, own: OwnAddress, shell: AnyShell) -> Router {
    routes
        .merge(assets::routes())
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::WrongMethod)
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .layer(from_fn(move |request: Request, next: Next| {
            guard(own.clone(), Arc::clone(&shell), request, next)
        }))
}

async fn guard(own: OwnAddress, shell: AnyShell, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if !own.is_meant(&request) {
        PageError::OtherName(own.url).into_response()
    } else if safe || from_our_own_page(request.headers()) {
        next.run(request).await
    } else {
        PageError::ForeignForm.into_response()
    };
    if let Some(Bare(page)) = response.extensions_mut().remove::<Bare>() {
        response = shell().respond(&page);
    }
    let headers = response.headers_mut();
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
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
    response
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
    use super::*;

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
