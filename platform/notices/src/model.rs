//! What a notice is. It is made of a kind that the content has and of a page of the portal, and of nothing that anybody wrote: so no
//! notice can say anything about anybody.

use kit::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::content::Notices;

kit::id_kind!(
    /// The id of a notice.
    NoticeId, NoticeKind, "notice"
);

/// A text is the id of no kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such kind of notice")]
pub struct UnknownKind;

/// A kind of notice that the content has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(&'static str);

impl Kind {
    /// The kind of that id.
    pub fn named(id: &str) -> Result<Self, UnknownKind> {
        Notices::built_in().named(id).map(|kind| Self(kind.id.as_str())).ok_or(UnknownKind)
    }

    /// Its id.
    pub const fn id(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::named(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The page of the portal that a notice leads to. None of them names anybody or anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Where {
    /// What waits.
    #[serde(rename = "/today")]
    Today,
    /// Who one is here, and where one is signed in.
    #[serde(rename = "/me")]
    Me,
    /// How one is told.
    #[serde(rename = "/me/notices")]
    Notices,
    /// One's own passkeys.
    #[serde(rename = "/me/passkeys")]
    Passkeys,
    /// One's own codes.
    #[serde(rename = "/me/codes")]
    Codes,
    /// What people ask to have opened.
    #[serde(rename = "/staff/requests")]
    Requests,
    /// What people report about sites.
    #[serde(rename = "/staff/reports")]
    Reports,
    /// What is open or closed for a time.
    #[serde(rename = "/staff/overrides")]
    Overrides,
    /// Whose access is withheld.
    #[serde(rename = "/staff/withheld")]
    Withheld,
    /// What somebody has to do.
    #[serde(rename = "/tasks")]
    Tasks,
    /// Tests of the filter.
    #[serde(rename = "/staff/filter-tests")]
    FilterTests,
    /// Lists of sites.
    #[serde(rename = "/staff/lists")]
    Lists,
    /// Letting somebody in again.
    #[serde(rename = "/staff/recoveries")]
    Recoveries,
    /// Back-ups.
    #[serde(rename = "/staff/back-ups")]
    BackUps,
}

impl Where {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Today,
        Self::Me,
        Self::Notices,
        Self::Passkeys,
        Self::Codes,
        Self::Requests,
        Self::Reports,
        Self::Overrides,
        Self::Withheld,
        Self::Tasks,
        Self::FilterTests,
        Self::Lists,
        Self::Recoveries,
        Self::BackUps,
    ];

    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Today => "/today",
            Self::Me => "/me",
            Self::Notices => "/me/notices",
            Self::Passkeys => "/me/passkeys",
            Self::Codes => "/me/codes",
            Self::Requests => "/staff/requests",
            Self::Reports => "/staff/reports",
            Self::Overrides => "/staff/overrides",
            Self::Withheld => "/staff/withheld",
            Self::Tasks => "/tasks",
            Self::FilterTests => "/staff/filter-tests",
            Self::Lists => "/staff/lists",
            Self::Recoveries => "/staff/recoveries",
            Self::BackUps => "/staff/back-ups",
        }
    }

    /// The page of that path.
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }
}

/// Who is to be told what: the only way in. It is a message too, for whoever cannot call [`tell`](crate::tell) in its own transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    /// Whom: their number on the roll.
    pub person: u32,
    /// What.
    pub kind: Kind,
    /// How much of it.
    pub count: u32,
    /// Where it is.
    pub path: Where,
}

impl jobs::Message for Tell {
    const KIND: &'static str = "notice";
}

/// How far two of one kind that are urgent are apart at least.
const MINUTE_MS: i64 = 60_000;

/// A way by which a notice goes, beside the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By e-mail.
    Mail,
    /// On a phone or a computer, by a browser.
    Push,
}

/// By which ways somebody is told of a kind, beside the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    /// By e-mail.
    pub mail: bool,
    /// By a browser.
    pub push: bool,
}

impl Ways {
    /// Whether it goes that way.
    pub const fn has(self, way: Way) -> bool {
        match way {
            Way::Mail => self.mail,
            Way::Push => self.push,
        }
    }
}

