//! The school's own words, as they lie in the home folder.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use words::{Change, Own, Words};

use crate::home::Home;

/// More than the longest file that is read, in bytes.
const LONGEST: u64 = (1 << 20) + 1;

/// What was read: the words, and what could not be.
pub struct Read {
    pub own: Own,
    /// Each file that cannot be read, with why not.
    pub problems: Vec<(PathBuf, String)>,
}

/// Reads every file of a language.
pub fn read(home: &Home) -> Read {
    let mut read = Read { own: Own::none(), problems: Vec::new() };
    let mut files: Vec<PathBuf> = match fs::read_dir(home.words()) {
        Ok(folder) => folder.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    files.sort();
    for file in files {
        let tag = file.file_stem().and_then(|stem| stem.to_str());
        let Some(tag) = tag.filter(|_| file.extension().is_some_and(|end| end == "toml")) else { continue };
        if let Err(problem) = text(&file).and_then(|text| read.own.read(tag, &text)) {
            read.problems.push((file, problem));
        }
    }
    read
}

fn text(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(|error| error.to_string())?;
    opened.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// What is used of it: what is wrong is passed over and said in the service log, and everything else goes on.
pub fn in_use(home: &Home) -> Own {
    let Read { own, problems } = read(home);
    for (file, problem) in problems {
        tracing::warn!(file = %file.display(), problem, "Words of the school's own cannot be read; the program's stand in");
    }
    let wrong = own.check(&Words::built_in()).len();
    if wrong > 0 {
        tracing::warn!(
            wrong,
            "Words of the school's own are passed over; `fivebar words check` says which and why"
        );
    }
    own
}

/// A change that was written: what was said before, and the way back.
pub struct Made {
    /// What the school said of it before.
    pub before: Option<String>,
    /// What it says now.
    pub own: Own,
    earlier: Own,
}

/// Writes a change into its language's file. Whoever calls holds the transaction that writes it down, so that no two do at once.
pub fn make(home: &Home, tag: &str, change: &Change) -> Result<Made> {
    let Read { mut own, problems } = read(home);
    let file = home.words().join(format!("{tag}.toml"));
    if let Some((_, problem)) = problems.iter().find(|(path, _)| *path == file) {
        bail!("{}: {problem}; put that right first. Nothing was changed", file.display());
    }
    let earlier = own.clone();
    let before = own.make(tag, change);
    write(home, &own, tag)?;
    Ok(Made { before, own, earlier })
}

impl Made {
    /// What no page says must not lie there as if one did.
    pub fn take_back(&self, home: &Home, tag: &str) -> Result<()> {
        write(home, &self.earlier, tag)
    }
}

/// Writes the file of a language, or removes it where nothing is left in it.
fn write(home: &Home, own: &Own, tag: &str) -> Result<()> {
    let folder = home.words();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(format!("{tag}.toml"));
    let text = own.written(tag);
    if text.is_empty() {
        return match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            _ => Ok(()),
        };
    }
    let mut new = tempfile::NamedTempFile::new_in(&folder)?;
    std::io::Write::write_all(&mut new, text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(&file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}
