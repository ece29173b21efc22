//! Single sign-on: a provider (Google, Microsoft, any other that speaks OpenID Connect) says who somebody is, and the roll says who that
//! is here.

mod asking;
mod http;
pub(super) mod pages;
mod settings;

pub use asking::Provider;
pub use pages::Way;
pub use settings::Settings;
