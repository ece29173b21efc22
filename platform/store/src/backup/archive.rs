//! Writing and reading an archive: tar in zstd. Blocking, and knows nothing of what is in it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{FORM, FileLine, Manifest, NAME};
use super::sealing::{self, BackupIdentity, BackupKey, Sink};
use super::{BackupError, Doing, Progress, Watch, file_error, make_folder};
use crate::trail::hex;

/// Where files of the home folder stand in the archive.
const HOME: &str = "home/";
/// zstd's usual level: more buys little for a database.
const LEVEL: i32 = 3;
/// The longest manifest that is read: a few hundred bytes a file.
const LONGEST_MANIFEST: u64 = 64 << 20;

/// An archive being written.
pub struct Writing {
    path: PathBuf,
    tar: tar::Builder<zstd::Encoder<'static, Sink>>,
    watch: Watch,
    done_bytes: u64,
    of_bytes: u64,
}

impl Writing {
    /// Begins an archive at `path`, readable by its owner alone, and encrypted where there are keys.
    pub fn begin(path: &Path, keys: &[BackupKey], of_bytes: u64, watch: Watch) -> Result<Self, BackupError> {
        let file =
            File::options().write(true).create_new(true).mode(0o600).open(path).map_err(file_error(path))?;
        let sink = Sink::open(file, keys).map_err(file_error(path))?;
        let mut encoder = zstd::Encoder::new(sink, LEVEL).map_err(file_error(path))?;
        encoder.include_checksum(true).map_err(file_error(path))?;
        let path = path.to_owned();
        Ok(Self { path, tar: tar::Builder::new(encoder), watch, done_bytes: 0, of_bytes })
    }

    /// Adds the file at `from` under `name`. A file that grows meanwhile is taken up to the length it had.
    pub fn add(&mut self, from: &Path, name: &str) -> Result<(String, u64, u32), BackupError> {
        let file = File::open(from).map_err(file_error(from))?;
        let seen = file.metadata().map_err(file_error(from))?;
        let mode = seen.permissions().mode() & 0o777;
        let mut source = Hashing { inner: file.take(seen.len()), sha: Sha256::new(), bytes: 0 };
        let mut header = header(seen.len(), mode);
        self.tar.append_data(&mut header, name, &mut source).map_err(file_error(&self.path))?;
        if source.bytes != seen.len() {
            return Err(BackupError::Changed(from.to_owned()));
        }
        self.done_bytes += source.bytes;
        (self.watch)(Progress {
            doing: Doing::Writing,
            done_bytes: self.done_bytes,
            of_bytes: self.of_bytes,
        });
        Ok((hex(&source.sha.finalize()), source.bytes, mode))
    }

    /// Adds a file of the home folder.
    pub fn add_home(&mut self, home: &Path, path: &str) -> Result<FileLine, BackupError> {
        let (sha256, bytes, mode) = self.add(&home.join(path), &format!("{HOME}{path}"))?;
        Ok(FileLine { path: path.to_owned(), sha256, bytes, mode })
    }

    /// Writes the manifest and brings everything to the disk.
    pub fn finish(mut self, manifest: &Manifest) -> Result<(), BackupError> {
        let text =
            serde_json::to_vec_pretty(manifest).map_err(|error| file_error(&self.path)(error.into()))?;
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.tar.append_data(&mut header(length, 0o600), NAME, &*text).map_err(file_error(&self.path))?;
        let encoder = self.tar.into_inner().map_err(file_error(&self.path))?;
        encoder.finish().and_then(Sink::finish).map_err(file_error(&self.path))
    }
}

fn header(bytes: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(mode);
    header.set_mtime(0);
    header
}

