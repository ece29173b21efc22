//! What may be told of live sealed entries. Any answer that depends on one tells of it, and asking in bulk would draw the list
//! out of the gate one guess at a time: every command and every page that gives such answers asks here first. Entries for testing are
//! no secret.

use ::store::trail::Wanted;
use ::store::{Actor, Db, StoreError, Subject, Tx, trail};
use engine::{SealedState, Step};
use kit::Timestamp;
use serde_json::json;

use super::is_test_entry;

/// So many answers that tell of a sealed site are given in an hour by all commands and pages together, in one go or one by one.
const MOST_TOLD: u32 = 10;
/// So many of them to one person at the portal, so that nobody's asking keeps all others from an answer.
const MOST_TO_ONE: u32 = 3;
/// So many entries of an hour are looked at. There are no more: ten that told, and one for each person who asked in bulk.
const MOST_READ: u32 = 5_000;
const AN_HOUR_MS: i64 = 3_600_000;
const ASKED: &str = "sealed.asked";
const IN_BULK: &str = "sealed.asked-in-bulk";

/// What the trail says of an answer that was given, or refused because somebody asked in bulk.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: Timestamp,
    in_bulk: bool,
    /// To whoever asks now.
    to_them: bool,
    /// To a person at the portal.
    to_person: bool,
}

/// How many more may be told at `at`. Who asks in bulk at the portal is told nothing for an hour and others are; who does so at the
/// command line, where nobody knows who it was, ends all answers.
fn left(before: &[Told], to_person: bool, at: Timestamp) -> u32 {
    let since = at.plus_millis(-AN_HOUR_MS);
    let within = before.iter().filter(|told| told.at > since);
    let (mut all, mut theirs) = (MOST_TOLD, if to_person { MOST_TO_ONE } else { MOST_TOLD });
    for told in within {
        match (told.in_bulk, told.to_person) {
            (true, true) => {}
            (true, false) => all = 0,
            (false, _) => all = all.saturating_sub(1),
        }
        if told.to_them && told.to_person {
            theirs = if told.in_bulk { 0 } else { theirs.saturating_sub(1) };
        }
    }
    all.min(theirs)
}

/// How many more may be told to `actor`.
pub async fn still_left(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<u32, StoreError> {
    Ok(before(tx, actor, at).await?.0)
}

/// Leaves an entry for each of so many sealed sites before an answer that tells of them; whether they may be told, and how many
/// are left then. Where they are more than are left, none may be told, and no other answer is given for an hour: an entry says that
/// somebody asked in bulk. No entry says what was asked. Of none at all: whether any answer may be given, since where nothing is left not
/// even that there is nothing to tell may be told.
pub async fn may_tell(
    records: &Db,
    actor: &Actor,
    what: &str,
    many: u32,
    at: Timestamp,
) -> Result<(bool, u32), StoreError> {
    if many == 0 {
        let mut tx = records.read().await?;
        let left = still_left(&mut tx, actor, at).await?;
        tx.roll_back().await?;
        return Ok((left > 0, left));
    }
    let subject = subject();
    let detail = json!({ "command": what });
    let mut tx = records.begin().await?;
    let (left, said) = before(&mut tx, actor, at).await?;
    let may = many <= left;
    if may {
        for _ in 0..many {
            trail::changed(&mut tx, actor, ASKED, &subject, &detail, at).await?;
        }
    } else if !said {
        trail::changed(&mut tx, actor, IN_BULK, &subject, &detail, at).await?;
    }
    tx.commit().await?;
    Ok((may, left.saturating_sub(many)))
}

fn subject() -> Subject {
    Subject::new("sealed", "explain")
}

/// How many are left to `actor`, and whether an entry already says that they asked in bulk.
async fn before(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<(u32, bool), StoreError> {
    let subject = subject();
    let since = Some(at.plus_millis(-AN_HOUR_MS));
    let wanted = Wanted { since, about: Some((subject.kind(), subject.id())), ..Wanted::default() };
    let theirs = actor.to_string();
    let before: Vec<_> = trail::find(tx, &wanted, MOST_READ)
        .await?
        .iter()
        .map(|entry| Told {
            at: entry.at,
            in_bulk: entry.verb == IN_BULK,
            to_them: entry.actor == theirs,
            to_person: Actor::person(&entry.actor).is_some(),
        })
        .collect();
    let to_person = matches!(actor, Actor::Person(_));
    let said = before.iter().any(|told| told.in_bulk && (told.to_them || !told.to_person));
    Ok((left(&before, to_person, at), said))
}

/// Whether an answer tells what the live feed holds. Entries for testing are no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Whether a live feed is loaded.
    pub live: bool,
}

impl Secret {
    /// As the tier stands.
    pub const fn of(state: SealedState) -> Self {
        Self { live: matches!(state, SealedState::Live | SealedState::Stale) }
    }

    /// Whether an answer of that step about that host tells of an entry.
    pub fn is_told_by(self, step: Step, host: &str) -> bool {
        self.live && step == Step::Sealed && !is_test_entry(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(minutes_ago: i64, in_bulk: bool, to_person: bool, to_them: bool) -> Told {
        Told { at: now().plus_millis(-minutes_ago * 60_000), in_bulk, to_them, to_person }
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(10 * AN_HOUR_MS)
    }

    #[test]
    fn ten_are_told_in_an_hour_and_none_after_asking_for_more() {
        let ten: Vec<_> = (1..=10).map(|minutes| told(minutes, false, false, true)).collect();
        let left = |before: &[Told], at| left(before, false, at);
        assert_eq!((left(&ten, now()), left(&ten[1..], now()), left(&[], now())), (0, 1, 10));
        assert_eq!(left(&ten, now().plus_millis(AN_HOUR_MS - 5 * 60_000)), 6);
        let bulk = |minutes| [told(minutes, true, false, false)];
        assert_eq!((left(&bulk(59), now()), left(&bulk(60), now())), (0, 10));
    }

    #[test]
    fn one_person_is_told_three_and_keeps_nobody_else_from_an_answer() {
        let three: Vec<_> = (1..=3).map(|minutes| told(minutes, false, true, true)).collect();
        assert_eq!(
            (left(&three, true, now()), left(&three[1..], true, now()), left(&[], true, now())),
            (0, 1, 3)
        );
        let others: Vec<_> = three.iter().map(|one| Told { to_them: false, ..*one }).collect();
        assert_eq!((left(&others, true, now()), left(&others, false, now())), (3, 7));
        // Asking in bulk ends it for whoever did; at the command line, for all.
        assert_eq!(left(&[told(5, true, true, true)], true, now()), 0);
        assert_eq!(left(&[told(5, true, true, false)], true, now()), 3);
        assert_eq!(left(&[told(5, true, false, false)], true, now()), 0);
    }

    #[test]
    fn a_live_sealed_entry_is_a_secret_and_a_test_entry_is_none() {
        let live = Secret::of(SealedState::Stale);
        assert!(live.is_told_by(Step::Sealed, "a.example") && !live.is_told_by(Step::School, "a.example"));
        assert!(!live.is_told_by(Step::Sealed, "www.sealed-test-iwf.fivebar.example"));
        assert!(!Secret::of(SealedState::TestEntries).is_told_by(Step::Sealed, "a.example"));
    }
}
