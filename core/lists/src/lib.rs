//! Lists of sites: reading every format a school may have, and one flat index over all of them.
//!
//! Text goes through [`read`] or [`read_file`] into a [`Sink`], usually the [`ListWriter`] of an [`IndexBuilder`]; the builder writes
//! one image; [`ListIndex`] opens it, from a vector or mapped from a file, and answers which lists know a name, an
//! address or a URL. No input or output, no clock, no randomness: the seed of a build is passed in.
#![warn(missing_docs)]

mod addresses;
mod build;
mod build_names;
mod build_paths;
pub mod e2guardian;
mod entry;
mod format;
mod hash;
mod head;
mod hits;
mod image;
mod index;
mod kinds;
mod licence;
pub mod origins;
pub mod patch;
mod paths;
mod read;
mod report;
mod sample;
mod starter;
mod suffixes;
pub mod url;

pub use build::{BuildError, Gathered, IndexBuilder, ListWriter};
pub use entry::{Entry, Says, Sink};
pub use format::{Foreign, Format, detect, detect_by};
pub use hash::{NameHasher, Seed, Suffix, Suffixes};
pub use head::{ListHead, Tally};
pub use hits::{Hits, ListNo, ListSetNo};
pub use image::OpenError;
pub use index::{Image, ListIndex, Match};
pub use kinds::{CATEGORIES, ENDINGS, Kinds, KindsError, WORDS_ANYWHERE};
pub use licence::{LICENCES, licence_of, licence_of_source};
pub use read::{PIECE, ReadError, count_lines, read, read_file, read_from, translate};
pub use report::{Refusal, Refused, Report};
pub use sample::Sample;
pub use starter::STARTER;
pub use suffixes::{MEANT_SUFFIXES, MeantSuffix};
