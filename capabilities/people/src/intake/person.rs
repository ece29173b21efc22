//! The page of one person: what the roll knows of them, what they are in, what they have, and who keeps what of it.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use engine::PersonNo;
use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::component::{BackLink, Button, InsetText, SummaryList, SummaryRow, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Page, PageError, filled, marked};

use super::model::Field;
use super::pages::{Office, number};
use super::store::{self as tables, Parent, Profile, Taught};
use super::views::{facts_differ, groups_in_words};
use super::{ImportRoll, ReadRoll};
use crate::Device;
use crate::account::{self, Invite, SignedIn};
use crate::duty::{self, Assignment, Duties, ReadDuties, SchoolKind};
use crate::kind::{Kind, YearGroup};
use crate::leaving::{self, SeeDevices};
use crate::relation::{self, ReadRelations};

/// What is known of somebody, as far as whoever looks may see it.
#[derive(Debug)]
pub struct Known<'a> {
    /// What the roll knows.
    pub profile: &'a Profile,
    /// The classes that they are in or teach.
    pub classes: &'a [Taught],
    /// Their family.
    pub related: Option<&'a [Parent]>,
    /// Their devices.
    pub devices: Option<&'a [Device]>,
    /// Their duties: those that they hold or are to hold.
    pub duties: Option<&'a [Assignment]>,
    /// Whether they sign in here, and when they last did.
    pub account: Option<Signs>,
    /// What kind of school it is.
    pub school: SchoolKind,
    /// The school's own time.
    pub zone: &'a Zone,
    /// Whether whoever looks may change what adults are to pupils.
    pub may_mark: bool,
    /// Whether they may change people by hand.
    pub may_change: bool,
    /// What a system tells of them that waits for somebody to agree.
    pub waits: &'a [Waits],
}

/// What a system tells of somebody that waits for somebody to agree.
#[derive(Debug)]
pub struct Waits {
    /// The system.
    pub source: String,
    /// The number of the import that it is in.
    pub import: i64,
    /// What would be other than it is.
    pub lines: Vec<String>,
}

/// What waits of it.
async fn waits_of(tx: &mut Tx, profile: &Profile) -> Result<Vec<Waits>, StoreError> {
    let by_systems = profile.called.iter().filter(|(source, _)| source.starts_with(super::over_scim()));
    let mut all = Vec::new();
    for (source, id) in by_systems {
        if let Some((import, change)) = tables::waiting_of(tx, source, id.reveal()).await? {
            let (before, after) = change.facts();
            let lines = facts_differ(before.as_ref(), after.as_ref());
            all.push(Waits { source: source.clone(), import, lines });
        }
    }
    Ok(all)
}

/// How somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// They do not.
    No,
    /// They can, and never did.
    Never,
    /// They last did then.
    At(Timestamp),
}

pub(super) async fn page(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadRoll>(())?;
    let person = PersonNo(number(path)?);
    let may_see = who.may::<ReadRelations>(person).ok();
    // Whoever may see relations leaves an entry: whom a court keeps from a child is nobody's to browse.
    let mut tx = match may_see {
        Some(_) => office.house.db.begin().await,
        None => office.house.db.read().await,
    }
    .map_err(PageError::unexpected)?;
    let profile = tables::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
    let Some(profile) = profile else { return Err(PageError::NotFound) };
    let classes = tables::taught(&mut tx, person).await.map_err(PageError::unexpected)?;
    let related = match &may_see {
        Some(permit) => {
            let of = relation::of_person(&mut tx, permit, profile.kind, who.at())
                .await
                .map_err(PageError::unexpected)?;
            Some(of)
        }
        None => None,
    };
    let devices = match who.may::<SeeDevices>(person) {
        Ok(_) => Some(leaving::devices_of(&mut tx, person).await.map_err(PageError::unexpected)?),
        Err(_) => None,
    };
    let duties = match who.may::<ReadDuties>(()) {
        Ok(permit) => {
            let mut all = duty::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
            all.retain(|one| one.given.person == person && one.is_not_over(who.at()));
            Some(all)
        }
        Err(_) => None,
    };
    let account = match who.offers::<Invite>() {
        true => Some(account::signs(&mut tx, person).await.map_err(PageError::unexpected)?),
        false => None,
    };
    let waits = waits_of(&mut tx, &profile).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    let known = Known {
        waits: &waits,
        profile: &profile,
        classes: &classes,
        related: related.as_deref(),
        devices: devices.as_deref(),
        duties: duties.as_deref(),
        account,
        school: office.house.kind,
        zone: &office.house.zone,
        may_mark: who.offers::<relation::MarkRelation>(),
        may_change: who.offers::<ImportRoll>(),
    };
    Ok(who.respond(&view(&known)))
}

