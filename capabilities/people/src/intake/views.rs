//! What the pages of the roll say.

use std::collections::BTreeMap;

use kit::Zone;
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Details, ErrorMessage, Hint, Input, InsetText, Label, Legend, Radio,
    Radios, Select, Table, WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::actions::pair_in_words;
use super::columns;
use super::model::{Change, Class, Facts, Field, Import, Relation, Tally, Thing, What};
use super::store::{ClassLine, Profile};
use crate::kind::{Kind, YearGroup};
use crate::roster::{Complaint, Shape};

/// What whoever looks at the roll is offered besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offers {
    /// Making differences: by a file, or by hand.
    pub import: bool,
    /// Seeing who holds which duty.
    pub duties: bool,
    /// Reviews of who may do what.
    pub access: bool,
    /// Systems that keep people over SCIM.
    pub scim: bool,
}

impl Offers {
    fn links(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            (self.import, "Add somebody", "/staff/roll/new"),
            (self.import, "Import the roll, and look at imports", "/staff/roll/import"),
            (self.duties, "Duties: who holds which, and which nobody holds", "/staff/duties"),
            (self.access, "Reviews of who may do what", "/staff/access"),
            (self.scim, "Systems that keep people of the roll over SCIM", "/staff/roll/scim"),
        ]
        .into_iter()
        .filter(|(offered, ..)| *offered)
        .map(|(_, words, href)| (words, href))
    }
}

/// A page of the roll.
#[derive(Debug)]
pub struct Roll<'a> {
    /// Those it shows.
    pub people: &'a [Profile],
    /// How many there are.
    pub count: u64,
    /// Which page it is, from 1.
    pub page: u64,
    /// How many pages there are.
    pub pages: u64,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only of this class, by its id.
    pub class: Option<&'a str>,
    /// Every class that goes on.
    pub classes: &'a [ClassLine],
    /// The words that were looked for.
    pub words: &'a str,
}

/// The roll.
pub fn roll(shown: &Roll<'_>, may: &Offers) -> Page {
    let title = "People";
    let unsaid = |words: &str| Choice::new("", words);
    let kinds =
        std::iter::once(unsaid("Everybody")).chain(Kind::ALL.map(|kind| Choice::new(kind.id(), kind.name())));
    let kinds =
        Select::new("kind", Label::new("What they are"), kinds.collect(), shown.kind.map_or("", Kind::id));
    let in_class = shown.classes.iter().map(|class| Choice::new(&class.id, &class.name));
    let in_class = std::iter::once(unsaid("Any, or none")).chain(in_class);
    let in_class = Select::new("class", Label::new("Class"), in_class.collect(), shown.class.unwrap_or(""));
    let mut words = Input::new("words", Label::new("Find somebody by name"));
    words.value = (!shown.words.is_empty()).then(|| shown.words.to_owned());
    words.classes = "govuk-input--width-20".into();
    words.autocomplete = Some("off".to_owned());
    let rows = shown.people.iter().map(|one| {
        vec![
            Cell::new(html! { a .govuk-link href={ "/staff/roll/" (one.number.0) } { (one.name.reveal()) } }),
            Cell::new(one.kind.map_or("", Kind::name)),
            Cell::new(one.year.map_or("", YearGroup::name)),
        ]
    });
    let address = |page: u64| {
        let kind = shown.kind.map(|kind| format!("kind={}&", kind.id())).unwrap_or_default();
        let class = shown.class.map(|class| format!("class={class}&")).unwrap_or_default();
        format!("/staff/roll?{kind}{class}page={page}")
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        ul .govuk-list {
            @for (words, href) in may.links() { li { a .govuk-link href=(href) { (words) } } }
        }
        form method="post" action="/staff/roll" novalidate {
            (words)
            (kinds)
            @if !shown.classes.is_empty() { (in_class) }
            (Button::new("Find"))
        }
        @if shown.people.is_empty() {
            (InsetText::new("Nobody on the roll fits that."))
        } @else {
            p .govuk-body { (counted(shown.count, "person", "people")) }
            div .fivebar-scroll tabindex="0" role="region" aria-label="People on the roll" {
                (table("People on the roll", &["Name", "What they are", "Year"], rows.collect()))
            }
            @if shown.words.is_empty() {
                (pages_of(shown.page, shown.pages, &address))
            } @else if shown.pages > 1 {
                p .govuk-body { "Only the first are shown: write more of the name." }
            }
        }
    };
    Page::new(title, content)
}

