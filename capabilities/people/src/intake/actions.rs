//! Making a difference of a roll, applying it, dropping it, and undoing what was applied.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Actor, Permit, Private, Timestamp, Zone};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};
use web::speech::say;

use super::by_hand;
use super::model::{By, Change, Facts, Import, State, Summary, Thing, What, pair, plan, risen, undo};
use super::store as tables;
use super::upon::upon;
use crate::content::Content;
use crate::duty;
use crate::leaving;
use crate::roster::{Complaint, Roster};
use crate::rules::{BadRules, Rules};
use crate::store::{self as roll, New};

kit::reading!(
    /// Reading the roll: who is at the school, in which year and class.
    ReadRoll(()) = "roll.read"
);
kit::reading!(
    /// Looking at differences of the roll.
    ReadImports(()) = "roll.import"
);
kit::action!(
    /// Making a difference of the roll to look at, and dropping it.
    ImportRoll(()) = "roll.import"
);
kit::action!(
    /// Applying a difference of the roll.
    ApplyImport(i64) = "roll.apply"
);
kit::action!(
    /// Applying one that takes somebody off the roll, or makes them something else, who holds a duty that needs a second proof.
    ApplyLeading(i64) = "roll.apply-leading"
);
kit::action!(
    /// Writing the rules by which people join groups.
    WriteRules(()) = "roll.rules"
);

/// What whoever makes a difference gives besides the roll.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// Whose ids it goes by; the form's own where nobody says it.
    pub source: Option<&'a str>,
    /// The groups of the policy in force, where it is known.
    pub groups: Option<&'a BTreeSet<String>>,
    /// The school's own time.
    pub zone: &'a Zone,
}

/// Why no difference was made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The name of a source cannot be one.
    #[error("a source is called by small letters, digits and -, up to 40, as in sims or staff-list")]
    Source,
    /// There is no import of that number that was applied.
    #[error(
        "there is no import of that number that was applied and not undone; `fivebar people imports` lists them"
    )]
    NotApplied,
    /// Changes were told, or a timetable, and nothing is known that they could be laid upon.
    #[error(
        "these are changes, or a timetable, and nothing is known of that source yet; send the whole of it first"
    )]
    NothingBefore,
    /// Changes were told that are older than those that were taken.
    #[error(
        "these changes are older than what was taken of that source already; send all changes since then, or the whole"
    )]
    Older,
    /// Nobody said whose classes a timetable is of.
    #[error("say whose classes it is about, since the classes here are of several sources: {0}")]
    WhichSource(String),
    /// What it changed is not kept any more.
    #[error("what that import changed is not kept any more, so it cannot be undone")]
    Forgotten,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the difference between what a source tells and what it told before, and keeps it until somebody applies or drops it. An
/// earlier one of the same source that waits is dropped.
pub async fn prepare(
    tx: &mut Tx,
    permit: &Permit<ImportRoll>,
    told: &Roster,
    given: &Given<'_>,
    at: Timestamp,
) -> Result<Import, PrepareError> {
    let whose = match (given.source, &told.slots) {
        (None, Some(_)) => Some(only_source(tx).await?),
        _ => None,
    };
    let source = given.source.or(whose.as_deref()).unwrap_or_else(|| told.shape.source());
    // What people write by hand, what a system keeps over SCIM, and guests, whose stay has a sponsor and an end, come in no file.
    let is_kept_elsewhere = source.starts_with(OVER_SCIM) || source == crate::guest::SOURCE;
    if !is_source(source) || by_hand::is_source(source) || is_kept_elsewhere {
        return Err(PrepareError::Source);
    }
    told_by(tx, permit.actor(), (source, told), given, at).await
}