/// One person.
pub fn view(known: &Known<'_>) -> Page {
    let profile = known.profile;
    let title = profile.name.reveal().clone();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if !profile.here { (InsetText::new(say("roll.they-have-left-the"))) }
        @for one in known.waits { (waiting(one, known.may_change)) }
        (SummaryList::new(rows(profile, known.account, known.zone)))
        @if known.may_change { (changing(profile)) }
        @if let Some(account) = known.account.filter(|_| profile.here && profile.kind != Some(Kind::Pupil)) {
            p .govuk-body {
                a .govuk-link href={ "/staff/roll/" (profile.number.0) "/invitation" } {
                    @match account {
                        Signs::No => "Give them a way in",
                        Signs::Never => "Give them a way in: they have a name to sign in by, and never came",
                        Signs::At(_) => "Give them another way in, where theirs is lost",
                    }
                }
            }
        }
        @if !known.classes.is_empty() {
            h2 .govuk-heading-m { (say("common.classes")) }
            ul .govuk-list.govuk-list--bullet {
                @for class in known.classes {
                    li {
                        (class.name)
                        @if let Some(room) = &class.room { ", " (room) }
                        @if class.teaches { " " (say("roll.teaches-it-2")) }
                    }
                }
            }
        }
        @if let Some(duties) = known.duties.filter(|duties| !duties.is_empty()) {
            h2 .govuk-heading-m { (say("common.duties")) }
            ul .govuk-list.govuk-list--bullet {
                @for one in duties {
                    li { (duty_link(one, known.school)) (span(one, known.zone)) }
                }
            }
        }
        @if let Some(devices) = known.devices.filter(|devices| !devices.is_empty()) {
            h2 .govuk-heading-m { (say("common.devices")) }
            ul .govuk-list.govuk-list--bullet { @for device in devices { li { (device.name.reveal()) } } }
        }
        @match known.related {
            None => (InsetText::new(say("roll.who-their-family-is"))),
            Some([]) => {},
            Some(related) => {
                h2 .govuk-heading-m { (say("roll.family")) }
                @for one in related { (family(profile, one, known.may_mark)) }
            }
        }
        h2 .govuk-heading-m { (say("roll.who-keeps-this")) }
        (keeps(profile, known.may_change))
        h2 .govuk-heading-m { (say("roll.leaving")) }
        p .govuk-body { a .govuk-link href={ "/staff/roll/" (profile.number.0) "/leaving" } { (say("roll.what-they-would-leave")) } }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll"))
}

fn waiting(one: &Waits, may_change: bool) -> Markup {
    let said = html! {
        p .govuk-body { (filled!("roll.what-it-told-waits", source = one.source)) }
        ul .govuk-list.govuk-list--bullet { @for line in &one.lines { li { (line) } } }
        @if may_change {
            p .govuk-body {
                a .govuk-link href={ "/staff/roll/imports/" (one.import) } { (say("roll.look-at-it-and")) }
            }
        } @else {
            p .govuk-body { (say("roll.somebody-who-imports")) }
        }
    };
    html! { (InsetText::new(said)) }
}

fn rows(profile: &Profile, account: Option<Signs>, zone: &Zone) -> Vec<SummaryRow> {
    let stage = profile.year.and_then(YearGroup::stage).map(|(_, name)| name);
    let mut rows = vec![SummaryRow::new(
        say("roll.what-they-are"),
        profile.kind.map_or_else(|| say("roll.the-roll-does-not"), Kind::said),
    )];
    if let Some(year) = profile.year {
        rows.push(SummaryRow::new(
            say("common.year"),
            html! { (year.said()) @if let Some(stage) = stage { ", " (stage) } },
        ));
    }
    if let Some(born) = &profile.born_on {
        rows.push(SummaryRow::new(say("common.date-of-birth"), born.reveal()));
    }
    for (name, day) in [(say("common.first-day"), &profile.days.0), (say("common.last-day"), &profile.days.1)]
    {
        if let Some(day) = day {
            rows.push(SummaryRow::new(name, day));
        }
    }
    let groups = if profile.groups.is_empty() {
        say("roll.none-they-meet-what")
    } else {
        groups_in_words(&profile.groups)
    };
    rows.push(SummaryRow::new(say("roll.groups-of-the-filter"), groups));
    if let Some(account) = account {
        let says = match account {
            Signs::No => say("roll.they-have-no-name"),
            Signs::Never => say("roll.they-can-and-have"),
            Signs::At(at) => filled!("roll.last-at", when = moment(at, zone)),
        };
        rows.push(SummaryRow::new(say("roll.signing-in"), says));
    }
    let called = profile.called.iter().filter(|(source, _)| source != super::by_hand::SOURCE);
    let called = called.map(|(source, id)| format!("{} ({source})", id.reveal())).collect::<Vec<_>>();
    if !called.is_empty() {
        rows.push(SummaryRow::new(say("roll.other-systems-call-them"), called.join(", ")));
    }
    rows
}