pub(crate) fn table(caption: &str, head: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    Table {
        caption: Some(caption.to_owned()),
        caption_classes: "govuk-visually-hidden".into(),
        head: head.iter().map(Cell::new).collect(),
        rows,
        ..Table::default()
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn pages_of(page: u64, pages: u64, address: &dyn Fn(u64) -> String) -> Markup {
    html! {
        @if pages > 1 {
            nav aria-label="Pages" {
                p .govuk-body {
                    "Page " (page) " of " (pages) ". "
                    @if page > 1 { a .govuk-link href=(address(page - 1)) { "Page before" } " " }
                    @if page < pages { a .govuk-link href=(address(page + 1)) { "Next page" } }
                }
            }
        }
    }
}

/// Sending a file, and the imports there were.
pub fn import(
    imports: &[Import],
    form: &Submitted,
    mistakes: &Mistakes,
    complaints: &[String],
    zone: &Zone,
) -> Page {
    let title = "Import the roll";
    let error =
        mistakes.beside("roll").map(|error| ErrorMessage { id: Some("roll-error".to_owned()), ..error });
    let rows = imports.iter().map(|import| {
        vec![
            Cell::new(
                html! { a .govuk-link href={ "/staff/roll/imports/" (import.number) } { (import.number) } },
            ),
            Cell::new(called(import)),
            Cell::new(moment(import.made_at, zone)),
            Cell::new(state(import)),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "Send what your own system exports: OneRoster 1.1 or 1.2, School Data Sync V1, V2 or V2.1, as a zip file; or one table with one person a row. \
             You see what would change before anything does, and can undo it afterwards. Passwords in such files are not read."
        }
        @if !complaints.is_empty() {
            ul .govuk-list.govuk-list--bullet {
                @for complaint in complaints.iter().take(SHOWN_COMPLAINTS) { li { (complaint) } }
            }
        }
        form method="post" action="/staff/roll/import" enctype="multipart/form-data" novalidate {
            div .govuk-form-group.govuk-form-group--error[error.is_some()] {
                label .govuk-label for="roll" { "The file" }
                div #roll-hint .govuk-hint { "A zip or CSV file of at most 16 MB" }
                @if let Some(error) = &error { (error) }
                input #roll .govuk-file-upload type="file" name="roll" accept=".zip,.csv,.txt,.tsv"
                    aria-describedby=(if error.is_none() { "roll-hint" } else { "roll-hint roll-error" });
            }
            (Details::new("More about the file", more(form, mistakes)))
            (Button::new("Show what would change"))
        }
        h2 .govuk-heading-m { "Imports" }
        @if imports.is_empty() {
            (InsetText::new("There was none yet."))
        } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label="Imports, newest first" {
                (table("Imports, newest first", &["Number", "What", "Made", "Where it stands"], rows.collect()))
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll")).problems(mistakes.summary())
}

const SHOWN_COMPLAINTS: usize = 100;

fn more(form: &Submitted, mistakes: &Mistakes) -> Markup {
    let line = |id: &'static str, label: &str, hint: &str| {
        let mut input = Input::new(id, Label::new(label));
        input.hint = Some(Hint::new(hint));
        input.error = mistakes.beside(id);
        input.value = Some(form.text(id).to_owned()).filter(|text| !text.is_empty());
        input.classes = "govuk-input--width-20".into();
        input
    };
    let unsaid = |id: &str, label: &str| Radio { checked: form.text(id).is_empty(), ..Radio::new("", label) };
    let kinds = std::iter::once(unsaid("kind", "A column says it, or the form does"))
        .chain(Kind::ALL.map(|kind| Radio::new(kind.id(), kind.name())));
    let mut kinds =
        Radios::new("kind", Legend::new("Who is in the table?"), kinds.collect(), form.text("kind"));
    kinds.classes = "govuk-radios--small".into();
    let orders = vec![
        unsaid("dates", "As the file itself shows"),
        Radio::new("day-first", "The day first, as in 28/2/2014"),
        Radio::new("month-first", "The month first, as in 2/28/2014"),
    ];
    let mut orders = Radios::new("dates", Legend::new("How are days written?"), orders, form.text("dates"));
    orders.classes = "govuk-radios--small".into();
    html! {
        (line("source", "Whose ids are in it", "A short name of the system it comes from, as in sims. The same name every time: whoever is not in a file of a system has left, as far as that system knows."))
        (line("school", "Only people of this school", "The school’s id in the file, where it holds several schools"))
        (kinds)
        (orders)
    }
}

/// What an import is.
fn called(import: &Import) -> String {
    let shape = import.shape.map_or("a roll", Shape::name);
    match import.undoes {
        Some(undone) => format!("Undoing of import {undone}"),
        None if import.is_by_hand() => "One person, by hand".to_owned(),
        None => format!("{shape}, source {}", import.source),
    }
}

fn state(import: &Import) -> &'static str {
    match import.state.as_str() {
        "waiting" => "Waits for somebody to apply or drop it",
        "applied" => "Applied",
        "undone" => "Undone",
        _ => "Dropped",
    }
}

/// One import.
pub struct Preview<'a> {
    /// It.
    pub import: &'a Import,
    /// The changes that are shown.
    pub changes: &'a [Change],
    /// Of which kind they are.
    pub shown: Option<(Thing, What)>,
    /// Which page of them it is, from 1.
    pub page: u64,
    /// How many pages there are.
    pub pages: u64,
    /// People's names by what the source calls them.
    pub names: &'a BTreeMap<String, String>,
    /// Whether whoever looks may apply it.
    pub may_apply: bool,
    /// Whether they may see what adults are to pupils.
    pub may_see_relations: bool,
    /// Whether they are about to apply it.
    pub applying: bool,
    /// How many go by it who hold a duty that needs a second proof.
    pub leading: usize,
}

/// One import: what it would change, or has changed.
pub fn preview(seen: &Preview<'_>, mistakes: &Mistakes, zone: &Zone) -> Page {
    let import = seen.import;
    let waits = import.state == "waiting";
    let title = if waits {
        format!("Import {}: what would change", import.number)
    } else {
        format!("Import {}", import.number)
    };
    let address = format!("/staff/roll/imports/{}", import.number);
    let summary = &import.summary;
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (called(import)) ". Made at " (moment(import.made_at, zone)) ". " (state(import)) "." }
        @if let Some(held) = summary.held.filter(|_| waits) {
            (WarningText::new(format!(
                "{held} people would leave or be pupils no more, which is more than usual. Check that the file holds everybody before you apply it."
            )))
        }
        @if seen.leading > 0 {
            (WarningText::new(format!(
                "{} would leave, get a last day or become something else: whoever gives duties ends or hands over that duty first, or applies \
                 this.",
                counted(seen.leading as u64, "person who holds a duty that needs a second proof", "people who hold a duty that needs a second proof")
            )))
        }
        (columns::what_it_is(import))
        @if summary.is_nothing() { (InsetText::new("Nothing would change: the roll is as the file says.")) }
        (tallies(import, &address))
        (complaints(&summary.complaints, &summary.strangers))
        @if !seen.applying { (answers(seen, &address)) }
        @if seen.applying && waits { (applying(import, &address, mistakes)) }
        @if let (Some((thing, what)), false) = (seen.shown, seen.applying) {
            h2 .govuk-heading-m #changes { (heading(thing, what)) }
            (changes(seen, thing))
            (pages_of(seen.page, seen.pages, &|page| format!("{address}?show={}-{}&page={page}", thing.id(), what.id())))
        }
        @if waits && !seen.applying { (columns::fields(import)) }
    };
    let back = if seen.applying { address.clone() } else { "/staff/roll/import".to_owned() };
    Page::new(title, content).before(BackLink::new(back)).problems(mistakes.summary())
}