/// The only source whose classes there are, for a timetable of which nobody says whose it is.
async fn only_source(tx: &mut Tx) -> Result<String, PrepareError> {
    let mut sources = tables::sources_of_classes(tx).await?;
    match (sources.pop_first(), sources.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(PrepareError::NothingBefore),
        (Some(first), false) => {
            let all: Vec<String> = std::iter::once(first).chain(sources).collect();
            Err(PrepareError::WhichSource(all.join(", ")))
        }
    }
}

/// What the names of sources begin with that keep people over SCIM.
pub(crate) const OVER_SCIM: &str = "scim-";

/// The same for whoever tells it, where that is settled.
async fn told_by(
    tx: &mut Tx,
    actor: &Actor,
    (source, told): (&str, &Roster),
    given: &Given<'_>,
    at: Timestamp,
) -> Result<Import, PrepareError> {
    let made = difference(tx, (source, told), given, at).await?;
    keep(tx, actor, (source, Some(told.shape), None), (made.changes, made.summary), at).await
}

/// A difference that nobody keeps yet.
pub(super) struct Difference {
    /// What is there now.
    pub now: State,
    /// Every change.
    pub changes: Vec<Change>,
    /// It in short.
    pub summary: Summary,
    /// Pupils whom a system would put up the years when it is not their turn, by what it calls them.
    pub out_of_turn: BTreeSet<String>,
}

/// What a source tells beside what it told before.
pub(super) async fn difference(
    tx: &mut Tx,
    (source, told): (&str, &Roster),
    given: &Given<'_>,
    at: Timestamp,
) -> Result<Difference, PrepareError> {
    let rules = rules(tx).await?;
    let ids: BTreeSet<&str> = told.people.keys().map(String::as_str).collect();
    let now = tables::state(tx, source, &ids).await?;
    let today = given.zone.day(at).date.to_string();
    // Changes and a timetable are no roll: they are laid upon what is there.
    let whole = (told.changes.is_some() || told.slots.is_some()).then(|| upon(&now, told));
    let nobody = told.changes.is_some() && !now.people.values().any(|(_, facts)| facts.here && facts.linked);
    let no_class = told.slots.is_some() && !now.classes.values().any(|class| class.here);
    if nobody || no_class {
        return Err(PrepareError::NothingBefore);
    }
    if told.changes.is_some()
        && let Some((told, taken)) = told.as_of.zip(as_of(tx, source).await?)
        && told < taken
    {
        return Err(PrepareError::Older);
    }
    let by = By { rules: &rules, groups: given.groups, today: &today };
    let (changes, mut summary) = plan(&now, whole.as_ref().unwrap_or(told), &by);
    summary.changes = whole.is_some();
    let mut out_of_turn_now = BTreeSet::new();
    if source.starts_with(OVER_SCIM) {
        out_of_turn_now = out_of_turn(tx, source, &changes, &today, at).await?;
        summary.jumped = out_of_turn_now.len();
        summary.held = None;
    }
    // A day that lies ahead, as of an end that a system writes, would make every later export an older one.
    summary.as_of = told.as_of.map(|told| told.min(at.as_millis().saturating_add(DAY_MS)));
    Ok(Difference { now, changes, summary, out_of_turn: out_of_turn_now })
}

/// The pupils whom a system would put a year up that is not their turn: where nobody looks first, a higher year opens more than it should.
async fn out_of_turn(
    tx: &mut Tx,
    source: &str,
    changes: &[Change],
    today: &str,
    at: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let up: BTreeSet<&str> = risen(changes, 1).collect();
    let day = today.get(5..).unwrap_or_default();
    let owned = |ids: BTreeSet<&str>| ids.into_iter().map(str::to_owned).collect();
    if up.is_empty() || !Content::built_in().years_rise_on(day) {
        return Ok(owned(up));
    }
    let far: BTreeSet<&str> = risen(changes, 2).collect();
    let before = |changes: &[Change]| risen(changes, 1).map(str::to_owned).collect();
    let twice = tables::told_since(tx, source, at.plus_millis(-ONE_TURN_MS), before).await?;
    Ok(owned(up.into_iter().filter(|id| far.contains(id) || twice.contains(*id)).collect()))
}