fn changing(profile: &Profile) -> Markup {
    let address = format!("/staff/roll/{}", profile.number.0);
    html! {
        @if profile.here {
            p .govuk-body {
                a .govuk-link href={ (address) "/change" } { (say("roll.change-what-the-roll")) }
            }
        } @else {
            form method="post" action={ (address) "/return" } novalidate {
                @if profile.keeper().is_some() { input type="hidden" name="keep" value="yes"; }
                (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("roll.bring-them-back")) })
            }
        }
    }
}

/// Who keeps what is known of somebody, and so what the next import writes.
pub(super) fn keeper_in_words(profile: &Profile) -> String {
    match (profile.keeper(), profile.is_by_hand()) {
        (Some(source), _) => filled!("roll.the-source-keeps-them", source),
        (None, true) => say("roll.they-were-put-on"),
        (None, false) => say("roll.a-roll-file-of"),
    }
}

fn keeps(profile: &Profile, may_change: bool) -> Markup {
    let kept: BTreeSet<Field> = profile.kept.clone();
    html! {
        p .govuk-body { (keeper_in_words(profile)) }
        @if !kept.is_empty() {
            p .govuk-body { (say("roll.kept-by-hand")) }
            @for field in Field::ALL.into_iter().filter(|field| kept.contains(field)) {
                @if may_change && profile.here {
                    form method="post" action={ "/staff/roll/" (profile.number.0) "/kept" } novalidate {
                        p .govuk-body { (field.name()) }
                        input type="hidden" name="field" value=(field.id());
                        (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                            (marked!("roll.let-imports-write-it", hidden = html! { span .govuk-visually-hidden { ": " (field.name()) } }))
                        }) })
                    }
                } @else { p .govuk-body { (field.name()) } }
            }
        }
    }
}

/// The name of a duty as a link to it.
pub(crate) fn duty_link(one: &Assignment, school: SchoolKind) -> Markup {
    let name = Duties::built_in().named(&one.given.duty).map(|duty| duty.said_in(school));
    html! { a .govuk-link href={ "/staff/duties/" (one.given.duty) } { (name.unwrap_or_else(|| one.given.duty.clone())) } }
}

/// From when to when, as people say it.
pub(crate) fn span(one: &Assignment, zone: &Zone) -> Markup {
    html! {
        (marked!("roll.from", when = moment(one.given.span.starts_at, zone)))
        @if let Some(end) = one.given.span.ends_at { " " (marked!("roll.until", when = moment(end, zone))) }
        @if one.given.covers.is_some() { (say("roll.standing-in-for-another")) }
    }
}

fn family(profile: &Profile, one: &Parent, may_mark: bool) -> Markup {
    let is_pupil = profile.kind == Some(Kind::Pupil);
    let has = match one.responsibility {
        Some(true) => say("roll.has-parental-responsibility"),
        Some(false) => say("roll.has-no-parental-responsibility"),
        None => say("roll.nobody-has-said-whether"),
    };
    html! {
        p .govuk-body {
            a .govuk-link href={ "/staff/roll/" (one.person.0) } { (one.name.reveal()) }
            @if !one.here { " " (say("roll.not-on-the-roll")) }
            @if is_pupil { ", " (one.relation) ": " (has) } @else { (say("roll.their-child")) }
            @if may_mark && is_pupil {
                ". " a .govuk-link href={ "/staff/roll/" (profile.number.0) "/adults/" (one.person.0) } {
                    (marked!("roll.change-2", hidden = html! { span .govuk-visually-hidden { " " (marked!("roll.what-is-said-of", name = one.name.reveal())) } }))
                }
            }
        }
        @if one.restricted { (WarningText::new(say("roll.a-court-restricts-this"))) }
    }
}
