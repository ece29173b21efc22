//! The repository's own files, read once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that hold what machines make.
const MADE_BY_MACHINES: [&str; 7] =
    ["target", "node_modules", "venv", ".git", "corpus", "corpus-found", "vendored"];

/// Endings of files whose text is checked.
const TEXT: [&str; 14] =
    ["rs", "toml", "md", "sh", "py", "mjs", "js", "json", "css", "html", "yml", "yaml", "txt", "run"];

/// One text file.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// A source for a sample or a test.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the file's name ends so.
    pub fn is(&self, ending: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
    }
}

/// The repository: its root, and every text file below it in the order of their paths.
#[derive(Debug)]
pub struct Tree {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// The files.
    pub sources: Vec<Source>,
}

impl Tree {
    /// Reads the repository that this crate lies in. Some thousand small files: tens of milliseconds.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut sources = Vec::new();
        walk(root, root, &mut sources)?;
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), sources })
    }

    /// The file at that path.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }

    /// The files whose names end so.
    pub fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| source.is(ending))
    }
}

fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !MADE_BY_MACHINES.contains(&name.as_ref()) {
                walk(root, &path, sources)?;
            }
        } else if kind.is_file() && is_text(&name) {
            // A file that is not UTF-8 is a sample of bad input, not a source.
            if let (Ok(text), Ok(inside)) = (fs::read_to_string(&path), path.strip_prefix(root)) {
                sources.push(Source { path: inside.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    Ok(())
}

fn is_text(name: &str) -> bool {
    let named = matches!(name, "Makefile" | "run" | ".gitignore") || name.starts_with("LICENSE-");
    let ending = name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending));
    (named || ending) && !matches!(name, "Cargo.lock" | "package-lock.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_and_pictures_are_not_ours_to_check() {
        for (name, expected) in [
            ("lib.rs", true),
            ("Makefile", true),
            ("LICENSE-MIT", true),
            ("Cargo.lock", false),
            ("package-lock.json", false),
            ("logo.png", false),
            ("README", false),
        ] {
            assert_eq!(is_text(name), expected, "{name}");
        }
    }
}
