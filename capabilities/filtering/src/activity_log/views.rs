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
use web::{Mistakes, Page, Submitted};

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

const TITLE: &str = "What devices did";
const OPENING: &str = "Open identities";

fn action(opening: bool) -> &'static str {
    if opening { "/staff/activity/opening" } else { "/staff/activity" }
}

/// The form.
pub fn form(choices: &Choices, form: &Submitted, mistakes: &Mistakes, opening: bool, may_open: bool) -> Page {
    let title = if opening { OPENING } else { TITLE };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if opening {
                (InsetText::new(
                    "You will see who persons and devices are. That you did, when, about whom and why is written down before anything is \
                     shown, and nothing takes it out again."
                ))
            } @else {
                p .govuk-body {
                    "Pseudonyms stand for people and devices. Visits to help sites are not in the log at all."
                }
                p .govuk-body { a .govuk-link href="/staff/activity/days" { "Count what was blocked, by day" } }
            }
            (fields(choices, form, mistakes, opening))
            @if may_open && !opening {
                p .govuk-body { a .govuk-link href="/staff/activity/opening" { "Open identities, with a reason" } }
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
        Verdict::ALL.into_iter().map(|one| (one.id().to_owned(), verdict(one).to_owned())).collect();
    let (person, device) = if opening {
        (
            "A name as the roll has it, or a pseudonym like P-7KQ4-M2HX.",
            "Its name, or a pseudonym like D-7KQ4-M2HX.",
        )
    } else {
        ("A pseudonym, like P-7KQ4-M2HX.", "A pseudonym, like D-7KQ4-M2HX.")
    };
    html! {
        form method="post" action=(action(opening)) novalidate {
            @if opening {
                (Textarea {
                    hint: Some(Hint::new("Without anybody’s name: it is kept as long as the log.")),
                    error: mistakes.beside("reason"),
                    value: form.text("reason").to_owned(),
                    rows: 2,
                    ..Textarea::new("reason", Label::new("Why are identities to be opened?"))
                })
            }
            p .govuk-body { "Every field is narrower. Leave what you do not need empty." }
            (line("site", "Site", "Like example.org, with everything below it."))
            (line("person", "Person", person))
            (line("device", "Device", device))
            (line("address", "Address of a device", "On the school’s network, like 10.4.0.27."))
            (select("group", "Group", "Any group", &choices.groups))
            (select("category", "Category", "Any category", &choices.categories))
            (select("verdict", "Decided", "Either way", &verdicts))
            (line("since", "From", "A day, or a day and a time, like 2026-11-23 10:30; today where it is empty."))
            (line("until", "Until before", "Likewise; up to now where it is empty."))
            (Button::new(if opening { "Open identities" } else { "Search" }))
        }
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "Open",
        Verdict::Block => "Blocked",
        Verdict::Scan => "Open, to be read",
        Verdict::WouldBlock => "Would have been blocked",
    }
}

const fn known_by(known: KnownBy) -> &'static str {
    match known {
        KnownBy::Nothing => "nothing is known",
        KnownBy::AddressRange => "by the room or network",
        KnownBy::DeviceRegister => "by the device register",
        KnownBy::EncryptedDnsName => "by a name of their own",
        KnownBy::RadiusAccounting => "by joining the wireless network",
        KnownBy::PortalSignIn => "signed in to the portal",
        KnownBy::ProxySignIn => "signed in to the proxy",
        KnownBy::FilterTest => "the school’s own test",
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
    let title = if opening { "What was found, with names" } else { "What was found" };
    let reason = found.reason.as_deref();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (asked(form, reason))
            @if found.events.is_empty() {
                (InsetText::new(if found.is_first {
                    "Nothing was found. Leave a field out, or widen the time."
                } else {
                    "Nothing older was found."
                }))
            } @else {
                // A pseudonym is a button that asks for it alone.
                form method="post" action="/staff/activity" novalidate {
                    div .fivebar-scroll tabindex="0" role="region" aria-label="Events" {
                        (table(&found.events, policy, opening, zone))
                    }
                }
                p .govuk-body .fivebar-no-print {
                    "Who it was is known no more surely than the last column says. Nobody is accused on an address alone."
                }
            }
            div .govuk-button-group {
                @if let Some(Cursor { until, shown }) = found.older {
                    form method="post" action=(to) novalidate {
                        (again(form, reason))
                        input type="hidden" name="older" value=(until.as_millis());
                        input type="hidden" name="shown" value=(shown);
                        (Button { classes: "govuk-button--secondary".into(), ..Button::new("Older") })
                    }
                }
                @if !found.events.is_empty() {
                    form method="post" action=(to) novalidate {
                        (again(form, reason))
                        input type="hidden" name="as" value="csv";
                        (Button { classes: "govuk-button--secondary".into(), ..Button::new("Take it out as a CSV file") })
                    }
                }
            }
            @if may_open && !opening {
                p .govuk-body { a .govuk-link href="/staff/activity/opening" { "Open identities, with a reason" } }
            }
        },
    )
    .before(BackLink::new(to))
}

