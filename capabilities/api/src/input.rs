//! What programs send, each in its one form: what does not have it cannot be understood.

use kit::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One line of words, with something to be seen in it. No control signs: some databases keep none, and no page shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<const MOST: usize>(pub String);

const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff][^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$";

const fn is_control(sign: char) -> bool {
    matches!(sign, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

const fn is_unseen(sign: char) -> bool {
    is_control(sign)
        || matches!(
            sign,
            ' ' | '\u{a0}'
                | '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{1680}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{2000}'..='\u{200f}'
                | '\u{2028}'..='\u{202f}'
                | '\u{205f}'..='\u{206f}'
                | '\u{3000}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{ffff}'
        )
}

impl<'de, const MOST: usize> Deserialize<'de> for Line<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fits = text.chars().count() <= MOST
            && !text.chars().any(is_control)
            && text.chars().any(|sign| !is_unseen(sign));
        if fits {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!("a text, expected one line of 1 to {MOST} signs")))
        }
    }
}

impl<const MOST: usize> PartialSchema for Line<MOST> {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some(LINE)).min_length(Some(1)).max_length(Some(MOST)).into()
    }
}
impl<const MOST: usize> ToSchema for Line<MOST> {}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// For how many minutes a lesson's opening lasts. A whole number may be written with a point and zeros after it (JSON Schema, `integer`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minutes(pub u16);

impl Minutes {
    /// The most.
    pub const MOST: u16 = 120;
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let whole = (1..=Self::MOST).find(|minutes| f64::from(*minutes) == number);
        whole.map(Self).ok_or_else(|| D::Error::custom("a number, expected a whole number from 1 to 120"))
    }
}

impl PartialSchema for Minutes {
    fn schema() -> RefOr<Schema> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer);
        whole.minimum(Some(1.0)).maximum(Some(f64::from(Self::MOST))).into()
    }
}
impl ToSchema for Minutes {}

/// A moment with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        moment(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a text, expected a time like 2026-11-23T10:30:00Z"))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}
impl ToSchema for Moment {}

/// Reads RFC 3339 and nothing else: a day, a `T`, a time to the second, an offset.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let is = |place: usize, sign: u8| bytes.get(place).is_some_and(|found| found.eq_ignore_ascii_case(&sign));
    let shaped = is(4, b'-') && is(7, b'-') && is(10, b't') && is(13, b':') && is(16, b':');
    let offset = text.ends_with(['Z', 'z'])
        || bytes
            .len()
            .checked_sub(6)
            .and_then(|place| bytes.get(place))
            .is_some_and(|sign| matches!(sign, b'+' | b'-'))
            && bytes.len().checked_sub(3).and_then(|place| bytes.get(place)) == Some(&b':');
    let plain = text.bytes().all(|sign| sign.is_ascii_digit() || b"-:.+TtZz".contains(&sign));
    if shaped && offset && plain { Timestamp::parse(text) } else { None }
}

/// Declares a text of one pattern.
macro_rules! patterned {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $holds:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let holds: fn(&str) -> bool = $holds;
                if holds(&text) { Ok(Self(text)) } else { Err(D::Error::custom(concat!("a text, expected ", $expected))) }
            }
        }
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text().pattern(Some($pattern)).into()
            }
        }
        impl ToSchema for $name {}
    };
}

fn is_id(text: &str, kind: &str) -> bool {
    let sign = |sign: u8| {
        sign.is_ascii_digit()
            || matches!(sign, b'a'..=b'h' | b'j'..=b'k' | b'm'..=b'n' | b'p'..=b't' | b'v'..=b'z')
    };
    text.strip_prefix(kind).is_some_and(|rest| rest.len() == 16 && rest.bytes().all(sign))
}

fn is_group(text: &str) -> bool {
    let sign = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-';
    (1..=60).contains(&text.len()) && text.bytes().all(sign)
}

