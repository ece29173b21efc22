//! Who of a class has what to sign in by: looking, issuing, printing, handing out, taking back.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use documents::DocumentError;
use engine::PersonNo;
use store::Tx;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::pages::token;
use super::super::printed_code::ClassCode;
use super::actions::{
    self, AnyClass, Batch, Handling, IssueCards, IssueError, IssueToOwn, Issuing, Line, MOST_AT_ONCE, Made,
    NoteError, OnIt, OwnClass, Plan, SeeAnyClass, SeeOwnClass, Seeing,
};
use super::model::{Secret, State as CardState, made_password};
use super::{print, views};
use crate::by_age::Way;
use crate::intake::{Called, ClassOrGroup, classes};

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/staff/cards", get(all))
        .route("/staff/cards/{of}", get(one))
        .route("/staff/cards/{of}/issue", get(issue_form).post(issue))
        .route("/staff/cards/{of}/class-card", post(class_card))
        .route("/staff/cards/{of}/handing-out", post(hand_out))
        .route("/staff/cards/{of}/{person}/card", post(another))
        .route("/staff/cards/{of}/{person}/place", post(note))
        .route("/staff/cards/{of}/{person}/tries", post(let_go_on))
}

fn unexpected(error: store::StoreError) -> PageError {
    PageError::unexpected(error)
}

fn of<T: Send>(path: Result<Path<T>, PathRejection>) -> Result<T, PageError> {
    path.map(|Path(of)| of).map_err(|_| PageError::NotFound)
}

fn class(text: &str) -> Result<ClassOrGroup, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The right to look at a class.
pub(crate) async fn may_see(who: &SignedIn, tx: &mut Tx, of: ClassOrGroup) -> Result<Seeing, PageError> {
    if who.offers::<SeeAnyClass>() {
        return Ok(Seeing::any(&who.may::<SeeAnyClass>(of)?));
    }
    let permit = who.may::<SeeOwnClass>(of)?;
    Seeing::own(tx, &permit).await.map_err(unexpected)?.ok_or(PageError::NotFound)
}

/// Begins a change to the cards of a class.
pub(crate) async fn begin(who: &SignedIn, of: ClassOrGroup) -> Result<(Tx, Handling), PageError> {
    if who.offers::<AnyClass>() {
        let (tx, permit) = who.begin::<AnyClass>(of).await?;
        return Ok((tx, Handling::any(&permit)));
    }
    let (mut tx, permit) = who.begin::<OwnClass>(of).await?;
    let may = Handling::own(&mut tx, &permit).await.map_err(unexpected)?;
    Ok((tx, may.ok_or(PageError::NotFound)?))
}

/// Whether they could issue to a class: what is printed for it takes its time, and asks for a fresh proof before.
fn could_issue(who: &SignedIn, of: &ClassOrGroup) -> Result<(), PageError> {
    if who.offers::<IssueCards>() {
        who.could::<IssueCards>(of.clone())
    } else {
        who.could::<IssueToOwn>(of.clone())
    }
}

/// Begins to issue to a class.
async fn begin_issuing(who: &SignedIn, of: ClassOrGroup) -> Result<(Tx, Issuing), PageError> {
    if who.offers::<IssueCards>() {
        let (tx, permit) = who.begin::<IssueCards>(of).await?;
        return Ok((tx, Issuing::any(&permit)));
    }
    let (mut tx, permit) = who.begin::<IssueToOwn>(of).await?;
    let may = Issuing::own(&mut tx, &permit).await.map_err(unexpected)?;
    Ok((tx, may.ok_or(PageError::NotFound)?))
}

async fn all(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    let any = who.offers::<AnyClass>();
    if !any {
        // Whose classes they are is looked up below.
        who.may::<SeeOwnClass>(ClassOrGroup::Group("own".to_owned()))?;
    }
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let (classes, groups) = if any {
        let classes = classes::classes(&mut tx).await.map_err(unexpected)?;
        let mut groups: Vec<String> =
            crate::store::groups(&mut tx).await.map_err(unexpected)?.into_iter().collect();
        groups.sort_by_cached_key(|id| (classes::in_order(id), id.clone()));
        let called = |id: String| Called { name: classes::in_words(&id), of: ClassOrGroup::Group(id) };
        (classes, groups.into_iter().map(called).collect())
    } else {
        let own = actions::own_classes(&mut tx, who.standing().actor()).await.map_err(unexpected)?;
        (own, Vec::new())
    };
    tx.roll_back().await.map_err(unexpected)?;
    Ok(who.respond(&views::all(&classes, &groups, any)))
}

async fn planned(house: &House, who: &SignedIn, of: &ClassOrGroup) -> Result<Plan, PageError> {
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let may = may_see(who, &mut tx, of.clone()).await?;
    let plan = actions::plan(&mut tx, &may, who.at()).await.map_err(unexpected)?;
    tx.roll_back().await.map_err(unexpected)?;
    plan.ok_or(PageError::NotFound)
}