fn tallies(import: &Import, address: &str) -> Markup {
    let summary = &import.summary;
    let row = |thing: Thing, name: &str, tally: &Tally| {
        let mut cells = vec![Cell::new(name)];
        for what in [What::Joins, What::Moves, What::Leaves, What::Kept] {
            let count = tally.of(what);
            let about = heading(thing, what);
            cells.push(Cell::new(html! {
                @if count == 0 { "0" } @else {
                    a .govuk-link href={ (address) "?show=" (thing.id()) "-" (what.id()) "#changes" } {
                        (count) span .govuk-visually-hidden { ": " (about) }
                    }
                }
            }));
        }
        cells.push(Cell::new(tally.same));
        cells
    };
    let rows = vec![
        row(Thing::Person, "People", &summary.people),
        row(Thing::Class, "Classes", &summary.classes),
        row(Thing::Relation, "Family", &summary.relations),
    ];
    let head = ["What", "Come", "Change", "Go", "Kept as they are", "As before"];
    let table = Table { first_cell_is_header: true, ..table("How many of each", &head, rows) };
    html! { div .fivebar-scroll tabindex="0" role="region" aria-label="How many of each" { (table) } }
}

fn heading(thing: Thing, what: What) -> &'static str {
    match (thing, what) {
        (Thing::Person, What::Joins) => "Who comes",
        (Thing::Person, What::Moves) => "Who changes",
        (Thing::Person, What::Leaves) => "Who leaves",
        (Thing::Person, What::Kept) => "People who were changed since, and stay as they are",
        (Thing::Class, What::Joins) => "New classes",
        (Thing::Class, What::Moves) => "Classes that change",
        (Thing::Class, What::Leaves) => "Classes that end",
        (Thing::Class, What::Kept) => "Classes that were changed since, and stay as they are",
        (Thing::Relation, What::Joins) => "Family that is new",
        (Thing::Relation, What::Moves) => "Family that changes",
        (Thing::Relation, What::Leaves) => "Family that the file does not name any more",
        (Thing::Relation, What::Kept) => "Family that stays as it is, for somebody to look at",
    }
}

