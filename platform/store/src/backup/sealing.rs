//! Encrypting an archive to people's keys, and opening it again: the age format, for X25519 keys.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::str::FromStr;

use super::{BackupError, file_error};

/// How every encrypted archive begins.
const MARK: &[u8] = b"age-encryption.org/";

/// The public key of somebody who may open a back-up: `age1…`.
#[derive(Clone)]
pub struct BackupKey(age::x25519::Recipient);

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupKey({})", self.0)
    }
}

impl fmt::Display for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// No public key.
    #[error("this is not a public key; one begins with age1 and is printed by `age-keygen -y`")]
    Public,
    /// No identity.
    #[error("this file holds no identity; a line of it begins with AGE-SECRET-KEY-1")]
    Identity,
}

impl FromStr for BackupKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        text.trim().parse().map(Self).map_err(|_| NotAKey::Public)
    }
}

/// The private key that opens a back-up. `Debug` shows whose it is and not itself.
#[derive(Clone)]
pub struct BackupIdentity(age::x25519::Identity);

impl fmt::Debug for BackupIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupIdentity(of {})", self.0.to_public())
    }
}

impl BackupIdentity {
    /// The first identity in a file as `age-keygen` writes it.
    pub fn read(text: &str) -> Result<Self, NotAKey> {
        let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        line.and_then(|line| line.parse().ok()).map(Self).ok_or(NotAKey::Identity)
    }

    /// One that is never written down: with it an archive can be read back while it is made, and by nobody after that.
    pub(super) fn passing() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// The public key that belongs to it.
    pub fn key(&self) -> BackupKey {
        BackupKey(self.0.to_public())
    }
}

/// Where an archive is written.
pub(super) enum Sink {
    Plain(File),
    Encrypted(Box<age::stream::StreamWriter<File>>),
}

impl Sink {
    /// Encrypted to all the keys, or plain where there are none.
    pub fn open(file: File, keys: &[BackupKey]) -> io::Result<Self> {
        if keys.is_empty() {
            return Ok(Self::Plain(file));
        }
        let to = keys.iter().map(|key| -> &dyn age::Recipient { &key.0 });
        let encryptor = age::Encryptor::with_recipients(to).map_err(io::Error::other)?;
        Ok(Self::Encrypted(Box::new(encryptor.wrap_output(file)?)))
    }

    /// Writes the end, without which no archive is whole, and brings everything to the disk.
    pub fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Self::Plain(file) => file,
            Self::Encrypted(writer) => writer.finish()?,
        };
        file.flush()?;
        file.sync_all()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Encrypted(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Encrypted(writer) => writer.flush(),
        }
    }
}

/// What an archive says, decrypted where it is encrypted.
pub(super) fn read(archive: &Path, identity: Option<&BackupIdentity>) -> Result<Box<dyn Read>, BackupError> {
    let mut file = BufReader::new(File::open(archive).map_err(file_error(archive))?);
    if !file.fill_buf().map_err(file_error(archive))?.starts_with(MARK) {
        return Ok(Box::new(file));
    }
    let not_whole = |why: String| BackupError::NotWhole { path: archive.to_owned(), why };
    let identity = identity.ok_or_else(|| BackupError::Encrypted(archive.to_owned()))?;
    let decryptor = age::Decryptor::new_buffered(file).map_err(|error| not_whole(error.to_string()))?;
    let mine: &dyn age::Identity = &identity.0;
    match decryptor.decrypt(std::iter::once(mine)) {
        Ok(reader) => Ok(Box::new(reader)),
        Err(age::DecryptError::NoMatchingKeys) => Err(BackupError::NotForThis(archive.to_owned())),
        Err(error) => Err(not_whole(error.to_string())),
    }
}
