//! A store that others wrote: npm's `s3rver`. It is installed with the browser journeys (`make assets`). Who asks it looks at, and by
//! which signature it does not: those are `rusty-s3`'s, and held against Amazon's examples there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use backups::{Patience, Place, Roots, S3, S3Address};
use kit::{Clock, Private};

pub const BUCKET: &str = "school";
/// What `s3rver` takes, and nobody else.
const KEY: &str = "S3RVER";

/// A running store; it ends with this.
pub struct Store {
    child: Child,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys/browser/node_modules/.bin/s3rver")
}

impl Store {
    /// Starts one; `None` where it is not installed, which is said.
    pub fn start(more: &[&str]) -> Option<Self> {
        let program = program();
        if !program.exists() {
            println!("skipped: {} is not installed; `make assets` fetches it", program.display());
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(program)
            .args(["--directory", folder.path().to_str().unwrap(), "--address", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--configure-bucket", BUCKET, "--silent"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the store ended");
            assert!(Instant::now() < until, "the store does not answer");
            std::thread::yield_now();
        }
        Some(Self { child, port, folder })
    }

    pub fn address(&self) -> S3Address {
        S3Address {
            endpoint: format!("http://127.0.0.1:{}", self.port),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: "fivebar/hillside".to_owned(),
            path_style: true,
            key: KEY.to_owned(),
        }
    }

    pub fn place(&self) -> Place {
        place(&self.address(), KEY, Roots::System)
    }
}

/// Without long waits: what is tried again is tried at once.
pub fn place(address: &S3Address, secret: &str, roots: Roots) -> Place {
    let patience = Patience { pause: Duration::from_millis(1), again: 2, ..Patience::default() };
    let secret = Private::new(secret.to_owned());
    // The store holds the time of a signature against its own clock.
    let store = S3::at(address, secret, roots, patience, Clock::System).unwrap();
    Place::Store(store.with_parts_of(5 << 20))
}
