//! The style sheet, the script and the fonts, built into the program. A file's name carries the hash of its content, so
//! a browser may keep it for ever.

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::PageError;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /assets/{file}`.
pub(crate) fn routes() -> Router {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(file: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let Path(file) = file.map_err(|_| PageError::NotFound)?;
    let (_, kind, content) = FILES.iter().find(|(name, ..)| *name == file).ok_or(PageError::NotFound)?;
    let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *content).into_response())
}

/// Every file with its kind and content, for a test that lays pages out to be opened in a browser.
#[cfg(feature = "checks")]
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static [u8])> {
    FILES.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_gov_uk_alone_is_embedded() {
        let (_, _, style) = FILES.iter().find(|(name, ..)| *name == STYLE).unwrap();
        let style = String::from_utf8(style.to_vec()).unwrap();
        assert!(!style.contains("GDS") && !style.contains("crest"));
        assert_eq!(style.matches("@font-face").count(), 2);
        assert_eq!(style.matches("url(").count(), 2, "only our own two fonts are fetched");
        assert!(style.contains("font-family:Atkinson Hyperlegible Next,arial,sans-serif"));
        assert!(FILES.iter().all(|(name, ..)| !name.contains("govuk")));
    }
}
