//! The log process and its gates as they run: threads and processes over real sockets and files.

mod house;
mod kill;
mod walk;
