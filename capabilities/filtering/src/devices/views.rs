//! What the pages about devices say.

use engine::DeviceNo;
use kit::{Private, Zone};
use maud::{Markup, html};
use people::{Device, Range};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, NotificationBanner, SummaryList, SummaryRow,
    Table, Textarea,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::form;

/// A device, and whose it is.
#[derive(Debug)]
pub struct Line {
    /// The device.
    pub device: Device,
    /// The name of whoever has it.
    pub owner: Option<Private<String>>,
}

/// Which page of how many.
#[derive(Debug, Clone, Copy)]
pub struct Paged<'a> {
    /// The page, from 1.
    pub page: u64,
    /// How many there are.
    pub pages: u64,
    /// How many devices on all of them.
    pub many: u64,
    /// What was looked for; empty where nothing was.
    pub words: &'a str,
}

/// What groups are called, by id.
pub type Named<'a> = &'a dyn Fn(&str) -> String;

fn groups(ids: &[String], named: Named<'_>) -> String {
    ids.iter().map(|id| named(id)).collect::<Vec<_>>().join(", ")
}

fn owner(line: &Line) -> String {
    line.owner.as_ref().map_or_else(|| say("devices.nobodys-alone"), |name| name.reveal().clone())
}

/// The register.
pub fn all(
    lines: &[Line],
    ranges: &[Range],
    paged: &Paged<'_>,
    named: Named<'_>,
    may_change: bool,
    zone: &Zone,
) -> Page {
    let title = &say("common.devices");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("devices.what-is-changed-here", link = html! { a .govuk-link href="/staff/activity" { (say("devices.activity")) } }))
            }
            @if may_change { (Button::link(say("devices.register-a-device"), "/staff/devices/new")) }
            @if paged.many > 0 || !paged.words.is_empty() { (finding(paged.words)) }
            @if lines.is_empty() {
                (InsetText::new(match (paged.words, paged.many) {
                    ("", 0) => say("devices.no-device-is-registered"),
                    ("", _) => say("devices.there-is-no-such"),
                    _ => say("devices.no-device-fits-that"),
                }))
            } @else {
                (table(lines, paged, named, zone))
            }
            @if !ranges.is_empty() { (rooms(ranges, named)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn finding(words: &str) -> Markup {
    let field = Input {
        hint: Some(Hint::new(say("devices.a-name-an-address"))),
        value: Some(words.to_owned()).filter(|words| !words.is_empty()),
        classes: "govuk-input--width-20".into(),
        autocomplete: Some("off".to_owned()),
        spellcheck: Some(false),
        ..Input::new("words", Label::new(say("devices.find-a-device")))
    };
    html! {
        form method="post" action="/staff/devices" novalidate {
            (field)
            (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("common.find")) })
        }
    }
}

fn table(lines: &[Line], paged: &Paged<'_>, named: Named<'_>, zone: &Zone) -> Markup {
    let rows = lines.iter().map(|line| {
        let device = &line.device;
        let link = html! {
            a .govuk-link href={ "/staff/devices/" (device.number.0) } { (device.name.reveal()) }
        };
        vec![
            Cell::new(link),
            Cell::new(owner(line)),
            Cell::new(groups(&device.groups, named)),
            Cell::new(addresses(device)),
            Cell::new(moment(device.joined_at, zone)),
        ]
    });
    let is_found = !paged.words.is_empty();
    let caption = if is_found {
        counted!("devices.found-count", paged.many)
    } else {
        filled!("devices.registered-devices-page-of", n = paged.many, page = paged.page, pages = paged.pages)
    };
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("devices.registered-devices")) {
            (Table {
                caption: Some(caption),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.device"), say("devices.whose"), say("common.groups"), say("devices.addresses"), say("devices.registered")].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
        @if !is_found {
            (ways(paged))
        } @else if paged.pages > 1 {
            p .govuk-body { (say("devices.only-the-first-are")) " " a .govuk-link href="/staff/devices" { (say("devices.show-all-devices")) } }
        } @else {
            p .govuk-body { a .govuk-link href="/staff/devices" { (say("devices.show-all-devices")) } }
        }
    }
}

fn rooms(ranges: &[Range], named: Named<'_>) -> Table {
    let rows = ranges.iter().map(|range| {
        vec![Cell::new(&range.name), Cell::new(&range.range), Cell::new(groups(&range.groups, named))]
    });
    Table {
        caption: Some(say("devices.rooms-and-networks")),
        caption_classes: "govuk-table__caption--m".into(),
        head: [say("common.name"), say("devices.addresses"), say("common.groups")].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

fn summary(line: &Line, named: Named<'_>, zone: &Zone) -> SummaryList {
    let device = &line.device;
    SummaryList::new(vec![
        SummaryRow::new(say("common.name"), device.name.reveal()),
        SummaryRow::new(say("devices.whose"), owner(line)),
        SummaryRow::new(say("common.groups"), groups(&device.groups, named)),
        SummaryRow::new(say("devices.addresses"), addresses(device)),
        SummaryRow::new(say("devices.registered"), moment(device.joined_at, zone)),
    ])
}

/// One device, with what the reader may do.
pub fn one(line: &Line, named: Named<'_>, may_change: bool, zone: &Zone) -> Page {
    let page = format!("/staff/devices/{}", line.device.number.0);
    let name = line.device.name.reveal();
    Page::new(
        say("common.device"),
        html! {
            h1 .govuk-heading-l { (name) }
            (summary(line, named, zone))
            p .govuk-body { (say("devices.gates-know-it-within")) }
            @if may_change {
                (Button::link(say("devices.change-it"), format!("{page}/change")))
                h2 .govuk-heading-m { (say("devices.is-it-gone")) }
                p .govuk-body { (say("devices.off-the-register-it")) }
                form method="post" action={ (page) "/end" } novalidate {
                    (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(say("devices.take-it-off-the")) })
                }
            }
        },
    )
    .before(BackLink::new("/staff/devices"))
}

/// One that is off the register now, with the way back.
pub fn ended(line: &Line, named: Named<'_>, zone: &Zone) -> Page {
    let device = &line.device;
    let name = device.name.reveal();
    let owner = device.person.map_or_else(String::new, |person| person.0.to_string());
    let anew = form::of(device, &owner);
    Page::new(
        say("devices.off-the-register"),
        html! {
            (NotificationBanner { success: true, ..NotificationBanner::saying(filled!("devices.is-off-the-register", name)) })
            h1 .govuk-heading-l { (name) }
            (summary(line, named, zone))
            p .govuk-body { (say("devices.was-it-a-mistake")) }
            form method="post" action="/staff/devices/new" novalidate {
                @for (field, words) in anew.fields() { input type="hidden" name=(field) value=(words); }
                (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say("devices.register-it-anew")) })
            }
        },
    )
    .before(BackLink::new("/staff/devices"))
}