/// A notice that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Whose: their number on the roll.
    pub person: u32,
    /// What it is.
    pub kind: Kind,
    /// How much of it.
    pub count: u32,
    /// Where it leads.
    pub path: Where,
    /// Since when.
    pub at: Timestamp,
    /// When it last came.
    pub last_at: Timestamp,
    /// When it was last sent by another way than the portal.
    pub sent_at: Option<Timestamp>,
    /// When its owner looked at it.
    pub seen_at: Option<Timestamp>,
}

/// When something that came may go by a way beside the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    /// Not at all: one goes already.
    Counted,
    /// From then on.
    From(Timestamp),
}

impl Notice {
    /// Whether it is sent still: what somebody has looked at is not, unless it is urgent, since whoever is signed in as them may have looked.
    pub(crate) fn is_still_told(&self) -> bool {
        self.seen_at.is_none() || Notices::built_in().text(self.kind).is_some_and(|text| text.urgent)
    }
}

/// Whether what comes at `at` is sent, where the same kind was last sent at `sent` and is looked at since or not. One that nobody has
/// looked at is counted up, and sent again after a while only; and never two of a kind close together.
pub(crate) fn goes(
    content: &Notices,
    urgent: bool,
    unseen: bool,
    sent: Option<Timestamp>,
    at: Timestamp,
) -> Goes {
    let Some(sent) = sent else { return Goes::From(at) };
    // What is urgent is told each time: one that went an hour ago was about something else.
    if urgent && (at >= sent.plus_millis(MINUTE_MS) || !unseen) {
        return Goes::From(sent.plus_millis(MINUTE_MS).max(at));
    }
    if urgent {
        return Goes::Counted;
    }
    let every = sent.plus_millis(content.mail_every_ms());
    if !unseen {
        return Goes::From(every.max(at));
    }
    let again = sent.plus_millis(content.again_after_ms());
    if at >= again { Goes::From(at) } else { Goes::Counted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_notice_can_carry_words_of_anybody() {
        let tell = |kind: &str, path: &str| {
            let text = format!(r#"{{"person":1,"kind":{kind:?},"count":2,"path":{path:?}}}"#);
            serde_json::from_str::<Tell>(&text)
        };
        let good = tell("request.waiting", "/staff/requests").unwrap();
        assert_eq!((good.kind.id(), good.path), ("request.waiting", Where::Requests));
        for (kind, path) in [
            ("Ada asked for a site", "/staff/requests"),
            ("request.waiting ", "/staff/requests"),
            ("", "/today"),
            ("request.waiting", "/staff/requests/R-7KQ4M2HX"),
            ("request.waiting", "/staff/requests?who=ada"),
            ("request.waiting", "https://other.example/"),
            ("request.waiting", "//other.example"),
            ("request.waiting", ""),
        ] {
            assert!(tell(kind, path).is_err(), "{kind:?} {path:?}");
        }
        let more = r#"{"person":1,"kind":"digest","count":2,"path":"/today","words":"about Ada"}"#;
        assert!(serde_json::from_str::<Tell>(more).is_err());
    }

    #[test]
    fn every_page_is_read_back_from_its_path() {
        for page in Where::ALL {
            assert_eq!(Where::at(page.path()), Some(page));
            assert_eq!(serde_json::to_string(&page).unwrap(), format!("{:?}", page.path()));
        }
        assert_eq!(Where::at("/me/notices/all"), None);
    }

    #[test]
    fn one_of_a_kind_goes_at_a_time() {
        let content = Notices::built_in();
        let at = Timestamp::from_millis(1_000_000_000);
        let minutes = |minutes: i64| at.plus_millis(minutes * 60_000);
        for (urgent, unseen, sent, expected) in [
            (false, false, None, Goes::From(at)),
            (false, true, None, Goes::From(at)),
            (false, true, Some(-59), Goes::Counted),
            (false, true, Some(-61), Goes::Counted),
            (false, true, Some(-20 * 60), Goes::From(at)),
            // What is urgent is sent each time, a minute apart.
            (true, true, Some(0), Goes::Counted),
            (true, true, Some(-1), Goes::From(at)),
            (true, false, Some(0), Goes::From(minutes(1))),
            (true, false, Some(-20), Goes::From(at)),
            // Looked at, and another comes soon: it waits for its hour.
            (false, false, Some(-20), Goes::From(minutes(40))),
            (false, false, Some(-61), Goes::From(at)),
        ] {
            let sent = sent.map(minutes);
            assert_eq!(goes(content, urgent, unseen, sent, at), expected, "{urgent} {unseen} {sent:?}");
        }
    }
}
