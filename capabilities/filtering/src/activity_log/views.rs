//! What the pages about activity say.

use activity::export::Told;
use engine::{FilterPolicy, KnownBy, Step, Verdict};
use kit::Zone;
use maud::{Markup, html};
use web::chart::BarChart;
use web::component::{
    BackLink, Button, Cell, Choice, Details, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow,
    Table, Textarea,
};
use web::page::host;
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

use super::asked::{Cursor, FIELDS};

/// What the form offers: ids and names.
#[derive(Debug, Default)]
pub struct Choices {
    /// Groups of the policy.
    pub groups: Vec<(String, String)>,
    /// Categories.
    pub categories: Vec<(String, String)>,
}

impl Choices {
    /// Those of a policy.
    pub fn of(policy: &FilterPolicy) -> Self {
        let categories = policy.catalogue().categories.iter();
        Self {
            groups: policy.groups().all().map(|(_, id, name)| (id.to_owned(), name.to_owned())).collect(),
            categories: categories.map(|one| (one.id.clone(), one.name.clone())).collect(),
        }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The events of this page, newest first.
    pub events: Vec<Told>,
    /// Where the next page begins, where there is one.
    pub older: Option<Cursor>,
    /// Whether it is the first page.
    pub is_first: bool,
    /// Why identities are opened, where they are.
    pub reason: Option<String>,
}

const TITLE: &str = "activity.what-devices-did";
const OPENING: &str = "activity.open-identities-title";

fn action(opening: bool) -> &'static str {
    if opening { "/staff/activity/opening" } else { "/staff/activity" }
}

/// The form.
pub fn form(choices: &Choices, form: &Submitted, mistakes: &Mistakes, opening: bool, may_open: bool) -> Page {
    let title = &say(if opening { OPENING } else { TITLE });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if opening {
                (InsetText::new(
                    say("activity.you-will-see-who")
                ))
            } @else {
                p .govuk-body {
                    (say("activity.pseudonyms-stand-for-people"))
                }
                p .govuk-body { a .govuk-link href="/staff/activity/days" { (say("activity.count-what-was-blocked")) } }
            }
            (fields(choices, form, mistakes, opening))
            @if may_open && !opening {
                p .govuk-body { a .govuk-link href="/staff/activity/opening" { (say("activity.open-identities-with-a")) } }
            }
        },
    )
    .before(BackLink::new(if opening { "/staff/activity" } else { "/today" }))
    .problems(mistakes.summary())
}

fn fields(choices: &Choices, form: &Submitted, mistakes: &Mistakes, opening: bool) -> Markup {
    let line = |id: &'static str, label: &str, hint: &str| Input {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: Some(form.line(id)),
        spellcheck: Some(false),
        autocapitalize: Some("none".to_owned()),
        autocomplete: Some("off".to_owned()),
        ..Input::new(id, Label::new(label))
    };
    let select = |id: &'static str, label: &str, any: &str, all: &[(String, String)]| {
        let mut items = vec![Choice::new("", any)];
        items.extend(all.iter().map(|(id, name)| Choice::new(id.as_str(), name.as_str())));
        Select::new(id, Label::new(label), items, form.text(id))
    };
    let verdicts: Vec<(String, String)> =
        Verdict::ALL.into_iter().map(|one| (one.id().to_owned(), verdict(one))).collect();
    let (person, device) = if opening {
        (say("activity.a-name-as-the"), say("activity.its-name-or-a"))
    } else {
        (say("activity.a-pseudonym-like-p"), say("activity.a-pseudonym-like-d"))
    };
    html! {
        form method="post" action=(action(opening)) novalidate {
            @if opening {
                (Textarea {
                    hint: Some(Hint::new(say("activity.without-anybodys-name-it"))),
                    error: mistakes.beside("reason"),
                    value: form.text("reason").to_owned(),
                    rows: 2,
                    ..Textarea::new("reason", Label::new(say("activity.why-are-identities-to")))
                })
            }
            p .govuk-body { (say("activity.every-field-is-narrower")) }
            (line("site", &say("common.site"), &say("activity.like-example-org-with")))
            (line("person", &say("activity.person"), &person))
            (line("device", &say("common.device"), &device))
            (line("address", &say("activity.address-of-a-device"), &say("activity.on-the-schools-network")))
            (select("group", &say("activity.group"), &say("activity.any-group"), &choices.groups))
            (select("category", &say("activity.category"), &say("activity.any-category"), &choices.categories))
            (select("verdict", &say("activity.decided"), &say("activity.either-way"), &verdicts))
            (line("since", &say("common.from"), &say("activity.a-day-or-a")))
            (line("until", &say("activity.until-before"), &say("activity.likewise-up-to-now")))
            (Button::new(if opening { say("activity.open-identities") } else { say("activity.search") }))
        }
    }
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow => say("activity.open"),
        Verdict::Block => say("activity.blocked"),
        Verdict::Scan => say("activity.open-to-be-read"),
        Verdict::WouldBlock => say("activity.would-have-been-blocked"),
    }
}

