//! Whose turn it is: one at a time or a few, and place after place, so that whoever sends many waits behind themselves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How many may wait in all. At a tenth of a second each this is some twenty seconds, and a whole staff.
const WAITING: usize = 200;
/// How many of one place may wait: a staff room behind one address.
const OF_ONE_PLACE: usize = 60;

/// Too many wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are signing in just now; try again in a moment")]
pub struct Busy;

/// The queue. Cheap to clone.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<Rows>>);

/// Each place's row, the one whose turn is next first.
struct Rows {
    rows: VecDeque<(String, VecDeque<oneshot::Sender<Turn>>)>,
    /// How many more may have a turn now.
    free: usize,
}

/// A turn. It ends when this is dropped.
pub(super) struct Turn(Option<Queue>);

impl Default for Queue {
    /// One at a time.
    fn default() -> Self {
        Self::of(1)
    }
}

impl Queue {
    /// So many at a time.
    pub fn of(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(Rows { rows: VecDeque::new(), free: at_once })))
    }

    /// Waits for a turn. Where there is no room, the place with the longest row gives way to one with a shorter row.
    pub async fn turn(&self, place: &str) -> Result<Turn, Busy> {
        let told = {
            let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(free) = rows.free.checked_sub(1) {
                rows.free = free;
                return Ok(Turn(Some(self.clone())));
            }
            rows.join(place)?
        };
        // Whoever was sent away to make room is told by the end of the channel.
        told.await.map_err(|_| Busy)
    }
}

impl Rows {
    fn join(&mut self, place: &str) -> Result<oneshot::Receiver<Turn>, Busy> {
        // Whoever gave up waiting takes no room.
        for (_, row) in &mut self.rows {
            row.retain(|waiting| !waiting.is_closed());
        }
        self.rows.retain(|(_, row)| !row.is_empty());
        let own = self.rows.iter().find(|(of, _)| of == place).map_or(0, |(_, row)| row.len());
        if own >= OF_ONE_PLACE {
            return Err(Busy);
        }
        if self.rows.iter().map(|(_, row)| row.len()).sum::<usize>() >= WAITING {
            let longest = self.rows.iter_mut().max_by_key(|(_, row)| row.len());
            let longest = longest.filter(|(_, row)| row.len() > own + 1).ok_or(Busy)?;
            longest.1.pop_back();
        }
        let (tell, told) = oneshot::channel();
        match self.rows.iter_mut().find(|(of, _)| of == place) {
            Some((_, row)) => row.push_back(tell),
            None => self.rows.push_back((place.to_owned(), [tell].into())),
        }
        Ok(told)
    }

    /// Whoever is next: the first of the row whose turn it is, which then goes behind the others.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (place, mut row) = self.rows.pop_front()?;
        let next = row.pop_front();
        if !row.is_empty() {
            self.rows.push_back((place, row));
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(queue) = self.0.take() else { return };
        let mut rows = queue.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(next) = rows.next() {
            match next.send(Self(Some(queue.clone()))) {
                Ok(()) => return,
                // Whoever gave up waiting gives the turn back. Dropped as it is, it would wait for the lock that this holds.
                Err(mut back) => drop(back.0.take()),
            }
        }
        rows.free += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many who wait, each with the place it is of, and the order in which they had their turns.
    async fn order(places: &[&'static str]) -> Vec<&'static str> {
        let queue = Queue::default();
        let first = queue.turn("first").await.unwrap();
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut all = tokio::task::JoinSet::new();
        for &place in places {
            let (queue, done) = (queue.clone(), Arc::clone(&done));
            all.spawn(async move {
                if let Ok(_turn) = queue.turn(place).await {
                    done.lock().unwrap().push(place);
                }
            });
            // On one thread: until this one waits.
            tokio::task::yield_now().await;
        }
        drop(first);
        while all.join_next().await.is_some() {}
        done.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn turns_go_from_place_to_place_and_one_who_sends_many_waits_behind_themselves() {
        assert_eq!(order(&["a", "a", "a", "b", "c", "b"]).await, ["a", "b", "c", "a", "b", "a"]);
        let flood = [["a"; 100].as_slice(), &["b"]].concat();
        let turns = order(&flood).await;
        assert_eq!(turns[1], "b", "whoever comes after a flood is next but one");
        assert_eq!(turns.iter().filter(|place| **place == "a").count(), OF_ONE_PLACE);
    }

    #[tokio::test]
    async fn where_there_is_no_room_the_longest_row_makes_some() {
        let full = [["a"; 60].as_slice(), &["b"; 60], &["c"; 60], &["d"; 20], &["e"; 3]].concat();
        let turns = order(&full).await;
        assert_eq!(turns.len(), WAITING);
        assert_eq!(turns.iter().filter(|place| **place == "e").count(), 3, "nobody shuts the others out");
    }

    #[tokio::test]
    async fn no_more_have_a_turn_at_once_than_there_are() {
        let queue = Queue::of(2);
        let (one, two) = (queue.turn("a").await.unwrap(), queue.turn("a").await.unwrap());
        let at_once = |queue: &Queue| {
            let queue = queue.clone();
            async move { tokio::time::timeout(std::time::Duration::ZERO, queue.turn("b")).await.is_ok() }
        };
        assert!(!at_once(&queue).await);
        drop(one);
        assert!(at_once(&queue).await);
        let (three, more) = (queue.turn("c").await.unwrap(), at_once(&queue).await);
        assert!(!more);
        drop((two, three));
        let (four, five) = (queue.turn("d").await, queue.turn("d").await);
        assert!(four.is_ok() && five.is_ok() && !at_once(&queue).await, "none was lost and none made");
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_keeps_nobody_waiting() {
        let queue = Queue::default();
        let first = queue.turn("a").await.unwrap();
        for _ in 0..3 {
            let gone = queue.turn("b");
            assert!(tokio::time::timeout(std::time::Duration::ZERO, gone).await.is_err());
        }
        let waiting = {
            let queue = queue.clone();
            tokio::spawn(async move { queue.turn("c").await.map(drop) })
        };
        tokio::task::yield_now().await;
        drop(first);
        assert_eq!(waiting.await.unwrap(), Ok(()));
        assert!(queue.turn("d").await.is_ok());
    }
}
