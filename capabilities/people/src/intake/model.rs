//! What an import would change. Pure.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::kind::{Kind, YearGroup};
use crate::roster::{ClassRow, Complaint, PersonRow, Roster, Shape};
use crate::rules::{Fits, Rules};
use crate::timetable::Slot;

/// What is known of somebody by one source.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Their name.
    pub name: String,
    /// Their given name.
    pub given: Option<String>,
    /// Their family name.
    pub family: Option<String>,
    /// What they are.
    pub kind: Option<Kind>,
    /// Their year.
    pub year: Option<YearGroup>,
    /// Their date of birth.
    pub born_on: Option<String>,
    /// Their first day.
    pub first_on: Option<String>,
    /// Their last day.
    pub last_on: Option<String>,
    /// Their groups of the filter policy.
    pub groups: Vec<String>,
    /// Whether they are on the roll.
    pub here: bool,
    /// Whether the source knows them; without it, a roll of an older form does.
    pub linked: bool,
    /// What somebody keeps by hand, so that no import writes it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<Field>,
}

/// What of somebody can be kept by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Their name.
    Name,
    /// What they are.
    Kind,
    /// Their year.
    Year,
    /// Which classes they are in.
    Classes,
    /// Their date of birth.
    Born,
    /// Their first day.
    First,
    /// Their last day, and so whether they are here.
    Last,
}

impl Field {
    /// All, in the order in which a page shows them.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Kind, Self::Year, Self::Classes, Self::Born, Self::First, Self::Last];

    /// Its id in forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Year => "year",
            Self::Classes => "classes",
            Self::Born => "born",
            Self::First => "first",
            Self::Last => "last",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "what they are",
            Self::Year => "year",
            Self::Classes => "classes",
            Self::Born => "date of birth",
            Self::First => "first day",
            Self::Last => "last day, and whether they are here",
        }
    }
}

impl Facts {
    /// What is kept by hand stays as it was in `old`, whatever a source tells.
    fn kept_from(mut self, old: &Self) -> Self {
        for field in &old.kept {
            match field {
                Field::Name => {
                    (self.name, self.given, self.family) =
                        (old.name.clone(), old.given.clone(), old.family.clone());
                }
                Field::Kind => self.kind = old.kind,
                Field::Year => self.year = old.year,
                // Of the classes, which hold their members.
                Field::Classes => {}
                Field::Born => self.born_on = old.born_on.clone(),
                Field::First => self.first_on = old.first_on.clone(),
                Field::Last => self.last_on = old.last_on.clone(),
            }
        }
        self.kept = old.kept.clone();
        self
    }
}

/// A class as one source tells it; people by the source's ids.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its year.
    pub year: Option<YearGroup>,
    /// Its room.
    pub room: Option<String>,
    /// Who teaches it.
    pub teachers: BTreeSet<String>,
    /// Who is in it.
    pub pupils: BTreeSet<String>,
    /// When it is taught.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub slots: BTreeSet<Slot>,
    /// Whether it goes on.
    pub here: bool,
}

/// What an adult is to a pupil.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Relation {
    /// In a source's own word.
    pub relation: String,
    /// Whether they have parental responsibility; none where that is not known.
    pub responsibility: Option<bool>,
    /// Whether a court restricts contact.
    pub restricted: bool,
    /// Whether it goes on.
    pub here: bool,
}

/// All that one source has told so far.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct State {
    /// People by its ids, with their numbers.
    pub people: BTreeMap<String, (PersonNo, Facts)>,
    /// Classes by its ids.
    pub classes: BTreeMap<String, Class>,
    /// Relations by the ids of pupil and adult.
    pub relations: BTreeMap<(String, String), Relation>,
}

impl State {
    /// Whether somebody keeps that of a person by hand.
    fn keeps(&self, id: &str, field: Field) -> bool {
        self.people.get(id).is_some_and(|(_, facts)| facts.kept.contains(&field))
    }

