//! The style sheet, the script and the fonts, built into the program. A file's name carries the hash of its content, so
//! a browser may keep it for ever.

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::PageError;

/// Name, kind, content, and the same packed, of what packing makes shorter.
type File = (&'static str, &'static str, &'static [u8], Option<&'static [u8]>);

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /assets/{file}`.
pub(crate) fn routes() -> Router {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(asked: HeaderMap, file: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let Path(file) = file.map_err(|_| PageError::NotFound)?;
    let found = FILES.iter().find(|(name, ..)| *name == file);
    let (_, kind, content, packed) = found.ok_or(PageError::NotFound)?;
    // Its name does not change with its content.
    let kept = if file == WORKER { "no-cache" } else { "public, max-age=31536000, immutable" };
    let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, kept), (VARY, "Accept-Encoding")];
    Ok(match packed.filter(|_| takes_gzip(&asked)) {
        Some(packed) => (headers, [(CONTENT_ENCODING, "gzip")], packed).into_response(),
        None => (headers, *content).into_response(),
    })
}

/// Whether whoever asks takes what is packed. One that refuses it by `q=0` gets the plain file, as one that says nothing does.
pub(crate) fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0)
    })
}

/// Every file with its kind and content, for a test that lays pages out to be opened in a browser.
#[cfg(feature = "checks")]
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static [u8])> {
    FILES.iter().map(|(name, kind, content, _)| (*name, *kind, *content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_gov_uk_alone_is_embedded() {
        let (_, _, style, _) = FILES.iter().find(|(name, ..)| *name == STYLE).unwrap();
        let style = String::from_utf8(style.to_vec()).unwrap();
        assert!(!style.contains("GDS") && !style.contains("crest"));
        assert_eq!(style.matches("@font-face").count(), 4);
        assert_eq!(style.matches("url(").count(), 4, "only our own fonts are fetched");
        assert_eq!(style.matches("unicode-range:").count(), 4, "and only where a page has their signs");
        assert!(style.contains("font-family:Atkinson Hyperlegible Next,arial,sans-serif"));
        assert!(FILES.iter().all(|(name, ..)| !name.contains("govuk")));
    }

    #[test]
    fn what_is_packed_is_sent_to_whoever_takes_it_and_is_the_same() {
        let asked = |coding: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, coding.parse().unwrap());
            takes_gzip(&headers)
        };
        for (coding, takes) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false), ("xgzip", false)]
        {
            assert_eq!(asked(coding), takes, "{coding}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
        for (name, kind, content, packed) in FILES {
            let Some(packed) = packed else {
                assert!(kind.starts_with("font/"), "{name}");
                continue;
            };
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(*packed), &mut plain).unwrap();
            assert_eq!(plain, *content, "{name}");
        }
    }
}
