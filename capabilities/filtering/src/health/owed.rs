//! What is owed to the rule of the school's back-ups, in words with what to do. Pure.

use backups::{Known, Owed, Rule};
use kit::Zone;
use web::page::moment;

use super::model::{Item, Level, Seen, item};

/// What is owed, and how bad that is.
pub fn backups_owed(owed: &Owed, zone: &Zone) -> (String, Level) {
    match owed {
        Owed::Failed(problem) => (
            format!(
                "No new back-up could be made (last tried at {}): {}",
                moment(problem.at, zone),
                problem.why
            ),
            Level::Broken,
        ),
        Owed::Late(since) => {
            (format!("A back-up is owed since {}, and none was made.", moment(*since, zone)), Level::Broken)
        }
        Owed::DrillFailed(drill) => {
            (format!("Drill {} of {} failed: {}", drill.number, drill.backup, drill.says), Level::Broken)
        }
        Owed::DrillDue(None) => (
            "No back-up was ever restored to try it, so nobody knows that one would do.".to_owned(),
            Level::Look,
        ),
        Owed::DrillDue(Some(last)) => (
            format!(
                "A back-up was last restored to try it at {}: another drill is due.",
                moment(*last, zone)
            ),
            Level::Look,
        ),
        Owed::Beside(problem) => (format!("New back-ups are made, but {}", problem.why), Level::Look),
    }
}

fn what_to_do(owed: &Owed, rule: &Rule) -> &'static str {
    match owed {
        Owed::Failed(_) => "Put right what it says, and make one at once: `fivebar backup now`.",
        Owed::Late(_) => {
            "See whether the hub runs: it makes them. `fivebar backup now` makes one at once, and says what is in the way."
        }
        Owed::DrillFailed(_) => {
            "Make a new back-up and try that one: `fivebar backup now`, then `fivebar backup drill`. Keep the bad one until it is known \
             why it is bad."
        }
        Owed::DrillDue(_) if rule.encrypted => {
            "Bring an identity on a stick: `fivebar backup drill --identity FILE`. Take the stick away again afterwards."
        }
        Owed::DrillDue(_) => {
            "Nothing: it is done by itself within the hour. At once: `fivebar backup drill`."
        }
        Owed::Beside(_) => "Put right what it says; the next back-up tries again.",
    }
}

/// The lines about back-ups of a school that has a rule for them.
pub(super) fn by_rule(rule: &Rule, known: &Known, seen: &Seen<'_>) -> Vec<Item> {
    const WHAT: &str = "Back-ups";
    let owed = rule.owed(known, seen.zone, seen.at);
    let mut items: Vec<Item> = owed
        .iter()
        .map(|owed| {
            let (says, level) = backups_owed(owed, seen.zone);
            item(WHAT, level, says, Some(what_to_do(owed, rule)))
        })
        .collect();
    if !rule.encrypted {
        items.push(item(
            WHAT,
            Level::Look,
            "Back-ups are not encrypted: whoever finds one has the roll and the keys.",
            Some("Name a public key under recipients in [backup], and keep its identity away from this machine."),
        ));
    }
    if items.is_empty() {
        let newest = known.last_made.map_or_else(String::new, |at| {
            format!("The newest was made at {}, and read back where it lies. ", moment(at, seen.zone))
        });
        let drill = known.restored.as_ref().map_or_else(String::new, |drill| {
            format!("One was last restored to try it at {}.", moment(drill.at, seen.zone))
        });
        items.push(item(WHAT, Level::Well, format!("{newest}{drill}"), None));
    }
    items
}

#[cfg(test)]
mod tests {
    use backups::kept::Problem;
    use backups::{Keep, Wanted, weekday_of};
    use kit::Timestamp;

    use super::*;

    #[test]
    fn what_failed_is_loud_and_says_what_to_do() {
        let zone = Zone::utc();
        let at = Timestamp::parse("2026-06-03T12:00:00Z").unwrap();
        let rule = Rule {
            wanted: Some(Wanted { from_minute: 150, days: vec![weekday_of("wednesday").unwrap()] }),
            keep: Keep::default(),
            drill_every_days: 90,
            place: "/srv/disk".to_owned(),
            encrypted: true,
        };
        let seen = Seen {
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
        let problem =
            Some(Problem { at, why: "/srv/disk: there is no such folder".to_owned(), no_backup: true });
        let failed = Known { problem, ..Known::default() };
        let items = by_rule(&rule, &failed, &seen);
        assert!(
            items[0].level == Level::Broken && items[0].says.contains("/srv/disk: there is no such folder")
        );
        assert!(items.iter().all(|item| item.remedy.is_some()));
        let made = Known { last_made: Some(at), ..Known::default() };
        let items = by_rule(&rule, &made, &seen);
        assert!(items[0].level == Level::Look && items[0].remedy.as_ref().unwrap().contains("--identity"));
    }
}
