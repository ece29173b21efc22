//! `[mail]` and `[notices]`.

use notices::push::Reach;
use serde::{Deserialize, Serialize};

use super::Config;

/// How people are told beside the portal and mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Notices {
    /// Whether notices may go to browsers whose maker takes them inside the network, at any port: for trying things out alone, since
    /// whoever signs in names that address.
    pub allow_local: bool,
}

impl Notices {
    pub(super) const fn is_usual(&self) -> bool {
        !self.allow_local
    }

    /// Where the makers of browsers may be.
    pub const fn reach(&self) -> Reach {
        if self.allow_local { Reach::AlsoLocal } else { Reach::Public }
    }
}

impl Config {
    pub(super) fn check_mail(&self, say: &mut dyn FnMut(&str, &str, String)) {
        let Some(mail) = &self.mail else { return };
        for (key, what) in mail.problems() {
            say("mail", key, what);
        }
        if self.portal.url.is_none() {
            let what = "give the portal its address, as in url = \"https://fivebar.school.example\": mail leads people there";
            say("portal", "url", what.to_owned());
        }
    }
}
