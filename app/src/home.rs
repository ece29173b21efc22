//! The one folder that holds everything of a school, and what is where in it.
//!
//! ```text
//! fivebar.toml        what the machine needs to know; the school's decisions are in the records
//! keys/ticket.key     signs and hides the links of block pages         gate, hub
//! keys/sealed.key     hashes the sealed entries                        gate, hub
//! keys/notices.key    signs what goes to browsers, and makes the codes for addresses   hub
//! keys/checkpoint.key signs checkpoints of the access trail            commands
//! certificate/        the made certificate of encrypted DNS, its key   the gate, before it leaves root
//! gate/               published snapshots: what the gate may read      written by hub
//! log/                the activity log                                 log
//! hub/fivebar.db      the records, unless they are in PostgreSQL       hub
//! hub/words/          what the school says in its own words, a file a language   hub, commands
//! hub/known-trail     how far their access trail had come: in no back-up   hub, commands
//! hub/portal-address  where the portal listens                         hub
//! log/sealed.log      encrypted records of sealed addresses            log; opened with keys that are not here
//! lists/              the lists as they were read; sealed ones hashed  hub
//! run/pages/          the pages that gates count on                    gate, log
//! run/events/         where gates hand over their events               log, gate
//! run/questions/      where the log is asked                           log, hub
//! run/health/         how the gate fares, in numbers                   gate, hub
//! run/hand-over/      where a gate is asked for its sockets            gate, root
//! run/*.lock          held by whoever runs the school or a part        whoever starts them
//! ```

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A school's folder.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder given, or the usual one.
    pub fn at(given: Option<PathBuf>) -> Self {
        Self(given.unwrap_or_else(|| PathBuf::from("/var/lib/fivebar")))
    }

    /// The folder of a school that has been set up.
    pub fn existing(given: Option<PathBuf>) -> Result<Self> {
        let home = Self::at(given);
        if home.0.join(store::backup::UNFINISHED).exists() {
            let before: Vec<String> =
                store::backup::moved_aside(&home.0).iter().map(|aside| aside.display().to_string()).collect();
            let before = match &*before {
                [] => String::new(),
                some => format!(" What was here before is kept in {}.", some.join(", then ")),
            };
            bail!(
                "a restore into {} was broken off before it was whole, so nothing starts here. Give `fivebar restore` with the same back-up \
                 again: it moves aside what is there and begins anew.{before}",
                home.0.display()
            );
        }
        let is_there = match fs::metadata(home.config()) {
            Ok(seen) => seen.is_file(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => bail!(
                "{} may not be looked into by this account: give this command as root, or as the account that owns the \
                 home",
                home.0.display()
            ),
            Err(_) => false,
        };
        if !is_there {
            bail!(
                "{} is not a Fivebar home: it has no fivebar.toml. Run `fivebar init --home {}` to set a school up there, \
                 or give the right folder with --home.",
                home.0.display(),
                home.0.display()
            );
        }
        // Sockets and mapped files are named from other folders too, so the path must not depend on this one.
        Ok(Self(fs::canonicalize(&home.0).with_context(|| format!("cannot open {}", home.0.display()))?))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
    pub fn config(&self) -> PathBuf {
        self.0.join("fivebar.toml")
    }
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }
    pub fn certificate(&self) -> PathBuf {
        self.0.join("certificate")
    }
    pub fn gate(&self) -> PathBuf {
        self.0.join("gate")
    }
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }
    pub fn hub(&self) -> PathBuf {
        self.0.join("hub")
    }
    pub fn lists(&self) -> PathBuf {
        self.0.join("lists")
    }
    /// The school's own words, over those of the program.
    pub fn words(&self) -> PathBuf {
        self.hub().join("words")
    }
    pub fn health(&self) -> PathBuf {
        self.run().join("health")
    }
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Makes the folders that are missing; only their owner may look into them.
    pub fn make_folders(&self) -> Result<()> {
        for folder in [
            &self.0,
            &self.keys(),
            &self.certificate(),
            &self.gate(),
            &self.log(),
            &self.hub(),
            &self.lists(),
            &self.run(),
            &self.health(),
            &crate::process::hand_over::folder(self),
        ] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        activity::make_folders(&self.run())?;
        Ok(())
    }
}

/// A 256-bit secret of this school.
pub type Key = [u8; 32];

/// The key of what people are told. Homes of programs before this one get theirs when the school starts.
pub const NOTICES_KEY: &str = "notices.key";

/// Reads a key; a missing one says how keys come to be.
pub fn read_key(home: &Home, name: &str) -> Result<Key> {
    let path = home.keys().join(name);
    let bytes = fs::read(&path).with_context(|| {
        format!(
            "cannot read {}. `fivebar init` writes the keys; a lost one comes back with `fivebar restore`.",
            path.display()
        )
    })?;
    Key::try_from(bytes.as_slice()).ok().with_context(|| {
        format!(
            "{} is {} bytes long, not 32: it is damaged. Bring it back with `fivebar restore`.",
            path.display(),
            bytes.len()
        )
    })
}

/// Writes a new random key that only its owner may read; never over one that is there.
pub fn make_key(home: &Home, name: &str) -> Result<()> {
    let path = home.keys().join(name);
    if path.exists() {
        return Ok(());
    }
    let mut key = [0u8; 32];
    getrandom::fill(&mut key)
        .map_err(|error| anyhow::anyhow!("the machine has no random numbers: {error}"))?;
    write_secret(&path, &key)
}

/// Writes a file that only its owner may read, never over one that is there.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}
