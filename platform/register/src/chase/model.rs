//! What is owed at a moment.

use jiff::civil::Date;
use kit::Timestamp;

use super::tell::Telling;
use crate::calendar::SchoolYear;
use crate::task::{self, Kind, Kinds, Me, Task, Whose};

/// What cannot wait is new: an id of `content/notices.toml`, as those below. It breaks quiet hours.
const NOW: &str = "task.now";
/// What cannot wait has used half its time.
const DUE: &str = "task.due";
/// It is late, and has come to somebody else.
const LATE: &str = "task.escalated";
/// Everything else, once a school morning.
const DIGEST: &str = "digest";

/// Whoever was not told of something new for so long is told of it by the digest.
const NEW_MS: i64 = 24 * 3_600_000;
/// Further back no school morning is looked for.
const FURTHEST_DAYS: u16 = 100;

/// A task that has come to the next duty of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalated {
    /// The task as it was.
    pub task: Task,
    /// Who is told.
    pub tell: Vec<Telling>,
}

/// What is owed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// What is to come to its next duty.
    pub escalate: Vec<Escalated>,
    /// Who is told what besides. Most of it was told before: each has a key.
    pub tell: Vec<Telling>,
}

/// What is owed at `at`: of the tasks that are open, to everybody who holds a duty.
pub fn round(tasks: &[Task], kinds: &Kinds, everybody: &[Me], year: &SchoolYear, at: Timestamp) -> Round {
    let known: Vec<(&Task, &Kind)> =
        tasks.iter().filter_map(|task| kinds.named(&task.kind).map(|kind| (task, kind))).collect();
    let mut round = Round::default();
    for (task, kind) in &known {
        round.escalate.extend(escalated(task, kind, everybody, year, at));
        if kind.tell == task::Tell::AtOnce {
            at_once(task, kind, everybody, year, at, &mut round.tell);
        }
    }
    if let Some(morning) = Morning::of(kinds.digest_minute(), year, at) {
        round.tell.extend(everybody.iter().filter_map(|me| digest(&known, me, year, morning)));
    }
    round
}

/// The next step, where its time has come: it is told to those alone whom the step brings.
fn escalated(
    task: &Task,
    kind: &Kind,
    everybody: &[Me],
    year: &SchoolYear,
    at: Timestamp,
) -> Option<Escalated> {
    let step = kind.escalate.get(usize::try_from(task.escalated).ok()?)?;
    // What was due at the end of a day was due on that day: the day after it counts.
    if at < step.after.start(task.due_at.plus_millis(-1), year).due_at {
        return None;
    }
    let after = Task { escalated: task.escalated.saturating_add(1), ..task.clone() };
    let brought = everybody
        .iter()
        .filter(|me| task.whose(kind, me).is_none() && after.whose(kind, me) == Some(Whose::Late));
    let tell = brought.map(|me| about(&after, LATE, &format!("late:{}", after.escalated), me)).collect();
    Some(Escalated { task: task.clone(), tell })
}

fn at_once(
    task: &Task,
    kind: &Kind,
    everybody: &[Me],
    year: &SchoolYear,
    at: Timestamp,
    tell: &mut Vec<Telling>,
) {
    let theirs =
        || everybody.iter().filter(|me| task.whose(kind, me).is_some_and(|whose| whose != Whose::Late));
    if at < task.opened_at.plus_millis(NEW_MS) {
        tell.extend(theirs().map(|me| about(task, NOW, "now", me)));
    }
    if is_reminded(task, kind, year, at) && !task.is_late(at) {
        tell.extend(theirs().map(|me| about(task, DUE, "remind", me)));
    }
}

fn about(task: &Task, kind: &'static str, what: &str, me: &Me) -> Telling {
    Telling { key: format!("{what}:{}:{}", task.id, me.person), person: me.person, kind, count: 1 }
}

/// Whether so much of its time is used that it is told again.
fn is_reminded(task: &Task, kind: &Kind, year: &SchoolYear, at: Timestamp) -> bool {
    kind.clock.start(task.opened_at, year).used_percent(at) >= kind.remind
}

/// A school morning.
#[derive(Clone, Copy)]
struct Morning {
    today: Date,
    /// The moment at which it is told.
    at: Timestamp,
    /// That moment on the school day before.
    before: Timestamp,
}

impl Morning {
    /// The one of `at`, on a school day from the moment on at which it is told to the end of school.
    fn of(minute: u16, year: &SchoolYear, at: Timestamp) -> Option<Self> {
        let today = year.zone().local(at).date();
        let moment = year.at(today, minute);
        if !year.is_school_day(today) || at < moment || at >= year.open(today).1 {
            return None;
        }
        let back = std::iter::successors(today.yesterday().ok(), |day| day.yesterday().ok());
        let mut back = back.take(usize::from(FURTHEST_DAYS));
        let before = back.find(|day| year.is_school_day(*day)).map(|day| year.at(day, minute));
        Some(Self { today, at: moment, before: before.unwrap_or_default() })
    }
}

/// One for all that had something to say that morning: what was new since the one before, had used half its time, or was late. What has
/// come up since then waits for the next.
fn digest(known: &[(&Task, &Kind)], me: &Me, year: &SchoolYear, morning: Morning) -> Option<Telling> {
    let at = morning.at;
    let speaks = |task: &Task, kind: &Kind| {
        let is_new = task.opened_at >= morning.before;
        task.opened_at < at && (is_new || task.is_late(at) || is_reminded(task, kind, year, at))
    };
    let theirs = known.iter().filter(|(task, kind)| task.whose(kind, me).is_some() && speaks(task, kind));
    let count = u32::try_from(theirs.count()).unwrap_or(u32::MAX);
    let key = || format!("digest:{}:{}", morning.today, me.person);
    (count > 0).then(|| Telling { key: key(), person: me.person, kind: DIGEST, count })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
