//! Changes, or a timetable, laid upon what a source told before: what comes of it is as whole as a roll, so that nobody leaves by not being named.
//! Pure.

use std::collections::BTreeMap;

use super::model::{Class, Facts, State};
use crate::content::plain;
use crate::kind::Kind;
use crate::roster::{Changes, ClassRow, Complaint, PersonRow, RelationRow, Roster};

/// What the source would tell whole, by what it told before and these changes.
pub(super) fn upon(now: &State, told: &Roster) -> Roster {
    let mut whole =
        Roster { unread: told.unread.clone(), columns: told.columns.clone(), ..Roster::empty(told.shape) };
    whole.complaints = told.complaints.clone();
    for (id, (_, facts)) in now.people.iter().filter(|(_, (_, facts))| facts.here && facts.linked) {
        whole.people.insert(id.clone(), row_of(facts));
    }
    let nothing = Changes::default();
    let changes = told.changes.as_ref().unwrap_or(&nothing);
    let mut unknown = 0_usize;
    for (id, row) in &told.people {
        let before = now.people.get(id).map(|(_, facts)| facts);
        match filled(before, row) {
            Some(row) => {
                whole.people.insert(id.clone(), row);
            }
            None => unknown += 1,
        }
    }
    for id in &changes.gone {
        whole.people.remove(id);
    }
    if unknown > 0 {
        whole.complaints.push(complaint(format!(
            "of {unknown} who are new it is not told who or what they are; they are left out until the whole is sent"
        )));
    }
    let tells_classes = told.classes.is_some()
        || !changes.members.is_empty()
        || !changes.ended.is_empty()
        || told.slots.is_some();
    if tells_classes {
        let classes = classes(now, told, changes, &mut whole.complaints);
        whole.classes = Some(classes);
    }
    if !changes.agents.is_empty() {
        whole.relations = Some(relations(now, changes, &whole.people));
    }
    whole.tidy();
    whole
}

fn complaint(what: String) -> Complaint {
    Complaint { file: "the changes".to_owned(), line: 0, what }
}

fn row_of(facts: &Facts) -> PersonRow {
    PersonRow {
        name: facts.name.clone(),
        given: facts.given.clone(),
        family: facts.family.clone(),
        kind: facts.kind,
        year: facts.year,
        born_on: facts.born_on.clone(),
        first_on: facts.first_on.clone(),
        last_on: facts.last_on.clone(),
    }
}

/// A row with what it leaves out as it was; `None` of somebody new who has no name, or is nothing.
fn filled(before: Option<&Facts>, row: &PersonRow) -> Option<PersonRow> {
    let old = before.map(row_of).unwrap_or_default();
    let is_named = !row.name.is_empty();
    let kind = row.kind.or(old.kind);
    // What they are, and since and until when, is told together.
    let (first_on, last_on) = match row.kind {
        Some(_) => (row.first_on.clone().or(old.first_on), row.last_on.clone()),
        None => (old.first_on, old.last_on),
    };
    let filled = PersonRow {
        name: if is_named { row.name.clone() } else { old.name },
        given: if is_named { row.given.clone() } else { old.given },
        family: if is_named { row.family.clone() } else { old.family },
        kind,
        year: if kind == Some(Kind::Pupil) { row.year.or(old.year) } else { None },
        born_on: row.born_on.clone().or(old.born_on),
        first_on,
        last_on,
    };
    Some(filled).filter(|filled| !filled.name.is_empty() && filled.kind.is_some())
}

fn class_row(class: &Class) -> ClassRow {
    ClassRow {
        name: class.name.clone(),
        year: class.year,
        room: class.room.clone(),
        teachers: class.teachers.clone(),
        pupils: class.pupils.clone(),
        slots: Some(class.slots.clone()),
    }
}

