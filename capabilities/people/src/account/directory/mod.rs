//! The school's directory (LDAP, Active Directory): whoever is in it signs in by the name and the password that they have there.
//!
//! The password goes to the directory and nowhere else; nothing of it is kept. What it says is one proof.

mod asking;
mod settings;

pub(super) use asking::AskError;
pub use asking::Directory;
pub use settings::Settings;
pub(super) use settings::is_file_name;