const DAY_MS: i64 = 86_400_000;

/// Nobody goes up twice within so long: two hundred days, more than a summer and less than a school year.
const ONE_TURN_MS: i64 = 200 * DAY_MS;

/// Makes the difference that turns an import back, and keeps it likewise. Whatever somebody has changed since stays, and is named.
pub async fn prepare_undo(
    tx: &mut Tx,
    permit: &Permit<ImportRoll>,
    number: i64,
    at: Timestamp,
) -> Result<Import, PrepareError> {
    let made = tables::by_number(tx, number).await?.filter(|import| import.state == "applied");
    let made = made.ok_or(PrepareError::NotApplied)?;
    let (changes, _) = tables::changes(tx, number, None, (0, u64::from(u32::MAX))).await?;
    if changes.is_empty() && !made.summary.is_nothing() {
        return Err(PrepareError::Forgotten);
    }
    let now = tables::state(tx, &made.source, &person_ids(&changes)).await?;
    let back = undo(&now, &changes);
    keep(tx, permit.actor(), (&made.source, made.shape, Some(number)), back, at).await
}

/// Over how long the leavers of one system are taken together: seven days.
const LATELY_MS: i64 = 7 * DAY_MS;

/// Keeps a difference until somebody applies or drops it.
pub(super) async fn keep(
    tx: &mut Tx,
    actor: &Actor,
    (source, shape, undoes): (&str, Option<crate::roster::Shape>, Option<i64>),
    (changes, mut summary): (Vec<Change>, Summary),
    at: Timestamp,
) -> Result<Import, PrepareError> {
    // Whom a system calls a pupil no more, or puts a year up out of turn, waits in any case.
    if source.starts_with(OVER_SCIM)
        && (summary.grown > 0 || summary.jumped > 0 || too_many_go(tx, source, &summary, at).await?)
    {
        summary.held = Some(summary.going());
    }
    if let Some(older) = tables::waiting(tx, source).await? {
        drop_as(tx, actor, older.number, at).await?;
    }
    put(tx, actor, (source, shape, undoes), (changes, summary), at).await
}

/// Whether so many would go by what a system tells that a person looks first: nobody does before it is applied, so a few at a time come to as many
/// as all at once.
pub(super) async fn too_many_go(
    tx: &mut Tx,
    source: &str,
    summary: &Summary,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if summary.going() == 0 {
        return Ok(false);
    }
    let lately = tables::gone_since(tx, source, at.plus_millis(-LATELY_MS)).await?;
    Ok(Content::built_in().is_too_many(lately + summary.going(), lately + summary.of))
}

/// Writes a difference down, beside whatever of its source waits already.
pub(super) async fn put(
    tx: &mut Tx,
    actor: &Actor,
    (source, shape, undoes): (&str, Option<crate::roster::Shape>, Option<i64>),
    (changes, summary): (Vec<Change>, Summary),
    at: Timestamp,
) -> Result<Import, PrepareError> {
    let import = Import {
        number: tables::next_number(tx).await?,
        source: source.to_owned(),
        shape,
        undoes,
        state: "waiting".to_owned(),
        summary,
        made_by: actor.to_string(),
        made_at: at,
        answered: None,
    };
    tables::insert(tx, &import, &changes).await?;
    let detail = in_numbers(&import);
    trail::changed(tx, actor, "roll.prepare", &subject(import.number), &detail, at).await?;
    Ok(import)
}

/// An import for the trail: numbers, and nobody.
fn in_numbers(import: &Import) -> serde_json::Value {
    let Summary { people, classes, relations, .. } = &import.summary;
    json!({
        "source": import.source, "undoes": import.undoes, "people": people, "classes": classes, "relations": relations,
        "complaints": import.summary.complaints.len(),
    })
}

