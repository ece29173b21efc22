//! What is seen of each part, and what that means. Pure.

use activity::Crowd;
use backups::{Known, Rule};
use kit::{Timestamp, Zone};
use store::retention::Last;
use web::filled;
use web::speech::say;

use super::backups::BackUp;
use super::owed::by_rule;
use crate::filter_test::{Kept, still_failed, views::TEST_EVERY_MS};
use crate::list::Status;
use crate::observing;

/// How the gate fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateHealth {
    /// Since when it runs.
    pub started_at: Timestamp,
    /// How many questions to the name server it has answered since.
    pub questions: u64,
    /// How many of them it refused.
    pub refused: u64,
    /// How many it could not find out.
    pub failed: u64,
    /// How many named two devices.
    pub doubted: u64,
    /// How many connections the proxy has now.
    pub connections: u64,
    /// How many requests the proxy has carried.
    pub requests: u64,
    /// What must be said of the sealed tier.
    pub notice: Option<String>,
    /// Until when it refuses nothing but illegal content, where it observes only.
    pub observing_until: Option<Timestamp>,
}

/// What of the activity log is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// All of it.
    pub events: u64,
    /// What of it was on disk and was damaged there, what was brought in among it.
    pub damaged: u64,
    /// Whether more may be lost than is counted.
    pub at_least: bool,
}

impl Lost {
    /// What a log says that it lost.
    pub fn of(log: &activity::Status) -> Self {
        let accounts = &log.accounts;
        let damaged = accounts.damaged + accounts.imported_damaged;
        let open: u64 = accounts.open.iter().map(|run| run.lost).sum();
        Self { events: accounts.lost + open + damaged, damaged, at_least: accounts.at_least }
    }
}

/// What is said of an address that is many devices, with what to do about it.
pub fn many_devices(crowd: &Crowd) -> String {
    let Crowd { address, kinds, agents, questions, since } = crowd;
    let kinds = match kinds.as_slice() {
        [] => String::new(),
        kinds => format!(" ({})", kinds.join("; ")),
    };
    filled!("health-now.is-many-devices-questions", address, kinds, questions, agents, since)
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does not do what it is there for.
    Broken,
    /// Somebody should look at it.
    Look,
    /// Nothing to do.
    Well,
}

/// One part, how well it is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The part.
    pub what: &'static str,
    /// How well it is.
    pub level: Level,
    /// What is so.
    pub says: String,
    /// What to do, where there is anything to do.
    pub remedy: Option<String>,
}

/// What was seen of all parts at one moment.
pub struct Seen<'a> {
    /// When.
    pub at: Timestamp,
    /// The gate, where it runs.
    pub gate: Option<&'a GateHealth>,
    /// The log, where it answers.
    pub log: Option<&'a activity::Status>,
    /// The lists in use.
    pub lists: &'a [Status],
    /// The last tests of the filter, newest first.
    pub tests: &'a [Kept],
    /// Why a test could not be run by itself.
    pub not_tested: Option<&'a str>,
    /// The newest back-up.
    pub backup: Option<&'a BackUp>,
    /// What the school wants of its back-ups, and how that goes; nothing where it makes them by hand.
    pub by_rule: Option<(&'a Rule, &'a Known)>,
    /// When what is past its time was erased last, where it ever was.
    pub erased: Option<&'a Last>,
    /// The school's own time.
    pub zone: &'a Zone,
}

const DAY_MS: i64 = 86_400_000;
/// What is past its time is erased each day; a day more is nobody's fault.
const ERASED_EVERY_MS: i64 = 2 * DAY_MS;
/// A back-up that is older wants another.
const BACKUP_EVERY_MS: i64 = 7 * DAY_MS;

/// Every part, the worst first.
pub fn items(seen: &Seen<'_>) -> Vec<Item> {
    let mut all = vec![gate(seen)];
    all.extend(sealed(seen));
    all.extend(observes(seen));
    all.push(log(seen));
    all.extend(seen.log.into_iter().flat_map(|log| &log.crowds).map(|crowd| Item {
        what: "Devices",
        level: Level::Look,
        says: many_devices(crowd),
        remedy: None,
    }));
    all.push(lists(seen));
    all.push(test(seen));
    match seen.by_rule {
        Some((rule, known)) => all.extend(by_rule(rule, known, seen)),
        None => all.push(backup(seen)),
    }
    all.extend(seen.erased.map(|last| erased(last, seen)));
    all.sort_by_key(|item| item.level);
    all
}

pub(super) fn item(
    what: &'static str,
    level: Level,
    says: impl Into<String>,
    remedy: Option<String>,
) -> Item {
    Item { what, level, says: says.into(), remedy }
}

