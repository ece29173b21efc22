//! What the pages of those who answer say.

use kit::{Private, Zone};
use maud::{Markup, html};
use register::approval::{Approval, State as ApprovalState};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Table,
    Tag, Textarea,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::agreeing::Proposed;
use super::alone_views::{self, Alone};
use super::replaying::{self, LastWeek};
use super::{SiteRequest, State};
use crate::explain::now::{self, Said};
use crate::overrides::Whom;

/// One line of the list.
#[derive(Debug)]
pub struct Line {
    /// The request.
    pub request: SiteRequest,
    /// What is proposed about it, where something is.
    pub proposed: Option<Proposed>,
    /// Whether one person opened it alone and nobody has looked at that.
    pub alone: bool,
}

/// What somebody should know before they propose or agree to open a site.
#[derive(Debug)]
pub struct About {
    /// For whom it would be.
    pub whom: String,
    /// How it stands for them now.
    pub said: Said,
    /// What last week's requests say, where they were asked; nothing where the log did not answer.
    pub replayed: Option<Option<LastWeek>>,
}

/// What the page of one request must know of whoever looks at it.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether they see who asked.
    pub sees_asker: bool,
    /// Whether the proposal is their own.
    pub own: bool,
    /// Whether they may refuse.
    pub may_refuse: bool,
    /// Whether they may propose.
    pub may_propose: bool,
    /// Whether they may agree to what another proposed.
    pub may_agree: bool,
    /// Whether they may open alone what they proposed.
    pub may_open_alone: bool,
    /// Whether they are about to answer as the second person.
    pub answering: bool,
    /// The number of what is open by it and holds, where they may end it.
    pub holds: Option<u32>,
    /// What is to be known before it is opened, while it waits.
    pub about: Option<About>,
    /// What was opened alone.
    pub alone: Vec<Alone>,
    /// The policy's groups: ids and names.
    pub groups: Vec<(String, String)>,
    /// Whoever asked, where it is known who that is.
    pub asker: Option<Private<String>>,
    /// Whose device they used, where that is another's.
    pub device_of: Option<Private<String>>,
    /// Whoever proposed it.
    pub proposer: Option<Private<String>>,
}

