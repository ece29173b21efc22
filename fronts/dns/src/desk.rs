//! Where the thread that answers leaves the answers for one thread of connections, which are then given out together: the
//! other thread is woken once for all that wait, and each connection writes once for all of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::stream::Answer;

/// An answer, and the channel of the request that waits for it.
type Waiting = (mpsc::Sender<Answer>, Vec<u8>);

/// The answers that wait to be given out. Each request has at most one, so requests bound how many there are.
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Mutex<Vec<Waiting>>,
    bell: Notify,
}

impl Desk {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an answer. Whoever gives them out is woken by the first.
    pub fn put(&self, to: mpsc::Sender<Answer>, bytes: Vec<u8>) {
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push((to, bytes));
            waiting.len() == 1
        };
        if is_first {
            self.bell.notify_one();
        }
    }

    /// Gives out what comes, for ever. Runs on the thread of those that wait.
    pub async fn give_out(&self) {
        loop {
            self.bell.notified().await;
            for (to, bytes) in std::mem::take(&mut *self.waiting()) {
                // There is room for the one answer; a request that is gone needs none.
                let _ = to.try_send((bytes, None));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn every_answer_reaches_its_request_whatever_comes_in_between() {
        let desk = Arc::new(Desk::default());
        let giving = Arc::clone(&desk);
        let dealing = tokio::spawn(async move { giving.give_out().await });
        let mut heard = Vec::new();
        for round in 0..3_u8 {
            let mut requests = Vec::new();
            let answers = Arc::clone(&desk);
            let senders: Vec<_> = (0..50_u8)
                .map(|number| {
                    let (to, answered) = mpsc::channel(1);
                    requests.push((number, answered));
                    (number, to)
                })
                .collect();
            let answering = std::thread::spawn(move || {
                for (number, to) in senders {
                    answers.put(to, vec![round, number]);
                }
            });
            for (number, mut answered) in requests {
                assert_eq!(answered.recv().await.map(|(bytes, _)| bytes), Some(vec![round, number]));
                heard.push((round, number));
            }
            answering.join().unwrap();
        }
        assert_eq!(heard.len(), 150);
        dealing.abort();
    }
}
