//! What can be wrong with a place, with what to do.

use std::io;
use std::path::PathBuf;

/// Why a back-up is not there, or did not come back.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Nobody made it this school's.
    #[error(
        "{0} is not prepared for this school's back-ups. Is the disk mounted, or the right store named? If this is where they shall \
         lie: `fivebar backup prepare`"
    )]
    NotPrepared(String),
    /// The folder is not there.
    #[error("{}: there is no such folder; is the disk connected and mounted? Nothing is made in its stead", .0.display())]
    NoFolder(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}{}", .path.display(), advice(.source))]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such back-up there.
    #[error(
        "{0}: there is no such back-up there, or none that was proved; `fivebar backup list` says which there are"
    )]
    NoSuch(String),
    /// What was read back is not what was written.
    #[error(
        "{name}: what was read back is not what was written; the place keeps nothing reliably. Use another, and have the disk looked at"
    )]
    Differs {
        /// Which back-up.
        name: String,
    },
    /// What lies there is not what was put there.
    #[error(
        "{name}: it is not as it was put there. Keep it, use an older one, and find out who or what changed it"
    )]
    Damaged {
        /// Which back-up.
        name: String,
    },
    /// The store cannot be reached.
    #[error("{host} could not be reached ({why}); check the line to the internet and `endpoint` in [backup]")]
    NotReached {
        /// The store.
        host: String,
        /// Why not.
        why: String,
    },
    /// Whoever answers cannot prove to be the store.
    #[error("no safe connection to {host}: {why}")]
    NotSafe {
        /// The store.
        host: String,
        /// Why not.
        why: String,
    },
    /// It gave no answer that is one.
    #[error("{host} gave no proper answer ({why}); check `endpoint` in [backup]")]
    NotUnderstood {
        /// The store.
        host: String,
        /// What was wrong.
        why: String,
    },
    /// It was silent for too long.
    #[error("{host} sent nothing for {seconds} seconds")]
    Silent {
        /// The store.
        host: String,
        /// How long.
        seconds: u64,
    },
    /// It says no.
    #[error("{host} answered {status} {code}{}", what_to_do(.code, *.status))]
    Refused {
        /// The store.
        host: String,
        /// What it said, as a number of HTTP.
        status: u16,
        /// And in its own word.
        code: String,
    },
    /// The address of a store is none.
    #[error("{0}")]
    NoAddress(String),
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room there, or keep fewer: keep-days, keep-weeks and keep-months in [backup]"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; nothing can be written there. Under the units of the package, a folder outside /var/lib/fivebar is named in a drop-in \
             of fivebar-hub.service: ReadWritePaths= (docs/operations/back-ups.md)"
        }
        io::ErrorKind::PermissionDenied => {
            "; the hub's own user must be allowed to write there, and a disk that was mounted after the hub started is seen once it \
             has been started again (docs/operations/back-ups.md)"
        }
        _ => "",
    }
}

/// What the words of S3 mean for whoever set the store up.
fn what_to_do(code: &str, status: u16) -> &'static str {
    match code {
        "InvalidAccessKeyId" => ": it knows no such key; check `key` in [backup]",
        "SignatureDoesNotMatch" => {
            ": the secret does not belong to the key, or something on the way changed the request; check `secret-file` and `region` in \
             [backup]"
        }
        "RequestTimeTooSkewed" | "RequestExpired" => {
            ": this machine's clock is wrong; have it set by the network"
        }
        "NoSuchBucket" => ": there is no such bucket; make it at the provider, or check `to` in [backup]",
        "AccessDenied" => ": this key may not do that; let it list, read, write and remove in the bucket",
        "NoSuchKey" => ": it is not there",
        "" if status == 301 || status == 307 => {
            ": it is elsewhere; check `endpoint` and `region` in [backup]"
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" => ": check `endpoint` and `region` in [backup]",
        _ => "",
    }
}
