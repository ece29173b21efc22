//! "Open and closed for a time": what holds beside the policy, ending it before its time, and closing a site now.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use engine::LiveDocument;
use kit::Private;
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, filled, sentence};

use super::closing::{self, AgreeEnd, CloseError, CloseSite, EndError, EndOverride, ReadOverrides};
use super::views::{self, Ended, Line};
use super::{GrantError, Override, Whom};
use crate::lasting::second;
use crate::lasting::second_pages::{
    self, Pages, agree, agree_form, back, disagree, number, publish, to, withdraw,
};
use crate::lasting::{self, EndedByTwo as _};
use crate::naming;
use crate::portal::{NotPublished, Portal, not_kept};
use crate::site::Site;

/// So many that are over are shown.
const ENDED: u32 = 20;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/overrides", get(all))
        .route("/staff/overrides/close", get(close_form).post(close))
        .route("/staff/overrides/{number}", get(show))
        .route("/staff/overrides/{number}/ending", post(end))
        .route("/staff/overrides/{number}/withdrawal", post(withdraw::<Override>))
        .route("/staff/overrides/{number}/agreement", get(agree_form::<Override>).post(agree::<Override>))
        .route("/staff/overrides/{number}/disagreement", post(disagree::<Override>))
}

/// Whether they see everything; whoever may only be the second person sees what waits for one.
fn sees_all(who: &SignedIn) -> Result<bool, PageError> {
    match who.may::<ReadOverrides>(()) {
        Ok(_) => Ok(true),
        Err(_) if who.offers::<AgreeEnd>() => Ok(false),
        Err(refused) => Err(refused),
    }
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let sees_all = sees_all(&who)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let holds = lasting::not_over::<Override>(&mut tx, who.at()).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for one in holds {
        let line = line(&mut tx, &portal, &who, one, false).await?;
        if sees_all || line.waiting.is_some() {
            lines.push(line);
        }
    }
    let mut over = Vec::new();
    if sees_all {
        let ended =
            lasting::ended::<Override>(&mut tx, who.at(), ENDED).await.map_err(PageError::unexpected)?;
        for one in ended {
            let by = match &one.withdrawn {
                Some(withdrawn) => {
                    Some(naming::by(&mut tx, &withdrawn.by, Some(who.standing().actor())).await?)
                }
                None => None,
            };
            let whom = naming::whom(&mut tx, &portal.filter.policy(), &one.grant.whom).await?;
            over.push(Ended { one, whom, by });
        }
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&lines, &over, who.offers::<CloseSite>(), &portal.zone)))
}

async fn line(
    tx: &mut Tx,
    portal: &Portal,
    who: &SignedIn,
    one: Override,
    answering: bool,
) -> Result<Line, PageError> {
    let actor = who.standing().actor();
    let reads = who.offers::<ReadOverrides>();
    let whom = match &one.grant.whom {
        // Whoever is asked to be the second person needs no name for that.
        Whom::Person(_) if !reads => Private::new(say("overrides.one-person")),
        whom => naming::whom(tx, &portal.filter.policy(), whom).await?,
    };
    Ok(Line {
        whom,
        by: naming::by(tx, &one.granted_by, Some(actor)).await?,
        waiting: second_pages::waiting(tx, who, &one, answering).await?,
        alone: one.may_end_alone(&actor.to_string()),
        may_end: who.offers::<EndOverride>(),
        one,
    })
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    sees_all(&who)?;
    let number = number(path)?;
    match Override::page(&portal, &who, number, &Submitted::default(), &Mistakes::default(), false).await {
        // It was there a moment ago, as a rule: whoever comes back to it sees what holds now.
        Err(PageError::NotFound) => Ok(back::<Override>()),
        answer => answer,
    }
}

impl Pages for Override {
    const PAGES: &'static str = "/staff/overrides";

    async fn page(
        portal: &Portal,
        who: &SignedIn,
        number: u32,
        form: &Submitted,
        mistakes: &Mistakes,
        answering: bool,
    ) -> Result<Response, PageError> {
        let sees_all = sees_all(who)?;
        let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
        let found = second::find(&mut tx, who.standing().actor(), number, who.at()).await;
        let found = found.map_err(PageError::unexpected)?.ok_or(PageError::NotFound)?;
        let line = line(&mut tx, portal, who, found, answering).await?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        if (!sees_all || answering) && line.waiting.is_none() {
            return Err(PageError::NotFound);
        }
        Ok(who.respond(&views::one(&line, form, mistakes, &portal.zone)))
    }
}

