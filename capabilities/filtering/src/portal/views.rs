//! What the portal's own pages say.

use engine::Step;
use engine::catalogue::OpenSite;
use kit::Zone;
use maud::{Markup, Render as _, html};
use web::Page;
use web::component::{BackLink, Button, Cell, InsetText, SummaryList, SummaryRow, Table};
use web::page::host;
use words::Say;

use super::speech::{english, moment};
use super::{NamedBy, Refusal};

/// The way back to the first page.
pub(crate) fn back() -> BackLink {
    BackLink::new("/")
}

/// The same in somebody's language.
pub(crate) fn back_in(say: &Say) -> BackLink {
    BackLink { content: say.say("page.back").render(), ..back() }
}

/// Why something was refused, in somebody's language; the school's own words are in its own.
fn reason(say: &Say, refusal: &Refusal) -> Markup {
    let (text, tag) = refusal.saying.reason_in(say);
    let other = (tag != say.tag()).then_some(tag);
    html! { @if other.is_some() { span lang=[other] dir="auto" { (text) } } @else { (text) } }
}

/// The first page.
pub fn first(say: &Say, service: &str) -> Page {
    let title = say.say("first.title");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-xl { (title) }
            p .govuk-body-l { (say.fill("first.lead", &[("school", service)])) }
            p .govuk-body { (say.say("first.open")) }
            h2 .govuk-heading-m { (say.say("first.blocked")) }
            ul .govuk-list.govuk-list--bullet {
                li { a .govuk-link href="/why" { (say.say("first.why")) } }
                li { a .govuk-link href="/requests" { (say.say("first.ask")) } }
            }
            h2 .govuk-heading-m { (say.say("first.wrong")) }
            ul .govuk-list.govuk-list--bullet {
                li { a .govuk-link href="/reports" { (say.say("first.report")) } }
                li { a .govuk-link href="/help" { (say.say("first.help")) } }
                li { a .govuk-link href="/who-sees" { (say.say("first.who")) } }
            }
        },
    )
}

/// Why one site was refused.
pub fn why(
    say: &Say,
    refusal: &Refusal,
    named: &[NamedBy],
    ticket: &str,
    help: &[OpenSite],
    zone: &Zone,
) -> Page {
    let sealed = refusal.step == Step::Sealed;
    let mut rows = Vec::new();
    if let Some(name) = refusal.host.as_deref().filter(|_| !sealed) {
        rows.push(SummaryRow::new(say.say("why.site"), host(name)));
    }
    if let Some(category) = refusal.saying.category.as_deref().filter(|_| !sealed) {
        let category = html! { bdi lang=[english(say)] { (category) } };
        rows.push(SummaryRow::new(say.say("why.about"), category));
    }
    if !named.is_empty() && !sealed {
        let named = html! { span lang=[english(say)] dir=[english(say).map(|_| "ltr")] { (lists(named)) } };
        rows.push(SummaryRow::new(say.say("why.named"), named));
    }
    rows.push(SummaryRow::new(say.say("why.when"), html! { bdi { (moment(say, refusal.at, zone)) } }));
    let title = say.say("why.title");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if refusal.saying.offer_help { (help_first(say, help)) }
            (InsetText::new(reason(say, refusal)))
            (SummaryList::new(rows))
            @if refusal.saying.may_ask {
                h2 .govuk-heading-m { (say.say("why.need")) }
                p .govuk-body { (say.say("why.need-say")) }
                (Button::link(say.say("block.ask"), format!("/requests?t={ticket}")))
            } @else {
                h2 .govuk-heading-m { (say.say("why.no-title")) }
                p .govuk-body { (say.say("why.no")) }
            }
            @if !sealed {
                h2 .govuk-heading-m { (say.say("why.wrong")) }
                p .govuk-body { a .govuk-link href={ "/reports?t=" (ticket) } { (say.say("why.wrong-say")) } }
            }
            @if !refusal.saying.offer_help { (help_last(say)) }
        },
    )
    .before(back_in(say))
}

/// Lists that name a site: each with its licence, which asks for no less, and since when.
fn lists(named: &[NamedBy]) -> Markup {
    html! {
        @for (place, one) in named.iter().enumerate() {
            @if place > 0 { br; }
            "the list " (one.list) ", since " (one.first_seen)
            @if let Some(licence) = &one.licence { " (licence: " (licence) ")" }
        }
    }
}

