//! Accounts: how people of the roll sign in, and their sessions.

mod actions;
pub mod codes;
mod door;
mod from;
mod house;
mod leaving;
mod model;
mod pages;
mod password;
mod proving;
mod queue;
pub mod recovery;
mod seal;
mod store;
mod trying;
pub mod views;
mod weak;

pub use actions::{
    EndSessions, Ended, Invite, InviteError, Proved, WelcomeError, end_all, end_everywhere, everybody,
    invite, of, prove_again, sign_in, welcome,
};
pub use door::SignedIn;
pub use house::House;
pub(crate) use leaving::{end_of_leaver, signs};
pub use model::{Account, AccountId, Name, Session, Token};
pub use pages::routes;
pub use password::Hashing;
pub use trying::{Counts, Trying};
pub use weak::{Known, WeakPassword, check_password};
