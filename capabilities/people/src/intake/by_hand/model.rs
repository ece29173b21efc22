//! What somebody writes about one person, and what it changes. Pure.

use std::collections::BTreeSet;
use web::speech::say;

use crate::intake::model::{By, Change, Class, Facts, Field, State, Summary, Thing, What, change};
use crate::kind::{Kind, YearGroup};
use crate::rules::Fits;

/// What is done to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// They are, from now on, as this says.
    Write(Edit),
    /// They come back, who have left; whether that is kept, whatever imports say.
    Return {
        /// Whether it is.
        keep: bool,
    },
    /// Imports may write that of them again.
    Release(Field),
}

/// What somebody writes about one person.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// Their given name.
    pub given: String,
    /// Their family name.
    pub family: String,
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
    /// The class that they leave, by the key of a difference by hand.
    pub leaves: Option<String>,
    /// The class that they join, likewise.
    pub joins: Option<String>,
    /// Whether what is corrected is kept, whatever imports say.
    pub keep: bool,
}

impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edit(…)")
    }
}

/// What is wrong with what somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is no name.
    #[error("{}", say("refused.enter-their-name"))]
    NoName,
    /// Nobody says what they are.
    #[error("{}", say("refused.select-what-they-are"))]
    NoKind,
    /// Only a pupil is in a year.
    #[error("{}", say("refused.only-a-pupil-is"))]
    YearOfNoPupil,
    /// They leave before they come.
    #[error("{}", say("refused.the-last-day-cannot"))]
    Days,
    /// They are born after they come.
    #[error("{}", say("refused.the-date-of-birth"))]
    Born,
    /// Whoever has left is brought back first.
    #[error("{}", say("refused.they-have-left-bring"))]
    HasLeft,
    /// Whoever is on the roll need not come back.
    #[error("{}", say("refused.they-are-on-the"))]
    IsHere,
    /// A class is not there.
    #[error("{}", say("refused.that-class-has-ended"))]
    NoClass,
}

/// Whom it is about.
pub(super) struct About<'a> {
    /// What the difference calls them: their number, or an id of their own for somebody new.
    pub id: &'a str,
    /// What the system of the school's own calls them, which rules of groups may name.
    pub outside_id: &'a str,
    /// Whether a roll file keeps them, which says their groups.
    pub by_file: bool,
}

/// What it changes.
pub(super) fn plan(
    now: &State,
    about: &About<'_>,
    hand: &Hand,
    by: &By<'_>,
) -> Result<(Vec<Change>, Summary), Mistake> {
    let old = now.people.get(about.id).map(|(_, facts)| facts);
    let mut classes = Vec::new();
    let mut new = match hand {
        Hand::Write(edit) => {
            let mut new = written(old, edit, by.today)?;
            classes = moved(now, about.id, &new, edit)?;
            if edit.keep && old.is_some() && !classes.is_empty() {
                new.kept.insert(Field::Classes);
            }
            new
        }
        Hand::Return { keep } => {
            let old = old.filter(|old| !old.here).ok_or(Mistake::IsHere)?;
            let mut new = Facts { here: true, last_on: None, ..old.clone() };
            if *keep {
                new.kept.insert(Field::Last);
            } else {
                new.kept.remove(&Field::Last);
            }
            new
        }
        Hand::Release(field) => {
            let mut new = old.filter(|old| old.here).ok_or(Mistake::HasLeft)?.clone();
            new.kept.remove(field);
            new
        }
    };
    if new.here && !about.by_file {
        let (in_classes, teaches) = classes_of(now, &classes, about.id);
        let names = in_classes.iter().map(String::as_str).collect();
        let fits =
            Fits { outside_id: about.outside_id, kind: new.kind, year: new.year, classes: names, teaches };
        new.groups = by.rules.groups(&fits, by.groups, &mut BTreeSet::new());
    }
    let what = match (old.is_some_and(|old| old.here), new.here) {
        (_, true) if old.is_none_or(|old| !old.here) => What::Joins,
        (true, false) => What::Leaves,
        _ => What::Moves,
    };
    let mut changes = Vec::new();
    if old != Some(&new) {
        changes.push(change(Thing::Person, about.id.to_owned(), what, old, Some(&new)));
    }
    for (key, class) in classes {
        changes.push(change(Thing::Class, key.clone(), What::Moves, now.classes.get(&key), Some(&class)));
    }
    let mut summary = Summary::default();
    summary.count(&changes);
    Ok((changes, summary))
}

