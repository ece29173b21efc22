//! What a form asks of the log.

use std::collections::BTreeMap;

use activity::{Search, TimeRange};
use engine::{DeviceNo, FilterPolicy, Live, PersonNo, Verdict};
use kit::{Private, Timestamp, Zone};
use people::Pseudonyms;
use people::pseudonym::{is_a_device, is_a_persons};
use web::speech::say;
use web::{Mistakes, Submitted};

use super::members_of;
use crate::site::Site;

/// The fields of the form, by their names: what is sent again for the next page and for an export.
pub const FIELDS: [&str; 9] =
    ["person", "device", "address", "site", "group", "category", "verdict", "since", "until"];

/// How many events of one moment are passed over at most: all of them are read for it.
const MOST_OF_A_MOMENT: usize = 10_000;

/// Where a page of what was found begins, for whoever reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Up to this moment, which counts as well.
    pub until: Timestamp,
    /// So many of that very moment were shown already.
    pub shown: usize,
}

impl Cursor {
    /// The one that a form carries.
    pub fn of(form: &Submitted) -> Option<Self> {
        let until = form.text("older").parse().ok().map(Timestamp::from_millis)?;
        let shown: usize = form.text("shown").parse().unwrap_or(0);
        Some(Self { until, shown: shown.min(MOST_OF_A_MOMENT) })
    }

    /// The one after these moments were shown, newest first; `before` is the one that they began with.
    pub fn after(before: Option<Self>, shown: &[Timestamp]) -> Option<Self> {
        let until = *shown.last()?;
        let of_it = shown.iter().filter(|at| **at == until).count();
        let earlier = before.filter(|before| before.until == until).map_or(0, |before| before.shown);
        Some(Self { until, shown: of_it + earlier })
    }
}

/// The names of everybody whom the log can name, where identities are opened.
#[derive(Default)]
pub struct Names {
    /// People's.
    pub people: BTreeMap<PersonNo, Private<String>>,
    /// Devices'.
    pub devices: BTreeMap<DeviceNo, Private<String>>,
}

/// What a question is read against.
pub struct Ground<'a> {
    /// The policy that decides.
    pub policy: &'a FilterPolicy,
    /// Who is where.
    pub live: &'a Live,
    /// The school's own time.
    pub zone: &'a Zone,
    /// Gives and finds pseudonyms.
    pub pseudonyms: &'a Pseudonyms,
    /// The numbers on the roll.
    pub roll: &'a [PersonNo],
    /// Names, where identities are opened.
    pub names: Option<&'a Names>,
    /// When the question was asked.
    pub at: Timestamp,
}

/// Reads a form. What is wrong with it is among the mistakes.
pub fn search(form: &Submitted, ground: &Ground<'_>, mistakes: &mut Mistakes) -> Search {
    let line = |field: &str| Some(form.line(field)).filter(|line| !line.is_empty());
    let person = line("person").and_then(|typed| person(&typed, ground, mistakes));
    let device = line("device").and_then(|typed| device(&typed, ground, mistakes));
    let client = line("address").and_then(|typed| {
        let address = typed.parse().ok();
        if address.is_none() {
            mistakes.add("address", say("activity.enter-the-devices-address"));
        }
        address
    });
    let site = line("site").and_then(|typed| {
        let site = Site::typed(&typed);
        if site.is_none() {
            mistakes.add("site", say("activity.enter-the-sites-address"));
        }
        site.map(|site| site.host)
    });
    let (policy, catalogue) = (ground.policy, ground.policy.catalogue());
    let group = line("group").and_then(|id| policy.groups().number(&id));
    let (members, member_devices) =
        group.map_or_else(Default::default, |group| members_of(ground.live, group));
    let category = line("category").and_then(|id| catalogue.category_no(&id));
    let verdict = line("verdict").and_then(|id| Verdict::ALL.into_iter().find(|one| one.id() == id));
    let mut moment = |field: &'static str| {
        let typed = line(field)?;
        let written = written(&typed, ground.zone, ground.at);
        if written.is_none() {
            mistakes.add(field, say("activity.enter-a-day-or"));
        }
        written
    };
    let (from, until) = (moment("since"), moment("until"));
    let older = Cursor::of(form).map(|cursor| cursor.until.plus_millis(1));
    let to = match (until, older) {
        (Some(until), Some(older)) => Some(until.min(older)),
        (until, older) => until.or(older),
    };
    Search {
        person,
        device,
        client,
        group,
        members,
        member_devices,
        site,
        category,
        verdict,
        // Where nothing is said it is about today: what is longer ago takes longer to find.
        time: TimeRange { from: from.or_else(|| Some(ground.zone.day(ground.at).begins)), to },
        ..Search::default()
    }
}