/// The form about a device: about a new one, or about that one.
pub fn form(
    device: Option<DeviceNo>,
    groups: &[(String, String)],
    written: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = &say(if device.is_some() { "devices.change-a-device" } else { "devices.register-a-device" });
    let (action, back) = match device {
        Some(DeviceNo(number)) => {
            (format!("/staff/devices/{number}/change"), format!("/staff/devices/{number}"))
        }
        None => ("/staff/devices/new".to_owned(), "/staff/devices".to_owned()),
    };
    let line = |id: &'static str, label: &str, hint: &str| Input {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: Some(written.line(id)),
        spellcheck: Some(false),
        autocomplete: Some("off".to_owned()),
        classes: "govuk-input--width-20".into(),
        ..Input::new(id, Label::new(label))
    };
    let addresses = Textarea {
        hint: Some(Hint::new(say("devices.one-a-line-fixed"))),
        error: mistakes.beside("addresses"),
        value: written.text("addresses").to_owned(),
        rows: 4,
        spellcheck: Some(false),
        autocomplete: Some("off".to_owned()),
        ..Textarea::new("addresses", Label::new(say("devices.addresses")))
    };
    let done = say(if device.is_some() { "devices.keep-the-change" } else { "devices.register-it" });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action=(action) novalidate {
                (line("name", &say("devices.what-is-it-called"), &say("devices.as-it-says-on")))
                (line("person", &say("devices.whose-is-it"), &say("devices.the-name-as-the")))
                (addresses)
                (ticks(groups, written))
                (Button { once: Some(true), ..Button::new(done) })
            }
        },
    )
    .before(BackLink::new(back))
    .problems(mistakes.summary())
}

fn ticks(groups: &[(String, String)], written: &Submitted) -> Markup {
    html! {
        div .govuk-form-group {
            fieldset .govuk-fieldset aria-describedby="groups-hint" {
                legend .govuk-fieldset__legend.govuk-fieldset__legend--s { (say("devices.groups-of-its-own")) }
                div .govuk-hint id="groups-hint" { (say("devices.where-it-is-nobody-s")) }
                div .govuk-checkboxes.govuk-checkboxes--small {
                    @for (id, name) in groups {
                        @let field = form::ticked(id);
                        div .govuk-checkboxes__item {
                            input .govuk-checkboxes__input type="checkbox" id=(field) name=(field) value="yes" checked[written.text(&field) == "yes"];
                            label .govuk-label.govuk-checkboxes__label for=(field) { (name) }
                        }
                    }
                }
            }
        }
    }
}

fn addresses(device: &Device) -> Markup {
    let known = device.addresses.iter().map(ToString::to_string);
    let hardware = device.hardware.iter().map(ToString::to_string);
    let all: Vec<String> = known.chain(hardware).collect();
    html! { @for (place, address) in all.iter().enumerate() { @if place > 0 { br; } (host(address)) } }
}

fn ways(paged: &Paged<'_>) -> Markup {
    html! {
        @if paged.pages > 1 {
            nav aria-label=(say("common.pages")) {
                ul .govuk-list {
                    @if paged.page > 1 {
                        li { a .govuk-link href={ "/staff/devices?page=" (paged.page - 1) } rel="prev" { (say("devices.previous-page")) } }
                    }
                    @if paged.page < paged.pages {
                        li { a .govuk-link href={ "/staff/devices?page=" (paged.page + 1) } rel="next" { (say("common.next-page")) } }
                    }
                }
            }
        }
    }
}