/// Unpacks an archive into `into`, which must be empty: the records beside a folder `home`. Every file must be in the
/// manifest with its hash, and every file of the manifest must be there; nothing can land outside `into`.
pub fn unpack(
    archive: &Path,
    identity: Option<&BackupIdentity>,
    into: &Path,
    watch: &Watch,
) -> Result<Manifest, BackupError> {
    let not_whole = |why: &str| BackupError::NotWhole { path: archive.to_owned(), why: why.to_owned() };
    let cut_off =
        |error: io::Error| BackupError::NotWhole { path: archive.to_owned(), why: error.to_string() };
    let of_bytes = std::fs::metadata(archive).map_err(file_error(archive))?.len();
    let decoder = zstd::Decoder::new(sealing::read(archive, identity)?).map_err(cut_off)?;
    let mut tar = tar::Archive::new(BufReader::new(decoder));

    let mut found: Vec<FileLine> = Vec::new();
    let mut manifest: Option<Manifest> = None;
    let mut done_bytes = 0;
    for entry in tar.entries().map_err(cut_off)? {
        let mut entry = entry.map_err(cut_off)?;
        if manifest.is_some() {
            return Err(not_whole("something follows its manifest"));
        }
        let name = entry.path().map_err(cut_off)?.into_owned();
        let name = plain(&name).ok_or_else(|| not_whole("it names a file outside itself"))?;
        if !entry.header().entry_type().is_file() {
            return Err(not_whole("it holds something that is not a file"));
        }
        if name == NAME {
            let mut text = Vec::new();
            entry.by_ref().take(LONGEST_MANIFEST).read_to_end(&mut text).map_err(cut_off)?;
            manifest = Some(read_manifest(archive, &text)?);
            continue;
        }
        let mode = entry.header().mode().map_err(cut_off)? & 0o777;
        let target = into.join(&name);
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        let mut out = File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&target)
            .map_err(file_error(&target))?;
        let mut source = Hashing { inner: entry, sha: Sha256::new(), bytes: 0 };
        let mut buffer = vec![0; 128 << 10];
        loop {
            let length = source.read(&mut buffer).map_err(cut_off)?;
            let Some(part) = buffer.get(..length).filter(|part| !part.is_empty()) else { break };
            out.write_all(part).map_err(file_error(&target))?;
        }
        out.sync_all().map_err(file_error(&target))?;
        done_bytes += source.bytes;
        watch(Progress { doing: Doing::Reading, done_bytes, of_bytes: of_bytes.max(done_bytes) });
        found.push(FileLine { path: name, sha256: hex(&source.sha.finalize()), bytes: source.bytes, mode });
    }
    // To the very end: the checksum over everything, the manifest included, stands there.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(cut_off)?;
    let manifest = manifest.ok_or_else(|| not_whole("it ends before its manifest"))?;
    compare(archive, &manifest, &found)?;
    Ok(manifest)
}

fn read_manifest(archive: &Path, text: &[u8]) -> Result<Manifest, BackupError> {
    #[derive(serde::Deserialize)]
    struct Form {
        form: u32,
    }
    let unreadable =
        |_| BackupError::NotWhole { path: archive.to_owned(), why: "its manifest cannot be read".into() };
    let Form { form } = serde_json::from_slice(text).map_err(unreadable)?;
    if form != FORM {
        return Err(BackupError::OtherForm { path: archive.to_owned(), form });
    }
    serde_json::from_slice(text).map_err(unreadable)
}

/// Every file is in the manifest as it is, and every line of the manifest has its file.
fn compare(archive: &Path, manifest: &Manifest, found: &[FileLine]) -> Result<(), BackupError> {
    let damaged = |file: &str| BackupError::Damaged { path: archive.to_owned(), file: file.to_owned() };
    let mut wanted: Vec<(String, &str, u64)> = manifest
        .files
        .iter()
        .map(|line| (format!("{HOME}{}", line.path), &*line.sha256, line.bytes))
        .collect();
    wanted.push((manifest.records.name.clone(), &manifest.records.sha256, manifest.records.bytes));
    wanted.sort();
    let mut there: Vec<(String, &str, u64)> =
        found.iter().map(|line| (line.path.clone(), &*line.sha256, line.bytes)).collect();
    there.sort();
    for (name, sha256, bytes) in &there {
        match wanted.iter().find(|(wanted, ..)| wanted == name) {
            Some((_, wanted, size)) if wanted == sha256 && size == bytes => {}
            _ => return Err(damaged(name)),
        }
    }
    match wanted.iter().find(|(name, ..)| !there.iter().any(|(there, ..)| there == name)) {
        Some((name, ..)) => Err(damaged(name)),
        None => Ok(()),
    }
}

/// The path as text, if it only goes down.
pub fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Hashes and counts what is read through it.
struct Hashing<R> {
    inner: R,
    sha: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if let Some(part) = buffer.get(..length) {
            self.sha.update(part);
        }
        self.bytes += u64::try_from(length).unwrap_or(0);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_an_archive_only_goes_down() {
        for (path, wanted) in [
            ("home/gate/lists.idx", Some("home/gate/lists.idx")),
            ("./a", None),
            ("../a", None),
            ("a/../b", None),
            ("/etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(plain(Path::new(path)).as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn an_archive_cannot_write_outside_the_folder_it_is_unpacked_in() {
        for name in ["../outside", "home/../../outside", "/tmp/fivebar-outside"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("archive");
            let mut tar = tar::Builder::new(zstd::Encoder::new(File::create(&path).unwrap(), 1).unwrap());
            let mut header = header(1, 0o600);
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, &b"x"[..]).unwrap();
            tar.into_inner().unwrap().finish().unwrap();
            let into = folder.path().join("into");
            std::fs::create_dir(&into).unwrap();
            let refused = unpack(&path, None, &into, &super::super::unwatched()).unwrap_err();
            assert!(refused.to_string().contains("outside itself"), "{name}: {refused}");
            assert!(!folder.path().join("outside").exists());
        }
    }
}
