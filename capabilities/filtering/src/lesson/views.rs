//! What the pages about lessons say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Hint, Input, InsetText, Label, Legend, Radio, Radios, Select,
    SummaryList, SummaryRow, Table, Textarea,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::actions::{Asked, Kind, Running};
use super::content::Lessons;
use super::judge::{Judged, MayNot};
use crate::overrides::Whom;
use crate::portal::GateHas;
use crate::site::host_of_part;
use crate::site_note::views::of_a_part;
use crate::timetable::Now;
use crate::timetable::views::going_on;

/// One thing that holds, with the names that go with it.
#[derive(Debug)]
pub struct Line {
    /// What it is.
    pub running: Running,
    /// Whom it is for, as people say it.
    pub whom: Private<String>,
    /// Whether whoever looks made it.
    pub own: bool,
    /// Who made it, where that was somebody else.
    pub by: Option<Private<String>>,
}

/// What whoever looks may do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offered {
    /// Open a site.
    pub open: bool,
    /// Keep a class to a list.
    pub list: bool,
    /// Pause a pupil.
    pub pause: bool,
}

/// What a form offers.
#[derive(Debug, Default)]
pub struct Choices {
    /// Classes and rooms: ids and names.
    pub classes: Vec<(String, String)>,
    /// When the lesson ends that is going on, where one is.
    pub lesson_ends: Option<Timestamp>,
    /// What whoever looks is teaching just now, by the timetable.
    pub now: Vec<Now>,
}

/// A time of day on the school's clocks: `10:50`.
fn clock(at: Timestamp, zone: &Zone) -> String {
    zone.local(at).civil().strftime("%H:%M").to_string()
}

fn what(running: &Running) -> Markup {
    match (running.which.kind, running.sites.as_slice()) {
        (Kind::Opening, sites) => {
            html! { @for site in sites { (marked!("lesson.is-open", site = host(site))) } }
        }
        (Kind::List, []) => html! { (say("lesson.nothing-but-help-is")) },
        (Kind::List, sites) => html! {
            (say("lesson.only-these-sites-are")) " "
            @for (place, site) in sites.iter().enumerate() { @if place > 0 { ", " } (host(site)) }
        },
        (Kind::Pause, _) => html! { (say("lesson.internet-access-is-paused")) },
    }
}

/// What holds, and what can be done.
pub fn all(lines: &[Line], offered: &Offered, zone: &Zone) -> Page {
    let title = &say("lesson.for-a-lesson");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            div .govuk-button-group {
                @if offered.open { (Button::link(say("lesson.open-a-site"), "/staff/lessons/open")) }
                @if offered.list { (secondary(&say("lesson.only-these-sites"), "/staff/lessons/list")) }
                @if offered.pause { (secondary(&say("lesson.pause-a-pupils-internet"), "/staff/lessons/pause")) }
            }
            @if lines.is_empty() {
                (InsetText::new(say("lesson.nothing-is-open-closed")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("lesson.what-holds-now")) { (table(lines, zone)) }
            }
            p .govuk-body {
                (marked!("lesson.everything-here-ends-by", link = html! { a .govuk-link href="/requests" { (say("lesson.ask-for-the-site")) } }))
            }
        },
    )
    .before(BackLink::new("/today"))
}

fn secondary(words: &str, href: &str) -> Button {
    Button { classes: "govuk-button--secondary".into(), ..Button::link(words, href) }
}

fn table(lines: &[Line], zone: &Zone) -> Markup {
    let rows = lines.iter().map(|line| {
        let running = &line.running;
        let by = match (&line.by, line.own) {
            (_, true) => say("lesson.you"),
            (Some(name), false) => name.reveal().clone(),
            (None, false) => say("lesson.somebody"),
        };
        vec![
            Cell::new(what(running)),
            Cell::new(line.whom.reveal()),
            Cell::new(clock(running.span.ends_at, zone)),
            Cell::new(by),
            Cell::new(end_now(line)),
        ]
    });
    html! {
        (Table {
            caption: Some(say("lesson.what-holds-now")),
            caption_classes: "govuk-table__caption--m".into(),
            head: [say("common.what"), say("lesson.for"), say("common.until"), say("lesson.by"), say("common.end-it")].map(Cell::new).to_vec(),
            rows: rows.collect(),
            first_cell_is_header: true,
            ..Table::default()
        })
    }
}