async fn one(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let plan = planned(&house, &who, &class(&of(path)?)?).await?;
    Ok(shown(&house, &who, &plan, &Mistakes::default()))
}

fn shown(house: &House, who: &SignedIn, plan: &Plan, mistakes: &Mistakes) -> Response {
    who.respond(&views::one(plan, who.offers::<IssueCards>(), &house.zone, mistakes))
}

/// A page of its own, so that whoever must prove again who they are does so before anything is made.
async fn issue_form(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let of = class(&of(path)?)?;
    who.could::<IssueCards>(of.clone())?;
    let plan = planned(&house, &who, &of).await?;
    Ok(who.respond(&views::issue(&plan, &Submitted::default(), &Mistakes::default())))
}

async fn issue(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let of = class(&of(path)?)?;
    who.could::<IssueCards>(of.clone())?;
    let plan = planned(&house, &who, &of).await?;
    let mut mistakes = Mistakes::default();
    let everybody = match form.text("whom") {
        "everybody" => true,
        "without" => false,
        _ => {
            mistakes.add("whom", say("card.choose-whom-to-make"));
            return Ok(who.respond(&views::issue(&plan, &form, &mistakes)));
        }
    };
    let theirs = plan.lines.iter().filter(|line| line.left_out.is_none() && (everybody || !line.has()));
    let lines: Vec<Line> = theirs.take(MOST_AT_ONCE).cloned().collect();
    let some_cards = lines.iter().any(|line| line.rule.way.is_card());
    let new_code = form.text("class-card") == "yes" || (some_cards && plan.class_card.is_none());
    if lines.is_empty() && !new_code {
        mistakes.add("whom", say("card.everybody-has-something-to"));
        return Ok(who.respond(&views::issue(&plan, &form, &mistakes)));
    }
    let printed = printed(&house, &who, &from, &plan.name, lines, new_code).await;
    let printed = match printed {
        Ok(printed) => printed,
        Err(NotMade::Busy(say)) => {
            mistakes.add("whom", say);
            return Ok(who.respond(&views::issue(&plan, &form, &mistakes)));
        }
        Err(NotMade::Page(error)) => return Err(error),
    };
    let (mut tx, may) = begin_issuing(&who, of).await?;
    match printed.issue(&mut tx, &may, &house).await {
        Ok(()) => tx.commit().await.map_err(unexpected)?,
        Err(IssueError::Changed) => {
            drop(tx);
            mistakes.add("whom", say("card.somebody-else-changed-this"));
            let plan = planned(&house, &who, &plan.of).await?;
            return Ok(who.respond(&views::issue(&plan, &form, &mistakes)));
        }
        Err(IssueError::Store(error)) => return Err(unexpected(error)),
    }
    Ok(printed.response())
}

/// Another card or slip for one pupil.
async fn another(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let (text, person) = of(path)?;
    let of = class(&text)?;
    could_issue(&who, &of)?;
    let plan = planned(&house, &who, &of).await?;
    let line = plan.lines.iter().find(|line| line.person == PersonNo(person) && line.left_out.is_none());
    let line = line.ok_or(PageError::NotFound)?;
    let printed = printed(&house, &who, &from, &plan.name, vec![line.clone()], false).await;
    keep(&house, &who, &plan, printed).await
}

/// Another class card, which ends the one before.
async fn class_card(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let of = class(&of(path)?)?;
    could_issue(&who, &of)?;
    let plan = planned(&house, &who, &of).await?;
    let printed = printed(&house, &who, &from, &plan.name, Vec::new(), true).await;
    keep(&house, &who, &plan, printed).await
}

/// Keeps what was printed for a class, and gives it out.
async fn keep(
    house: &House,
    who: &SignedIn,
    plan: &Plan,
    printed: Result<Printed, NotMade>,
) -> Result<Response, PageError> {
    let mut mistakes = Mistakes::default();
    let printed = match printed {
        Ok(printed) => printed,
        Err(NotMade::Busy(say)) => {
            mistakes.add_whole(say);
            return Ok(shown(house, who, plan, &mistakes));
        }
        Err(NotMade::Page(error)) => return Err(error),
    };
    let (mut tx, may) = begin_issuing(who, plan.of.clone()).await?;
    match printed.issue(&mut tx, &may, house).await {
        Ok(()) => tx.commit().await.map_err(unexpected)?,
        Err(IssueError::Changed) => {
            drop(tx);
            mistakes.add_whole(say("card.somebody-else-changed-this-meanwhile"));
            let plan = planned(house, who, &plan.of).await?;
            return Ok(shown(house, who, &plan, &mistakes));
        }
        Err(IssueError::Store(error)) => return Err(unexpected(error)),
    }
    Ok(printed.response())
}

/// What was made and set in print, and is not kept yet.
struct Printed {
    made: Vec<Made>,
    code: Option<ClassCode>,
    pdf: Vec<u8>,
}

impl Printed {
    async fn issue(&self, tx: &mut Tx, may: &Issuing, house: &House) -> Result<(), IssueError> {
        let batch = Batch { made: &self.made, code: self.code.as_ref(), key: &house.key };
        actions::issue(tx, may, &batch).await
    }

