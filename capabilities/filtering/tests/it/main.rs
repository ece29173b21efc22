//! Filtering through its pages and its actions, on both database engines.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod access_trail;
mod account_samples;
mod activity_pages;
mod answers;
mod asked_signed_in;
mod card_samples;
mod cards;
mod desk;
mod desk_samples;
mod directory;
mod e2guardian;
mod explained;
mod gate_pages;
mod guests;
mod house;
mod house_roll;
mod in_welsh;
mod inviting;
mod inviting_samples;
mod kept_tests;
mod lasting;
mod lessons;
mod notice_samples;
mod origins;
mod override_samples;
mod overrides;
mod own_words;
mod policy_kept;
mod portal;
mod publishing;
mod recovering;
mod report_samples;
mod reports;
mod roll;
mod roll_samples;
mod samples;
mod school;
mod scim;
mod sealed;
mod second_proof;
mod sign_in;
mod slapd;
mod staff;
mod taking_lists;
mod timetables;
mod told;
mod ways;
mod web_lists;
mod web_patches;
mod web_server;
mod withheld;
mod withheld_samples;
mod worries;