fn address(running: &Running) -> String {
    format!("/staff/lessons/{}/{}", running.which.kind.id(), running.which.number)
}

fn end_now(line: &Line) -> Markup {
    html! {
        form method="post" action={ (address(&line.running)) "/end" } novalidate {
            button .fivebar-plain type="submit" {
                (marked!("lesson.end-now", hidden = html! { span .govuk-visually-hidden { (marked!("lesson.for-2", what = what(&line.running), whom = line.whom.reveal())) } }))
            }
        }
    }
}

/// One thing that holds, and whether the gate goes by it.
pub fn one(line: &Line, has: GateHas, zone: &Zone) -> Page {
    let running = &line.running;
    let title = &match running.which.kind {
        Kind::Opening => say("lesson.the-site-is-open"),
        Kind::List if running.sites.is_empty() => say("lesson.the-class-has-no"),
        Kind::List => say("lesson.the-class-is-kept"),
        Kind::Pause => say("lesson.the-pupils-internet-is"),
    };
    let gate = match has {
        GateHas::It => say("lesson.the-gate-goes-by"),
        GateHas::NotYet => say("lesson.the-gate-is-being"),
        GateHas::NoGate => say("lesson.the-gate-is-not"),
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (InsetText::new(gate))
            @for says in running.sites.iter().filter_map(|site| of_a_part(site)) { p .govuk-body { (says) } }
            (SummaryList::new(vec![
                SummaryRow::new(say("common.what"), what(running)),
                SummaryRow::new(say("lesson.for"), line.whom.reveal()),
                SummaryRow::new(say("common.until"), moment(running.span.ends_at, zone)),
                SummaryRow::new(say("common.why"), &running.reason),
            ]))
            p .govuk-body { (say("lesson.it-ends-by-itself")) }
            form method="post" action={ (address(running)) "/end" } novalidate {
                (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say("lesson.end-now-2")) })
            }
        },
    )
    .before(BackLink::new("/staff/lessons"))
}

fn whom_fields(choices: &Choices, form: &Submitted, mistakes: &Mistakes, or_pupil: bool) -> Markup {
    let mut classes = vec![Choice::new("", say("lesson.choose-a-class"))];
    classes.extend(
        choices
            .classes
            .iter()
            .map(|(id, name)| Choice::new(Whom::Group(id.clone()).to_string(), name.as_str())),
    );
    // The lesson of now is chosen already, where it is for a class alone and the policy has a group of its name.
    let is_now = |name: &str| choices.now.iter().any(|now| now.class.eq_ignore_ascii_case(name));
    let mut taught = choices.classes.iter().filter(|(_, name)| is_now(name));
    let now = match (taught.next(), taught.next()) {
        (Some((id, _)), None) if !or_pupil => Whom::Group(id.clone()).to_string(),
        _ => String::new(),
    };
    let chosen = if form.text("whom").is_empty() { now.as_str() } else { form.text("whom") };
    html! {
        (going_on(&choices.now))
        (Select {
            error: mistakes.beside("whom"),
            ..Select::new("whom", Label::new(say("lesson.class-year-or-room")), classes, chosen)
        })
        @if or_pupil { (pupil_field(&say("lesson.or-one-pupil"), form, mistakes)) }
    }
}

fn pupil_field(label: &str, form: &Submitted, mistakes: &Mistakes) -> Input {
    Input {
        hint: Some(Hint::new(say("lesson.the-name-as-the"))),
        error: mistakes.beside("pupil"),
        value: Some(form.line("pupil")),
        spellcheck: Some(false),
        autocomplete: Some("off".to_owned()),
        ..Input::new("pupil", Label::new(label))
    }
}

