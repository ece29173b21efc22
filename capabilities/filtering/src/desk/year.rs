//! The filter policy's calendar as the register's clocks read it: one calendar, written once.

use ::store::{StoreError, Tx};
use engine::document::CalendarSection;
use jiff::civil::{Date, Time};
use kit::Zone;
use register::SchoolYear;
use register::calendar::Term;

use crate::filter_policy;

/// The year that a policy's calendar says. What cannot be read is left out: the policy's own check has said so.
pub fn school_year(section: &CalendarSection) -> SchoolYear {
    let zone = Zone::named(&section.zone).unwrap_or_else(|_| Zone::utc());
    let days =
        |written: &[String]| written.iter().filter_map(|day| day.parse::<Date>().ok()).collect::<Vec<_>>();
    let terms = section.terms.iter().filter_map(|term| {
        let (from, to) = term.from.parse().ok().zip(term.to.parse().ok())?;
        Some(Term { name: term.name.clone(), from, to })
    });
    let year = SchoolYear::new(zone)
        .terms(terms)
        .closed(days(&section.closed))
        .bank_holidays(days(&section.bank_holidays));
    let opens = section.lessons.iter().filter_map(|lesson| minute(&lesson.from)).min();
    let closes = section.lessons.iter().filter_map(|lesson| minute(&lesson.to)).max();
    opens.zip(closes).map_or(year.clone(), |(opens, closes)| year.hours(opens, closes))
}

/// The year of the policy in force; one without terms where there is none.
pub async fn year(tx: &mut Tx) -> Result<SchoolYear, StoreError> {
    let version = filter_policy::current(tx).await?;
    let document = version.and_then(|version| version.document().ok());
    Ok(document.map_or_else(|| SchoolYear::new(Zone::utc()), |document| school_year(&document.calendar)))
}

fn minute(text: &str) -> Option<u16> {
    if text == "24:00" {
        return Some(24 * 60);
    }
    let time = text.parse::<Time>().ok()?;
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::PolicyDocument;
    use register::calendar::{Rule, Why};

    const POLICY: &str = r#"
form = 1
title = "A year"
version = 1
unidentified = "guests"
[calendar]
zone = "Europe/London"
closed = ["2026-11-27"]
bank-holidays = ["2026-12-25"]
[[calendar.term]]
name = "Autumn 1"
from = "2026-09-02"
to = "2026-10-23"
[[calendar.term]]
name = "Autumn 2"
from = "2026-11-02"
to = "2026-12-18"
[[calendar.lesson]]
id = "2"
from = "13:00"
to = "15:10"
[[calendar.lesson]]
id = "1"
from = "08:50"
to = "12:00"
[[group]]
id = "guests"
name = "Guests"
"#;

    #[test]
    fn the_register_keeps_the_year_that_the_policy_says() {
        let document = PolicyDocument::parse(POLICY).unwrap();
        let year = school_year(&document.calendar);
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (on, why) in [
            ("2026-10-23", None),
            ("2026-10-28", Some(Why::Holiday { after: "Autumn 1".into() })),
            ("2026-11-27", Some(Why::Closed)),
            ("2026-11-28", Some(Why::Weekend)),
        ] {
            assert_eq!(year.no_school(day(on)), why, "{on}");
        }
        let at = |text: &str| year.zone().written(text).unwrap();
        assert_eq!(year.open(day("2026-11-23")), (at("2026-11-23T08:50"), at("2026-11-23T15:10")));
        let run = Rule::SchoolHours(1).start(at("2026-10-23T14:40"), &year);
        assert_eq!(run.due_at, at("2026-11-02T09:20"));
        // The engine's own reading of the same section says the same of every day of it.
        let mut problems = Vec::new();
        let engine = engine::calendar::Calendar::read(&document.calendar, &mut problems);
        let days = std::iter::successors(Some(day("2026-09-02")), |day| day.tomorrow().ok()).take(108);
        for day in days {
            assert_eq!(year.is_school_day(day), engine.is_school_day(day), "{day}");
        }
    }
}