fn written(old: Option<&Facts>, edit: &Edit, today: &str) -> Result<Facts, Mistake> {
    if old.is_some_and(|old| !old.here) {
        return Err(Mistake::HasLeft);
    }
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let name = [edit.given.as_str(), &edit.family].join(" ").trim().to_owned();
    if name.is_empty() {
        return Err(Mistake::NoName);
    }
    if edit.kind.is_none() && old.is_none() {
        return Err(Mistake::NoKind);
    }
    if edit.year.is_some() && edit.kind != Some(Kind::Pupil) {
        return Err(Mistake::YearOfNoPupil);
    }
    if let (Some(first), Some(last)) = (&edit.first_on, &edit.last_on)
        && last < first
    {
        return Err(Mistake::Days);
    }
    if edit.born_on.as_deref().is_some_and(|born| born > today) {
        return Err(Mistake::Born);
    }
    let before = old.cloned().unwrap_or_default();
    let same_name = before.name == name;
    let mut new = Facts {
        // Whose name was told in one piece has it so until somebody changes it.
        given: if same_name { before.given.clone() } else { some(&edit.given) },
        family: if same_name { before.family.clone() } else { some(&edit.family) },
        name,
        kind: edit.kind,
        year: edit.year,
        born_on: edit.born_on.clone(),
        first_on: edit.first_on.clone(),
        last_on: edit.last_on.clone(),
        here: edit.last_on.as_deref().is_none_or(|last| last >= today),
        linked: true,
        ..before.clone()
    };
    if edit.keep && old.is_some() {
        let differs = [
            (Field::Name, before.name != new.name),
            (Field::Kind, before.kind != new.kind),
            (Field::Year, before.year != new.year),
            (Field::Born, before.born_on != new.born_on),
            (Field::First, before.first_on != new.first_on),
            (Field::Last, before.last_on != new.last_on),
        ];
        new.kept.extend(differs.iter().filter(|(_, differs)| *differs).map(|(field, _)| *field));
    }
    Ok(new)
}

/// The classes that change with it, by key, as they become.
fn moved(now: &State, id: &str, new: &Facts, edit: &Edit) -> Result<Vec<(String, Class)>, Mistake> {
    let (leaves, joins) = (edit.leaves.as_ref(), edit.joins.as_ref());
    if leaves == joins {
        return Ok(Vec::new());
    }
    let class =
        |key: &String| now.classes.get(key).filter(|class| class.here).cloned().ok_or(Mistake::NoClass);
    let mut changed = Vec::new();
    if let Some(key) = leaves {
        let mut class = class(key)?;
        class.pupils.remove(id);
        class.teachers.remove(id);
        changed.push((key.clone(), class));
    }
    if let Some(key) = joins {
        let mut class = class(key)?;
        let members = if new.kind == Some(Kind::Pupil) { &mut class.pupils } else { &mut class.teachers };
        if members.insert(id.to_owned()) {
            changed.push((key.clone(), class));
        }
    }
    Ok(changed)
}

/// The names of the classes that somebody will be in or teach, and whether they teach one.
fn classes_of(now: &State, changed: &[(String, Class)], id: &str) -> (BTreeSet<String>, bool) {
    let (mut names, mut teaches) = (BTreeSet::new(), false);
    for (key, class) in now.classes.iter().filter(|(_, class)| class.here) {
        let class = changed.iter().find(|(other, _)| other == key).map_or(class, |(_, class)| class);
        teaches |= class.teachers.contains(id);
        if class.teachers.contains(id) || class.pupils.contains(id) {
            names.insert(class.name.clone());
        }
    }
    (names, teaches)
}
