//! What is under way on one HTTP connection, and so when it has been silent, or slow, for too long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The requests of one connection that are not over. A request is over when its answer has been taken.
#[derive(Clone)]
pub struct Flights(Arc<Mutex<State>>);

struct State {
    open: BTreeMap<u64, Instant>,
    next: u64,
    last: Instant,
}

/// One request. Dropping it ends it.
pub struct Flight {
    flights: Flights,
    number: u64,
}

impl Flights {
    /// None yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { open: BTreeMap::new(), next: 0, last: Instant::now() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    pub fn begin(&self) -> Flight {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.open.insert(number, Instant::now());
        Flight { flights: self.clone(), number }
    }

    /// Waits until nothing was asked for `idle`, or a request is not over after `slow`.
    pub async fn overdue(&self, idle: Duration, slow: Duration) {
        loop {
            let until = {
                let state = self.state();
                state.open.first_key_value().map_or(state.last + idle, |(_, begun)| *begun + slow)
            };
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.flights.state();
        state.open.remove(&self.number);
        state.last = Instant::now();
    }
}