    /// What is there of one thing, as a change holds it.
    pub(super) fn of(&self, change: &Change) -> Option<serde_json::Value> {
        let id = &change.outside_id;
        let value = match change.thing {
            Thing::Person => self.people.get(id).map(|(_, facts)| serde_json::to_value(facts)),
            Thing::Class => self.classes.get(id).map(serde_json::to_value),
            Thing::Relation => self.relations.get(&pair(id)).map(serde_json::to_value),
        };
        value.and_then(Result::ok)
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// A person.
    Person,
    /// A class.
    Class,
    /// What an adult is to a pupil.
    Relation,
}

impl Thing {
    /// Its id in the records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Class => "class",
            Self::Relation => "relation",
        }
    }

    /// The thing with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        [Self::Person, Self::Class, Self::Relation].into_iter().find(|thing| thing.id() == id)
    }
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is new, or comes back.
    Joins,
    /// Something of it is other than it was.
    Moves,
    /// It goes.
    Leaves,
    /// It stays as it is, though the source, or an undoing, would have it otherwise: somebody must look.
    Kept,
}

impl What {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Leaves, Self::Joins, Self::Moves, Self::Kept];

    /// Its id in the records and in addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Joins => "joins",
            Self::Moves => "moves",
            Self::Leaves => "leaves",
            Self::Kept => "kept",
        }
    }

    /// The one with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.id() == id)
    }
}

/// One change. `before` and `after` are [`Facts`], [`Class`] or [`Relation`] as JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub thing: Thing,
    /// What the source calls it; of a relation, both ids with a sign between them that stands in none.
    pub outside_id: String,
    /// What becomes of it.
    pub what: What,
    /// What it was; none where it was not there.
    pub before: Option<serde_json::Value>,
    /// What it becomes.
    pub after: Option<serde_json::Value>,
}

impl Change {
    /// What a person was, and what they become.
    pub fn facts(&self) -> (Option<Facts>, Option<Facts>) {
        let read = |value: &Option<serde_json::Value>| {
            value.clone().and_then(|value| serde_json::from_value(value).ok())
        };
        match self.thing {
            Thing::Person => (read(&self.before), read(&self.after)),
            _ => (None, None),
        }
    }

    /// The same of a class.
    pub fn classes(&self) -> (Option<Class>, Option<Class>) {
        let read = |value: &Option<serde_json::Value>| {
            value.clone().and_then(|value| serde_json::from_value(value).ok())
        };
        match self.thing {
            Thing::Class => (read(&self.before), read(&self.after)),
            _ => (None, None),
        }
    }

    /// The same of a relation.
    pub fn relations(&self) -> (Option<Relation>, Option<Relation>) {
        let read = |value: &Option<serde_json::Value>| {
            value.clone().and_then(|value| serde_json::from_value(value).ok())
        };
        match self.thing {
            Thing::Relation => (read(&self.before), read(&self.after)),
            _ => (None, None),
        }
    }
}

/// The ids of pupil and adult of a relation.
pub(super) fn pair(id: &str) -> (String, String) {
    let (pupil, adult) = id.split_once(BETWEEN).unwrap_or((id, ""));
    (pupil.to_owned(), adult.to_owned())
}

/// What stands between the two ids of a relation: no cell that is read holds such a sign.
pub(super) const BETWEEN: char = '\u{1f}';

/// How many of one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Come, or come back.
    pub joins: usize,
    /// Have changed.
    pub moves: usize,
    /// Go.
    pub leaves: usize,
    /// Stay, though they were to change.
    pub kept: usize,
    /// Are as they were.
    pub same: usize,
}

impl Tally {
    /// How many of one.
    pub const fn of(&self, what: What) -> usize {
        match what {
            What::Joins => self.joins,
            What::Moves => self.moves,
            What::Leaves => self.leaves,
            What::Kept => self.kept,
        }
    }

