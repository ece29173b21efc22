//! One home is run once. Two gates on one home would both answer, each with half of what happens; so whoever runs a home
//! holds locks in its `run/`, and a second is told who was first.
//!
//! The kernel lets go of a lock when its process ends, however it ends: a file that is left behind locks nothing. The
//! process's number in it is for the message alone.
//!
//! ```text
//! run/school.lock     held alone by whoever runs all parts, together by parts that run on their own
//! run/PART.lock       held alone by the part
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cli::Part;
use crate::home::Home;
use crate::process::stop::SUPERVISED;

/// How long a part that this program starts waits for one before it to end: a school whose first process was killed
/// leaves parts that are on their way out.
const LEAVING: Duration = Duration::from_secs(15);

const ALL: [Part; 3] = [Part::Gate, Part::Log, Part::Hub];

/// What is held for as long as this is kept.
#[derive(Debug)]
pub struct Held {
    /// The part's own lock is the last.
    files: Vec<File>,
}

impl Held {
    /// Whoever comes second is told of this process from now on.
    pub fn names_this_process(&self) -> Result<()> {
        self.files.last().map_or(Ok(()), |file| write_down(file, Path::new("the lock")))
    }

    /// The part's lock, to be held by the process that takes this one's place as well.
    pub fn to_share(&self) -> Result<Option<OwnedFd>> {
        let shared = self.files.last().map(|file| file.as_fd().try_clone_to_owned());
        shared.transpose().context("cannot share the lock")
    }
}

/// Holds a home for whoever runs all its parts.
pub fn hold_school(home: &Home) -> Result<Held> {
    let path = school(home);
    let file = open(&path)?;
    if !alone(&file, &path)? {
        // Where it can be shared, parts that run on their own are what is in the way.
        if together(&file, &path)? {
            for part in ALL {
                let path = of_part(home, part);
                if path.exists() && !together(&open(&path)?, &path)? {
                    return already_running(home, &format!("the {} of {}", part.id(), shown(home)), &path);
                }
            }
        }
        return already_running(home, &shown(home), &path);
    }
    write_down(&file, &path)?;
    Ok(Held { files: vec![file] })
}

/// Holds a home for one of its parts: beside whoever started it, or beside other parts that run on their own.
pub fn hold_part(home: &Home, part: Part) -> Result<Held> {
    let mut files = Vec::new();
    let supervised = std::env::var_os(SUPERVISED).is_some();
    if !supervised {
        let path = school(home);
        let file = open(&path)?;
        if !together(&file, &path)? {
            return already_running(home, &shown(home), &path);
        }
        files.push(file);
    }
    let path = of_part(home, part);
    let file = open(&path)?;
    let until = Instant::now() + LEAVING;
    while !alone(&file, &path)? {
        if !supervised || Instant::now() > until {
            return already_running(home, &format!("the {} of {}", part.id(), shown(home)), &path);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    write_down(&file, &path)?;
    files.push(file);
    Ok(Held { files })
}

/// Holds a home for a part together with the process whose place it takes: a lock that is passed on is never let go.
///
/// Once this process serves, it says so in the lock: [`Held::names_this_process`].
pub fn hold_together(home: &Home, lock: File) -> Result<Held> {
    let path = school(home);
    let file = open(&path)?;
    if !together(&file, &path)? {
        return already_running(home, &shown(home), &path);
    }
    Ok(Held { files: vec![file, lock] })
}

fn school(home: &Home) -> PathBuf {
    home.run().join("school.lock")
}

fn of_part(home: &Home, part: Part) -> PathBuf {
    home.run().join(format!("{}.lock", part.id()))
}

fn shown(home: &Home) -> String {
    home.path().display().to_string()
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

fn alone(file: &File, path: &Path) -> Result<bool> {
    taken(file.try_lock(), path)
}

fn together(file: &File, path: &Path) -> Result<bool> {
    taken(file.try_lock_shared(), path)
}

fn taken(tried: Result<(), TryLockError>, path: &Path) -> Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Writes this process's number over whatever number an earlier one left.
fn write_down(file: &File, path: &Path) -> Result<()> {
    file.set_len(0)
        .and_then(|()| file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn already_running<T>(home: &Home, what: &str, path: &Path) -> Result<T> {
    let mut written = String::new();
    let read = File::open(path).and_then(|file| file.take(32).read_to_string(&mut written));
    match read.ok().and_then(|_| written.trim().parse::<u32>().ok()) {
        Some(process) => bail!("{what} is already running, process {process}; stop it first"),
        // Whoever holds it has not written its number yet.
        None => bail!("{} is already running; stop it first", shown(home)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn home(folder: &tempfile::TempDir) -> Home {
        let home = Home::at(Some(folder.path().to_owned()));
        home.make_folders().unwrap();
        home
    }

    #[test]
    fn a_school_is_run_once_and_whoever_comes_second_is_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(&folder);
        let said = format!("already running, process {}; stop it first", std::process::id());
        let held = hold_school(&home).unwrap();
        for second in [hold_school(&home), hold_part(&home, Part::Gate)] {
            let why = second.unwrap_err().to_string();
            assert!(why.contains(&said), "{why}");
        }
        drop(held);
        // Files that are left behind hold nothing.
        fs::write(home.run().join("school.lock"), "1\n").unwrap();
        drop(hold_school(&home).unwrap());
    }

    #[test]
    fn parts_on_their_own_run_side_by_side_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(&folder);
        let said = format!("already running, process {}; stop it first", std::process::id());
        let log = hold_part(&home, Part::Log).unwrap();
        let gate = hold_part(&home, Part::Gate).unwrap();
        let why = hold_part(&home, Part::Gate).unwrap_err().to_string();
        assert!(why.contains("the gate of") && why.contains(&said), "{why}");
        let why = hold_school(&home).unwrap_err().to_string();
        assert!(why.contains("the gate of") && why.contains(&said), "{why}");
        drop(gate);
        let why = hold_school(&home).unwrap_err().to_string();
        assert!(why.contains("the log of") && why.contains(&said), "{why}");
        drop(log);
        drop(hold_school(&home).unwrap());
    }
}
