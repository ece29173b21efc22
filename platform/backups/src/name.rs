//! What a back-up is called: by whose it is and when it was made, so that a folder says both without any record.

use kit::Timestamp;

/// How every name ends.
const END: &str = ".fivebar-backup";
/// How many signs name a school.
const SCHOOL_SIGNS: usize = 10;

/// A back-up by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Archive {
    /// When it was made, to the second.
    pub made_at: Timestamp,
    /// Whose it is.
    pub school: String,
}

/// Whose records they are: the beginning of the hash of the first entry of their access trail, which a restore brings along. Two
/// schools that keep back-ups in one place thus never take each other's for their own.
pub fn school_of(first_hash: &str) -> String {
    let plain: String = first_hash.chars().filter(char::is_ascii_hexdigit).take(SCHOOL_SIGNS).collect();
    if plain.is_empty() { "0".to_owned() } else { plain.to_ascii_lowercase() }
}

impl Archive {
    /// One that is made now.
    pub fn new(school: &str, made_at: Timestamp) -> Self {
        let made_at = Timestamp::from_millis(made_at.as_millis().div_euclid(1000) * 1000);
        Self { made_at, school: school.to_owned() }
    }

    /// As in `fivebar-3f9ab01c22-20261127T023000Z.fivebar-backup`.
    pub fn name(&self) -> String {
        let utc = jiff::Timestamp::from_millisecond(self.made_at.as_millis()).unwrap_or_default();
        format!("fivebar-{}-{}{END}", self.school, utc.strftime("%Y%m%dT%H%M%SZ"))
    }

    /// The back-up of that name; `None` where the name is none that [`Self::name`] gives.
    pub fn named(name: &str) -> Option<Self> {
        let (school, moment) = name.strip_prefix("fivebar-")?.strip_suffix(END)?.split_once('-')?;
        let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", moment).ok()?;
        let at = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        let archive =
            Self { made_at: Timestamp::from_millis(at.as_millisecond()), school: school.to_owned() };
        (archive.name() == name).then_some(archive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is_and_when_it_was_made_and_nothing_else_is_one() {
        let at = Timestamp::parse("2026-11-27T02:30:00.250Z").unwrap();
        let archive = Archive::new("3f9ab01c22", at);
        assert_eq!(archive.name(), "fivebar-3f9ab01c22-20261127T023000Z.fivebar-backup");
        assert_eq!(Archive::named(&archive.name()), Some(archive));
        for odd in [
            "",
            "fivebar-backup",
            "fivebar-3f-20261327T023000Z.fivebar-backup",
            "fivebar-3f-20261127T023000Z.fivebar-backup.proof",
            "fivebar-3f-20261127T023000.fivebar-backup",
            "fivebar-3f-2026112T023000Z.fivebar-backup",
            "../fivebar-3f-20261127T023000Z.fivebar-backup",
            "fivebar-20261127T023000Z.fivebar-backup",
        ] {
            assert_eq!(Archive::named(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_school_is_named_by_the_first_entry_of_its_trail() {
        assert_eq!(school_of("3F9ab01c22ffee"), "3f9ab01c22");
        assert_eq!(school_of("../"), "0");
    }
}
