//! The checks, run over this repository.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check that cannot read the repository has failed"
)]

mod documents;
mod rules;

use std::path::Path;
use std::sync::LazyLock;

use tidy::{Complaint, Tree, complaint};

/// The repository, read once for all tests of this binary.
static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Tree::read(root).unwrap()
});

/// Fails with every complaint, a line each.
#[track_caller]
fn none(complaints: Vec<Complaint>) {
    if let Some(report) = complaint::report(complaints) {
        panic!("the repository is untidy:\n{report}");
    }
}

/// The text of a file that must be there.
#[track_caller]
fn text(path: &str) -> &'static str {
    match TREE.source(path) {
        Some(source) => &source.text,
        None => panic!("{path} is missing"),
    }
}