fn subject(number: i64) -> Subject {
    Subject::new("roll-import", number)
}

fn is_source(source: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !source.is_empty() && source.len() <= 40 && source.bytes().all(is_plain)
}

fn person_ids(changes: &[Change]) -> BTreeSet<&str> {
    changes
        .iter()
        .filter(|change| change.thing == Thing::Person)
        .map(|change| change.outside_id.as_str())
        .collect()
}

/// Drops a difference that waits: nothing of it is kept but that it was there. `false` where it does not wait any more.
pub async fn drop_waiting(
    tx: &mut Tx,
    permit: &Permit<ImportRoll>,
    number: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    drop_as(tx, permit.actor(), number, at).await
}

/// The same for whoever does it, where that is settled.
pub(crate) async fn drop_as(
    tx: &mut Tx,
    actor: &Actor,
    number: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if !tables::answer(tx, number, ("waiting", "dropped"), actor, at).await? {
        return Ok(false);
    }
    tables::forget_changes(tx, number).await?;
    trail::changed(tx, actor, "roll.drop", &subject(number), &json!({}), at).await?;
    Ok(true)
}

/// Why a difference was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It does not wait.
    #[error(
        "that import does not wait any more: it was applied or dropped, or a newer one of the same source took its place"
    )]
    NotWaiting,
    /// The roll has changed since it was made.
    #[error("{}", say("refused.the-roll-has-changed"))]
    Outdated,
    /// Many would leave, and nobody said how many.
    #[error(
        "{0} people would leave the roll, be pupils no more, or be put into a higher year out of turn, which is more than a school’s usual changes; say that number if it is right"
    )]
    Held(usize),
    /// Somebody goes who leads, and whoever applies it gives no duties.
    #[error(
        "{0} of these people hold a duty that needs a second proof: whoever gives duties ends or hands over that duty first, or applies this"
    )]
    Leading(usize),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies a difference that waits, as one change. `leavers` is the number that whoever applies it says, where many leave; `leading` is
/// the permit to let go who leads. Whoever began the transaction commits it, and publishes the roll anew.
pub async fn apply(
    tx: &mut Tx,
    permit: &Permit<ApplyImport>,
    leading: Option<&Permit<ApplyLeading>>,
    leavers: Option<usize>,
    zone: &Zone,
    at: Timestamp,
) -> Result<Import, ApplyError> {
    let may_lead = leading.is_some_and(|leading| leading.subject() == permit.subject());
    apply_as(tx, permit.actor(), *permit.subject(), (leavers, may_lead), zone, at).await
}

/// How many of those who lead a difference takes off the roll, gives a last day or makes something else.
pub(crate) async fn leading_in(tx: &mut Tx, import: &Import, at: Timestamp) -> Result<usize, StoreError> {
    let (changes, _) = tables::changes(tx, import.number, None, (0, u64::from(u32::MAX))).await?;
    let now = tables::state(tx, &import.source, &person_ids(&changes)).await?;
    leading_of(tx, &now, &changes, at).await
}

/// Who is on the roll, kept by no other system, and is called as somebody who would come: they may be the same person, who would be two then.
pub(crate) async fn namesakes_in(
    tx: &mut Tx,
    import: &Import,
) -> Result<Vec<(PersonNo, Private<String>)>, StoreError> {
    let joins = Some((Thing::Person, What::Joins));
    let (changes, _) = tables::changes(tx, import.number, joins, (0, u64::from(u32::MAX))).await?;
    let named = |facts: Facts| facts.name.to_lowercase();
    let names: BTreeSet<String> = changes.iter().filter_map(|change| change.facts().1.map(named)).collect();
    if names.is_empty() || by_hand::is_source(&import.source) {
        return Ok(Vec::new());
    }
    let kept = tables::kept_by_systems(tx).await?;
    let here = roll::known(tx).await?.into_iter();
    let here = here.filter(|one| one.facts.here && !kept.contains(&one.number));
    let same = here.filter(|one| names.contains(&one.facts.name.to_lowercase()));
    Ok(same.map(|one| (one.number, Private::new(one.facts.name))).collect())
}

