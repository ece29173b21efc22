//! Accounts: how people of the roll sign in, and their sessions.

mod actions;
pub mod card;
pub mod codes;
pub mod directory;
mod door;
pub mod elsewhere;
mod from;
mod house;
pub mod inviting;
pub mod lanyard;
mod leaving;
mod link;
mod model;
pub mod notices;
mod once;
mod own_language;
mod own_password;
mod pages;
pub mod passkeys;
mod password;
mod printed_code;
pub mod provider;
mod proving;
mod queue;
pub mod recovery;
mod safe;
mod seal;
mod seam;
mod sharing;
mod store;
mod tls;
mod trying;
pub mod views;
mod ways;
mod weak;
pub mod worry;

pub use actions::{
    EndSessions, Ended, Invite, InviteError, Proved, WelcomeError, end_all, end_everywhere, everybody,
    invite, lets_programs_act, of, owners, prove_again, sign_in, welcome,
};
pub use door::{Anybody, SignedIn};
pub use house::House;
pub(crate) use house::{PrintedAt, printed_at};
pub(crate) use leaving::{end_of_leaver, signs};
pub use link::Means;
pub use model::{Account, AccountId, Name, Session, Token};
pub use pages::routes;
pub use password::Hashing;
pub(crate) use safe::before_a_duty;
pub use safe::{MadeSafe, Safe, make_safe};
pub use seam::{Answer, Asked};
pub use sharing::in_many_browsers;
pub use tls::Trust;
pub use trying::{Counts, Trying};
pub use ways::Ways;
pub use weak::{Known, SHORTEST, WeakPassword, check_password};

/// The address at which an invitation is used.
pub(crate) fn welcome_link(url: &str, token: &Token) -> String {
    format!("{url}/welcome/{}", token.reveal())
}
