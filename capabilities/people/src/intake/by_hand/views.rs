//! What those pages say.

use maud::{Markup, html};
use web::component::{
    BackLink, Button, Choice, Hint, Input, InsetText, Label, Legend, Radio, Radios, Select,
};
use web::speech::say;
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
    let title = if writing.profile.is_some() {
        say("roll.change-what-the-roll-says")
    } else {
        say("roll.add-somebody")
    };
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
                (say("roll.for-whoever-no-other"))
            },
        }
        form method="post" action=(action) novalidate {
            (line("given", &say("roll.given-name"), None))
            (line("family", &say("roll.family-name"), None))
            (kinds(form, mistakes))
            (years(form, mistakes))
            (line("born", &say("common.date-of-birth"), Some(&say("roll.as-in-2-3"))))
            (line("first", &say("common.first-day"), Some(&say("roll.leave-it-empty-if"))))
            (line("last", &say("common.last-day"), Some(&say("roll.they-are-signed-out"))))
            (moves(writing, form, mistakes))
            @if writing.profile.is_some_and(|profile| profile.keeper().is_some()) { (keeping(form, mistakes)) }
            (Button::new(say("roll.show-what-would-change")))
        }
    };
    Page::new(title, content).before(BackLink::new(back)).problems(mistakes.summary())
}

fn kinds(form: &Submitted, mistakes: &Mistakes) -> Radios {
    let answers = Kind::ALL.map(|kind| Radio::new(kind.id(), kind.said())).into();
    let mut radios = Radios::new("kind", Legend::new(say("roll.what-they-are")), answers, form.text("kind"));
    radios.classes = "govuk-radios--small".into();
    radios.error = mistakes.beside("kind");
    radios
}

fn years(form: &Submitted, mistakes: &Mistakes) -> Select {
    let years = (-1..=13).filter_map(YearGroup::of_number);
    let years = years.map(|year| Choice::new(year.number().to_string(), year.said()));
    let years = std::iter::once(Choice::new("", say("common.none"))).chain(years).collect();
    let mut select = Select::new("year", Label::new(say("common.year")), years, form.text("year"));
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
        @if !writing.own.is_empty() { (chosen("leaves", &say("roll.leaves-the-class"), &say("common.none"), own)) }
        @if !others.is_empty() { (chosen("joins", &say("roll.joins-the-class-or"), &say("common.none"), others)) }
    }
}

fn keeping(form: &Submitted, mistakes: &Mistakes) -> Radios {
    let legend = Legend::new(say("roll.what-holds-when-your"));
    let mut follow = Radio::new("follow", say("roll.what-it-says-then"));
    follow.hint = Some(Hint::new(say("roll.it-is-corrected-there")));
    let mut keep = Radio::new("keep", say("roll.what-i-write-here"));
    keep.hint = Some(Hint::new(say("roll.only-what-you-change")));
    let mut radios = Radios::new("keep", legend, vec![follow, keep], form.text("keep"));
    radios.error = mistakes.beside("keep");
    radios
}