fn known_by(known: KnownBy) -> String {
    match known {
        KnownBy::Nothing => say("activity.nothing-is-known"),
        KnownBy::AddressRange => say("activity.by-the-room-or"),
        KnownBy::DeviceRegister => say("activity.by-the-device-register"),
        KnownBy::EncryptedDnsName => say("activity.by-a-name-of"),
        KnownBy::RadiusAccounting => say("activity.by-joining-the-wireless"),
        KnownBy::PortalSignIn => say("activity.signed-in-to-the"),
        KnownBy::ProxySignIn => say("activity.signed-in-to-the-proxy"),
        KnownBy::FilterTest => say("activity.the-schools-own-test"),
    }
}

/// Hidden fields that ask the same again.
fn again(form: &Submitted, reason: Option<&str>) -> Markup {
    html! {
        @for field in FIELDS {
            @if !form.line(field).is_empty() { input type="hidden" name=(field) value=(form.line(field)); }
        }
        @if let Some(reason) = reason { input type="hidden" name="reason" value=(reason); }
    }
}

/// What was found.
pub fn found(found: &Found, form: &Submitted, policy: &FilterPolicy, may_open: bool, zone: &Zone) -> Page {
    let opening = found.reason.is_some();
    let to = action(opening);
    let title = &say(if opening { "activity.what-was-found-with" } else { "activity.what-was-found" });
    let reason = found.reason.as_deref();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (asked(form, reason))
            @if found.events.is_empty() {
                (InsetText::new(if found.is_first {
                    say("activity.nothing-was-found-leave")
                } else {
                    say("activity.nothing-older-was-found")
                }))
            } @else {
                // A pseudonym is a button that asks for it alone.
                form method="post" action="/staff/activity" novalidate {
                    div .fivebar-scroll tabindex="0" role="region" aria-label=(say("activity.events")) {
                        (table(&found.events, policy, opening, zone))
                    }
                }
                p .govuk-body .fivebar-no-print {
                    (say("activity.who-it-was-is"))
                }
            }
            div .govuk-button-group {
                @if let Some(Cursor { until, shown }) = found.older {
                    form method="post" action=(to) novalidate {
                        (again(form, reason))
                        input type="hidden" name="older" value=(until.as_millis());
                        input type="hidden" name="shown" value=(shown);
                        (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("activity.older")) })
                    }
                }
                @if !found.events.is_empty() {
                    form method="post" action=(to) novalidate {
                        (again(form, reason))
                        input type="hidden" name="as" value="csv";
                        (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("activity.take-it-out-as")) })
                    }
                }
            }
            @if may_open && !opening {
                p .govuk-body { a .govuk-link href="/staff/activity/opening" { (say("activity.open-identities-with-a")) } }
            }
        },
    )
    .before(BackLink::new(to))
}

/// What was asked for, so that a printed page says it.
fn asked(form: &Submitted, reason: Option<&str>) -> Markup {
    let words = [
        ("site", say("common.site")),
        ("person", say("activity.person")),
        ("device", say("common.device")),
        ("address", say("common.address")),
        ("group", say("activity.group")),
        ("category", say("activity.category")),
        ("verdict", say("activity.decided")),
        ("since", say("common.from")),
        ("until", say("activity.until-before")),
    ];
    let given = words.into_iter().filter(|(field, _)| !form.line(field).is_empty());
    let mut rows: Vec<SummaryRow> =
        given.map(|(field, name)| SummaryRow::new(name, form.line(field))).collect();
    rows.extend(reason.map(|reason| SummaryRow::new(say("activity.identities-are-opened"), reason)));
    html! { @if !rows.is_empty() { (SummaryList::new(rows)) } }
}

