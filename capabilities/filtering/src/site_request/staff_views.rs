//! What the pages of those who answer say.

use kit::{Private, Zone};
use maud::{Markup, html};
use register::approval::{Approval, State as ApprovalState};
use web::component::{
    BackLink, Button, Cell, InsetText, Legend, Radio, Radios, SummaryList, SummaryRow, Table, Tag,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, SecondPerson, Submitted, filled, marked, take_back, words_field};

use super::agreeing::Proposed;
use super::alone_views::{self, Alone};
use super::replaying::{self, Told};
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
    /// What is told of last week's requests, where that was asked.
    pub replayed: Option<Told>,
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
    /// For whom it is proposed, where that is one person and whoever looks sees who asked.
    pub whom: Option<Private<String>>,
    /// Whoever proposed it.
    pub proposer: Option<Private<String>>,
}

/// All requests, those that wait first.
pub fn waiting(lines: &[Line], zone: &Zone) -> Page {
    let title = &say("request.requests-for-sites");
    let (open, answered): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| matches!(line.request.state, State::Open));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if open.is_empty() {
                (InsetText::new(say("request.nothing-waits-for-an")))
            } @else {
                (table(&say("request.waiting-for-an-answer"), &open, zone))
            }
            @if !answered.is_empty() { (table(&say("request.answered"), &answered, zone)) }
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
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.site"), say("common.state"), say("request.asked")].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn tag(line: &Line) -> Tag {
    if line.alone {
        return Tag::new(say("request.opened-alone-to-be"), "govuk-tag--orange");
    }
    match (&line.request.state, &line.proposed) {
        (State::Open, None) => Tag::new(say("request.new"), "govuk-tag--blue"),
        (State::Open, Some(_)) => Tag::new(say("request.needs-a-second-person"), "govuk-tag--yellow"),
        (State::Approved { .. }, _) => Tag::new(say("request.approved"), "govuk-tag--green"),
        (State::Refused { .. }, _) => Tag::new(say("request.refused"), "govuk-tag--red"),
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
    let title = filled!("request.request", reference = request.reference);
    let page = format!("/staff/requests/{}", request.reference);
    let asker = match (&seen.asker, request.ask.asker.signed_in) {
        (None, _) => say("common.not-known"),
        (Some(name), Some(_)) => filled!("request.who-was-signed-in", name = name.reveal()),
        (Some(name), None) => filled!("request.as-the-network-knows", name = name.reveal()),
    };
    let mut rows = vec![
        SummaryRow::new(say("common.site"), host(&request.ask.site.host)),
        SummaryRow::new(say("request.what-for"), request.ask.words.reveal()),
        SummaryRow::new(say("request.how-long"), say(request.ask.how_long.label())),
        SummaryRow::new(say("request.asked"), moment(request.created_at, zone)),
    ];
    if let Some(path) = &request.ask.site.path {
        rows.insert(1, SummaryRow::new(say("reports.page-of-it"), host(path)));
    }
    if seen.sees_asker {
        rows.push(SummaryRow::new(say("request.who-asked"), asker));
        if let Some(name) = &seen.device_of {
            let words = filled!("request.one-that-the-network", name = name.reveal());
            rows.push(SummaryRow::new(say("request.on-which-device"), words));
        }
    }
    match &request.state {
        State::Open => {}
        State::Approved { answer, at, ends_at } => {
            rows.push(SummaryRow::new(say("request.approved"), moment(*at, zone)));
            rows.push(SummaryRow::new(say("request.open-until"), moment(*ends_at, zone)));
            rows.push(SummaryRow::new(say("request.answer"), answer));
        }
        State::Refused { answer, at } => {
            rows.push(SummaryRow::new(say("request.refused"), moment(*at, zone)));
            rows.push(SummaryRow::new(say("request.answer"), answer));
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
                (Button::link(say("request.end-it-now"), format!("/staff/overrides/{number}")))
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
        h2 .govuk-heading-m { (say("lesson.what-this-opens-and")) }
        ul .govuk-list.govuk-list--bullet {
            li { (marked!("lesson.all-of-opens-and", site = host(&site.host))) }
            @if site.path.is_some() {
                li {
                    (say("last-week.a-page-of-it"))
                }
            }
            li { (say("lesson.other-sites-that-it")) }
            li { (say("lesson.what-is-closed-for")) }
        }
        @if let Some(told) = about.replayed { (replaying::view(told)) }
    }
}

/// What became of earlier proposals.
fn before(history: &[Approval], zone: &Zone) -> Markup {
    let lines: Vec<String> = history
        .iter()
        .filter_map(|one| match &one.state {
            ApprovalState::Refused { at, words, .. } => {
                Some(filled!("request.a-second-person-did", when = moment(*at, zone), words))
            }
            ApprovalState::Withdrawn { at } => {
                Some(filled!("request.a-proposal-was-taken", when = moment(*at, zone)))
            }
            ApprovalState::Lapsed { at } if *at < one.lapses_at => {
                Some(filled!("request.a-proposal-was-overtaken", when = moment(*at, zone)))
            }
            ApprovalState::Lapsed { at } => {
                Some(filled!("request.nobody-agreed-in-time", when = moment(*at, zone)))
            }
            ApprovalState::Waiting | ApprovalState::Agreed { .. } => None,
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            h2 .govuk-heading-m { (say("request.before")) }
            ul .govuk-list.govuk-list--bullet { @for line in &lines { li { (line) } } }
        }
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
        whom.push(Radio::new(&*Whom::Person(person).to_string(), say("request.whoever-asked")));
    }
    whom.extend(
        seen.groups.iter().map(|(id, name)| Radio::new(&*Whom::Group(id.clone()).to_string(), &**name)),
    );
    whom.push(Radio::new(&*Whom::Everyone.to_string(), say("common.everyone")));
    let whom = Radios {
        error: mistakes.beside("whom"),
        ..Radios::new("whom", Legend::new(say("common.for-whom")), whom, form.text("whom"))
    };
    let ends = [
        Radio::new("hour", say("request.for-an-hour")),
        Radio::new("day", say("request.for-the-rest-of")),
        Radio::new("week", say("request.for-a-week")),
        Radio::new("month", say("request.for-four-weeks")),
    ];
    let until = Radios {
        error: mistakes.beside("until"),
        ..Radios::new("until", Legend::new(say("request.until-when")), ends.to_vec(), form.text("until"))
    };
    html! {
        h2 .govuk-heading-m { (say("request.propose-to-open-it")) }
        p .govuk-body { (say("request.opening-a-site-takes")) }
        form method="post" action={ (page) "/proposal" } novalidate {
            (whom) (until)
            (words_field(
                "risk",
                say("request.what-would-opening-it"),
                say("request.the-second-person-reads"),
                form,
                mistakes,
            ))
            (Button { once: Some(true), ..Button::new(say("request.propose")) })
        }
    }
}

fn refuse_it(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("request.refuse-it")) }
        form method="post" action={ (page) "/refusal" } novalidate {
            (words_field("refusal", say("request.why-not"), say("request.whoever-asked-reads-this"), form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say("request.refuse")) })
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
        Whom::Person(person) if request.ask.asker.whoever() == Some(*person) => say("request.whoever-asked"),
        Whom::Person(_) => {
            seen.whom.as_ref().map_or_else(|| say("overrides.one-person"), |name| name.reveal().clone())
        }
        Whom::Group(id) => seen
            .groups
            .iter()
            .find(|(known, _)| known == id)
            .map_or_else(|| id.clone(), |(_, name)| name.clone()),
        Whom::Everyone => say("common.everyone"),
    };
    let by = seen.proposer.as_ref().map_or_else(|| say("request.somebody"), |name| name.reveal().clone());
    html! {
        h2 .govuk-heading-m { (say("request.proposed-open-it")) }
        (SummaryList::new(vec![
            SummaryRow::new(say("request.for"), whom),
            SummaryRow::new(say("common.until"), moment(proposed.terms.ends_at, zone)),
            SummaryRow::new(say("request.risk"), proposed.terms.risk.reveal()),
            SummaryRow::new(say("request.proposed-by"), by),
            SummaryRow::new(say("request.proposed"), moment(proposed.at, zone)),
            SummaryRow::new(say("request.needs-an-answer-by"), moment(proposed.lapses_at, zone)),
        ]))
        @if seen.own {
            @let alone = seen.alone.iter().any(|one| one.emergency.approval == proposed.id);
            @if alone {
                (InsetText::new(say("request.another-person-must-agree")))
            } @else {
                (InsetText::new(say("request.another-person-must-agree-before")))
                @if seen.may_open_alone && seen.alone.iter().all(|one| one.emergency.reviewed.is_some()) {
                    p .govuk-body {
                        (marked!("request.if-it-cannot-wait", link = html! { a .govuk-link href={ (page) "/alone" } { (say("request.open-it-alone-now")) } }))
                    }
                }
            }
            (take_back(page, say("request.take-it-back")))
        } @else if seen.may_agree && seen.answering {
            (SecondPerson {
                page,
                proposal: proposed.id.to_string(),
                agree: [say("request.why-do-you-agree"), say("request.whoever-asked-reads-this"), say("request.agree-and-open-it")],
                disagree: [say("request.or-why-do-you"), say("request.whoever-proposed-it-reads"), say("request.do-not-agree")],
                form,
                mistakes,
            })
        } @else if seen.may_agree {
            (Button::link(say("request.answer-as-the-second"), format!("{page}/agreement")))
        } @else {
            (InsetText::new(say("request.it-waits-for-a")))
        }
    }
}
