//! Listening on a socket in the run folder, and letting go of everybody at the end.

use std::collections::HashMap;
use std::fs;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::ServiceError;

/// A listening socket and those connected to it.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    listener: UnixListener,
    connected: Mutex<HashMap<u64, UnixStream>>,
    closed: AtomicBool,
}

impl Listener {
    /// Listens at `path`, in place of a socket that an earlier process left there. The lock on the log's folder has
    /// made sure that no other log process is running.
    pub fn bind(path: &Path, mode: u32) -> Result<Self, ServiceError> {
        let listen = || {
            // Bound under another name and moved, so that nobody connects before the permissions are set.
            let temporary = path.with_extension("new");
            drop(fs::remove_file(&temporary));
            let listener = UnixListener::bind(&temporary)?;
            fs::set_permissions(&temporary, fs::Permissions::from_mode(mode))?;
            fs::rename(&temporary, path)?;
            Ok(listener)
        };
        let listener = listen().map_err(|why| ServiceError::Listen { path: path.to_owned(), why })?;
        Ok(Self {
            path: path.to_owned(),
            listener,
            connected: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// The next to connect, with a number to forget them by; `None` when closed.
    pub fn accept(&self) -> Option<(u64, UnixStream)> {
        let mut number = 0;
        loop {
            let accepted = self.listener.accept();
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
            let Ok((stream, _)) = accepted else {
                // Out of file handles, most likely: whoever is connected goes on, and the next try may find one free.
                std::thread::sleep(std::time::Duration::from_millis(50));
                continue;
            };
            let Ok(copy) = stream.try_clone() else { continue };
            let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
            number = connected.keys().max().map_or(number, |&most| most.max(number)) + 1;
            connected.insert(number, copy);
            return Some((number, stream));
        }
    }

    /// How many are connected.
    pub fn connected(&self) -> usize {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets somebody who has gone.
    pub fn forget(&self, number: u64) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// Stops listening and ends every connection.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for stream in self.connected.lock().unwrap_or_else(PoisonError::into_inner).values() {
            // One that has gone already is shut down enough.
            drop(stream.shutdown(Shutdown::Both));
        }
        // Wakes the one who waits in `accept`.
        drop(UnixStream::connect(&self.path));
        drop(fs::remove_file(&self.path));
    }
}
