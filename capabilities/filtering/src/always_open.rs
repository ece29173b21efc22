//! Sites that are open to everyone by their nature. Nobody needs to ask for one, and that somebody did is kept nowhere: who
//! looked for a helpline is not to be read in a list of requests.

use engine::catalogue::{Catalogue, OpenSite};

/// Why a site is always open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlwaysOpen {
    /// It is a helpline or a place to report abuse.
    Help,
    /// Devices or the law need it.
    Essential,
}

impl AlwaysOpen {
    /// Why `host` is always open, if it is: `confirmed` are the help sites that the school had to confirm first and has.
    pub fn of(host: &str, catalogue: &Catalogue, confirmed: &[String]) -> Option<Self> {
        let has = |site: &OpenSite| site.sites().any(|(site, alone)| covers(site, alone, host));
        let is_open = |help: &&OpenSite| !help.confirm_first || confirmed.contains(&help.id);
        if catalogue.help.iter().filter(is_open).any(has) {
            return Some(Self::Help);
        }
        catalogue.essential.iter().any(has).then_some(Self::Essential)
    }

    /// What whoever asks is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Help => "This is always open to you, and no visit is recorded.",
            Self::Essential => "This is always open to you.",
        }
    }
}

/// Whether `host` is one of a helpline or a place to report abuse, confirmed by the school or not: who asks for it or
/// reports it is not kept.
pub fn is_help(host: &str, catalogue: &Catalogue) -> bool {
    catalogue.help.iter().flat_map(OpenSite::sites).any(|(site, alone)| covers(site, alone, host))
}

fn covers(site: &str, alone: bool, host: &str) -> bool {
    let below = || host.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'));
    host == site || !alone && below()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_and_essential_sites_are_known_with_what_is_below_them() {
        let catalogue = Catalogue::built_in().unwrap();
        let first = catalogue.essential.iter().flat_map(OpenSite::sites).next().unwrap().0.to_owned();
        let of = |host: &str| AlwaysOpen::of(host, &catalogue, &[]);
        assert_eq!(of("childline.org.uk"), Some(AlwaysOpen::Help));
        assert_eq!(of("www.childline.org.uk"), Some(AlwaysOpen::Help));
        assert_eq!(of(&first), Some(AlwaysOpen::Essential));
        for other in ["notchildline.org.uk", "org.uk", "childline.org.uk.example", "chess.example"] {
            assert_eq!(of(other), None, "{other}");
        }
        let later = catalogue.help.iter().find(|help| help.confirm_first).unwrap();
        let site = later.sites().next().unwrap().0;
        assert_eq!(of(site), None, "the school has not decided");
        assert!(is_help(site, &catalogue) && is_help("www.childline.org.uk", &catalogue));
        assert!(!is_help("chess.example", &catalogue) && !is_help(&first, &catalogue));
        let confirmed = [later.id.clone()];
        assert_eq!(AlwaysOpen::of(site, &catalogue, &confirmed), Some(AlwaysOpen::Help));
    }
}