pub(super) async fn leading_of(
    tx: &mut Tx,
    now: &State,
    changes: &[Change],
    at: Timestamp,
) -> Result<usize, StoreError> {
    let goes = |change: &&Change| {
        let (Some(before), after) = change.facts() else { return false };
        let stays = |after: &Facts| {
            let leaves = after.last_on.is_some() && after.last_on != before.last_on;
            after.here && !leaves && after.kind == before.kind
        };
        change.what != What::Kept && before.here && !after.as_ref().is_some_and(stays)
    };
    let people = changes.iter().filter(|change| change.thing == Thing::Person).filter(goes);
    let going: BTreeSet<PersonNo> =
        people.filter_map(|change| now.people.get(&change.outside_id)).map(|(number, _)| *number).collect();
    if going.is_empty() {
        return Ok(0);
    }
    Ok(duty::leading(tx, at).await?.intersection(&going).count())
}

/// The same for whoever does it, where that is settled.
pub(crate) async fn apply_as(
    tx: &mut Tx,
    actor: &Actor,
    number: i64,
    (leavers, may_lead): (Option<usize>, bool),
    zone: &Zone,
    at: Timestamp,
) -> Result<Import, ApplyError> {
    let import = tables::by_number(tx, number).await?.filter(|import| import.state == "waiting");
    let import = import.ok_or(ApplyError::NotWaiting)?;
    if let Some(held) = import.summary.held.filter(|held| leavers != Some(*held)) {
        return Err(ApplyError::Held(held));
    }
    let (changes, _) = tables::changes(tx, number, None, (0, u64::from(u32::MAX))).await?;
    let now = tables::state(tx, &import.source, &person_ids(&changes)).await?;
    if changes.iter().any(|change| now.of(change) != change.before) {
        return Err(ApplyError::Outdated);
    }
    let leading = leading_of(tx, &now, &changes, at).await?;
    if leading > 0 && !may_lead {
        return Err(ApplyError::Leading(leading));
    }
    if !tables::answer(tx, number, ("waiting", "applied"), actor, at).await? {
        return Err(ApplyError::NotWaiting);
    }
    let undone_at = match import.undoes {
        Some(undone) => {
            let made = tables::by_number(tx, undone).await?;
            if !tables::answer(tx, undone, ("applied", "undone"), actor, at).await? {
                return Err(ApplyError::Outdated);
            }
            made.and_then(|made| made.answered).map(|(_, at)| at)
        }
        None => None,
    };
    let applying = Applying { source: &import.source, actor, undone_at, zone, at };
    let numbers = applying.people(tx, &now, &changes).await?;
    applying.classes_and_relations(tx, &changes, &numbers).await?;
    if import.undoes.is_some() {
        // As if what is undone had never come: the file before it can be taken again.
        let applied = tables::applied(tx, &import.source).await?;
        let newest = applied.iter().fold(None, |before, one| as_of_after(before, &one.summary));
        match newest {
            Some(newest) => tables::set(tx, &as_of_of(&import.source), &newest.to_string()).await?,
            None => tables::unset(tx, &as_of_of(&import.source)).await?,
        }
    } else if let Some(newest) = as_of_after(as_of(tx, &import.source).await?, &import.summary) {
        tables::set(tx, &as_of_of(&import.source), &newest.to_string()).await?;
    }
    let verb = if import.undoes.is_some() { "roll.undo" } else { "roll.import" };
    trail::changed(tx, actor, verb, &subject(number), &in_numbers(&import), at).await?;
    Ok(Import { state: "applied".to_owned(), answered: Some((actor.to_string(), at)), ..import })
}