    fn count(&mut self, what: What) {
        match what {
            What::Joins => self.joins += 1,
            What::Moves => self.moves += 1,
            What::Leaves => self.leaves += 1,
            What::Kept => self.kept += 1,
        }
    }
}

/// An import in short, as it is kept beside its changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The people.
    pub people: Tally,
    /// The classes.
    pub classes: Tally,
    /// What adults are to pupils.
    pub relations: Tally,
    /// How many there are who were pupils and would be pupils no more.
    pub grown: usize,
    /// How many would be put more than one year up; where nobody looks at what a system tells, out of turn: out of the summer, or twice.
    pub jumped: usize,
    /// Of how many that the source has on the roll.
    pub of: usize,
    /// Whether changes alone were told: whoever was not in them stays as they are.
    pub changes: bool,
    /// When the newest of it was last changed where it comes from, in milliseconds, where that is told.
    pub as_of: Option<i64>,
    /// How many leavers, with those who would be pupils no more or in a year out of turn, must be said before it is applied; none where there are few.
    pub held: Option<usize>,
    /// What could not be taken.
    pub complaints: Vec<Complaint>,
    /// How a table's columns were read: kind of column to header.
    pub columns: BTreeMap<String, String>,
    /// Headers that nothing was made of.
    pub unused: Vec<String>,
    /// Groups that the school's own rules name and the policy has not.
    pub strangers: Vec<String>,
}

/// Pupils who would be put so many years up or more, by what the source calls them; whoever comes back too.
pub(super) fn risen(changes: &[Change], years: i8) -> impl Iterator<Item = &str> {
    let rises = move |change: &&Change| {
        let (before, after) = change.facts();
        let year = |facts: Option<Facts>| facts.and_then(|facts| facts.year).map(YearGroup::number);
        let pupil = after.as_ref().is_some_and(|after| after.here && after.kind == Some(Kind::Pupil));
        let both = year(before).zip(year(after));
        pupil && change.what != What::Kept && both.is_some_and(|(was, is)| is - was >= years)
    };
    let people = changes.iter().filter(|change| change.thing == Thing::Person);
    people.filter(rises).map(|change| change.outside_id.as_str())
}

/// Pupils who would be pupils no more, and are here, by what the source calls them.
pub(super) fn grown(changes: &[Change]) -> impl Iterator<Item = &str> {
    let grows = |change: &&Change| {
        let (before, after) = change.facts();
        let was_pupil = before.is_some_and(|before| before.kind == Some(Kind::Pupil));
        let is_here = after.filter(|after| after.here);
        was_pupil && change.what != What::Kept && is_here.is_some_and(|after| after.kind != Some(Kind::Pupil))
    };
    let people = changes.iter().filter(|change| change.thing == Thing::Person);
    people.filter(grows).map(|change| change.outside_id.as_str())
}

impl Import {
    /// Whether somebody wrote it at the portal or the command line, about one person, and no system told it.
    pub fn is_by_hand(&self) -> bool {
        super::by_hand::is_source(&self.source)
    }

    /// Whether it is what was kept back of what a system told, all else of which is done: years out of turn, and pupils who would be none.
    pub fn is_kept_back(&self) -> bool {
        let Summary { people, classes, relations, .. } = &self.summary;
        let others = [classes, relations].iter().any(|tally| tally.joins + tally.moves + tally.leaves > 0);
        let theirs = self.summary.grown + self.summary.jumped;
        self.source.starts_with(super::over_scim())
            && !others
            && theirs > 0
            && people.moves == theirs
            && people.joins + people.leaves == 0
    }
}

impl Summary {
    /// How many the filter and the portal take for less, or for somebody else, than before: leavers, pupils who would be something else, and
    /// those who would be taken for far older.
    pub const fn going(&self) -> usize {
        self.people.leaves + self.grown + self.jumped
    }

    /// Whether nothing would change.
    pub fn is_nothing(&self) -> bool {
        [self.people, self.classes, self.relations]
            .iter()
            .all(|tally| tally.joins + tally.moves + tally.leaves == 0)
    }