fn classes(
    now: &State,
    told: &Roster,
    changes: &Changes,
    complaints: &mut Vec<Complaint>,
) -> BTreeMap<String, ClassRow> {
    let here = now.classes.iter().filter(|(_, class)| class.here);
    let mut all: BTreeMap<String, ClassRow> =
        here.map(|(id, class)| (id.clone(), class_row(class))).collect();
    for (id, row) in told.classes.iter().flatten() {
        let class = all.entry(id.clone()).or_default();
        class.name = row.name.clone();
        class.year = row.year.or(class.year);
        class.room = row.room.clone().or_else(|| class.room.clone());
        class.slots = row.slots.clone().or_else(|| class.slots.clone());
    }
    let mut nowhere = 0_usize;
    for member in &changes.members {
        let Some(class) = all.get_mut(&member.class) else {
            // Who goes out of a class that is gone goes with it.
            nowhere += usize::from(member.comes);
            continue;
        };
        let id = member.person.clone();
        match (member.comes, member.teaches) {
            (true, Some(true)) => {
                class.teachers.insert(id);
            }
            (true, _) => {
                class.pupils.insert(id);
            }
            (false, teaches) => {
                if teaches != Some(false) {
                    class.teachers.remove(&id);
                }
                if teaches != Some(true) {
                    class.pupils.remove(&id);
                }
            }
        }
    }
    if nowhere > 0 {
        complaints.push(complaint(format!(
            "{nowhere} come into classes that are not known; they are left out until the whole is sent"
        )));
    }
    for id in &changes.ended {
        all.remove(id);
    }
    if let Some(slots) = &told.slots {
        timetable(&mut all, slots, complaints);
    }
    all
}

/// Lays a timetable upon classes, which it knows by name or by the source's id. It is whole: a class that is not in it is taught at no time.
fn timetable(
    all: &mut BTreeMap<String, ClassRow>,
    told: &BTreeMap<String, std::collections::BTreeSet<crate::timetable::Slot>>,
    complaints: &mut Vec<Complaint>,
) {
    for class in all.values_mut() {
        class.slots = Some(Default::default());
    }
    let mut strangers = 0_usize;
    for (called, slots) in told {
        let by_id = all.contains_key(called).then(|| called.clone());
        let mut named =
            all.iter().filter(|(_, class)| plain(&class.name) == plain(called)).map(|(id, _)| id.clone());
        let id = match (by_id, named.next(), named.next()) {
            (Some(id), ..) => Some(id),
            (None, only, None) => only,
            (None, ..) => None,
        };
        match id.and_then(|id| all.get_mut(&id)) {
            Some(class) => class.slots = Some(slots.clone()),
            None => strangers += 1,
        }
    }
    if strangers > 0 {
        complaints.push(complaint(format!(
            "classes of it that no class of that source, or more than one, is called like: {strangers}. Their lessons are left out; call them as the roll \
             does, or by the source's ids"
        )));
    }
}

fn relations(
    now: &State,
    changes: &Changes,
    people: &BTreeMap<String, PersonRow>,
) -> BTreeMap<(String, String), RelationRow> {
    let here = now.relations.iter().filter(|(_, relation)| relation.here);
    let mut all: BTreeMap<(String, String), RelationRow> = here
        .map(|(pair, relation)| {
            let row = RelationRow {
                relation: relation.relation.clone(),
                responsibility: relation.responsibility,
                restricted: Some(relation.restricted),
            };
            (pair.clone(), row)
        })
        .collect();
    let kind = |id: &String| people.get(id).and_then(|person| person.kind);
    for (one, other) in &changes.agents {
        let pair = match (kind(one), kind(other)) {
            (Some(Kind::Pupil), Some(Kind::Parent)) => (one.clone(), other.clone()),
            (Some(Kind::Parent), Some(Kind::Pupil)) => (other.clone(), one.clone()),
            _ => continue,
        };
        // Who is related no more is told by the whole alone.
        all.entry(pair).or_insert_with(|| RelationRow {
            relation: "parent or carer".to_owned(),
            ..RelationRow::default()
        });
    }
    all
}
