//! Accounts: how people of the roll sign in, and their sessions.

mod actions;
mod door;
mod model;
mod pages;
mod password;
mod store;
pub mod views;

pub use actions::{
    EndSessions, Invite, InviteError, Proved, Trying, WelcomeError, end_everywhere, invite, sign_in, welcome,
};
pub use door::{House, SignedIn};
pub use model::{Account, AccountId, Name, Session, Token, WeakPassword, check_password};
pub use pages::routes;
pub use password::Hashing;
