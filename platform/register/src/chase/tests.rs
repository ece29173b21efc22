//! What is told to whom, moment by moment.

use jiff::civil::date;
use kit::Zone;

use super::*;
use crate::calendar::Term;
use crate::task::{Owner, State};

const KINDS: &str = "
version = '1'
source = 'ours'
[digest]
at = '07:30'
[[kind]]
id = 'slow'
name = 'Look'
about = 'at it'
duties = ['dsl']
clock = '4 school days'
done = 'by-hand'
tell = 'digest'
[[kind.escalate]]
after = '1 school day'
to = ['head']
[[kind]]
id = 'quick'
name = 'Look now'
about = 'at it'
duties = ['dsl', 'head']
clock = '4 school hours'
done = 'by-hand'
tell = 'at-once'
[[kind.escalate]]
after = '1 school day'
to = ['chair']
";

fn year() -> SchoolYear {
    let term = |name: &str, from, to| Term { name: name.into(), from, to };
    SchoolYear::new(Zone::named("Europe/London").unwrap())
        .terms([
            term("Autumn 1", date(2026, 9, 2), date(2026, 10, 23)),
            term("Autumn 2", date(2026, 11, 2), date(2026, 12, 18)),
        ])
        .hours(9 * 60, 15 * 60)
}

fn at(text: &str) -> Timestamp {
    year().zone().written(text).unwrap()
}

fn me(person: u32, duty: &str) -> Me {
    Me { person, duties: [duty.to_owned()].into(), ..Me::default() }
}

fn task(kinds: &Kinds, kind: &str, opened: &str) -> Task {
    let rule = kinds.named(kind).unwrap().clock;
    Task {
        id: kit::Ids::default().make(at(opened)),
        kind: kind.into(),
        subject: "thing".into(),
        path: String::new(),
        owner: None,
        not_by: None,
        opened_at: at(opened),
        due_at: rule.start(at(opened), &year()).due_at,
        escalated: 0,
        state: State::Open,
    }
}

/// Who is told what at that moment: `1 digest 2` for two things.
fn told(tasks: &[Task], now: &str) -> Vec<String> {
    let kinds = Kinds::parse(KINDS).unwrap();
    let everybody = [me(1, "dsl"), me(2, "head"), me(3, "chair"), me(4, "teacher")];
    let round = round(tasks, &kinds, &everybody, &year(), at(now));
    let late = round.escalate.iter().flat_map(|one| &one.tell);
    let all = late.chain(&round.tell);
    all.map(|one| format!("{} {} {}", one.person, one.kind, one.count)).collect()
}

#[test]
fn a_morning_tells_each_person_once_what_is_new_half_used_or_late() {
    let kinds = Kinds::parse(KINDS).unwrap();
    let tasks = [task(&kinds, "slow", "2026-11-09T10:00"), task(&kinds, "slow", "2026-11-09T11:00")];
    for (now, expected) in [
        // What comes up in the day waits for the morning.
        ("2026-11-09T12:00", vec![]),
        ("2026-11-10T07:29", vec![]),
        ("2026-11-10T07:30", vec!["1 digest 2"]),
        ("2026-11-10T15:00", vec![]),
        // Nothing new, and less than half is used.
        ("2026-11-11T08:00", vec![]),
        ("2026-11-12T08:00", vec!["1 digest 2"]),
        // Due at the end of Friday.
        ("2026-11-14T08:00", vec![]),
        ("2026-11-16T08:00", vec!["1 digest 2"]),
    ] {
        assert_eq!(told(&tasks, now), expected, "{now}");
    }
}

#[test]
fn a_late_task_comes_to_the_next_duty_once() {
    let kinds = Kinds::parse(KINDS).unwrap();
    let one = task(&kinds, "slow", "2026-11-09T10:00");
    assert_eq!(one.due_at, at("2026-11-14T00:00"));
    // A day of school after it was due, which the weekend puts off.
    assert_eq!(told(std::slice::from_ref(&one), "2026-11-16T22:00"), Vec::<String>::new());
    assert_eq!(told(std::slice::from_ref(&one), "2026-11-17T00:00"), ["2 task.escalated 1"]);
    let escalated = Task { escalated: 1, ..one };
    assert_eq!(told(std::slice::from_ref(&escalated), "2026-11-17T08:00"), ["1 digest 1", "2 digest 1"]);
}

#[test]
fn what_cannot_wait_is_told_in_the_moment_and_again_at_half_its_time() {
    let kinds = Kinds::parse(KINDS).unwrap();
    let one = task(&kinds, "quick", "2026-11-09T15:30");
    assert_eq!(told(std::slice::from_ref(&one), "2026-11-09T15:30"), ["1 task.now 1", "2 task.now 1"]);
    assert_eq!(
        told(std::slice::from_ref(&one), "2026-11-10T11:00"),
        ["1 task.now 1", "2 task.now 1", "1 task.due 1", "2 task.due 1", "1 digest 1", "2 digest 1"]
    );
    // Whoever took it is the only one who is told, and whose work it looks at never is.
    let taken = Task { owner: Some(Owner::Person(2)), ..one.clone() };
    assert_eq!(told(&[taken], "2026-11-09T15:31"), ["2 task.now 1"]);
    let own = Task { not_by: Some("person:1".into()), ..one };
    assert_eq!(told(&[own], "2026-11-09T15:31"), ["2 task.now 1"]);
}

#[test]
fn holidays_are_quiet_and_the_first_morning_after_them_tells() {
    let kinds = Kinds::parse(KINDS).unwrap();
    let one = task(&kinds, "slow", "2026-10-23T15:30");
    assert_eq!(told(std::slice::from_ref(&one), "2026-10-27T09:00"), Vec::<String>::new());
    assert_eq!(told(std::slice::from_ref(&one), "2026-11-02T08:00"), ["1 digest 1"]);
}

#[test]
fn the_same_is_told_under_the_same_key() {
    let kinds = Kinds::parse(KINDS).unwrap();
    let everybody = [me(1, "dsl")];
    let tasks = [task(&kinds, "slow", "2026-11-09T10:00")];
    let keys = |now: &str| {
        let round = round(&tasks, &kinds, &everybody, &year(), at(now));
        round.tell.into_iter().map(|one| one.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("2026-11-10T08:00"), ["digest:2026-11-10:1"]);
    assert_eq!(keys("2026-11-10T08:00"), keys("2026-11-10T14:00"));
}