    fn response(self) -> Response {
        pdf(self.pdf, "cards.pdf")
    }
}

/// A document for whoever asked for it. No cache keeps it.
pub(crate) fn pdf(bytes: Vec<u8>, name: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (StatusCode::OK, headers, bytes).into_response()
}

/// Sets a document, where pages are answered meanwhile.
pub(crate) async fn set_in_print(
    template: &'static documents::Template,
    data: serde_json::Value,
    at: kit::Timestamp,
) -> Result<Vec<u8>, PageError> {
    let set = tokio::task::spawn_blocking(move || documents::pdf(template, &data, at));
    let set: Result<Vec<u8>, DocumentError> = set.await.map_err(PageError::unexpected)?;
    set.map_err(PageError::unexpected)
}

/// Why nothing was made.
enum NotMade {
    /// There is no room just now: what to say.
    Busy(String),
    /// Something we did not foresee.
    Page(PageError),
}

/// Makes what some pupils get, and sets it in print. Nothing is kept of it before it is in print, and nothing of it in plain after.
async fn printed(
    house: &House,
    who: &SignedIn,
    from: &From,
    class: &str,
    lines: Vec<Line>,
    new_code: bool,
) -> Result<Printed, NotMade> {
    let at = who.at();
    let mut made = Vec::new();
    let ids = kit::Ids::default();
    for line in lines {
        let Some(sign_in) = line.sign_in.clone() else { continue };
        let on_it = match line.rule.way {
            Way::Pictures | Way::Words => OnIt::Secret(secret(&line)?),
            Way::Own => OnIt::Link(token().map_err(NotMade::Page)?),
            Way::Password => {
                let password = made_password(line.rule.length, random()?).ok_or_else(no_words)?;
                let hash = house.hashing.hash(&house.place(from), password.clone()).await;
                let hash = hash.map_err(|_| NotMade::Busy(say("sign-in.busy")))?;
                OnIt::Password(password, hash.ok_or_else(no_randomness)?)
            }
        };
        made.push(Made { sign_in, id: ids.make(at), on_it, line });
    }
    let code = if new_code {
        let made = ClassCode::made();
        Some(made.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?)
    } else {
        None
    };
    let school = house.school();
    let beside =
        print::Beside { class, code: code.as_ref(), school: &school, url: &house.url, zone: &house.zone, at };
    let data = web::speech::in_english(|| print::data(&made, &beside));
    let pdf = set_in_print(&print::CARDS, data, at).await.map_err(NotMade::Page)?;
    Ok(Printed { made, code, pdf })
}

fn secret(line: &Line) -> Result<Secret, NotMade> {
    // One of sixteen squared is refused for being plain; sixteen in a row never are.
    for _ in 0..16 {
        if let Some(secret) = Secret::made(line.rule.way, line.rule.length, random()?) {
            return Ok(secret);
        }
    }
    Err(no_words())
}

pub(crate) fn no_randomness() -> PageError {
    PageError::unexpected("the machine gives no randomness")
}

fn no_words() -> NotMade {
    NotMade::Page(PageError::unexpected("content/accounts.toml has no words or pictures"))
}

impl std::convert::From<PageError> for NotMade {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], PageError> {
    let mut random = [0; N];
    getrandom::fill(&mut random).map_err(|_| no_randomness())?;
    Ok(random)
}

async fn hand_out(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let of = class(&of(path)?)?;
    let (mut tx, may) = begin(&who, of.clone()).await?;
    let handed = actions::hand_out(&mut tx, &may).await.map(drop);
    noted(&house, &who, &of, tx, handed).await
}

async fn note(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<(String, u32)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let (text, person) = of(path)?;
    let of = class(&text)?;
    let (mut tx, may) = begin(&who, of.clone()).await?;
    let to = CardState::of_id(form.text("place")).ok_or(PageError::NotFound)?;
    let done = actions::note(&mut tx, &may, PersonNo(person), to).await;
    noted(&house, &who, &of, tx, done).await
}

async fn let_go_on(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let (text, person) = of(path)?;
    let of = class(&text)?;
    let (mut tx, may) = begin(&who, of.clone()).await?;
    let done = actions::let_go_on(&mut tx, &may, PersonNo(person), &house.key).await;
    noted(&house, &who, &of, tx, done).await
}

async fn noted(
    house: &House,
    who: &SignedIn,
    of: &ClassOrGroup,
    tx: Tx,
    done: Result<(), NoteError>,
) -> Result<Response, PageError> {
    match done {
        Ok(()) => tx.commit().await.map_err(unexpected)?,
        Err(NoteError::Changed) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(say("card.somebody-else-changed-this-meanwhile"));
            let plan = planned(house, who, of).await?;
            return Ok(shown(house, who, &plan, &mistakes));
        }
        Err(NoteError::Store(error)) => return Err(unexpected(error)),
    }
    Ok(Redirect::to(&format!("/staff/cards/{of}")).into_response())
}
