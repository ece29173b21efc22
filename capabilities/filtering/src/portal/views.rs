//! What the portal's own pages say.

use engine::Step;
use engine::catalogue::OpenSite;
use kit::Zone;
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Button, Cell, InsetText, SummaryList, SummaryRow, Table};
use web::page::{host, moment};

use super::{NamedBy, Refusal};

/// The way back to the first page.
pub(crate) fn back() -> BackLink {
    BackLink::new("/")
}

/// The first page.
pub fn first(service: &str) -> Page {
    Page::new(
        "Filtering at this school",
        html! {
            h1 .govuk-heading-xl { "Filtering at this school" }
            p .govuk-body-l {
                (service) " decides which sites can be opened here, by the school’s own written rules."
            }
            p .govuk-body { "You do not need to sign in to use this site." }
            h2 .govuk-heading-m { "If a site was blocked" }
            ul .govuk-list.govuk-list--bullet {
                li { a .govuk-link href="/why" { "Find out why it was blocked" } }
                li { a .govuk-link href="/requests" { "Ask for a site" } " you need" }
            }
            h2 .govuk-heading-m { "If something is wrong" }
            ul .govuk-list.govuk-list--bullet {
                li { a .govuk-link href="/reports" { "Report a site" } " that should be blocked, or should not be" }
                li {
                    a .govuk-link href="/help" { "Get help" }
                    " if you are worried about yourself or somebody else"
                }
                li { a .govuk-link href="/who-sees" { "Find out who sees what you do" } " on the internet here" }
            }
        },
    )
}

/// Why one site was refused.
pub fn why(refusal: &Refusal, named: &[NamedBy], ticket: &str, help: &[OpenSite], zone: &Zone) -> Page {
    let sealed = refusal.step == Step::Sealed;
    let mut rows = Vec::new();
    if let Some(name) = refusal.host.as_deref().filter(|_| !sealed) {
        rows.push(SummaryRow::new("Site", host(name)));
    }
    if let Some(category) = refusal.saying.category.as_deref().filter(|_| !sealed) {
        rows.push(SummaryRow::new("What it is about", category));
    }
    if !named.is_empty() && !sealed {
        rows.push(SummaryRow::new("Named by", lists(named)));
    }
    rows.push(SummaryRow::new("When", moment(refusal.at, zone)));
    let title = "Why this was blocked";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if refusal.saying.offer_help { (help_first(help)) }
            (InsetText::new(&refusal.saying.reason))
            (SummaryList::new(rows))
            @if refusal.saying.may_ask {
                h2 .govuk-heading-m { "If you need this site" }
                p .govuk-body {
                    "Ask for it. Say what you need it for. Somebody at the school will read it and answer."
                }
                (Button::link("Ask for this site", format!("/requests?t={ticket}")))
            } @else {
                h2 .govuk-heading-m { "Asking for this site" }
                p .govuk-body { "Nobody at the school can open this site." }
            }
            @if !sealed {
                h2 .govuk-heading-m { "If this is wrong" }
                p .govuk-body {
                    a .govuk-link href={ "/reports?t=" (ticket) } { "Report this site" }
                    " if the reason above does not fit it."
                }
            }
            @if !refusal.saying.offer_help { (help_last()) }
        },
    )
    .before(back())
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
pub fn recent(recent: &Recent, link_ended: bool, help: &[OpenSite], zone: &Zone) -> Page {
    let title = "Why was I blocked?";
    let offer_help =
        matches!(recent, Recent::These(refusals) if refusals.iter().any(|refusal| refusal.saying.offer_help));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if offer_help { (help_first(help)) }
            @match recent {
                Recent::WhoseDevice if link_ended => (InsetText::new("The link that brought you here has ended.")),
                _ if link_ended => (InsetText::new(
                    "The link that brought you here has ended. Here is what this device was refused last."
                )),
                _ => {}
            }
            @match recent {
                Recent::NotNow => p .govuk-body {
                    "What this device was refused cannot be shown at the moment. Try again in a few minutes."
                },
                Recent::WhoseDevice => p .govuk-body {
                    "This page cannot tell which device you are using. Open the blocked site again, and follow the link \
                     on the page that says it is blocked."
                },
                Recent::These(refusals) if refusals.is_empty() => {
                    p .govuk-body { "Nothing was blocked on this device lately." }
                }
                Recent::These(refusals) => {
                    div .fivebar-scroll tabindex="0" role="region" aria-label="Sites blocked on this device" {
                        (table(refusals, zone))
                    }
                }
            }
            h2 .govuk-heading-m { "If you need a site" }
            (Button::link("Ask for a site", "/requests"))
            h2 .govuk-heading-m { "If something is wrong" }
            p .govuk-body { a .govuk-link href="/reports" { "Report a site" } }
            @if !offer_help { (help_last()) }
        },
    )
    .before(back())
}

fn table(refusals: &[Refusal], zone: &Zone) -> Table {
    let rows = refusals.iter().map(|refusal| {
        let name = refusal.host.as_deref().filter(|_| refusal.step != Step::Sealed);
        vec![
            Cell::new(name.map_or_else(|| html! { "Not shown" }, host)),
            Cell::new(&refusal.saying.reason),
            Cell::new(moment(refusal.at, zone)),
        ]
    });
    Table {
        caption: Some("Sites blocked on this device, newest first".to_owned()),
        caption_classes: "govuk-table__caption--m".into(),
        head: ["Site", "Why", "When"].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

/// Help sites, as plain links.
pub fn help(help: &[OpenSite]) -> Page {
    let title = "Get help";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body-l {
                "If you are in danger now, call 999. If you are worried, tell an adult you trust at school."
            }
            p .govuk-body {
                "You can always open these sites here. Nobody at the school is shown that you opened them."
            }
            (sites(help))
        },
    )
    .before(back())
}

fn sites(help: &[OpenSite]) -> Markup {
    html! {
        @if help.is_empty() {
            p .govuk-body { "No help sites are set up here yet. Ask an adult you trust." }
        } @else {
            ul .govuk-list.govuk-list--spaced {
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
fn help_first(help: &[OpenSite]) -> Markup {
    html! {
        section .fivebar-help aria-labelledby="help-first" {
            h2 .govuk-heading-m #help-first { "Are you all right?" }
            p .govuk-body { "If you are in danger now, call 999. You can talk to somebody, and it stays private:" }
            (sites(help.get(..4).unwrap_or(help)))
            p .govuk-body { a .govuk-link href="/help" { "More places that help" } }
        }
    }
}

fn help_last() -> Markup {
    html! {
        h2 .govuk-heading-m { "If you are worried about yourself or somebody else" }
        p .govuk-body { a .govuk-link href="/help" { "Get help" } }
    }
}