/// What is known of a device's last refusals.
#[derive(Debug, Clone)]
pub enum Recent {
    /// These, newest first.
    These(Vec<Refusal>),
    /// The log could not be asked.
    NotNow,
    /// The request came by way of the gate, and nothing says from which device.
    WhoseDevice,
}

/// What this device was last refused.
pub fn recent(say: &Say, recent: &Recent, link_ended: bool, help: &[OpenSite], zone: &Zone) -> Page {
    let title = say.say("link.why");
    let offer_help =
        matches!(recent, Recent::These(refusals) if refusals.iter().any(|refusal| refusal.saying.offer_help));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if offer_help { (help_first(say, help)) }
            @match recent {
                Recent::WhoseDevice if link_ended => (InsetText::new(say.say("why.ended"))),
                _ if link_ended => (InsetText::new(say.say("why.ended-then"))),
                _ => {}
            }
            @match recent {
                Recent::NotNow => p .govuk-body { (say.say("why.not-now")) },
                Recent::WhoseDevice => p .govuk-body { (say.say("why.whose")) },
                Recent::These(refusals) if refusals.is_empty() => p .govuk-body { (say.say("why.none")) },
                Recent::These(refusals) => {
                    p .govuk-body { (say.count("why.count", refusals.len() as u64)) }
                    div .fivebar-scroll tabindex="0" role="region" aria-label=(say.say("why.table")) {
                        (table(say, refusals, zone))
                    }
                }
            }
            h2 .govuk-heading-m { (say.say("why.need-any")) }
            (Button::link(say.say("link.ask"), "/requests"))
            h2 .govuk-heading-m { (say.say("first.wrong")) }
            p .govuk-body { a .govuk-link href="/reports" { (say.say("link.report")) } }
            @if !offer_help { (help_last(say)) }
        },
    )
    .before(back_in(say))
}

fn table(say: &Say, refusals: &[Refusal], zone: &Zone) -> Table {
    let rows = refusals.iter().map(|refusal| {
        let name = refusal.host.as_deref().filter(|_| refusal.step != Step::Sealed);
        vec![
            Cell::new(name.map_or_else(|| html! { (say.say("why.not-shown")) }, host)),
            Cell::new(reason(say, refusal)),
            Cell::new(html! { bdi { (moment(say, refusal.at, zone)) } }),
        ]
    });
    Table {
        caption: Some(say.say("why.table").to_owned()),
        caption_classes: "govuk-table__caption--m".into(),
        head: ["why.site", "why.reason", "why.when"].map(|key| Cell::new(say.say(key))).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

/// Help sites, as plain links.
pub fn help(say: &Say, help: &[OpenSite]) -> Page {
    let title = say.say("link.help");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body-l { (say.say("help.danger")) }
            p .govuk-body { (say.say("help.open")) }
            (sites(say, help))
        },
    )
    .before(back_in(say))
}

fn sites(say: &Say, help: &[OpenSite]) -> Markup {
    let english = english(say);
    html! {
        @if help.is_empty() {
            p .govuk-body { (say.say("help.none")) }
        } @else {
            @if english.is_some() { p .govuk-body { (say.say("help.english")) } }
            ul .govuk-list.govuk-list--spaced lang=[english] dir=[english.map(|_| "ltr")] {
                @for (site, (address, _)) in help.iter().filter_map(|site| Some((site, site.sites().next()?))) {
                    li {
                        a .govuk-link href={ "https://" (address) "/" } { (site.name) }
                        @if !site.about.is_empty() { br; (site.about) }
                    }
                }
            }
        }
    }
}

/// Where a page is about something that may hurt, help is the first thing on it.
fn help_first(say: &Say, help: &[OpenSite]) -> Markup {
    html! {
        section .fivebar-help aria-labelledby="help-first" {
            h2 .govuk-heading-m #help-first { (say.say("help.all-right")) }
            p .govuk-body { (say.say("help.private")) }
            (sites(say, help.get(..4).unwrap_or(help)))
            p .govuk-body { a .govuk-link href="/help" { (say.say("help.more")) } }
        }
    }
}

fn help_last(say: &Say) -> Markup {
    html! {
        h2 .govuk-heading-m { (say.say("help.worried")) }
        p .govuk-body { a .govuk-link href="/help" { (say.say("link.help")) } }
    }
}