/// What was asked for, so that a printed page says it.
fn asked(form: &Submitted, reason: Option<&str>) -> Markup {
    let words = [
        ("site", "Site"),
        ("person", "Person"),
        ("device", "Device"),
        ("address", "Address"),
        ("group", "Group"),
        ("category", "Category"),
        ("verdict", "Decided"),
        ("since", "From"),
        ("until", "Until before"),
    ];
    let given = words.into_iter().filter(|(field, _)| !form.line(field).is_empty());
    let mut rows: Vec<SummaryRow> =
        given.map(|(field, name)| SummaryRow::new(name, form.line(field))).collect();
    rows.extend(reason.map(|reason| SummaryRow::new("Identities are opened", reason)));
    html! { @if !rows.is_empty() { (SummaryList::new(rows)) } }
}

fn table(events: &[Told], policy: &FilterPolicy, opening: bool, zone: &Zone) -> Table {
    let rows = events.iter().map(|told| {
        let event = &told.event;
        let category = event.category.and_then(|number| policy.catalogue().category(number));
        vec![
            Cell::new(zone.local(event.at).civil().strftime("%a %-d %b %H:%M:%S").to_string()),
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
        caption: Some("Newest first".to_owned()),
        caption_classes: "govuk-table__caption--s".into(),
        head: ["When", "Who and on what", "Site", "Decided", "Why", "Known"].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

const fn why(step: Step) -> &'static str {
    match step {
        Step::Front => "the gate itself",
        Step::Elsewhere => "another filter",
        Step::Sealed => "illegal content",
        Step::Override => "for a time",
        Step::Focus => "a lesson’s list",
        Step::Withheld => "access is paused",
        Step::LockedBlock | Step::LockedAllow => "leadership’s rule",
        Step::School => "the school’s rule",
        Step::Essential => "devices need it",
        Step::Help => "help",
        Step::PermittedUse => "the permitted-use table",
        Step::Unknown => "no list knows it",
        Step::Content => "what is on the page",
    }
}

fn site(told: &Told) -> Markup {
    let event = &told.event;
    html! {
        @match &event.host {
            Some(name) => { (host(name)) @if let Some(path) = &event.path { span .fivebar-path { (path) } } },
            None => "Not shown",
        }
        @if let Some(words) = &event.searched { br; "searched: " (words) }
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
                (None, Some(number)) => { "Person " (number) },
                (None, None) => {},
            }
            @match (&told.device_name, &device) {
                (Some(name), _) => { br; (name) },
                (None, Some(number)) => { br; "Device " (number) },
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
            (pseudonym) span .govuk-visually-hidden { ": only this " (field) }
        }
    }
}

/// How much was asked for and refused on each day, and what was refused most.
pub fn days(counted: &[(String, u64, u64)], most: Option<&[(String, u64)]>) -> Page {
    let title = "Blocked by day";
    let bars = counted.iter().map(|(day, _, blocked)| (day.clone(), *blocked)).collect();
    let rows = counted.iter().map(|(day, all, blocked)| {
        vec![Cell::new(day), Cell::number(all.to_string()), Cell::number(blocked.to_string())]
    });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (BarChart::new("Requests that were blocked on each of the last seven days", bars))
            (Table {
                caption: Some("Requests on each of the last seven days".to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: vec![Cell::new("Day"), Cell::number("Requests"), Cell::number("Blocked")],
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
            @match most {
                None => p .govuk-body { "Which sites were blocked most cannot be said just now." },
                Some([]) => p .govuk-body { "No site was blocked in these days." },
                Some(most) => {
                    (BarChart::new("Sites that were blocked most in these days", most.to_vec()))
                    (Table {
                        caption: Some("Sites that were blocked most".to_owned()),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: vec![Cell::new("Site"), Cell::number("Blocked")],
                        rows: most.iter().map(|(site, many)| {
                            vec![Cell::new(host(site)), Cell::number(many.to_string())]
                        }).collect(),
                        first_cell_is_header: true,
                        ..Table::default()
                    })
                }
            }
            (Details::new(
                "What is counted",
                "Requests of people and devices. What came from the school’s own test of its filter is in the days, and not among the sites.",
            ))
        },
    )
    .before(BackLink::new("/staff/activity"))
}

/// What is said where the log does not answer.
pub fn no_days() -> Page {
    let title = "Blocked by day";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (InsetText::new(
                "The activity log does not answer just now. Try again in a minute; what devices do is kept meanwhile."
            ))
        },
    )
    .before(BackLink::new("/staff/activity"))
}