fn table(events: &[Told], policy: &FilterPolicy, opening: bool, zone: &Zone) -> Table {
    let rows = events.iter().map(|told| {
        let event = &told.event;
        let category = event.category.and_then(|number| policy.catalogue().category(number));
        vec![
            Cell::new(web::page::second(event.at, zone)),
            Cell::new(who(told, opening)),
            Cell::new(site(told)),
            Cell::new(verdict(event.verdict)),
            Cell::new(html! {
                @match category {
                    Some(category) => (category.name),
                    None => (why(event.step)),
                }
            }),
            Cell::new(known_by(event.known_by)),
        ]
    });
    Table {
        caption: Some(say("activity.newest-first")),
        caption_classes: "govuk-table__caption--s".into(),
        head: [
            say("common.when"),
            say("activity.who-and-on-what"),
            say("common.site"),
            say("activity.decided"),
            say("common.why"),
            say("activity.known"),
        ]
        .map(Cell::new)
        .to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

fn why(step: Step) -> String {
    match step {
        Step::Front => say("activity.the-gate-itself"),
        Step::Elsewhere => say("activity.another-filter"),
        Step::Sealed => say("activity.illegal-content"),
        Step::Override => say("activity.for-a-time"),
        Step::Focus => say("activity.a-lessons-list"),
        Step::Withheld => say("activity.access-is-paused"),
        Step::LockedBlock | Step::LockedAllow => say("activity.leaderships-rule"),
        Step::School => say("activity.the-schools-rule"),
        Step::Essential => say("activity.devices-need-it"),
        Step::Help => say("activity.help"),
        Step::PermittedUse => say("activity.the-permitted-use-table"),
        Step::Unknown => say("activity.no-list-knows-it"),
        Step::Content => say("activity.what-is-on-the"),
    }
}

fn site(told: &Told) -> Markup {
    let event = &told.event;
    html! {
        @match &event.host {
            Some(name) => { (host(name)) @if let Some(path) = &event.path { span .fivebar-path { (path) } } },
            None => (say("activity.not-shown")),
        }
        @if let Some(words) = &event.searched { br; (marked!("activity.searched", words)) }
    }
}

/// Who it was and on which device, each a way to ask about them alone.
fn who(told: &Told, opening: bool) -> Markup {
    let person = told.person.as_ref().map(ToString::to_string);
    let device = told.device.as_ref().map(ToString::to_string);
    html! {
        @if opening {
            @match (&told.person_name, &person) {
                (Some(name), _) => (name),
                (None, Some(number)) => { (marked!("activity.person-2", number)) },
                (None, None) => {},
            }
            @match (&told.device_name, &device) {
                (Some(name), _) => { br; (name) },
                (None, Some(number)) => { br; (marked!("activity.device", number)) },
                (None, None) => {},
            }
        } @else {
            @if let Some(person) = &person { (only("person", person)) }
            @if let Some(device) = &device { " " (only("device", device)) }
        }
        @if person.is_none() && device.is_none() {
            @if let Some(client) = &told.event.client { (client.to_string()) }
        }
    }
}

fn only(field: &str, pseudonym: &str) -> Markup {
    html! {
        button .fivebar-plain name=(field) value=(pseudonym) {
            (pseudonym) span .govuk-visually-hidden { (marked!("activity.only-this", field)) }
        }
    }
}

/// How much was asked for and refused on each day, and what was refused most.
pub fn days(counted: &[(String, u64, u64)], most: Option<&[(String, u64)]>) -> Page {
    let title = &say("activity.blocked-by-day");
    let bars = counted.iter().map(|(day, _, blocked)| (day.clone(), *blocked)).collect();
    let rows = counted.iter().map(|(day, all, blocked)| {
        vec![Cell::new(day), Cell::number(all.to_string()), Cell::number(blocked.to_string())]
    });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (BarChart::new(say("activity.requests-that-were-blocked"), bars))
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("activity.requests-on-each-of")) {
                (Table {
                    caption: Some(say("activity.requests-on-each-of")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: vec![Cell::new(say("activity.day")), Cell::number(say("activity.requests")), Cell::number(say("activity.blocked"))],
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
            @match most {
                None => p .govuk-body { (say("activity.which-sites-were-blocked")) },
                Some([]) => p .govuk-body { (say("activity.no-site-was-blocked")) },
                Some(most) => {
                    (BarChart::new(say("activity.sites-that-were-blocked"), most.to_vec()))
                    (Table {
                        caption: Some(say("activity.sites-that-were-blocked-most")),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: vec![Cell::new(say("common.site")), Cell::number(say("activity.blocked"))],
                        rows: most.iter().map(|(site, many)| {
                            vec![Cell::new(host(site)), Cell::number(many.to_string())]
                        }).collect(),
                        first_cell_is_header: true,
                        ..Table::default()
                    })
                }
            }
            (Details::new(
                say("activity.what-is-counted"),
                say("activity.requests-of-people-and"),
            ))
        },
    )
    .before(BackLink::new("/staff/activity"))
}

/// What is said where the log does not answer.
pub fn no_days() -> Page {
    let title = &say("activity.blocked-by-day");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (InsetText::new(
                say("activity.the-activity-log-does")
            ))
        },
    )
    .before(BackLink::new("/staff/activity"))
}
