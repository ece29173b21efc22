//! Where back-ups lie.

mod error;
mod folder;
mod s3;
mod sending;

pub use error::PlaceError;
pub use folder::Folder;
pub use s3::{S3, S3Address};
pub use sending::{Patience, Roots};

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::kept::Made;
use crate::name::Archive;

/// How the name of the small file ends that says that a back-up is good.
const PROOF_END: &str = ".proof";
/// What says that a place is a school's own, before the school.
const MARK: &str = "fivebar-place-";
/// The form of proofs.
const FORM: u32 = 1;
/// The longest small file that is read, in bytes.
const LONGEST_SMALL: u64 = 64 << 10;

/// What lies beside a back-up that was read back and was as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The form of this file.
    pub form: u32,
    /// The back-up's SHA-256 in hexadecimal, as it lies there.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

impl Proof {
    /// Of a file that is whole.
    pub fn of(file: &Path, encrypted: bool) -> Result<Self, PlaceError> {
        let (sha256, bytes) = folder::sum_of(file)?;
        Ok(Self { form: FORM, sha256, bytes, encrypted })
    }

    fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|proof: &Self| proof.form == FORM)
    }

    fn written(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

/// What is being done with a back-up, and how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is sent: so many bytes of so many.
    Sending(u64, u64),
    /// It is read back, or fetched.
    Reading(u64, u64),
}

/// Who is told how far it is.
pub type Watch<'w> = &'w (dyn Fn(Progress) + Send + Sync);

/// Tells nobody.
pub const fn unwatched(_: Progress) {}

/// Where back-ups lie.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a run of the program has one of them")]
pub enum Place {
    /// A folder of this machine, or of another that is mounted here.
    Folder(Folder),
    /// An S3-compatible store.
    Store(S3),
}

impl Place {
    /// In words, without a secret.
    pub fn words(&self) -> String {
        match self {
            Self::Folder(folder) => folder.words(),
            Self::Store(store) => store.words(),
        }
    }

    /// Makes it a place of this school: tries to write, read and remove there, and leaves the mark without which no back-up is
    /// written. A folder at which a disk should be mounted and is not has no mark, and so is never filled in its stead.
    pub async fn prepare(&self, school: &str) -> Result<(), PlaceError> {
        let mark = format!("{MARK}{school}");
        match self {
            Self::Folder(folder) => folder.prepare(&mark),
            Self::Store(store) => store.prepare(&mark).await,
        }
    }

    /// Whether it is there and is this school's.
    pub async fn ready(&self, school: &str) -> Result<(), PlaceError> {
        let mark = format!("{MARK}{school}");
        let is_there = match self {
            Self::Folder(folder) => folder.small(&mark)?.is_some(),
            Self::Store(store) => store.small(&mark).await?.is_some(),
        };
        if is_there { Ok(()) } else { Err(PlaceError::NotPrepared(self.words())) }
    }

    /// The school's good back-ups there, oldest first.
    pub async fn list(&self, school: &str) -> Result<Vec<Archive>, PlaceError> {
        let names = self.names(school).await?;
        let mut good: Vec<Archive> = names
            .iter()
            .filter_map(|name| Archive::named(name.strip_suffix(PROOF_END)?))
            .filter(|archive| archive.school == school && names.contains(&archive.name()))
            .collect();
        good.sort();
        Ok(good)
    }

    /// Back-ups of the school there that nobody proved: what was left half done.
    pub async fn unproved(&self, school: &str) -> Result<Vec<Archive>, PlaceError> {
        let names = self.names(school).await?;
        let is_unproved = |name: &&String| !names.contains(&format!("{name}{PROOF_END}"));
        let all = names.iter().filter(is_unproved).filter_map(|name| Archive::named(name));
        Ok(all.filter(|archive| archive.school == school).collect())
    }

    async fn names(&self, school: &str) -> Result<Vec<String>, PlaceError> {
        match self {
            Self::Folder(folder) => folder.names(),
            Self::Store(store) => store.names(&format!("fivebar-{school}-")).await,
        }
    }

