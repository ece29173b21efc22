//! Pages packed for the way, for phones and slow lines.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, VARY};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets::takes_gzip;

/// Below that, packing saves nothing that a phone would notice.
const SMALLEST_BYTES: u64 = 1_024;
/// A page is a hundredth of that; what is larger is no page.
const LARGEST_BYTES: u64 = 4 * 1_024 * 1_024;

/// Whether the answer may be packed: to a plain question for an address alone. What somebody else can have a browser ask for by words in the
/// address or a form is not, since the length of what is packed tells whether those words stand beside what the page keeps secret (BREACH,
/// Gluck, Harris and Prado, 2013).
pub(crate) fn may_be(method: &Method, uri: &Uri, asked: &HeaderMap) -> bool {
    *method == Method::GET && uri.query().is_none() && takes_gzip(asked)
}

/// The same answer, packed where it is a page. Tens of microseconds for ten kilobytes.
pub(crate) async fn pack(response: Response) -> Response {
    let is_page = |headers: &HeaderMap| {
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
            && !headers.contains_key(CONTENT_ENCODING)
    };
    let length = response.body().size_hint().exact().unwrap_or(0);
    if !is_page(response.headers()) || !(SMALLEST_BYTES..=LARGEST_BYTES).contains(&length) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Its whole length is known, so it is here already.
    let Ok(plain) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut packing = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::new(5));
    let packed = packing.write_all(&plain).and_then(|()| packing.finish());
    parts.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    match packed {
        Ok(packed) => {
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(packed))
        }
        Err(_) => Response::from_parts(parts, Body::from(plain)),
    }
}
