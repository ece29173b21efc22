//! Documents as other people's readers see them.

mod readers;