fn until_field(choices: &Choices, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Radios {
    let lesson = choices
        .lesson_ends
        .map(|ends| Radio::new("lesson", filled!("lesson.to-the-end-of", time = clock(ends, zone))));
    let minutes = Lessons::built_in().minutes.iter().map(|minutes| {
        let words =
            if *minutes == 60 { say("lesson.for-an-hour") } else { filled!("lesson.for-minutes", minutes) };
        Radio::new(minutes.to_string(), words)
    });
    let chosen = match (form.text("until"), choices.lesson_ends) {
        ("", Some(_)) => "lesson",
        (until, _) => until,
    };
    Radios {
        error: mistakes.beside("until"),
        ..Radios::new(
            "until",
            Legend::new(say("lesson.until-when")),
            lesson.into_iter().chain(minutes).collect(),
            chosen,
        )
    }
}

fn reason_field(form: &Submitted, mistakes: &Mistakes) -> Input {
    Input {
        hint: Some(Hint::new(say("lesson.a-word-or-two"))),
        error: mistakes.beside("reason"),
        value: Some(form.line("reason")),
        ..Input::new("reason", Label::new(say("common.why-asked")))
    }
}

fn form_page(title: &str, mistakes: &Mistakes, content: Markup) -> Page {
    Page::new(title, html! { h1 .govuk-heading-l { (title) } (content) })
        .before(BackLink::new("/staff/lessons"))
        .problems(mistakes.summary())
}

/// The form that opens a site.
pub fn open(choices: &Choices, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    form_page(
        &say("lesson.open-a-site-for"),
        mistakes,
        html! {
            form method="post" action="/staff/lessons/open" novalidate {
                (Input {
                    hint: Some(Hint::new(say("lesson.its-address-like-www"))),
                    error: mistakes.beside("site"),
                    value: Some(form.line("site")),
                    spellcheck: Some(false),
                    autocapitalize: Some("none".to_owned()),
                    autocomplete: Some("off".to_owned()),
                    inputmode: Some("url".to_owned()),
                    ..Input::new("site", Label::new(say("lesson.which-site")))
                })
                (whom_fields(choices, form, mistakes, true))
                (until_field(choices, form, mistakes, zone))
                (reason_field(form, mistakes))
                (Button::new(say("lesson.see-what-this-opens")))
            }
        },
    )
}

/// What opening a site is about.
pub struct Preview<'a> {
    /// The site.
    pub target: &'a str,
    /// Whether something followed a ? in what was typed, which is left out.
    pub has_query: bool,
    /// For whom.
    pub whom: &'a Whom,
    /// The same as people say it.
    pub whom_words: &'a Private<String>,
    /// What was chosen for its end.
    pub until: &'a str,
    /// Until when and why.
    pub asked: &'a Asked,
    /// What lists say the site is about.
    pub categories: &'a [String],
    /// What lists say parts of it are about, and how many.
    pub parts: &'a [(String, usize)],
}

