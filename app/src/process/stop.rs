//! Stopping in good order.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Says to every part of a process that it is time to stop: on SIGTERM, SIGINT, or when the process that started it
/// is gone (its end of our standard input closes).
#[derive(Debug, Clone, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

/// Set by the supervisor for the processes it starts: their standard input is its life line.
pub const SUPERVISED: &str = "FIVEBAR_SUPERVISED";

impl Stop {
    /// Listens for the signals on the current tokio runtime.
    pub fn on_signals() -> Result<Self> {
        Self::on_signals_hearing(|_| {})
    }

    /// The same, and hears each line that comes through the life line.
    pub fn on_signals_hearing(hear: impl Fn(&str) + Send + 'static) -> Result<Self> {
        let stop = Self::default();
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let told = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.now();
        });
        if std::env::var_os(SUPERVISED).is_some() {
            let told = stop.clone();
            std::thread::Builder::new().name("life-line".to_owned()).spawn(move || {
                for line in std::io::stdin().lock().lines() {
                    let Ok(line) = line else { break };
                    hear(&line);
                }
                told.now();
            })?;
        }
        Ok(stop)
    }

    /// Says it.
    pub fn now(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether it has been said.
    pub fn is_said(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// The flag itself, for threads that look now and then.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Waits until it is said.
    pub async fn said(&self) {
        loop {
            let waiting = self.notify.notified();
            if self.is_said() {
                return;
            }
            waiting.await;
        }
    }
}