    /// Puts a back-up there: writes it, reads it back whole, and only then says that it is good. Whatever stops this leaves nothing
    /// that counts.
    pub async fn put(
        &self,
        archive: &Archive,
        file: &Path,
        proof: &Proof,
        watch: Watch<'_>,
    ) -> Result<(), PlaceError> {
        let name = archive.name();
        let read_back = match self {
            Self::Folder(folder) => folder.put(&name, file, proof.bytes, watch)?,
            Self::Store(store) => {
                store.put(&name, file, proof.bytes, watch).await?;
                store.sum(&name, proof.bytes, watch).await?
            }
        };
        if read_back != (proof.sha256.clone(), proof.bytes) {
            // It is not what was sent: nobody shall take it for a back-up.
            let _ = self.remove_file(&name).await;
            return Err(PlaceError::Differs { name });
        }
        self.put_small(&format!("{name}{PROOF_END}"), &proof.written()).await
    }

    /// The proof of a back-up; `None` where it was never proved.
    pub async fn proof(&self, archive: &Archive) -> Result<Option<Proof>, PlaceError> {
        let name = format!("{}{PROOF_END}", archive.name());
        let small = match self {
            Self::Folder(folder) => folder.small(&name)?,
            Self::Store(store) => store.small(&name).await?,
        };
        Ok(small.and_then(|text| Proof::read(&text)))
    }

    /// Fetches a back-up to a new file, and holds it against its proof, and that against what the records kept when it was made: whoever can
    /// change a back-up where it lies can change the proof beside it.
    pub async fn get(
        &self,
        archive: &Archive,
        kept: Option<&Made>,
        to: &Path,
        watch: Watch<'_>,
    ) -> Result<Proof, PlaceError> {
        let name = archive.name();
        let proof = self.proof_as_kept(archive, kept).await?;
        let fetched = match self {
            Self::Folder(folder) => folder.get(&name, to, proof.bytes, watch)?,
            Self::Store(store) => store.get(&name, to, proof.bytes, watch).await?,
        };
        if fetched != (proof.sha256.clone(), proof.bytes) {
            return Err(PlaceError::Damaged { name });
        }
        Ok(proof)
    }

    /// The proof of a back-up, where the records that made it agree.
    async fn proof_as_kept(&self, archive: &Archive, kept: Option<&Made>) -> Result<Proof, PlaceError> {
        let name = archive.name();
        let proof = self.proof(archive).await?.ok_or_else(|| PlaceError::NoSuch(name.clone()))?;
        let agrees = kept.is_none_or(|kept| kept.sha256 == proof.sha256 && kept.bytes == proof.bytes);
        if agrees { Ok(proof) } else { Err(PlaceError::Damaged { name }) }
    }

    /// Whether a back-up there still is what was put there: all of it is read.
    pub async fn still_whole(
        &self,
        archive: &Archive,
        kept: Option<&Made>,
        watch: Watch<'_>,
    ) -> Result<Proof, PlaceError> {
        let name = archive.name();
        let proof = self.proof_as_kept(archive, kept).await?;
        let sum = match self {
            Self::Folder(folder) => folder.sum(&name, watch)?,
            Self::Store(store) => store.sum(&name, proof.bytes, watch).await?,
        };
        if sum == (proof.sha256.clone(), proof.bytes) { Ok(proof) } else { Err(PlaceError::Damaged { name }) }
    }

    /// Removes a back-up: its proof first, so that half of this leaves none that counts.
    pub async fn remove(&self, archive: &Archive) -> Result<(), PlaceError> {
        let name = archive.name();
        self.remove_file(&format!("{name}{PROOF_END}")).await?;
        self.remove_file(&name).await
    }

    async fn remove_file(&self, name: &str) -> Result<(), PlaceError> {
        match self {
            Self::Folder(folder) => folder.remove(name),
            Self::Store(store) => store.remove(name).await,
        }
    }

    async fn put_small(&self, name: &str, text: &[u8]) -> Result<(), PlaceError> {
        match self {
            Self::Folder(folder) => folder.put_small(name, text),
            Self::Store(store) => store.put_small(name, text).await,
        }
    }
}