/// What applying a difference needs throughout.
struct Applying<'a> {
    source: &'a str,
    actor: &'a Actor,
    /// When what this undoes was applied.
    undone_at: Option<Timestamp>,
    zone: &'a Zone,
    at: Timestamp,
}

impl Applying<'_> {
    /// Brings people to what they become; everybody's number by what the source calls them.
    async fn people(
        &self,
        tx: &mut Tx,
        now: &State,
        changes: &[Change],
    ) -> Result<BTreeMap<String, PersonNo>, StoreError> {
        let mut numbers: BTreeMap<String, PersonNo> =
            now.people.iter().map(|(id, (number, _))| (id.clone(), *number)).collect();
        let mut keys = Keys::default();
        // What people were called before they were changed by hand, they are called after it.
        let mut called = BTreeMap::new();
        for known in roll::known(tx).await? {
            if by_hand::is_source(self.source) {
                called.insert(known.number, known.key.clone());
            }
            if known.facts.here {
                keys.hold(known.key, known.number);
            }
        }
        let mut next = roll::highest_person(tx).await?;
        let (mut new, mut links): (Vec<New>, Vec<(String, PersonNo)>) = Default::default();
        // Who leaves goes first, so that an id that they give up is free.
        let of = |leaves: bool| {
            changes.iter().filter(move |change| {
                change.thing == Thing::Person
                    && change.what != What::Kept
                    && (change.what == What::Leaves) == leaves
            })
        };
        for change in of(true).chain(of(false)) {
            let (before, Some(after)) = change.facts() else { continue };
            let id = &change.outside_id;
            let leaves_at = self.leaves_at(&after);
            match numbers.get(id).copied() {
                Some(number) => {
                    let key = keys.free(self.source, called.get(&number).unwrap_or(id), number, after.here);
                    roll::update_known(tx, number, &key, &after, leaves_at, self.at).await?;
                    self.came_or_went(tx, number, before.as_ref(), &after).await?;
                    match (tables::is_linked(before.as_ref()), after.linked) {
                        (false, true) => links.push((id.clone(), number)),
                        (true, false) => tables::unlink(tx, self.source, id).await?,
                        _ => {}
                    }
                }
                None => {
                    next += 1;
                    let unreadable = StoreError::Unreadable {
                        table: "person",
                        column: "number",
                        why: "a number out of range",
                    };
                    let number = u32::try_from(next).map(PersonNo).map_err(|_| unreadable)?;
                    let key = keys.free(self.source, id, number, after.here);
                    numbers.insert(id.clone(), number);
                    links.push((id.clone(), number));
                    new.push((number, key, after, leaves_at));
                }
            }
        }
        roll::insert_known(tx, &new, self.at).await?;
        tables::link(tx, by_hand::links(self.source), &links).await?;
        Ok(numbers)
    }

    /// Ends what somebody had who leaves, and gives back what an import took away that is undone.
    async fn came_or_went(
        &self,
        tx: &mut Tx,
        person: PersonNo,
        before: Option<&Facts>,
        after: &Facts,
    ) -> Result<(), StoreError> {
        match (before.is_some_and(|before| before.here), after.here, self.undone_at) {
            (true, false, _) => leaving::leave(tx, self.actor, person, self.at).await,
            (false, true, Some(undone_at)) => {
                leaving::come_back(tx, self.actor, person, undone_at, self.at).await
            }
            _ => Ok(()),
        }
    }

    async fn classes_and_relations(
        &self,
        tx: &mut Tx,
        changes: &[Change],
        numbers: &BTreeMap<String, PersonNo>,
    ) -> Result<(), StoreError> {
        for change in changes.iter().filter(|change| change.what != What::Kept) {
            if let (_, Some(class)) = change.classes() {
                let (source, id) = by_hand::class_of(self.source, &change.outside_id);
                tables::put_class(tx, source, id, &class, numbers, self.at).await?;
            }
            if let (_, Some(relation)) = change.relations()
                && let Some(between) = tables::numbered(&change.outside_id, numbers)
            {
                tables::put_relation(tx, self.source, between, &relation, self.at).await?;
            }
        }
        Ok(())
    }

    /// The midnight with which somebody's last day ends.
    fn leaves_at(&self, facts: &Facts) -> Option<Timestamp> {
        let last = facts.last_on.as_deref().filter(|_| facts.here)?;
        let after = last.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?;
        Some(self.zone.moment(after.at(0, 0, 0, 0)))
    }
}