/// Ends it, or proposes to, where that takes two people.
async fn end(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<EndOverride>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "why", &say("overrides.enter-why-it-ends"), &mut mistakes);
    if !mistakes.none() {
        return Override::page(&portal, &who, number, &form, &mistakes, false).await;
    }
    let (mut tx, permit) = who.begin::<EndOverride>(number).await?;
    match closing::end(&mut tx, &permit, form.text("why"), permit.at()).await {
        Ok(_) => {
            publish(&portal, tx, permit.actor().clone(), permit.at()).await?;
            return Ok(back::<Override>());
        }
        Err(EndError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(EndError::TakesTwo) => {
            let proposed =
                second_pages::propose::<Override>(tx, &permit, form.text("why"), &mut mistakes).await?;
            if let Some(answer) = proposed {
                return Ok(answer);
            }
        }
        Err(EndError::NotThere) => return Ok(back::<Override>()),
        Err(EndError::NoReason) => mistakes.add("why", say("overrides.enter-why-it-ends")),
    }
    Override::page(&portal, &who, number, &form, &mistakes, false).await
}

async fn close_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.could::<CloseSite>(Whom::Everyone)?;
    Ok(closing_page(&portal, &who, &Submitted::default(), &Mistakes::default()))
}

fn closing_page(portal: &Portal, who: &SignedIn, form: &Submitted, mistakes: &Mistakes) -> Response {
    let policy = portal.filter.policy();
    let groups = policy.document().groups.iter().map(|group| (group.id.clone(), group.name.clone()));
    who.respond(&views::close(&groups.collect::<Vec<_>>(), form, mistakes))
}

async fn close(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<CloseSite>(Whom::Everyone)?;
    let mut mistakes = Mistakes::default();
    let site = whole_site(&form, &mut mistakes);
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let whom = whom(&mut tx, &portal, &form, &mut mistakes).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    checked_words(&form, "why", &say("reports.enter-why-it-is"), &mut mistakes);
    let (Some(site), Some(whom), true) = (site, whom, mistakes.none()) else {
        return Ok(closing_page(&portal, &who, &form, &mistakes));
    };
    let (policy, live) = portal.filter.both();
    let (mut tx, permit) = who.begin::<CloseSite>(whom).await?;
    let closed =
        closing::close(&mut tx, &permit, (&policy, &live), &site, form.text("why"), permit.at()).await;
    let made = match closed {
        Ok(made) => made,
        Err(CloseError::Grant(GrantError::Store(error))) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add("site", sentence(&error.to_string()));
            return Ok(closing_page(&portal, &who, &form, &mistakes));
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to::<Override>(made.number)),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            Ok(closing_page(&portal, &who, &form, &mistakes))
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(not_kept(error.as_ref()));
            let page = closing_page(&portal, &who, &form, &mistakes);
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

/// The site to be closed, whole: the pages of one cannot be closed one by one, since the filter does not see them.
fn whole_site(form: &Submitted, mistakes: &mut Mistakes) -> Option<String> {
    let typed = form.line("site");
    match Site::typed(&typed) {
        _ if typed.is_empty() => mistakes.add("site", say("explain.enter-the-sites-address")),
        None => mistakes.add("site", say("explain.enter-the-sites-address")),
        Some(Site { host, path: Some(path) }) if path != "/" => {
            mistakes.add("site", filled!("overrides.a-page-of-a", host = host));
        }
        Some(site) => return Some(site.host.strip_prefix("*.").unwrap_or(&site.host).to_owned()),
    }
    None
}

/// For whom it is closed: everyone, a group, or one person by name.
async fn whom(
    tx: &mut Tx,
    portal: &Portal,
    form: &Submitted,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let (chosen, name) = (form.text("whom"), form.line("pupil"));
    match (chosen, name.as_str()) {
        ("", "") => mistakes.add("whom", say("overrides.choose-for-whom-or")),
        ("", name) => {
            let called = people::people_called(tx, name).await.map_err(PageError::unexpected)?;
            match called.as_slice() {
                [person] => return Ok(Some(Whom::Person(person.number))),
                [] => mistakes.add("pupil", say("lesson.nobody-on-the-roll")),
                _ => mistakes.add("pupil", say("lesson.several-people-are-called")),
            }
        }
        (chosen, "") => match chosen.parse() {
            Ok(Whom::Everyone) => return Ok(Some(Whom::Everyone)),
            Ok(Whom::Group(id)) if portal.filter.policy().groups().number(&id).is_some() => {
                return Ok(Some(Whom::Group(id)));
            }
            _ => mistakes.add("whom", say("overrides.choose-one-of-those")),
        },
        _ => mistakes.add("whom", say("overrides.choose-from-the-list")),
    }
    Ok(None)
}
