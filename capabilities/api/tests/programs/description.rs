//! The description of the API is a file that somebody reads before it changes.

/// Run with FIVEBAR_WRITE=1 to write it anew, and read the difference.
#[test]
fn the_description_is_the_one_that_was_reviewed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
    let text = api::describe::text();
    if std::env::var_os("FIVEBAR_WRITE").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(reviewed == text, "the API has changed: write docs/api/openapi.json anew, and have it read");
}