fn written(typed: &str, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
    let today = zone.day(at);
    match typed.to_lowercase().as_str() {
        "today" => Some(today.begins),
        "yesterday" => Some(zone.day(today.begins.plus_millis(-1)).begins),
        _ => zone.written(typed),
    }
}

fn person(typed: &str, ground: &Ground<'_>, mistakes: &mut Mistakes) -> Option<PersonNo> {
    if is_a_persons(typed) {
        let found = ground.pseudonyms.whose(typed, ground.roll.iter().copied());
        if found.is_none() {
            mistakes.add("person", say("activity.nobody-here-has-that"));
        }
        return found;
    }
    let Some(names) = ground.names else {
        mistakes.add("person", say("activity.enter-a-pseudonym-like"));
        return None;
    };
    named("person", typed, &names.people, mistakes)
}

fn device(typed: &str, ground: &Ground<'_>, mistakes: &mut Mistakes) -> Option<DeviceNo> {
    if is_a_device(typed) {
        let found = ground.pseudonyms.which(typed);
        if found.is_none() {
            mistakes.add("device", say("activity.no-device-here-has"));
        }
        return found;
    }
    let Some(names) = ground.names else {
        mistakes.add("device", say("activity.enter-a-pseudonym-like-d"));
        return None;
    };
    named("device", typed, &names.devices, mistakes)
}

/// The number of the one that is called so.
fn named<N: Copy>(
    field: &'static str,
    typed: &str,
    names: &BTreeMap<N, Private<String>>,
    mistakes: &mut Mistakes,
) -> Option<N> {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let wanted = plain(typed);
    let mut called = names.iter().filter(|(_, name)| plain(name.reveal()) == wanted);
    match (called.next(), called.next()) {
        (Some((number, _)), None) => return Some(*number),
        (None, _) => mistakes.add(field, say("activity.nobody-and-nothing-is")),
        _ => mistakes.add(field, say("activity.several-are-or-were")),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn whoever_reads_on_misses_nothing_and_sees_nothing_twice() {
        // Three pages of two over five events, of which three are of one moment.
        let all = [9, 7, 7, 7, 5].map(at);
        let mut cursor = None;
        let mut seen = Vec::new();
        for _ in 0..4 {
            let rest: Vec<Timestamp> = match cursor {
                None => all.to_vec(),
                Some(Cursor { until, shown }) => {
                    all.iter().copied().filter(|at| *at <= until).skip(shown).collect()
                }
            };
            let page = &rest[..rest.len().min(2)];
            if page.is_empty() {
                break;
            }
            seen.extend_from_slice(page);
            cursor = Cursor::after(cursor, page);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn the_days_of_a_question_are_those_of_the_school() {
        let london = Zone::named("Europe/London").unwrap();
        let at = Timestamp::parse("2026-06-30T23:15:00Z").unwrap();
        let read = |typed: &str| written(typed, &london, at).map(|at| at.to_string());
        assert_eq!(read("today").as_deref(), Some("2026-06-30T23:00:00Z"));
        assert_eq!(read("Yesterday").as_deref(), Some("2026-06-29T23:00:00Z"));
        assert_eq!(read("2026-06-01 10:30").as_deref(), Some("2026-06-01T09:30:00Z"));
        assert_eq!(read("soon"), None);
    }
}