    /// Counts changes.
    pub(super) fn count(&mut self, changes: &[Change]) {
        self.jumped = risen(changes, 2).count();
        self.grown = grown(changes).count();
        for change in changes {
            match change.thing {
                Thing::Person => self.people.count(change.what),
                Thing::Class => self.classes.count(change.what),
                Thing::Relation => self.relations.count(change.what),
            }
        }
    }
}

/// An import, without its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its number.
    pub number: i64,
    /// Whose ids it goes by.
    pub source: String,
    /// In which form it came.
    pub shape: Option<Shape>,
    /// The import that it turns back.
    pub undoes: Option<i64>,
    /// Where it stands: waiting, applied, undone, dropped.
    pub state: String,
    /// It in short.
    pub summary: Summary,
    /// Who made it, as the trail writes them.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Who applied or dropped it, and when.
    pub answered: Option<(String, Timestamp)>,
}

/// What a plan is made by.
pub(super) struct By<'a> {
    pub rules: &'a Rules,
    /// The groups of the policy in force, where it is known.
    pub groups: Option<&'a BTreeSet<String>>,
    /// The school's own day.
    pub today: &'a str,
}

/// What a source tells beside what it told before: every change, in order, and how many there are.
pub(super) fn plan(now: &State, told: &Roster, by: &By<'_>) -> (Vec<Change>, Summary) {
    let mut strangers = BTreeSet::new();
    let mut summary = Summary {
        complaints: told.complaints.clone(),
        as_of: told.as_of,
        columns: told.columns.read.clone(),
        unused: told.columns.unused.clone(),
        ..Summary::default()
    };
    let mut changes = Vec::new();
    // Groups follow from the classes that people will be in.
    let is_here = |id: &String| {
        let last = |row: &PersonRow| match now.people.get(id) {
            Some((_, old)) if old.kept.contains(&Field::Last) => old.last_on.clone(),
            _ => row.last_on.clone(),
        };
        let over = |row: &PersonRow| last(row).is_some_and(|last| last.as_str() < by.today);
        told.unread.contains(id) || told.people.get(id).is_some_and(|row| !over(row))
    };
    let classes = classes_after(now, told, &is_here);
    let (mut taught, mut in_class): (BTreeSet<&str>, BTreeMap<&str, BTreeSet<&str>>) = Default::default();
    for class in classes.values() {
        taught.extend(class.teachers.iter().map(String::as_str));
        for id in class.teachers.iter().chain(&class.pupils) {
            in_class.entry(id).or_default().insert(&class.name);
        }
    }
    for (id, row) in &told.people {
        let old = now.people.get(id).map(|(_, facts)| facts);
        let mut new = merged(old, row);
        new.here = is_here(id);
        let fits = Fits {
            outside_id: id,
            kind: new.kind,
            year: new.year,
            classes: in_class.get(id.as_str()).cloned().unwrap_or_default(),
            teaches: taught.contains(id.as_str()),
        };
        if new.here {
            new.groups = by.rules.groups(&fits, by.groups, &mut strangers);
        }
        let what = match (old.is_some_and(|old| old.here), new.here) {
            (false, false) => continue,
            (false, true) => What::Joins,
            (true, false) => What::Leaves,
            (true, true) if old == Some(&new) => {
                summary.people.same += 1;
                continue;
            }
            (true, true) => What::Moves,
        };
        changes.push(change(Thing::Person, id.clone(), what, old, Some(&new)));
    }
    let gone = |(id, (_, facts)): &(&String, &(PersonNo, Facts))| {
        // Whose last day is kept by hand stays until then, though the source names them no more.
        facts.here
            && facts.linked
            && !told.people.contains_key(*id)
            && !told.unread.contains(*id)
            && !facts.kept.contains(&Field::Last)
    };
    for (id, (_, old)) in now.people.iter().filter(gone) {
        let last_on = old.last_on.clone().filter(|last| last.as_str() < by.today);
        let new =
            Facts { here: false, last_on: last_on.or_else(|| Some(by.today.to_owned())), ..old.clone() };
        changes.push(change(Thing::Person, id.clone(), What::Leaves, Some(old), Some(&new)));
    }
    if told.classes.is_some() {
        plan_classes(now, &classes, &mut changes, &mut summary);
    }
    if let Some(relations) = &told.relations {
        let are_here = |(pupil, adult): &(String, String)| is_here(pupil) && is_here(adult);
        for ((pupil, adult), row) in relations.iter().filter(|(pair, _)| are_here(pair)) {
            let key = (pupil.clone(), adult.clone());
            let old = now.relations.get(&key);
            let new = Relation {
                relation: row.relation.clone(),
                responsibility: row.responsibility.or(old.and_then(|old| old.responsibility)),
                // What a court has ordered is taken away by a person, never by a file.
                restricted: row.restricted.unwrap_or(false) || old.is_some_and(|old| old.restricted),
                here: true,
            };
            keep_or_change(
                Thing::Relation,
                format!("{pupil}{BETWEEN}{adult}"),
                old,
                new,
                |one| one.here,
                &mut changes,
                &mut summary.relations,
            );
        }
        for ((pupil, adult), old) in &now.relations {
            let key = (pupil.clone(), adult.clone());
            let is_told = relations.contains_key(&key) && are_here(&key);
            if !old.here || is_told || told.unread.contains(pupil) || told.unread.contains(adult) {
                continue;
            }
            let id = format!("{pupil}{BETWEEN}{adult}");
            match old.restricted {
                // Silence about a restriction is no end of it.
                true => changes.push(change(Thing::Relation, id, What::Kept, Some(old), Some(old))),
                false => {
                    let new = Relation { here: false, ..old.clone() };
                    changes.push(change(Thing::Relation, id, What::Leaves, Some(old), Some(&new)));
                }
            }
        }
    }
    summary.count(&changes);
    summary.of = now.people.values().filter(|(_, facts)| facts.here && facts.linked).count();
    summary.held = Content::built_in().is_too_many(summary.going(), summary.of).then_some(summary.going());
    if by.rules.is_own() {
        summary.strangers = strangers.into_iter().collect();
    }
    (changes, summary)
}

