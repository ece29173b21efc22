//! Opening what is published, as a gate does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::policy::Covered;
use engine::sealed::Unverifiable;
use engine::{Catalogue, FilterPolicy, LiveDocument, PolicyDocument, Problem, Sealed, SealedKey};
use front_sys::MappedFile;
use lists::ListIndex;

use super::files::{PublishError, Published};

/// Why what is published cannot be used. A gate that has something goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file cannot be read.
    #[error(transparent)]
    Files(#[from] PublishError),
    /// The index of the lists cannot be mapped.
    #[error("{}: {source}", .path.display())]
    Map {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The index of the lists cannot be opened.
    #[error("{}: {source}; `fivebar lists update` builds it again", .path.display())]
    Lists {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: lists::OpenError,
    },
    /// The sealed entries were not hashed under this school's key.
    #[error(transparent)]
    Sealed(#[from] Unverifiable),
    /// The policy or the content that comes with this program cannot be used.
    #[error("{}", first(.0))]
    Policy(Vec<Problem>),
}

fn first(problems: &[Problem]) -> String {
    let first = problems.iter().find(|problem| problem.is_error()).or(problems.first());
    first.map_or_else(|| "the policy cannot be used".to_owned(), |problem| format!("the policy: {problem}"))
}

/// What is published, opened.
#[derive(Debug)]
pub struct Opened {
    /// Which generation.
    pub published: Published,
    /// Its policy, over the lists.
    pub policy: FilterPolicy,
    /// Its live part.
    pub live: LiveDocument,
}

impl Opened {
    /// Opens what `folder` holds. The lists are mapped and not read, so the cost is the policy's: a few milliseconds. An
    /// exemption that new sealed entries cover is left out with a warning and holds nothing up.
    pub fn open(folder: &Path, key: SealedKey) -> Result<Self, OpenError> {
        let published = Published::read(folder)?.ok_or(PublishError::First)?;
        let file = published.policy(folder)?;
        let sealed = Arc::new(Sealed::open(key, &file.sealed)?);
        let mut document = PolicyDocument::parse(&file.document).map_err(OpenError::Policy)?;
        document.version = file.version;
        let catalogue = Arc::new(Catalogue::built_in().map_err(OpenError::Policy)?);
        let index = Arc::new(open_lists(folder, &published)?);
        let policy = FilterPolicy::compile_with(&document, &catalogue, index, &sealed, Covered::Drop)
            .map_err(OpenError::Policy)?;
        let live = open_live(folder, &published)?;
        Ok(Self { published, policy, live })
    }
}

/// The live part of what is published.
pub fn open_live(folder: &Path, published: &Published) -> Result<LiveDocument, OpenError> {
    Ok(published.live(folder)?)
}

/// The index of the lists, mapped.
fn open_lists(folder: &Path, published: &Published) -> Result<ListIndex, OpenError> {
    let path = published.lists_path(folder);
    let mapped =
        MappedFile::open(&path).map_err(|source| OpenError::Map { path: path.clone(), source })?;
    ListIndex::open(Arc::new(mapped)).map_err(|source| OpenError::Lists { path, source })
}
