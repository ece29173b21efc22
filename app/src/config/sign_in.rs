//! `[sign-in]`.

use people::account::{directory, provider};
use serde::{Deserialize, Serialize};

use super::Config;

/// The ways to sign in beside a password that is kept here. Passkeys need no line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SignIn {
    /// Providers of single sign-on, in the order of their buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provider: Vec<provider::Settings>,
    /// The school's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<directory::Settings>,
}

impl SignIn {
    pub(super) const fn is_off(&self) -> bool {
        self.provider.is_empty() && self.directory.is_none()
    }
}

impl Config {
    pub(super) fn check_sign_in(&self, say: &mut dyn FnMut(&str, &str, String)) {
        let SignIn { provider: providers, directory } = &self.sign_in;
        if !providers.is_empty() && self.portal.url.is_none() {
            let what = "give the portal its address, as in url = \"https://fivebar.school.example\": a provider sends people back to \
                        that, to the letter";
            say("portal", "url", what.to_owned());
        }
        for (place, one) in providers.iter().enumerate() {
            for (key, what) in one.problems() {
                say("sign-in", key, format!("[[sign-in.provider]] {:?}: {what}", one.id));
            }
            if providers.iter().take(place).any(|before| before.id == one.id) {
                say(
                    "sign-in",
                    "id",
                    format!("two providers have the id {:?}; give one of them another", one.id),
                );
            }
        }
        for (key, what) in directory.iter().flat_map(directory::Settings::problems) {
            say("sign-in", key, format!("[sign-in.directory] {what}"));
        }
    }
}
