//! What `sealed` is given.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Sealed {
    /// Load entries: a host or a web address a line. They are hashed as they are read, never printed and never kept.
    Import {
        /// The feed; - reads it from standard input.
        file: PathBuf,
        /// It is a live feed.
        #[arg(long, requires = "fresh_for", conflicts_with = "test", required_unless_present = "test")]
        live: bool,
        /// For how many days a live feed counts as fresh.
        #[arg(long, value_name = "DAYS", requires = "live")]
        fresh_for: Option<u32>,
        /// When a live feed was made, on the school's clocks, as in 2026-11-23T10:30; now if left out.
        #[arg(long, value_name = "TIME", requires = "live")]
        as_of: Option<String>,
        /// They are entries for testing, made up and no secret.
        #[arg(long)]
        test: bool,
        /// Take an update that has shrunk as it is, instead of keeping what was there before.
        #[arg(long, requires = "reason")]
        replace: bool,
        /// Why entries are given up; kept for good.
        #[arg(long, requires = "replace")]
        reason: Option<String>,
    },
    /// Show how the tier stands: its feed, its gaps, who may open records and how many there are.
    Status,
    /// The people to whom the gate encrypts what it refused: duties such as head, dsl and police.
    #[command(subcommand)]
    Recipients(Recipients),
    /// The encrypted records of what was refused.
    #[command(subcommand)]
    Records(SealedRecords),
    /// Open one record. The access trail has its entry before anything is shown.
    Open {
        /// The reference that stands in the activity log, as in S-7KQ4-M2HX-9TRB.
        reference: activity::sealed::RecordRef,
        /// The file with your identity; - reads it from standard input.
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Why; kept for good.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Recipients {
    /// Add somebody. Without --key a new identity is made and given once: whoever loses it can open nothing.
    Add {
        /// Their duty, as in head, dsl or police; nobody's name.
        name: String,
        /// Their public key, where they have one already, as in age1….
        #[arg(long)]
        key: Option<String>,
        /// Write the new identity to this file, on a stick that is kept locked away, instead of printing it.
        #[arg(long, value_name = "FILE", conflicts_with = "key")]
        identity_file: Option<PathBuf>,
    },
    /// Show everybody.
    List,
    /// Remove somebody: records from now on are not for them; earlier ones still are.
    Remove {
        /// Their duty.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum SealedRecords {
    /// List them by reference and time. What was asked for is not shown.
    List,
}
