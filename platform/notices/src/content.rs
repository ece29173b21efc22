//! What notices there are and what they say, as the content has it.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::{Kind, Ways};
use crate::quiet::{Hours, minute_of};

const BUILT_IN: &str = include_str!("../../../content/notices.toml");

/// `content/notices.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Notices {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    mail_every_minutes: u16,
    again_after_hours: u16,
    quiet: Quiet,
    kind: Vec<KindText>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Quiet {
    from: String,
    until: String,
    weekends: bool,
}

/// One kind of notice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KindText {
    /// Its id.
    pub id: String,
    /// Its title: what a phone shows.
    pub title: String,
    /// Its one sentence or two.
    pub says: String,
    /// What it is about, where somebody chooses how they are told.
    pub about: String,
    /// Whether it breaks quiet hours.
    #[serde(default)]
    pub urgent: bool,
    ways: Vec<String>,
    /// The duties that are told, where it is no one person's.
    #[serde(default)]
    pub to: Vec<String>,
    /// Those that are told where nobody holds any of these.
    #[serde(default)]
    pub otherwise: Vec<String>,
    /// Whether it is for whoever has a duty beside being a pupil alone.
    #[serde(default)]
    pub staff: bool,
}

impl KindText {
    /// How somebody is told who has chosen nothing.
    pub fn usual(&self) -> Ways {
        let has = |way: &str| self.ways.iter().any(|one| one == way);
        Ways { mail: has("mail"), push: has("push") }
    }
}

impl Notices {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static NOTICES: LazyLock<Notices> = LazyLock::new(|| {
            // A test parses the same text. Without it nobody is told anything but at the portal.
            toml::from_str(BUILT_IN).unwrap_or_default()
        });
        &NOTICES
    }

    /// Every kind, in the order of the content.
    pub fn kinds(&self) -> &[KindText] {
        &self.kind
    }

    /// What a kind says.
    pub fn text(&self, kind: Kind) -> Option<&KindText> {
        self.named(kind.id())
    }

    /// The kind of that id.
    pub fn named(&self, id: &str) -> Option<&KindText> {
        self.kind.iter().find(|kind| kind.id == id)
    }

    /// The hours in which nothing goes that is not urgent, for whoever has chosen no others.
    pub fn quiet(&self) -> Hours {
        Hours {
            from_minute: minute_of(&self.quiet.from).unwrap_or_default(),
            until_minute: minute_of(&self.quiet.until).unwrap_or_default(),
            weekends: self.quiet.weekends,
        }
    }

    /// How much time lies between two mails of one kind to one person.
    pub fn mail_every_ms(&self) -> i64 {
        i64::from(self.mail_every_minutes) * 60_000
    }

    /// How long one that nobody has looked at is only counted up.
    pub fn again_after_ms(&self) -> i64 {
        i64::from(self.again_after_hours) * 3_600_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_content_holds_together() {
        let content: Notices = toml::from_str(BUILT_IN).unwrap();
        let ids: BTreeSet<&str> = content.kinds().iter().map(|kind| kind.id.as_str()).collect();
        assert_eq!(ids.len(), content.kinds().len(), "an id stands twice");
        for kind in content.kinds() {
            assert!(kind.ways.iter().all(|way| ["mail", "push"].contains(&way.as_str())), "{}", kind.id);
            assert!(kind.otherwise.is_empty() || !kind.to.is_empty(), "{}", kind.id);
        }
        assert_eq!(content.quiet(), Hours { from_minute: 1080, until_minute: 450, weekends: true });
        assert_eq!((content.mail_every_ms(), content.again_after_ms()), (3_600_000, 72_000_000));
    }

    #[test]
    fn what_a_notice_says_is_short_and_leaves_no_room_for_anything_else() {
        for kind in Notices::built_in().kinds() {
            for text in [&kind.title, &kind.says, &kind.about] {
                assert!(!text.is_empty() && text.len() <= 200, "{}: {text}", kind.id);
                // Nothing is filled in, leads anywhere, or breaks a header.
                let odd =
                    |sign: char| sign.is_control() || "{}<>@/%$".contains(sign) || sign.is_ascii_digit();
                assert!(!text.chars().any(odd), "{}: {text}", kind.id);
            }
            assert!(kind.title.len() <= 60 && !kind.title.ends_with('.'), "{}", kind.id);
            assert!(kind.says.ends_with('.') && kind.says.is_ascii(), "{}", kind.id);
        }
    }
}