fn gate(seen: &Seen<'_>) -> Item {
    let Some(gate) = seen.gate else {
        return item(
            "Gate",
            Level::Broken,
            say("health-now.it-does-not-run"),
            Some(say("health-now.start-it-fivebar-run")),
        );
    };
    let says = filled!(
        "health-now.it-runs-since-it",
        when = web::page::moment(gate.started_at, seen.zone),
        questions = gate.questions,
        refused = gate.refused,
        requests = gate.requests,
        connections = gate.connections
    );
    if gate.doubted > 0 {
        return item(
            "Gate",
            Level::Look,
            filled!("health-now.questions-named-two-devices", says, doubted = gate.doubted),
            Some(say("health-now.a-router-passes-on")),
        );
    }
    // A few names are always out of order somewhere.
    if gate.failed > 100 && gate.failed > gate.questions / 10 {
        return item(
            "Gate",
            Level::Look,
            filled!("health-now.of-the-questions-could", says, failed = gate.failed),
            Some(say("health-now.see-whether-the-name")),
        );
    }
    item("Gate", Level::Well, says, None)
}

fn sealed(seen: &Seen<'_>) -> Option<Item> {
    let notice = seen.gate?.notice.as_ref()?;
    Some(item("Illegal content", Level::Broken, notice.as_str(), Some(say("health-now.get-the-lists-of"))))
}

fn observes(seen: &Seen<'_>) -> Option<Item> {
    let until = seen.gate?.observing_until?;
    Some(item(
        "Rules",
        Level::Look,
        observing::words(until, seen.at, seen.zone),
        Some(say("health-now.nothing-while-another-filter")),
    ))
}

fn log(seen: &Seen<'_>) -> Item {
    let Some(log) = seen.log else {
        return item(
            "Activity log",
            Level::Broken,
            say("health-now.it-does-not-answer"),
            Some(say("health-now.start-it-fivebar-run-or")),
        );
    };
    let kept = log.last_seq.saturating_sub(log.first_seq.saturating_sub(1));
    let says = filled!(
        "health-now.it-keeps-events-for",
        kept,
        days = log.keep_days,
        megabytes = log.bytes / 1_000_000
    );
    if let Some(alarm) = &log.alarm {
        return item(
            "Activity log",
            Level::Broken,
            filled!(
                "health-now.events-cannot-be-written",
                when = web::page::moment(alarm.since, seen.zone),
                why = alarm.why
            ),
            Some(say("health-now.make-room-on-the")),
        );
    }
    let Lost { events, damaged, at_least } = Lost::of(log);
    if events > 0 {
        let at_least = if at_least { format!("{} ", say("health-now.at-least")) } else { String::new() };
        let of_it =
            if damaged > 0 { filled!("health-now.of-them-damaged-on", damaged) } else { String::new() };
        return item(
            "Activity log",
            Level::Look,
            filled!("health-now.in-all-events-were", says, atleast = at_least, events, ofit = of_it),
            Some(say("health-now.fivebar-verify-says-which")),
        );
    }
    item("Activity log", Level::Well, says, None)
}

fn lists(seen: &Seen<'_>) -> Item {
    let of = |word: &str| seen.lists.iter().filter(|status| status.word() == word).count();
    let (waiting, failing, held) = (of("waiting"), of("failing"), of("held"));
    let says = filled!("health-now.lists-are-in-use", n = seen.lists.len());
    if seen.lists.is_empty() {
        let remedy = say("health-now.read-some-in-fivebar");
        return item("Lists", Level::Broken, say("health-now.no-list-is-in"), Some(remedy));
    }
    if waiting > 0 {
        let says = filled!("health-now.the-last-update-of", says, waiting);
        return item("Lists", Level::Look, says, Some(say("health-now.see-under-lists-what")));
    }
    if failing > 0 {
        let says = filled!("health-now.could-not-be-fetched", says, failing);
        return item("Lists", Level::Look, says, Some(say("health-now.nothing-yet-each-is")));
    }
    if held > 0 {
        return item("Lists", Level::Well, filled!("health-now.are-held-as-they", says, held), None);
    }
    item("Lists", Level::Well, says, None)
}

fn test(seen: &Seen<'_>) -> Item {
    let again = Some(say("health-now.test-it-fivebar-filter"));
    if let Some(why) = seen.not_tested {
        return item("Tests", Level::Look, filled!("health-now.the-filter-could-not", why), again);
    }
    let Some(newest) = seen.tests.first() else {
        return item("Tests", Level::Look, say("health-now.the-filter-was-never"), again);
    };
    let when = web::page::moment(newest.at, seen.zone);
    let says = filled!("health-now.test-at", number = newest.number, when, found = newest.report.in_short());
    let failed = still_failed(seen.tests);
    if !failed.is_empty() {
        let numbers: Vec<String> = failed.iter().map(|test| test.number.to_string()).collect();
        let says = filled!("health-now.what-failed-stands-test", says, numbers = numbers.join(", "));
        return item("Tests", Level::Broken, says, Some(say("health-now.see-under-tests-what")));
    }
    if seen.at.as_millis() - newest.at.as_millis() > TEST_EVERY_MS {
        return item("Tests", Level::Look, filled!("health-now.that-is-more-than", says), again);
    }
    item("Tests", Level::Well, says, None)
}

