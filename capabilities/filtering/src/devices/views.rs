//! What the page about devices says.

use kit::{Private, Zone};
use maud::{Markup, html};
use people::{Device, Range};
use web::component::{BackLink, Cell, InsetText, Table};
use web::page::{host, moment};
use web::speech::say;
use web::{Page, filled, marked};

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
pub struct Paged {
    /// The page, from 1.
    pub page: u64,
    /// How many there are.
    pub pages: u64,
    /// How many devices on all of them.
    pub many: u64,
}

/// The register.
pub fn all(
    lines: &[Line],
    ranges: &[Range],
    paged: &Paged,
    named: &dyn Fn(&str) -> String,
    zone: &Zone,
) -> Page {
    let title = &say("common.devices");
    let groups = |ids: &[String]| ids.iter().map(|id| named(id)).collect::<Vec<_>>().join(", ");
    let rows = lines.iter().map(|line| {
        let device = &line.device;
        let owner =
            line.owner.as_ref().map_or_else(|| say("devices.nobodys-alone"), |name| name.reveal().clone());
        vec![
            Cell::new(device.name.reveal()),
            Cell::new(owner),
            Cell::new(groups(&device.groups)),
            Cell::new(addresses(device)),
            Cell::new(moment(device.joined_at, zone)),
        ]
    });
    let rooms = ranges
        .iter()
        .map(|range| vec![Cell::new(&range.name), Cell::new(&range.range), Cell::new(groups(&range.groups))]);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("devices.a-device-is-given", link = html! { a .govuk-link href="/staff/activity" { (say("devices.activity")) } }))
            }
            @if paged.many == 0 {
                (InsetText::new(say("devices.no-device-is-registered")))
            } @else if lines.is_empty() {
                (InsetText::new(say("devices.there-is-no-such")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("devices.registered-devices")) {
                    (Table {
                        caption: Some(filled!("devices.registered-devices-page-of", n = paged.many, page = paged.page, pages = paged.pages)),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: [say("common.device"), say("devices.whose"), say("common.groups"), say("devices.addresses"), say("devices.registered")].map(Cell::new).to_vec(),
                        rows: rows.collect(),
                        first_cell_is_header: true,
                        ..Table::default()
                    })
                }
                (ways(paged))
            }
            @if !ranges.is_empty() {
                (Table {
                    caption: Some(say("devices.rooms-and-networks")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: [say("common.name"), say("devices.addresses"), say("common.groups")].map(Cell::new).to_vec(),
                    rows: rooms.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/today"))
}

fn addresses(device: &Device) -> Markup {
    let known = device.addresses.iter().map(ToString::to_string);
    let hardware = device.hardware.iter().map(ToString::to_string);
    let all: Vec<String> = known.chain(hardware).collect();
    html! { @for (place, address) in all.iter().enumerate() { @if place > 0 { br; } (host(address)) } }
}

fn ways(paged: &Paged) -> Markup {
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