fn complaints(complaints: &[Complaint], strangers: &[String]) -> Markup {
    let more = complaints.len().saturating_sub(SHOWN_COMPLAINTS);
    html! {
        @if !complaints.is_empty() {
            h2 .govuk-heading-m { "What could not be taken from the file" }
            p .govuk-body { "Whoever’s row cannot be read stays as they are." }
            ul .govuk-list.govuk-list--bullet {
                @for complaint in complaints.iter().take(SHOWN_COMPLAINTS) { li { (complaint) } }
            }
            @if more > 0 { p .govuk-body { "And " (more) " more." } }
        }
        @if !strangers.is_empty() {
            (InsetText::new(format!(
                "Your rules name groups that the filter policy does not have: {}. Nobody joins them.", strangers.join(", ")
            )))
        }
    }
}

fn answers(seen: &Preview<'_>, address: &str) -> Markup {
    html! {
        @match seen.import.state.as_str() {
            "waiting" => {
                @if seen.may_apply { (Button::link("Apply it", format!("{address}/application"))) }
                @else { p .govuk-body { "Somebody with the duty for it can apply it." } }
                form method="post" action={ (address) "/drop" } novalidate { (secondary("Drop it")) }
            }
            "applied" => {
                form method="post" action={ (address) "/undoing" } novalidate { (secondary("Show what undoing it would change")) }
            }
            _ => {}
        }
    }
}

fn secondary(says: &str) -> Button {
    Button { classes: "govuk-button--secondary".into(), ..Button::new(says) }
}

fn applying(import: &Import, address: &str, mistakes: &Mistakes) -> Markup {
    let people = &import.summary.people;
    let mut leavers = Input::new("leavers", Label::new("How many people leave, or are pupils no more?"));
    leavers.hint = Some(Hint::new("Enter the number, to say that so many are right"));
    leavers.error = mistakes.beside("leavers");
    leavers.classes = "govuk-input--width-5".into();
    leavers.inputmode = Some("numeric".to_owned());
    html! {
        h2 .govuk-heading-m { "Apply it?" }
        p .govuk-body {
            (counted(people.joins as u64, "person comes", "people come")) ", "
            (counted(people.moves as u64, "changes", "change")) ", "
            (counted(people.leaves as u64, "leaves", "leave")) ". Whoever leaves is signed out and holds no duty from then on."
        }
        form method="post" action={ (address) "/application" } novalidate {
            @if import.summary.held.is_some() { (leavers) }
            (Button::new("Apply it now"))
        }
    }
}

