//! What is owed to the rule of the school's back-ups, in words with what to do. Pure.

use backups::{Known, Owed, Rule};
use kit::Zone;
use web::filled;
use web::page::moment;
use web::speech::say;

use super::model::{Item, Level, Seen, item};

/// What is owed, and how bad that is.
pub fn backups_owed(owed: &Owed, zone: &Zone) -> (String, Level) {
    match owed {
        Owed::Failed(problem) => (
            filled!("health-now.no-new-back-up", when = moment(problem.at, zone), why = problem.why),
            Level::Broken,
        ),
        Owed::Late(since) => (filled!("health-now.a-back-up-is", when = moment(*since, zone)), Level::Broken),
        Owed::DrillFailed(drill) => (
            filled!(
                "health-now.drill-of-failed",
                number = drill.number,
                backup = drill.backup,
                says = drill.says
            ),
            Level::Broken,
        ),
        Owed::DrillDue(None) => (say("health-now.no-back-up-was-ever"), Level::Look),
        Owed::DrillDue(Some(last)) => {
            (filled!("health-now.a-back-up-was", when = moment(*last, zone)), Level::Look)
        }
        Owed::Beside(problem) => (filled!("health-now.new-back-ups-are", why = problem.why), Level::Look),
    }
}

fn what_to_do(owed: &Owed, rule: &Rule) -> String {
    match owed {
        Owed::Failed(_) => say("health-now.put-right-what-it"),
        Owed::Late(_) => say("health-now.see-whether-the-hub"),
        Owed::DrillFailed(_) => say("health-now.make-a-new-back"),
        Owed::DrillDue(_) if rule.encrypted => say("health-now.bring-an-identity-on"),
        Owed::DrillDue(_) => say("health-now.nothing-it-is-done"),
        Owed::Beside(_) => say("health-now.put-right-what-it-says"),
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
            say("health-now.back-ups-are-not"),
            Some(say("health-now.name-a-public-key")),
        ));
    }
    if items.is_empty() {
        let newest = known.last_made.map_or_else(String::new, |at| {
            format!("{} ", filled!("health-now.the-newest-was-made-at", when = moment(at, seen.zone)))
        });
        let drill = known.restored.as_ref().map_or_else(String::new, |drill| {
            filled!("health-now.one-was-last-restored", when = moment(drill.at, seen.zone))
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
