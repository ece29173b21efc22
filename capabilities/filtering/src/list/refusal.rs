//! Why a list is not taken.

use std::sync::Arc;

use ::store::StoreError;
use lists::Foreign;

use super::files::FileError;
use super::intake::Blocks;
use super::web::DownloadError;

/// Why a list was not taken. Nothing else is held up by it, and a list that was in use stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be fetched.
    #[error(transparent)]
    Download(#[from] Arc<DownloadError>),
    /// A file is in another format, or no list at all.
    #[error("{file}: {why}")]
    Foreign {
        /// Which.
        file: String,
        /// What it is.
        why: Foreign,
    },
    /// Nobody says what it is a list of.
    #[error(
        "{id}: nothing says what this is a list of; say it with --category, one of those that `fivebar lists status` shows"
    )]
    NoCategory {
        /// The list.
        id: String,
    },
    /// There is no such category.
    #[error("there is no category {0:?}")]
    UnknownCategory(String),
    /// It is held.
    #[error("{id}: this list is held; `fivebar lists release {id}` lets it be changed")]
    Held {
        /// The list.
        id: String,
    },
    /// Another list has its name.
    #[error(
        "{id} is the name of a list that is in use and read from {other}; rename this file or its folder (of one from the \
         web, say --name), or take the other out first with `fivebar lists remove {id} --reason WHY`"
    )]
    SameName {
        /// The name of both.
        id: String,
        /// Where the other one comes from.
        other: String,
    },
    /// Nothing in it could be used: a download that failed, as a rule.
    #[error("{id}: not one of its {lines} lines could be used, so it was left as it was")]
    Nothing {
        /// The list.
        id: String,
        /// How many.
        lines: u64,
    },
    /// With the other lists it would take more memory than the machine is asked for.
    #[error(
        "{id}: with the lists in use it would need more than {} MiB of memory; use a smaller edition of it, or take out a list \
         that repeats others with `fivebar lists remove`", .most >> 20
    )]
    TooMuchTogether {
        /// The list.
        id: String,
        /// How many bytes all lists may need.
        most: u64,
    },
    /// An update would change it too much for nobody to look at it.
    #[error(
        "{id}: the update would take it from {before} entries to {now}, so it was left as it was; if that is right, \
         `fivebar lists import {path}` takes it"
    )]
    ChangesTooMuch {
        /// The list.
        id: String,
        /// Where it comes from.
        path: String,
        /// How many entries it has.
        before: u64,
        /// How many it would have.
        now: u64,
    },
    /// An update would newly block too much of what the school asked for before, for nobody to look at it.
    #[error(
        "{id}: the update would newly block {} of {} visits in the last days, of {}, so it was left as it was; if that is right, \
         `fivebar lists import {path}` takes it", .blocks.visits, .blocks.of, .blocks.whose()
    )]
    BlocksTooMuch {
        /// The list.
        id: String,
        /// Where it comes from.
        path: String,
        /// How much.
        blocks: Blocks,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