patterned!(
    /// The id of a person in this API.
    Person, "^person_[0-9a-hjkmnp-tv-z]{16}$", |text| is_id(text, "person_"), "a person’s id as the API gives it"
);
patterned!(
    /// The id of a group of the policy.
    Group, "^[a-z0-9-]{1,60}$", is_group, "the id of a group"
);
patterned!(
    /// Somebody: a group, or everyone.
    Whom, "^(group:[a-z0-9-]{1,60}|everyone|person_[0-9a-hjkmnp-tv-z]{16})$",
    |text| text == "everyone" || is_id(text, "person_") || text.strip_prefix("group:").is_some_and(is_group),
    "group: and the id of a group, everyone, or a person’s id"
);
patterned!(
    /// A site.
    Site, "^([a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?\\.){1,4}[a-z]{2,20}$", is_site, "a site like www.example.org"
);
patterned!(
    /// A fixed address, of the older kind.
    Address, "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$|^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}$",
    |text| text.parse::<std::net::Ipv4Addr>().is_ok() || is_full_v6(text),
    "an address like 10.4.0.27, or one of IPv6 with all of its eight parts"
);
patterned!(
    /// A hardware address.
    Hardware, "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
    |text| {
        let parts: Vec<&str> = text.split(':').collect();
        let hex = |part: &&str| part.len() == 2 && part.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'));
        parts.len() == 6 && parts.iter().all(hex) && text.as_bytes().get(1).is_some_and(|sign| b"02468ace".contains(sign))
    },
    "a hardware address like 3c:22:fb:00:10:2a"
);
patterned!(
    /// The id of what waits for a second person.
    Proposal, "^approval_[0-9a-f]{32}$",
    |text| text.strip_prefix("approval_").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'))),
    "a proposal’s id"
);
patterned!(
    /// An address that is told of events.
    Url, "^https://[a-z0-9.-]{1,200}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/-]{0,300})?$", is_url, "an address that begins with https://"
);

fn is_full_v6(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let hex = |part: &&str| {
        (1..=4).contains(&part.len()) && part.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'))
    };
    parts.len() == 8 && parts.iter().all(hex)
}

fn is_site(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let plain = |label: &&str| {
        let sign = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit();
        let inside = label.bytes().all(|one| sign(one) || one == b'-');
        (1..=42).contains(&label.len()) && inside && !label.starts_with('-') && !label.ends_with('-')
    };
    let Some((top, below)) = labels.split_last() else { return false };
    let is_top = (2..=20).contains(&top.len()) && top.bytes().all(|sign| sign.is_ascii_lowercase());
    is_top && (1..=4).contains(&below.len()) && below.iter().all(plain)
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let in_host =
        |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, b'.' | b'-');
    let in_path = |sign: u8| sign.is_ascii_alphanumeric() || b"._~/-".contains(&sign);
    let port_fits = port.is_none_or(|port| {
        (1..=4).contains(&port.len())
            && port.bytes().all(|sign| sign.is_ascii_digit())
            && !port.starts_with('0')
    });
    (1..=200).contains(&host.len())
        && host.bytes().all(in_host)
        && port_fits
        && path.len() <= 300
        && path.bytes().all(in_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_something_to_be_seen_and_no_control_signs() {
        let read = |text: &str| serde_json::from_value::<Line<5>>(text.into()).is_ok();
        for (text, fits) in [
            ("why", true),
            (" a ", true),
            ("", false),
            ("   ", false),
            ("\u{200b}", false),
            ("a\0b", false),
            ("a\nb", false),
            ("abcdef", false),
            ("éîü", true),
        ] {
            assert_eq!(read(text), fits, "{text:?}");
        }
    }

    #[test]
    fn a_moment_has_its_offset() {
        for (text, fits) in [
            ("2026-11-23T10:30:00Z", true),
            ("2026-11-23t10:30:00.5+01:00", true),
            ("2026-11-23T10:30:00", false),
            ("2026-11-23", false),
            ("2026-11-23 10:30:00Z", false),
            ("2026-11-23T10:30:00Z[UTC]", false),
        ] {
            assert_eq!(moment(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn an_id_a_site_and_an_address_have_their_forms() {
        for (text, fits) in [
            ("www.example.org", true),
            ("-a.example", false),
            ("example", false),
            ("a..b", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_site(text), fits, "{text}");
        }
        for (text, fits) in [
            ("https://example.org", true),
            ("https://example.org:8443/hooks/a-1", true),
            ("http://example.org", false),
            ("https://user@example.org", false),
            ("https://example.org/?a=b", false),
        ] {
            assert_eq!(is_url(text), fits, "{text}");
        }
        assert!(is_id("person_0123456789abcdef", "person_") && !is_id("person_12", "person_"));
    }
}
