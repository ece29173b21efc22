//! What the pages of the roll say.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Details, ErrorMessage, Hint, Input, InsetText, Label, Legend, Radio,
    Radios, Select, Table, WarningText,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::actions::pair_in_words;
use super::classes::in_words;
use super::columns;
use super::model::{Change, Class, Facts, Field, Import, Relation, Tally, Thing, What};
use super::store::{ClassLine, Profile};
use crate::kind::{Kind, YearGroup};
use crate::roster::Complaint;

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
    /// Giving adults a way in.
    pub ways_in: bool,
}

impl Offers {
    fn links(self) -> impl Iterator<Item = (String, &'static str)> {
        [
            (self.import, say("roll.add-somebody"), "/staff/roll/new"),
            (self.import, say("roll.import-the-roll-and"), "/staff/roll/import"),
            (self.ways_in, say("roll.who-of-the-staff"), "/staff/ways-in"),
            (self.duties, say("roll.duties-who-holds-which"), "/staff/duties"),
            (self.access, say("roll.reviews-of-who-may"), "/staff/access"),
            (self.scim, say("roll.systems-that-keep-people"), "/staff/roll/scim"),
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
    let title = &say("roll.people");
    let unsaid = |words: &str| Choice::new("", words);
    let kinds = std::iter::once(unsaid(&say("roll.everybody")))
        .chain(Kind::ALL.map(|kind| Choice::new(kind.id(), kind.said())));
    let kinds = Select::new(
        "kind",
        Label::new(say("roll.what-they-are")),
        kinds.collect(),
        shown.kind.map_or("", Kind::id),
    );
    let in_class = shown.classes.iter().map(|class| Choice::new(&class.id, &class.name));
    let in_class = std::iter::once(unsaid(&say("roll.any-or-none"))).chain(in_class);
    let in_class =
        Select::new("class", Label::new(say("roll.class")), in_class.collect(), shown.class.unwrap_or(""));
    let mut words = Input::new("words", Label::new(say("roll.find-somebody-by-name")));
    words.value = (!shown.words.is_empty()).then(|| shown.words.to_owned());
    words.classes = "govuk-input--width-20".into();
    words.autocomplete = Some("off".to_owned());
    let rows = shown.people.iter().map(|one| {
        vec![
            Cell::new(html! { a .govuk-link href={ "/staff/roll/" (one.number.0) } { (one.name.reveal()) } }),
            Cell::new(one.kind.map_or_else(String::new, Kind::said)),
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
            (Button::new(say("common.find")))
        }
        @if shown.people.is_empty() {
            (InsetText::new(say("roll.nobody-on-the-roll")))
        } @else {
            p .govuk-body { (counted!("roll.people-count", shown.count)) }
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("roll.people-on-the-roll")) {
                (table(&say("roll.people-on-the-roll"), &[&say("common.name"), &say("roll.what-they-are"), &say("common.year")], rows.collect()))
            }
            @if shown.words.is_empty() {
                (pages_of(shown.page, shown.pages, &address))
            } @else if shown.pages > 1 {
                p .govuk-body { (say("roll.only-the-first-are")) }
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

fn pages_of(page: u64, pages: u64, address: &dyn Fn(u64) -> String) -> Markup {
    html! {
        @if pages > 1 {
            nav aria-label=(say("common.pages")) {
                p .govuk-body {
                    (marked!("roll.page-of", page, pages)) " "
                    @if page > 1 { a .govuk-link href=(address(page - 1)) { (say("common.page-before")) } " " }
                    @if page < pages { a .govuk-link href=(address(page + 1)) { (say("common.next-page")) } }
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
    (complaints, headings): (&[String], &[String]),
    zone: &Zone,
) -> Page {
    let title = &say("roll.import-the-roll");
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
            (say("roll.send-what-your-own"))
        }
        @if !complaints.is_empty() {
            ul .govuk-list.govuk-list--bullet {
                @for complaint in complaints.iter().take(SHOWN_COMPLAINTS) { li { (complaint) } }
            }
        }
        form method="post" action="/staff/roll/import" enctype="multipart/form-data" novalidate {
            div .govuk-form-group.govuk-form-group--error[error.is_some()] {
                label .govuk-label for="roll" { (say("roll.the-file")) }
                div #roll-hint .govuk-hint { (say("roll.a-zip-or-csv")) }
                @if let Some(error) = &error { (error) }
                input #roll .govuk-file-upload type="file" name="roll" accept=".zip,.csv,.txt,.tsv"
                    aria-describedby=(if error.is_none() { "roll-hint" } else { "roll-hint roll-error" });
            }
            (columns::choices(headings, form))
            (Details {
                open: !headings.is_empty() || mistakes.beside("source").is_some(),
                ..Details::new(say("roll.more-about-the-file"), more(form, mistakes))
            })
            (Button::new(say("roll.show-what-would-change")))
        }
        h2 .govuk-heading-m { (say("roll.imports")) }
        @if imports.is_empty() {
            (InsetText::new(say("roll.there-was-none-yet")))
        } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("roll.imports-newest-first")) {
                (table(&say("roll.imports-newest-first"), &[&say("common.number"), &say("common.what"), &say("roll.made"), &say("common.where-it-stands")], rows.collect()))
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
    let kinds = std::iter::once(unsaid("kind", &say("roll.a-column-says-it")))
        .chain(Kind::ALL.map(|kind| Radio::new(kind.id(), kind.said())));
    let mut kinds =
        Radios::new("kind", Legend::new(say("roll.who-is-in-the")), kinds.collect(), form.text("kind"));
    kinds.classes = "govuk-radios--small".into();
    let orders = vec![
        unsaid("dates", &say("roll.as-the-file-itself")),
        Radio::new("day-first", say("roll.the-day-first-as")),
        Radio::new("month-first", say("roll.the-month-first-as")),
    ];
    let mut orders =
        Radios::new("dates", Legend::new(say("roll.how-are-days-written")), orders, form.text("dates"));
    orders.classes = "govuk-radios--small".into();
    html! {
        (line("source", &say("roll.whose-ids-are-in"), &say("roll.a-short-name-of")))
        (line("school", &say("roll.only-people-of-this"), &say("roll.the-schools-id-in")))
        (kinds)
        (orders)
    }
}

/// What an import is.
fn called(import: &Import) -> String {
    let shape = import.shape.map_or_else(|| say("roll.a-roll"), |shape| shape.name().to_owned());
    match import.undoes {
        Some(undone) => filled!("roll.undoing-of-import", undone),
        None if import.is_by_hand() => say("roll.one-person-by-hand"),
        None => filled!("roll.source", shape, source = import.source),
    }
}

fn state(import: &Import) -> String {
    match import.state.as_str() {
        "waiting" => say("roll.waits-for-somebody-to"),
        "applied" => say("roll.applied"),
        "undone" => say("roll.undone"),
        _ => say("roll.dropped"),
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
    /// Who is there, kept by no other system, and is called as somebody who would come.
    pub namesakes: &'a [(PersonNo, Private<String>)],
}

/// One import: what it would change, or has changed.
pub fn preview(seen: &Preview<'_>, mistakes: &Mistakes, zone: &Zone) -> Page {
    let import = seen.import;
    let waits = import.state == "waiting";
    let title = if waits {
        filled!("roll.import-what-would-change", number = import.number)
    } else {
        filled!("roll.import", number = import.number)
    };
    let address = format!("/staff/roll/imports/{}", import.number);
    let summary = &import.summary;
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (marked!("roll.made-at", import = called(import), when = moment(import.made_at, zone), state = state(import))) }
        @if let Some(held) = summary.held.filter(|_| waits) {
            (WarningText::new(filled!("roll.people-would-leave-or", held)))
            @if import.is_kept_back() {
                (InsetText::new(filled!("roll.all-else-has-been", source = import.source)))
            }
        }
        @if seen.leading > 0 {
            (WarningText::new(filled!("roll.would-leave-get-a", people = counted!("roll.leading-count", seen.leading))))
        }
        @if !seen.namesakes.is_empty() && waits {
            (WarningText::new(html! {
                "Somebody called so is on the roll already, by hand or by a roll file: "
                @for (number, name) in seen.namesakes {
                    @if Some(number) != seen.namesakes.first().map(|(first, _)| first) { ", " }
                    a .govuk-link href={ "/staff/roll/" (number.0) } { (name.reveal()) }
                }
                ". If it is the same person, they would be there twice, with their duties under the one and their classes under the other. Give the \
                 duties to whoever comes, then say the last day of the one who was there."
            }))
        }
        (columns::what_it_is(import))
        @if summary.is_nothing() { (InsetText::new(say("roll.nothing-would-change-the"))) }
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
        row(Thing::Person, &say("roll.people"), &summary.people),
        row(Thing::Class, &say("common.classes"), &summary.classes),
        row(Thing::Relation, &say("roll.family"), &summary.relations),
    ];
    let head = [
        say("common.what"),
        say("roll.come"),
        say("roll.change"),
        say("roll.go"),
        say("roll.kept-as-they-are"),
        say("roll.as-before"),
    ];
    let head = head.each_ref().map(String::as_str);
    let table = Table { first_cell_is_header: true, ..table(&say("roll.how-many-of-each"), &head, rows) };
    html! { div .fivebar-scroll tabindex="0" role="region" aria-label=(say("roll.how-many-of-each")) { (table) } }
}

fn heading(thing: Thing, what: What) -> String {
    match (thing, what) {
        (Thing::Person, What::Joins) => say("roll.who-comes"),
        (Thing::Person, What::Moves) => say("roll.who-changes"),
        (Thing::Person, What::Leaves) => say("roll.who-leaves"),
        (Thing::Person, What::Kept) => say("roll.people-who-were-changed"),
        (Thing::Class, What::Joins) => say("roll.new-classes"),
        (Thing::Class, What::Moves) => say("roll.classes-that-change"),
        (Thing::Class, What::Leaves) => say("roll.classes-that-end"),
        (Thing::Class, What::Kept) => say("roll.classes-that-were-changed"),
        (Thing::Relation, What::Joins) => say("roll.family-that-is-new"),
        (Thing::Relation, What::Moves) => say("roll.family-that-changes"),
        (Thing::Relation, What::Leaves) => say("roll.family-that-the-file"),
        (Thing::Relation, What::Kept) => say("roll.family-that-stays-as"),
    }
}

fn complaints(complaints: &[Complaint], strangers: &[String]) -> Markup {
    let more = complaints.len().saturating_sub(SHOWN_COMPLAINTS);
    html! {
        @if !complaints.is_empty() {
            h2 .govuk-heading-m { (say("roll.what-could-not-be")) }
            p .govuk-body { (say("roll.whoevers-row-cannot-be")) }
            ul .govuk-list.govuk-list--bullet {
                @for complaint in complaints.iter().take(SHOWN_COMPLAINTS) { li { (complaint) } }
            }
            @if more > 0 { p .govuk-body { (marked!("roll.and-more", more)) } }
        }
        @if !strangers.is_empty() {
            (InsetText::new(filled!("roll.your-rules-name-groups", strangers = strangers.join(", "))))
        }
    }
}

fn answers(seen: &Preview<'_>, address: &str) -> Markup {
    html! {
        @match seen.import.state.as_str() {
            "waiting" => {
                @if seen.may_apply { (Button::link(say("roll.apply-it"), format!("{address}/application"))) }
                @else { p .govuk-body { (say("roll.somebody-with-the-duty")) } }
                form method="post" action={ (address) "/drop" } novalidate { (secondary(&say("roll.drop-it"))) }
            }
            "applied" => {
                form method="post" action={ (address) "/undoing" } novalidate { (secondary(&say("roll.show-what-undoing-it"))) }
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
    let mut leavers = Input::new("leavers", Label::new(say("roll.how-many-people-leave")));
    leavers.hint = Some(Hint::new(say("roll.enter-the-number-to")));
    leavers.error = mistakes.beside("leavers");
    leavers.classes = "govuk-input--width-5".into();
    leavers.inputmode = Some("numeric".to_owned());
    html! {
        h2 .govuk-heading-m { (say("roll.apply-it-2")) }
        p .govuk-body {
            (marked!("roll.whoever-leaves-is-signed", comes = counted!("roll.comes-count", people.joins), changes = counted!("roll.changes-count", people.moves), leaves = counted!("roll.leaves-count", people.leaves)))
        }
        form method="post" action={ (address) "/application" } novalidate {
            @if import.summary.held.is_some() { (leavers) }
            (Button::new(say("roll.apply-it-now")))
        }
    }
}

fn changes(seen: &Preview<'_>, thing: Thing) -> Markup {
    if thing == Thing::Relation && !seen.may_see_relations {
        return html! { (InsetText::new(say("roll.who-their-family-is"))) };
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
                (filled!("roll.of", adult, pupil), relations_differ(before.as_ref(), after.as_ref()))
            }
        };
        let said = html! { @for line in &differences { p .govuk-body-s { (line) } } };
        vec![Cell::new(name), Cell::new(said)]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("roll.the-changes")) { (table(&say("roll.the-changes"), &[&say("roll.who-or-what"), &say("roll.how")], rows.collect())) }
    }
}

/// The groups of the filter as people say them, in one line.
pub(super) fn groups_in_words(ids: &[String]) -> String {
    ids.iter().map(|id| in_words(id)).collect::<Vec<_>>().join(", ")
}

/// What is other of somebody than it was, a line each.
pub fn facts_differ(before: Option<&Facts>, after: Option<&Facts>) -> Vec<String> {
    let nothing = Facts::default();
    let Some(after) = after else { return Vec::new() };
    let is_new = before.is_none();
    let before = before.unwrap_or(&nothing);
    let kind = |facts: &Facts| facts.kind.map_or_else(String::new, Kind::said);
    let year = |facts: &Facts| facts.year.map_or("", YearGroup::name).to_owned();
    let day = |day: &Option<String>| day.clone().unwrap_or_default();
    let mut lines = Vec::new();
    if before.linked != after.linked && before.here && after.linked {
        lines.push(say("roll.was-on-the-roll"));
    }
    if !is_new && !before.here && after.here {
        lines.push(say("roll.was-here-before-and"));
    }
    let named = |fields: &mut dyn Iterator<Item = &Field>| {
        fields.map(|field| field.name()).collect::<Vec<_>>().join(", ")
    };
    let kept = named(&mut after.kept.difference(&before.kept));
    if !kept.is_empty() {
        lines.push(filled!("roll.kept-by-hand-from", kept));
    }
    let released = named(&mut before.kept.difference(&after.kept));
    if !released.is_empty() {
        lines.push(filled!("roll.imports-may-write-again", released));
    }
    for (name, old, new) in [
        (say("common.name"), before.name.clone(), after.name.clone()),
        (say("roll.what-they-are"), kind(before), kind(after)),
        (say("common.year"), year(before), year(after)),
        (say("common.date-of-birth"), day(&before.born_on), day(&after.born_on)),
        (say("common.first-day"), day(&before.first_on), day(&after.first_on)),
        (say("common.last-day"), day(&before.last_on), day(&after.last_on)),
        (say("common.groups"), groups_in_words(&before.groups), groups_in_words(&after.groups)),
    ] {
        match (old == new, is_new || old.is_empty()) {
            (true, _) => {}
            (false, true) if name == say("common.name") => {}
            (false, true) => lines.push(format!("{name}: {new}")),
            (false, false) if new.is_empty() => lines.push(filled!("roll.goes", name, old)),
            (false, false) => lines.push(filled!("roll.becomes", name, old, new)),
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
        lines.push(filled!("roll.name-becomes", name = before.name, nameb = after.name));
    }
    for (what, old, new) in [
        (say("roll.teaches-it"), &before.teachers, &after.teachers),
        (say("roll.in-it"), &before.pupils, &after.pupils),
    ] {
        let come: Vec<String> = new.difference(old).map(name).collect();
        let go: Vec<String> = old.difference(new).map(name).collect();
        if !come.is_empty() {
            lines.push(filled!("roll.from-now-on", what, come = come.join("; ")));
        }
        if !go.is_empty() {
            lines.push(filled!("roll.no-more", what, go = go.join("; ")));
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
                Some(true) => say("roll.parental-responsibility-yes"),
                Some(false) => say("roll.parental-responsibility-no"),
                None => say("roll.parental-responsibility-not-known"),
            }
            .to_owned(),
        );
    }
    if after.restricted {
        lines.push(say("roll.a-court-restricts-contact"));
    }
    lines
}