fn plan_classes(
    now: &State,
    after: &BTreeMap<String, Class>,
    changes: &mut Vec<Change>,
    summary: &mut Summary,
) {
    for (id, new) in after {
        let old = now.classes.get(id);
        keep_or_change(
            Thing::Class,
            id.clone(),
            old,
            new.clone(),
            |one| one.here,
            changes,
            &mut summary.classes,
        );
    }
    for (id, old) in now.classes.iter().filter(|(id, old)| old.here && !after.contains_key(*id)) {
        let new = Class { here: false, ..old.clone() };
        changes.push(change(Thing::Class, id.clone(), What::Leaves, Some(old), Some(&new)));
    }
}

fn keep_or_change<T: Serialize + PartialEq>(
    thing: Thing,
    id: String,
    old: Option<&T>,
    new: T,
    is_here: fn(&T) -> bool,
    changes: &mut Vec<Change>,
    tally: &mut Tally,
) {
    match old {
        Some(old) if *old == new => tally.same += 1,
        Some(old) if is_here(old) => changes.push(change(thing, id, What::Moves, Some(old), Some(&new))),
        old => changes.push(change(thing, id, What::Joins, old, Some(&new))),
    }
}

pub(super) fn change<T: Serialize>(
    thing: Thing,
    outside_id: String,
    what: What,
    before: Option<&T>,
    after: Option<&T>,
) -> Change {
    let value = |one: Option<&T>| one.and_then(|one| serde_json::to_value(one).ok());
    Change { thing, outside_id, what, before: value(before), after: value(after) }
}