/// What people are called by at the command line.
#[derive(Default)]
struct Keys {
    holders: BTreeMap<String, PersonNo>,
    held: BTreeMap<PersonNo, String>,
}

impl Keys {
    fn hold(&mut self, key: String, holder: PersonNo) {
        self.held.insert(holder, key.clone());
        self.holders.insert(key, holder);
    }

    /// Somebody's key: the source's id, or with the source before it where another has that already.
    fn free(&mut self, source: &str, id: &str, holder: PersonNo, here: bool) -> String {
        if let Some(before) = self.held.remove(&holder) {
            self.holders.remove(&before);
        }
        let is_free = !self.holders.contains_key(id);
        let key = if is_free { id.to_owned() } else { format!("{source}:{id}") };
        if here {
            self.hold(key.clone(), holder);
        }
        key
    }
}

/// One import.
pub async fn found(tx: &mut Tx, _: &Permit<ReadImports>, number: i64) -> Result<Option<Import>, StoreError> {
    tables::by_number(tx, number).await
}

/// The newest imports.
pub async fn list(tx: &mut Tx, _: &Permit<ReadImports>, most: u64) -> Result<Vec<Import>, StoreError> {
    tables::newest(tx, most).await
}

/// The numbers of what systems have told that was kept back, and waits for somebody to look at.
pub async fn kept_back(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    tables::waiting_of_systems(tx).await
}

/// A page of an import's changes of one kind, and how many there are of it; `page` is the first and how many.
pub async fn changes(
    tx: &mut Tx,
    _: &Permit<ReadImports>,
    number: i64,
    only: Option<(Thing, What)>,
    page: (u64, u64),
) -> Result<(Vec<Change>, u64), StoreError> {
    tables::changes(tx, number, only, page).await
}

/// What people are called, by what a source calls them, for whoever looks at changes of classes and relations.
pub(super) async fn names_in(tx: &mut Tx, import: &Import) -> Result<BTreeMap<String, String>, StoreError> {
    let (changes, _) = tables::changes(tx, import.number, None, (0, u64::from(u32::MAX))).await?;
    let now = tables::state(tx, &import.source, &BTreeSet::new()).await?;
    let mut names: BTreeMap<String, String> =
        now.people.into_iter().map(|(id, (_, facts))| (id, facts.name)).collect();
    for change in &changes {
        if let (_, Some(facts)) = change.facts() {
            names.insert(change.outside_id.clone(), facts.name);
        }
    }
    Ok(names)
}

/// The names of a relation's two people.
pub(super) fn pair_in_words(id: &str, names: &BTreeMap<String, String>) -> (String, String) {
    let (pupil, adult) = pair(id);
    let name = |id: String| names.get(&id).cloned().unwrap_or(id);
    (name(pupil), name(adult))
}

const RULES: &str = "roll.rules";

/// The rules by which people join groups.
pub async fn rules(tx: &mut Tx) -> Result<Rules, StoreError> {
    let unreadable = StoreError::Unreadable { table: "setting", column: "value", why: "no rules of groups" };
    match tables::setting(tx, RULES).await? {
        Some(text) => Rules::parse(&text).map_err(|_| unreadable),
        None => Ok(Rules::built_in()),
    }
}

