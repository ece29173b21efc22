//! Bytes that have been read and not yet used, and a store of their room, so that an idle connection holds none.

use std::cell::RefCell;

/// The room of one buffer.
pub const ROOM: usize = 16 * 1024;

/// Bytes that have been read and not yet used.
#[derive(Debug, Default)]
pub struct Buffer {
    data: Vec<u8>,
    at: usize,
}

impl Buffer {
    /// What has not been used.
    pub fn unread(&self) -> &[u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// Whether everything has been used.
    pub fn is_empty(&self) -> bool {
        self.at >= self.data.len()
    }

    /// Marks the next `bytes` as used.
    pub fn consume(&mut self, bytes: usize) {
        self.at += bytes;
        if self.is_empty() {
            self.data.clear();
            self.at = 0;
        }
    }

    /// The vector to read more into, with at least `room` bytes free.
    pub fn more(&mut self, room: usize) -> &mut Vec<u8> {
        if self.data.capacity() - self.data.len() < room {
            if self.at > 0 {
                self.data.drain(..self.at);
                self.at = 0;
            }
            self.data.reserve(room);
        }
        &mut self.data
    }
}

/// Room that connections take while they need it.
#[derive(Debug, Default)]
pub struct Rooms(RefCell<Vec<Vec<u8>>>);

impl Rooms {
    /// Gives the buffer room, if it has none.
    pub fn lend(&self, buffer: &mut Buffer) {
        if buffer.data.capacity() == 0 {
            buffer.data = self.take();
        }
    }

    /// Takes the room back; what has not been used stays where it is.
    pub fn give_back(&self, buffer: &mut Buffer) {
        if buffer.is_empty() {
            self.put(std::mem::take(buffer).data);
        }
    }

    /// An empty vector with room.
    pub fn take(&self) -> Vec<u8> {
        self.0.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(ROOM))
    }

    /// Takes a vector back. Large ones, and more than a thread can be busy with, go back to the machine.
    pub fn put(&self, mut data: Vec<u8>) {
        let mut free = self.0.borrow_mut();
        if (1..=ROOM).contains(&data.capacity()) && free.len() < 128 {
            data.clear();
            free.push(data);
        }
    }
}