/// All requests, those that wait first.
pub fn waiting(lines: &[Line], zone: &Zone) -> Page {
    let title = "Requests for sites";
    let (open, answered): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| matches!(line.request.state, State::Open));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if open.is_empty() {
                (InsetText::new("Nothing waits for an answer."))
            } @else {
                (table("Waiting for an answer", &open, zone))
            }
            @if !answered.is_empty() { (table("Answered", &answered, zone)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn table(caption: &str, lines: &[&Line], zone: &Zone) -> Markup {
    let rows = lines.iter().map(|line| {
        let request = &line.request;
        let link = html! {
            a .govuk-link href={ "/staff/requests/" (request.reference) } { (host(&request.ask.site.host)) }
        };
        vec![Cell::new(link), Cell::new(tag(line)), Cell::new(moment(request.created_at, zone))]
    });
    html! {
        (Table {
            caption: Some(caption.to_owned()),
            caption_classes: "govuk-table__caption--m".into(),
            head: ["Site", "State", "Asked"].map(Cell::new).to_vec(),
            rows: rows.collect(),
            first_cell_is_header: true,
            ..Table::default()
        })
    }
}

fn tag(line: &Line) -> Tag {
    if line.alone {
        return Tag::new("Opened alone, to be looked at", "govuk-tag--orange");
    }
    match (&line.request.state, &line.proposed) {
        (State::Open, None) => Tag::new("New", "govuk-tag--blue"),
        (State::Open, Some(_)) => Tag::new("Needs a second person", "govuk-tag--yellow"),
        (State::Approved { .. }, _) => Tag::new("Approved", "govuk-tag--green"),
        (State::Refused { .. }, _) => Tag::new("Refused", "govuk-tag--red"),
    }
}

/// One request, with what whoever looks at it may do.
pub fn one(
    request: &SiteRequest,
    proposed: Option<&Proposed>,
    history: &[Approval],
    seen: &Seen,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Page {
    let title = format!("Request {}", request.reference);
    let page = format!("/staff/requests/{}", request.reference);
    let asker = match (&seen.asker, request.ask.asker.signed_in) {
        (None, _) => "Not known".to_owned(),
        (Some(name), Some(_)) => format!("{}, who was signed in", name.reveal()),
        (Some(name), None) => {
            format!("{}, as the network knows the device. Somebody else may have held it", name.reveal())
        }
    };
    let mut rows = vec![
        SummaryRow::new("Site", host(&request.ask.site.host)),
        SummaryRow::new("What for", request.ask.words.reveal()),
        SummaryRow::new("How long", request.ask.how_long.words()),
        SummaryRow::new("Asked", moment(request.created_at, zone)),
    ];
    if let Some(path) = &request.ask.site.path {
        rows.insert(1, SummaryRow::new("Page of it", host(path)));
    }
    if seen.sees_asker {
        rows.push(SummaryRow::new("Who asked", asker));
        if let Some(name) = &seen.device_of {
            let words = format!(
                "One that the network knows as {}’s. Nothing is opened for them by this",
                name.reveal()
            );
            rows.push(SummaryRow::new("On which device", words));
        }
    }
    match &request.state {
        State::Open => {}
        State::Approved { answer, at, ends_at } => {
            rows.push(SummaryRow::new("Approved", moment(*at, zone)));
            rows.push(SummaryRow::new("Open until", moment(*ends_at, zone)));
            rows.push(SummaryRow::new("Answer", answer));
        }
        State::Refused { answer, at } => {
            rows.push(SummaryRow::new("Refused", moment(*at, zone)));
            rows.push(SummaryRow::new("Answer", answer));
        }
    }
    let open = matches!(request.state, State::Open);
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            (before(history, zone))
            (alone_views::told(&seen.alone, &page, zone))
            @if let Some(number) = seen.holds {
                (Button::link("End it now", format!("/staff/overrides/{number}")))
            }
            @if let Some(about) = &seen.about { (before_it_opens(about, request)) }
            @if open {
                @match proposed {
                    Some(proposed) => (answer_it(request, proposed, seen, &page, form, mistakes, zone)),
                    None => {
                        @if seen.may_propose { (propose_it(request, seen, &page, form, mistakes)) }
                        @if seen.may_refuse { (refuse_it(&page, form, mistakes)) }
                    }
                }
            }
        },
    )
    .before(BackLink::new("/staff/requests"))
    .problems(mistakes.summary())
}

/// What is to be known before it opens.
fn before_it_opens(about: &About, request: &SiteRequest) -> Markup {
    let site = &request.ask.site;
    html! {
        (now::view(&about.said, &about.whom))
        h2 .govuk-heading-m { "What this opens, and what it does not" }
        ul .govuk-list.govuk-list--bullet {
            li { "All of " (host(&site.host)) " opens, and everything below it." }
            @if site.path.is_some() {
                li {
                    "A page of it was asked for. Over an encrypted connection the filter sees the site and not the page, so the whole site \
                     opens. What followed a ? in the address was left out."
                }
            }
            li { "Other sites that it leads to, or takes pictures and videos from, stay as they are." }
            li { "What is closed for good stays closed, and help is always open." }
        }
        @if let Some(replayed) = about.replayed { (replaying::view(replayed)) }
    }
}

/// What became of earlier proposals.
fn before(history: &[Approval], zone: &Zone) -> Markup {
    let lines: Vec<String> = history
        .iter()
        .filter_map(|one| match &one.state {
            ApprovalState::Refused { at, words, .. } => {
                Some(format!("A second person did not agree at {}: {words}", moment(*at, zone)))
            }
            ApprovalState::Withdrawn { at } => {
                Some(format!("A proposal was taken back at {}", moment(*at, zone)))
            }
            ApprovalState::Lapsed { at } if *at < one.lapses_at => {
                Some(format!("A proposal was overtaken by the answer at {}", moment(*at, zone)))
            }
            ApprovalState::Lapsed { at } => {
                Some(format!("Nobody agreed in time, until {}", moment(*at, zone)))
            }
            ApprovalState::Waiting | ApprovalState::Agreed { .. } => None,
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            h2 .govuk-heading-m { "Before" }
            ul .govuk-list.govuk-list--bullet { @for line in &lines { li { (line) } } }
        }
    }
}

fn words_field(id: &'static str, label: &str, hint: &str, form: &Submitted, mistakes: &Mistakes) -> Textarea {
    Textarea {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        rows: 3,
        ..Textarea::new(id, Label::new(label))
    }
}

fn propose_it(
    request: &SiteRequest,
    seen: &Seen,
    page: &str,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Markup {
    let mut whom: Vec<Radio> = Vec::new();
    if let Some(person) = request.ask.asker.whoever() {
        whom.push(Radio::new(&*Whom::Person(person).to_string(), "Whoever asked"));
    }
    whom.extend(
        seen.groups.iter().map(|(id, name)| Radio::new(&*Whom::Group(id.clone()).to_string(), &**name)),
    );
    whom.push(Radio::new(&*Whom::Everyone.to_string(), "Everyone"));
    let whom = Radios {
        error: mistakes.beside("whom"),
        ..Radios::new("whom", Legend::new("For whom?"), whom, form.text("whom"))
    };
    let ends = [
        Radio::new("hour", "For an hour"),
        Radio::new("day", "For the rest of today"),
        Radio::new("week", "For a week"),
        Radio::new("month", "For four weeks"),
    ];
    let until = Radios {
        error: mistakes.beside("until"),
        ..Radios::new("until", Legend::new("Until when?"), ends.to_vec(), form.text("until"))
    };
    html! {
        h2 .govuk-heading-m { "Propose to open it" }
        p .govuk-body { "Opening a site takes two people. It is opened once another person agrees to this." }
        form method="post" action={ (page) "/proposal" } novalidate {
            (whom) (until)
            (words_field(
                "risk",
                "What would opening it risk, and why is that worth it?",
                "The second person reads this, and whoever looks back at it later.",
                form,
                mistakes,
            ))
            (Button { once: Some(true), ..Button::new("Propose") })
        }
    }
}

fn refuse_it(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { "Refuse it" }
        form method="post" action={ (page) "/refusal" } novalidate {
            (words_field("refusal", "Why not?", "Whoever asked reads this.", form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Refuse") })
        }
    }
}

fn answer_it(
    request: &SiteRequest,
    proposed: &Proposed,
    seen: &Seen,
    page: &str,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Markup {
    let whom = match &proposed.terms.whom {
        Whom::Person(person) if request.ask.asker.whoever() == Some(*person) => "Whoever asked".to_owned(),
        Whom::Person(person) => format!("Person {}", person.0),
        Whom::Group(id) => seen
            .groups
            .iter()
            .find(|(known, _)| known == id)
            .map_or_else(|| id.clone(), |(_, name)| name.clone()),
        Whom::Everyone => "Everyone".to_owned(),
    };
    let by = seen.proposer.as_ref().map_or("Somebody", |name| name.reveal());
    html! {
        h2 .govuk-heading-m { "Proposed: open it" }
        (SummaryList::new(vec![
            SummaryRow::new("For", whom),
            SummaryRow::new("Until", moment(proposed.terms.ends_at, zone)),
            SummaryRow::new("Risk", proposed.terms.risk.reveal()),
            SummaryRow::new("Proposed by", by),
            SummaryRow::new("Proposed", moment(proposed.at, zone)),
            SummaryRow::new("Needs an answer by", moment(proposed.lapses_at, zone)),
        ]))
        @if seen.own {
            @let alone = seen.alone.iter().any(|one| one.emergency.approval == proposed.id);
            @if alone {
                (InsetText::new("Another person must agree before it is open for longer. If you take it back, it is closed at once."))
            } @else {
                (InsetText::new("Another person must agree before it is opened."))
                @if seen.may_open_alone && seen.alone.iter().all(|one| one.emergency.reviewed.is_some()) {
                    p .govuk-body {
                        "If it cannot wait, you can "
                        a .govuk-link href={ (page) "/alone" } { "open it alone, now, for 24 hours" } "."
                    }
                }
            }
            form method="post" action={ (page) "/withdrawal" } novalidate {
                (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Take it back") })
            }
        } @else if seen.may_agree && seen.answering {
            form method="post" action={ (page) "/agreement" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words_field("agreement", "Why do you agree?", "Whoever asked reads this.", form, mistakes))
                (Button { once: Some(true), ..Button::new("Agree and open it") })
            }
            form method="post" action={ (page) "/disagreement" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words_field(
                    "disagreement",
                    "Or why do you not agree?",
                    "Whoever proposed it reads this. The request goes on waiting.",
                    form,
                    mistakes,
                ))
                (Button {
                    once: Some(true),
                    classes: "govuk-button--secondary".into(),
                    ..Button::new("Do not agree")
                })
            }
        } @else if seen.may_agree {
            (Button::link("Answer as the second person", format!("{page}/agreement")))
        } @else {
            (InsetText::new("It waits for a second person, which your duties do not let you be."))
        }
    }
}