/// What is known of somebody once a source has told what it tells. What it leaves empty stays as it was.
fn merged(old: Option<&Facts>, row: &PersonRow) -> Facts {
    let old = old.cloned().unwrap_or_default();
    let told = Facts {
        name: row.name.clone(),
        given: row.given.clone().or(old.given.clone()),
        family: row.family.clone().or(old.family.clone()),
        kind: row.kind.or(old.kind),
        year: if row.kind == Some(Kind::Pupil) { row.year.or(old.year) } else { row.year },
        born_on: row.born_on.clone().or(old.born_on.clone()),
        first_on: row.first_on.clone().or(old.first_on.clone()),
        // A day that a source tells no more is none: somebody stays after all.
        last_on: row.last_on.clone(),
        groups: old.groups.clone(),
        here: true,
        linked: true,
        kept: BTreeSet::new(),
    };
    told.kept_from(&old)
}

/// The classes of a source once it has told what it tells.
fn classes_after(now: &State, told: &Roster, is_here: &dyn Fn(&String) -> bool) -> BTreeMap<String, Class> {
    let Some(classes) = &told.classes else {
        return now
            .classes
            .iter()
            .filter(|(_, class)| class.here)
            .map(|(id, class)| (id.clone(), class.clone()))
            .collect();
    };
    // Whose row could not be read, and whose classes are kept by hand, stays where they are.
    let stays = |id: &String| told.unread.contains(id) || now.keeps(id, Field::Classes);
    let of = |(id, row): (&String, &ClassRow)| {
        let old = now.classes.get(id);
        let kept = |members: &BTreeSet<String>, before: Option<&BTreeSet<String>>| {
            let staying = before.into_iter().flatten().filter(|id| stays(id) && is_here(id)).cloned();
            members.iter().filter(|id| is_here(id) && !stays(id)).cloned().chain(staying).collect()
        };
        let class = Class {
            name: row.name.clone(),
            year: row.year.or(old.and_then(|old| old.year)),
            room: row.room.clone().or_else(|| old.and_then(|old| old.room.clone())),
            teachers: kept(&row.teachers, old.map(|old| &old.teachers)),
            pupils: kept(&row.pupils, old.map(|old| &old.pupils)),
            slots: row.slots.clone().or_else(|| old.map(|old| old.slots.clone())).unwrap_or_default(),
            here: true,
        };
        (id.clone(), class)
    };
    classes.iter().map(of).collect()
}

/// What turns an import back: each change the other way round where nobody has changed it since, and the rest as kept.
pub(super) fn undo(now: &State, made: &[Change]) -> (Vec<Change>, Summary) {
    let mut changes = Vec::new();
    let mut summary = Summary::default();
    for change in made.iter().filter(|change| change.what != What::Kept) {
        let there = now.of(change);
        let same = there == change.after;
        let back = match (&change.before, &change.after) {
            (Some(before), _) => Some(before.clone()),
            // Who came by it goes again, and keeps their number.
            (None, Some(after)) => {
                let mut after = after.clone();
                if let Some(fields) = after.as_object_mut() {
                    fields.insert("here".to_owned(), false.into());
                }
                Some(after)
            }
            (None, None) => None,
        };
        if there == back {
            continue;
        }
        let what = match (same, change.what) {
            (false, _) => What::Kept,
            (true, What::Joins) => What::Leaves,
            (true, What::Leaves) => What::Joins,
            (true, other) => other,
        };
        let after = if same { back } else { there.clone() };
        changes.push(Change {
            thing: change.thing,
            outside_id: change.outside_id.clone(),
            what,
            before: there,
            after,
        });
    }
    summary.count(&changes);
    summary.of = now.people.values().filter(|(_, facts)| facts.here && facts.linked).count();
    summary.held = Content::built_in().is_too_many(summary.going(), summary.of).then_some(summary.going());
    (changes, summary)
}

#[cfg(test)]
mod tests;