/// Why rules were not written.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They cannot be had.
    #[error(transparent)]
    Bad(#[from] BadRules),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a school's own rules, or goes back to those of the content. They hold from the next import on.
pub async fn write_rules(
    tx: &mut Tx,
    permit: &Permit<WriteRules>,
    text: Option<&str>,
    at: Timestamp,
) -> Result<Rules, RulesError> {
    let rules = match text {
        Some(text) => {
            let rules = Rules::parse(text)?;
            tables::set(tx, RULES, &rules.to_text()).await?;
            rules
        }
        None => {
            tables::unset(tx, RULES).await?;
            Rules::built_in()
        }
    };
    let detail = json!({ "own": rules.is_own() });
    trail::changed(tx, permit.actor(), "roll.rules", &Subject::new("roll", "rules"), &detail, at).await?;
    Ok(rules)
}

fn as_of_of(source: &str) -> String {
    format!("roll.as-of.{source}")
}

/// The same once an import is applied. Changes come after what they change; a whole export is how things stand, whatever was told before.
fn as_of_after(before: Option<i64>, import: &Summary) -> Option<i64> {
    let told = import.as_of;
    before.filter(|_| import.changes || told.is_none()).max(told)
}

/// When the newest was last changed at a source of what was applied of it, in milliseconds.
async fn as_of(tx: &mut Tx, source: &str) -> Result<Option<i64>, StoreError> {
    Ok(tables::setting(tx, &as_of_of(source)).await?.and_then(|text| text.parse().ok()))
}

/// How the columns of a source's table are to be read, as somebody corrected them.
pub async fn remembered_columns(tx: &mut Tx, source: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let kept = tables::setting(tx, &format!("roll.columns.{source}")).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// The same for a file of which somebody may not say whose it is: then what is remembered of the lessons of the only source that has classes holds
/// too.
pub(super) async fn remembered_for(
    tx: &mut Tx,
    source: Option<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut columns = remembered_columns(tx, source.unwrap_or("table")).await?;
    let mut sources = tables::sources_of_classes(tx).await?;
    if let (None, Some(only), true) = (source, sources.pop_first(), sources.is_empty()) {
        let theirs = remembered_columns(tx, &only).await?;
        columns.extend(theirs.into_iter().filter(|(id, _)| id.starts_with("slot-")));
    }
    Ok(columns)
}

/// Remembers that.
pub async fn remember_columns(
    tx: &mut Tx,
    permit: &Permit<ImportRoll>,
    source: &str,
    columns: &BTreeMap<String, String>,
    at: Timestamp,
) -> Result<(), PrepareError> {
    if !is_source(source) {
        return Err(PrepareError::Source);
    }
    if remembered_columns(tx, source).await? == *columns {
        return Ok(());
    }
    let text = serde_json::to_string(columns).unwrap_or_default();
    tables::set(tx, &format!("roll.columns.{source}"), &text).await?;
    let detail = json!({ "source": source, "columns": columns.len() });
    trail::changed(tx, permit.actor(), "roll.columns", &Subject::new("roll", "columns"), &detail, at).await?;
    Ok(())
}

/// Whether there is somebody on the roll whose last day is over.
pub async fn some_last_day_is_over(tx: &mut Tx, at: Timestamp) -> Result<bool, StoreError> {
    Ok(!roll::over(tx, at).await?.is_empty())
}

/// Takes those off the roll whose last day is over; how many. Whoever began the transaction publishes the roll anew.
pub async fn end_days(tx: &mut Tx, job: &Actor, at: Timestamp) -> Result<usize, StoreError> {
    let over = roll::over(tx, at).await?;
    for person in &over {
        roll::left(tx, *person, at).await?;
        leaving::leave(tx, job, *person, at).await?;
        trail::changed(tx, job, "roll.last-day", &Subject::new("person", person.0), &json!({}), at).await?;
    }
    Ok(over.len())
}

/// Complaints for whoever reads them at once.
pub fn in_lines(complaints: &[Complaint]) -> Vec<String> {
    complaints.iter().map(ToString::to_string).collect()
}
