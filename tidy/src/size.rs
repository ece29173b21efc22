//! How long a file may be. One subject per file keeps them short; length is where a second subject shows.

use crate::{Complaint, Source};

/// From here on, look for the second subject.
pub const LOOK_LINES: usize = 500;
/// From here on there certainly is one.
pub const REFUSE_LINES: usize = 900;

/// What the check found.
#[derive(Debug, Default)]
pub struct Sizes {
    /// Files to look at, longest first: path and lines.
    pub long: Vec<(String, usize)>,
    /// Files that are too long.
    pub complaints: Vec<Complaint>,
}

/// Measures every source that people write by hand.
pub fn sizes<'a>(sources: impl Iterator<Item = &'a Source>) -> Sizes {
    let mut sizes = Sizes::default();
    for source in sources.filter(|source| by_hand(source)) {
        let lines = source.text.lines().count();
        if lines > REFUSE_LINES {
            let text = format!("has {lines} lines; find the second subject in it and give that its own file");
            sizes.complaints.push(Complaint::whole(&source.path, text));
        } else if lines > LOOK_LINES {
            sizes.long.push((source.path.clone(), lines));
        }
    }
    sizes.long.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    sizes
}

/// Code. Content and documents are as long as they are.
fn by_hand(source: &Source) -> bool {
    ["rs", "py", "sh", "mjs", "js", "css"].iter().any(|ending| source.is(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_named_and_too_long_ones_refused() {
        let file = |path, lines: usize| Source::new(path, &"x\n".repeat(lines));
        let sources = [
            file("short.rs", 500),
            file("long.rs", 501),
            file("longer.py", 900),
            file("no.rs", 901),
            file("a.md", 9999),
        ];
        let found = sizes(sources.iter());
        assert_eq!(found.long, [("longer.py".to_owned(), 900), ("long.rs".to_owned(), 501)]);
        assert_eq!(found.complaints.len(), 1);
        assert_eq!(found.complaints[0].path, "no.rs");
    }
}
