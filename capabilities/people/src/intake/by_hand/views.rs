//! What those pages say.

use maud::{Markup, html};
use web::component::{
    BackLink, Button, Choice, Hint, Input, InsetText, Label, Legend, Radio, Radios, Select,
};
use web::{Mistakes, Page, Submitted};

use crate::intake::person::keeper_in_words;
use crate::intake::store::{ClassLine, Profile, Taught};
use crate::kind::{Kind, YearGroup};

/// What the form is about.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// Who they are; none for somebody new.
    pub profile: Option<&'a Profile>,
    /// The classes that they are in or teach.
    pub own: &'a [Taught],
    /// Every class that goes on.
    pub classes: &'a [ClassLine],
}

/// What the roll says of somebody, as the form shows it.
pub fn as_it_is(profile: &Profile) -> Submitted {
    let name = profile.name.reveal();
    // A name that was told in one piece is split where most are.
    let (given, family) = match &profile.names {
        (None, None) => name.rsplit_once(' ').unwrap_or(("", name)),
        (given, family) => (
            given.as_ref().map_or("", |name| name.reveal()),
            family.as_ref().map_or("", |name| name.reveal()),
        ),
    };
    let year = profile.year.map(|year| year.number().to_string()).unwrap_or_default();
    let day = |day: &Option<String>| day.as_deref().map(by_hand).unwrap_or_default();
    let born = profile.born_on.as_ref().map(|born| by_hand(born.reveal())).unwrap_or_default();
    let (first, last) = (day(&profile.days.0), day(&profile.days.1));
    Submitted::of([
        ("given", given),
        ("family", family),
        ("kind", profile.kind.map_or("", Kind::id)),
        ("year", &year),
        ("born", &born),
        ("first", &first),
        ("last", &last),
    ])
}

/// `2026-12-18` as people write it.
fn by_hand(day: &str) -> String {
    match day.splitn(3, '-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => format!("{day}/{month}/{year}"),
        _ => day.to_owned(),
    }
}

/// Writing about one person, or about somebody new.
pub fn write(writing: &Writing<'_>, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = if writing.profile.is_some() { "Change what the roll says" } else { "Add somebody" };
    let (action, back) = match writing.profile {
        Some(profile) => {
            (format!("/staff/roll/{}/change", profile.number.0), format!("/staff/roll/{}", profile.number.0))
        }
        None => ("/staff/roll/new".to_owned(), "/staff/roll".to_owned()),
    };
    let line = |id: &'static str, label: &str, hint: Option<&str>| {
        let mut input = Input::new(id, Label::new(label));
        input.hint = hint.map(Hint::new);
        input.value = Some(form.line(id)).filter(|text| !text.is_empty());
        input.error = mistakes.beside(id);
        input.classes = "govuk-input--width-20".into();
        input.autocomplete = Some("off".to_owned());
        input
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @match writing.profile {
            Some(profile) => {
                p .govuk-body { (profile.name.reveal()) }
                (InsetText::new(keeper_in_words(profile)))
            }
            None => p .govuk-body {
                "For whoever no other system exports. You see what would change before anything does, and can undo it afterwards."
            },
        }
        form method="post" action=(action) novalidate {
            (line("given", "Given name", None))
            (line("family", "Family name", None))
            (kinds(form, mistakes))
            (years(form, mistakes))
            (line("born", "Date of birth", Some("As in 2/3/2015. Leave it empty if you do not know it")))
            (line("first", "First day", Some("Leave it empty if you do not know it")))
            (line("last", "Last day", Some("They are signed out, and hold no duty, from the midnight after it. A day that is over takes them off the roll at once. Leave it empty where none is known")))
            (moves(writing, form, mistakes))
            @if writing.profile.is_some_and(|profile| profile.keeper().is_some()) { (keeping(form, mistakes)) }
            (Button::new("Show what would change"))
        }
    };
    Page::new(title, content).before(BackLink::new(back)).problems(mistakes.summary())
}

fn kinds(form: &Submitted, mistakes: &Mistakes) -> Radios {
    let answers = Kind::ALL.map(|kind| Radio::new(kind.id(), kind.name())).into();
    let mut radios = Radios::new("kind", Legend::new("What they are"), answers, form.text("kind"));
    radios.classes = "govuk-radios--small".into();
    radios.error = mistakes.beside("kind");
    radios
}

fn years(form: &Submitted, mistakes: &Mistakes) -> Select {
    let years = (-1..=13).filter_map(YearGroup::of_number);
    let years = years.map(|year| Choice::new(year.number().to_string(), year.name()));
    let years = std::iter::once(Choice::new("", "None")).chain(years).collect();
    let mut select = Select::new("year", Label::new("Year"), years, form.text("year"));
    select.error = mistakes.beside("year");
    select
}

fn moves(writing: &Writing<'_>, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let chosen = |field: &'static str, label: &str, none: &str, of: Vec<Choice>| {
        let all = std::iter::once(Choice::new("", none)).chain(of).collect();
        let mut select = Select::new(field, Label::new(label), all, form.text(field));
        select.error = mistakes.beside(field);
        select
    };
    let own = writing.own.iter().map(|class| Choice::new(&class.id, &class.name)).collect();
    let is_new = |class: &&ClassLine| writing.own.iter().all(|own| own.id != class.id);
    let others = writing.classes.iter().filter(is_new);
    let others: Vec<Choice> = others.map(|class| Choice::new(&class.id, &class.name)).collect();
    html! {
        @if !writing.own.is_empty() { (chosen("leaves", "Leaves the class", "None", own)) }
        @if !others.is_empty() { (chosen("joins", "Joins the class, or teaches it from now on", "None", others)) }
    }
}

fn keeping(form: &Submitted, mistakes: &Mistakes) -> Radios {
    let legend = Legend::new("What holds when your own system sends its roll again?");
    let mut follow = Radio::new("follow", "What it says then");
    follow.hint = Some(Hint::new("It is corrected there too, or will be"));
    let mut keep = Radio::new("keep", "What I write here, until somebody says otherwise");
    keep.hint = Some(Hint::new("Only what you change; the rest follows imports. It stands on their page"));
    let mut radios = Radios::new("keep", legend, vec![follow, keep], form.text("keep"));
    radios.error = mistakes.beside("keep");
    radios
}