fn changes(seen: &Preview<'_>, thing: Thing) -> Markup {
    if thing == Thing::Relation && !seen.may_see_relations {
        return html! { (InsetText::new("Who their family is, only those see who need to.")) };
    }
    let rows = seen.changes.iter().map(|change| {
        let (name, differences) = match thing {
            Thing::Person => {
                let (before, after) = change.facts();
                let name =
                    after.as_ref().or(before.as_ref()).map_or_else(String::new, |facts| facts.name.clone());
                (name, facts_differ(before.as_ref(), after.as_ref()))
            }
            Thing::Class => {
                let (before, after) = change.classes();
                let name =
                    after.as_ref().or(before.as_ref()).map_or_else(String::new, |class| class.name.clone());
                (name, classes_differ(before.as_ref(), after.as_ref(), seen.names))
            }
            Thing::Relation => {
                let (pupil, adult) = pair_in_words(&change.outside_id, seen.names);
                let (before, after) = change.relations();
                (format!("{adult}, of {pupil}"), relations_differ(before.as_ref(), after.as_ref()))
            }
        };
        let said = html! { @for line in &differences { p .govuk-body-s { (line) } } };
        vec![Cell::new(name), Cell::new(said)]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label="The changes" { (table("The changes", &["Who or what", "How"], rows.collect())) }
    }
}

/// What is other of somebody than it was, a line each.
pub fn facts_differ(before: Option<&Facts>, after: Option<&Facts>) -> Vec<String> {
    let nothing = Facts::default();
    let Some(after) = after else { return Vec::new() };
    let is_new = before.is_none();
    let before = before.unwrap_or(&nothing);
    let kind = |facts: &Facts| facts.kind.map_or("", Kind::name).to_owned();
    let year = |facts: &Facts| facts.year.map_or("", YearGroup::name).to_owned();
    let day = |day: &Option<String>| day.clone().unwrap_or_default();
    let mut lines = Vec::new();
    if before.linked != after.linked && before.here && after.linked {
        lines.push(
            "Was on the roll already, by a file of your own; this source keeps them from now on".to_owned(),
        );
    }
    if !is_new && !before.here && after.here {
        lines.push("Was here before, and keeps their number".to_owned());
    }
    let named = |fields: &mut dyn Iterator<Item = &Field>| {
        fields.map(|field| field.name()).collect::<Vec<_>>().join(", ")
    };
    let kept = named(&mut after.kept.difference(&before.kept));
    if !kept.is_empty() {
        lines.push(format!("Kept by hand from now on, whatever imports say: {kept}"));
    }
    let released = named(&mut before.kept.difference(&after.kept));
    if !released.is_empty() {
        lines.push(format!("Imports may write again: {released}"));
    }
    for (name, old, new) in [
        ("Name", before.name.clone(), after.name.clone()),
        ("What they are", kind(before), kind(after)),
        ("Year", year(before), year(after)),
        ("Date of birth", day(&before.born_on), day(&after.born_on)),
        ("First day", day(&before.first_on), day(&after.first_on)),
        ("Last day", day(&before.last_on), day(&after.last_on)),
        ("Groups", before.groups.join(", "), after.groups.join(", ")),
    ] {
        match (old == new, is_new || old.is_empty()) {
            (true, _) => {}
            (false, true) if name == "Name" => {}
            (false, true) => lines.push(format!("{name}: {new}")),
            (false, false) if new.is_empty() => lines.push(format!("{name}: {old} goes")),
            (false, false) => lines.push(format!("{name}: {old} becomes {new}")),
        }
    }
    lines
}

fn classes_differ(
    before: Option<&Class>,
    after: Option<&Class>,
    names: &BTreeMap<String, String>,
) -> Vec<String> {
    let nothing = Class::default();
    let Some(after) = after else { return Vec::new() };
    let before = before.unwrap_or(&nothing);
    let name = |id: &String| names.get(id).cloned().unwrap_or_else(|| id.clone());
    let mut lines = Vec::new();
    if !before.name.is_empty() && before.name != after.name {
        lines.push(format!("Name: {} becomes {}", before.name, after.name));
    }
    for (what, old, new) in
        [("Teaches it", &before.teachers, &after.teachers), ("In it", &before.pupils, &after.pupils)]
    {
        let come: Vec<String> = new.difference(old).map(name).collect();
        let go: Vec<String> = old.difference(new).map(name).collect();
        if !come.is_empty() {
            lines.push(format!("{what} from now on: {}", come.join("; ")));
        }
        if !go.is_empty() {
            lines.push(format!("{what} no more: {}", go.join("; ")));
        }
    }
    lines.extend(columns::lessons_differ(before, after));
    lines
}

fn relations_differ(before: Option<&Relation>, after: Option<&Relation>) -> Vec<String> {
    let Some(after) = after else { return Vec::new() };
    let mut lines = vec![after.relation.clone()];
    if before.is_none_or(|before| before.responsibility != after.responsibility) {
        lines.push(
            match after.responsibility {
                Some(true) => "Parental responsibility: yes",
                Some(false) => "Parental responsibility: no",
                None => "Parental responsibility: not known",
            }
            .to_owned(),
        );
    }
    if after.restricted {
        lines.push("A court restricts contact".to_owned());
    }
    lines
}

/// An error's words as a sentence of their own.
pub(crate) fn sentence(words: &str) -> String {
    let mut signs = words.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}
