//! Journeys: the real program, reached with the clients that people have.

mod backups;
mod checkpoints;
mod command_line;
mod damaged_log;
mod damaged_publication;
mod encrypted_names;
mod filter_tested;
mod first_day;
mod full_disk;
mod hand_over;
mod lists_from_the_web;
mod network_manager;
mod own_network;
mod own_users;
mod package;
mod parts;
mod portal_in_reach;
mod pupil;
mod replay;
mod sealed;
mod service_log;
mod status;
mod teacher;
mod things_break;
mod units;
mod village_router;