/// What opening a site would come to, before it is opened; or why it may not be.
pub fn preview(about: &Preview<'_>, judged: &Judged, mistakes: &Mistakes, zone: &Zone) -> Page {
    let may = judged.may.is_ok();
    let title = if may { "lesson.check-before-you-open" } else { "lesson.you-cannot-open-this" };
    let title = if judged.may == Err(MayNot::OpenAlready) { "lesson.this-site-is-open" } else { title };
    let title = &say(title);
    let mut rows = vec![
        SummaryRow::new(say("common.site"), host(about.target)),
        SummaryRow::new(say("lesson.for"), about.whom_words.reveal()),
    ];
    if judged.may_say_why() {
        if !about.categories.is_empty() {
            rows.push(SummaryRow::new(say("lesson.what-it-is-about"), about.categories.join(", ")));
        }
        rows.push(SummaryRow::new(
            say("lesson.now"),
            state(judged.before.decision.verdict.is_block(), &judged.before.reason),
        ));
    } else {
        rows.push(SummaryRow::new(say("lesson.now"), say("lesson.closed")));
    }
    if may {
        rows.push(SummaryRow::new(say("lesson.then"), state(false, &say("lesson.by-what-you-do"))));
        rows.push(SummaryRow::new(say("common.until"), moment(about.asked.ends_at, zone)));
        rows.push(SummaryRow::new(say("common.why"), &about.asked.reason));
    }
    let whom = about.whom.to_string();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if let Err(why) = &judged.may { (InsetText::new(format!("{why}."))) }
            (SummaryList::new(rows))
            @if may {
                h2 .govuk-heading-m { (say("lesson.what-this-opens-and")) }
                ul .govuk-list.govuk-list--bullet {
                    @match of_a_part(about.target) {
                        Some(says) => li { (says) },
                        None => li { (marked!("lesson.all-of-opens-and", site = host(about.target))) },
                    }
                    @if about.has_query { li { (say("lesson.what-followed-the-question")) } }
                    @for (category, many) in about.parts {
                        li {
                            (counted!("lesson.parts-count", *many, category = category))
                        }
                    }
                    li { (say("lesson.other-sites-that-it")) }
                    li { (say("lesson.what-is-closed-for")) }
                }
                form method="post" action="/staff/lessons/open" novalidate {
                    @for (name, value) in [
                        ("site", about.target), ("whom", &whom), ("until", about.until),
                        ("reason", &about.asked.reason), ("step", "open"),
                    ] {
                        input type="hidden" name=(name) value=(value);
                    }
                    (Button { once: Some(true), ..Button::new(say("lesson.open-it-now")) })
                }
                @if let Some(whole) = host_of_part(about.target) {
                    p .govuk-body { (marked!("lesson-whole.opening-the-whole", site = host(whole))) }
                    form method="post" action="/staff/lessons/open" novalidate {
                        @for (name, value) in [
                            ("site", whole), ("whom", &*whom), ("until", about.until), ("reason", &*about.asked.reason),
                        ] {
                            input type="hidden" name=(name) value=(value);
                        }
                        (Button {
                            classes: "govuk-button--secondary".into(),
                            ..Button::new(say("lesson-whole.see-what-opening-the"))
                        })
                    }
                }
            } @else if judged.may != Err(MayNot::OpenAlready) && judged.may_say_why() {
                (Button::link(say("lesson.ask-for-this-site"), "/requests"))
            }
            p .govuk-body { a .govuk-link href="/staff/lessons/open" { (say("lesson.open-another-site")) } }
        },
    )
    .before(BackLink::new("/staff/lessons/open"))
    .problems(mistakes.summary())
}

fn state(closed: bool, why: &str) -> Markup {
    html! { strong { @if closed { (say("lesson.closed")) } @else { (say("lesson.open")) } } br; (why) }
}

/// The form that keeps a class to a list.
pub fn list(choices: &Choices, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let chosen = match form.text("open") {
        "" => "sites",
        open => open,
    };
    let answers = vec![
        Radio::new("sites", say("lesson.only-these-sites")),
        Radio::new("none", say("lesson.nothing-but-help-an")),
    ];
    form_page(
        &say("lesson.only-these-sites-for"),
        mistakes,
        html! {
            p .govuk-body { (say("lesson.help-sites-and-what")) }
            form method="post" action="/staff/lessons/list" novalidate {
                (whom_fields(choices, form, mistakes, false))
                (Radios {
                    error: mistakes.beside("open"),
                    ..Radios::new("open", Legend::new(say("lesson.what-stays-open")), answers, chosen)
                })
                (Textarea {
                    hint: Some(Hint::new(say("lesson.one-on-each-line"))),
                    error: mistakes.beside("sites"),
                    value: form.text("sites").to_owned(),
                    spellcheck: Some(false),
                    rows: 5,
                    ..Textarea::new("sites", Label::new(say("lesson.the-sites")))
                })
                (until_field(choices, form, mistakes, zone))
                (reason_field(form, mistakes))
                (Button { once: Some(true), ..Button::new(say("lesson.start-it-now")) })
            }
        },
    )
}

/// The form that pauses a pupil's access.
pub fn pause(choices: &Choices, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    form_page(
        &say("lesson.pause-a-pupils-internet"),
        mistakes,
        html! {
            p .govuk-body {
                (say("lesson.help-what-devices-need"))
            }
            form method="post" action="/staff/lessons/pause" novalidate {
                (pupil_field(&say("lesson.which-pupil"), form, mistakes))
                (until_field(choices, form, mistakes, zone))
                (reason_field(form, mistakes))
                (Button { once: Some(true), ..Button::new(say("lesson.pause-it-now")) })
            }
        },
    )
}