fn backup(seen: &Seen<'_>) -> Item {
    let remedy = Some(say("health-now.make-one-fivebar-backup"));
    let Some(backup) = seen.backup else {
        return item("Back-ups", Level::Broken, say("health-now.no-back-up-was"), remedy);
    };
    let says = filled!("health-now.the-newest-was-made", when = web::page::moment(backup.at, seen.zone));
    if seen.at.as_millis() - backup.at.as_millis() > BACKUP_EVERY_MS {
        return item("Back-ups", Level::Look, filled!("health-now.that-is-more-than-a", says), remedy);
    }
    if !backup.encrypted {
        let remedy = Some(say("health-now.give-fivebar-backup-create"));
        return item("Back-ups", Level::Look, filled!("health-now.it-is-not-encrypted", says), remedy);
    }
    item("Back-ups", Level::Well, says, None)
}

fn erased(last: &Last, seen: &Seen<'_>) -> Item {
    const WHAT: &str = "Past its time";
    let at = Timestamp::from_millis(last.at_ms);
    let says = filled!("health-now.what-is-past-its", when = web::page::moment(at, seen.zone));
    if !last.problem.is_empty() {
        let says = filled!("health-now.what-is-past-could", problem = last.problem);
        return item(WHAT, Level::Look, says, Some(say("health-now.nothing-yet-it-is")));
    }
    if seen.at.as_millis() - last.at_ms > ERASED_EVERY_MS {
        let remedy = Some(say("health-now.look-whether-the-hub"));
        return item(WHAT, Level::Look, says, remedy);
    }
    item(WHAT, Level::Well, says, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> GateHealth {
        GateHealth {
            started_at: Timestamp::from_millis(0),
            questions: 1000,
            refused: 10,
            failed: 5,
            doubted: 0,
            connections: 2,
            requests: 20,
            notice: None,
            observing_until: None,
        }
    }

    fn level(what: &str, seen: &Seen<'_>) -> Level {
        items(seen).into_iter().find(|item| item.what == what).unwrap().level
    }

    #[test]
    fn each_part_says_how_well_it_is_and_what_to_do_the_worst_first() {
        let zone = Zone::utc();
        let at = Timestamp::from_millis(40 * DAY_MS);
        let none = Seen {
            at,
            gate: None,
            log: None,
            lists: &[],
            tests: &[],
            not_tested: None,
            backup: None,
            by_rule: None,
            erased: None,
            zone: &zone,
        };
        let all = items(&none);
        assert!(all.iter().all(|item| item.level == Level::Well || item.remedy.is_some()), "{all:?}");
        assert!(all.is_sorted_by_key(|item| item.level));
        for (what, expected) in [
            ("Gate", Level::Broken),
            ("Activity log", Level::Broken),
            ("Lists", Level::Broken),
            ("Tests", Level::Look),
            ("Back-ups", Level::Broken),
        ] {
            assert_eq!(level(what, &none), expected, "{what}");
        }
        for (days, problem, expected) in
            [(39, "", Level::Well), (37, "", Level::Look), (40, "no room", Level::Look)]
        {
            let last = Last { at_ms: days * DAY_MS, erased: [].into(), problem: problem.to_owned() };
            assert_eq!(
                level("Past its time", &Seen { erased: Some(&last), ..none }),
                expected,
                "{days} {problem}"
            );
        }
        let well = gate();
        assert_eq!(level("Gate", &Seen { gate: Some(&well), ..none }), Level::Well);
        for (odd, what) in [
            (GateHealth { doubted: 1, ..gate() }, "Gate"),
            (GateHealth { failed: 200, ..gate() }, "Gate"),
            (GateHealth { observing_until: Some(at), ..gate() }, "Rules"),
        ] {
            assert_eq!(level(what, &Seen { gate: Some(&odd), ..none }), Level::Look, "{odd:?}");
        }
        let sealed = GateHealth { notice: Some("No live list".into()), ..gate() };
        assert_eq!(level("Illegal content", &Seen { gate: Some(&sealed), ..none }), Level::Broken);
        for (days, encrypted, expected) in
            [(39, true, Level::Well), (39, false, Level::Look), (32, true, Level::Look)]
        {
            let made = Timestamp::from_millis(days * DAY_MS);
            let backup = BackUp { at: made, by: String::new(), encrypted, entries: None, restored: false };
            assert_eq!(level("Back-ups", &Seen { backup: Some(&backup), ..none }), expected, "{days}");
        }
    }
}
