//! The roll at the portal: who is on it, and imports with their preview.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use ::store::{Actor, Tx};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRef, FromRequest as _, Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::Timestamp;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, Uploaded, filled};

use super::actions::{
    self, ApplyError, ApplyImport, ApplyLeading, Given, ImportRoll, PrepareError, ReadImports, ReadRoll,
};
use super::model::{Import, Thing, What};
use super::store::{self as tables, Searched};
use super::views;
use crate::account::{House, SignedIn};
use crate::kind::Kind;
use crate::relation::ReadRelations;
use crate::roster::{Files, LARGEST_UPLOAD_BYTES, Options, Order, Roster};

/// How many people, or changes, a page shows.
const SHOWN: u64 = 50;
/// How many imports are listed.
const LISTED: u64 = 30;

/// What comes when it comes.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Commits a changed roll, and publishes it.
pub trait Publishes: Send + Sync {
    /// Commits what the transaction has changed and publishes the roll anew. What cannot be published is not kept.
    fn roll(&self, tx: Tx, actor: Actor, at: Timestamp) -> Soon<'_, Result<(), PublishError>>;
}

/// Why a changed roll was not published, and so not kept.
#[derive(Debug, thiserror::Error)]
#[error("the roll could not be published")]
pub struct PublishError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What the pages of the roll need.
#[derive(Clone)]
pub struct Office {
    /// What every page of whoever is signed in needs.
    pub house: House,
    /// Commits and publishes a changed roll.
    pub publishes: Arc<dyn Publishes>,
    /// The groups of the policy in force.
    pub groups: Arc<dyn Fn() -> BTreeSet<String> + Send + Sync>,
}

impl FromRef<Office> for House {
    fn from_ref(office: &Office) -> Self {
        office.house.clone()
    }
}

/// The routes.
pub fn routes(office: Office) -> Router {
    let largest = DefaultBodyLimit::max(LARGEST_UPLOAD_BYTES + 64 * 1024);
    Router::new()
        .route("/staff/roll", get(roll).post(find))
        .route("/staff/roll/import", get(form).merge(post(upload).layer(largest)))
        .route("/staff/roll/import/columns", post(super::columns::remember))
        .route("/staff/roll/imports/{number}", get(preview))
        .route("/staff/roll/imports/{number}/application", get(apply_form).post(apply))
        .route("/staff/roll/imports/{number}/drop", post(drop_it))
        .route("/staff/roll/imports/{number}/undoing", post(undo))
        .route("/staff/roll/{person}", get(super::person::page))
        .merge(super::by_hand::pages::routes())
        .merge(crate::duty::pages::routes())
        .merge(crate::access::pages::routes())
        .merge(crate::scim::pages::routes())
        .merge(crate::relation::pages::routes())
        .merge(crate::leaving::pages::routes())
        .merge(crate::guest::pages::routes())
        .with_state(office)
}

/// The number at the end of a path.
pub(crate) fn number<T: Send>(path: Result<Path<T>, PathRejection>) -> Result<T, PageError> {
    path.map(|Path(number)| number).map_err(|_| PageError::NotFound)
}

fn page_of(query: Option<&str>) -> u64 {
    field(query, "page")
        .and_then(|page| page.parse().ok())
        .filter(|page| (1..1_000_000).contains(page))
        .unwrap_or(1)
}

/// A field of an address.
fn field(query: Option<&str>, name: &str) -> Option<String> {
    let fields = query.unwrap_or("").split('&').filter_map(|one| one.split_once('='));
    fields.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

async fn roll(
    State(office): State<Office>,
    who: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.as_deref();
    let kind = field(query, "kind").and_then(|id| Kind::of_id(&id));
    let class = field(query, "class");
    let searched = Searched { kind, class: class.as_deref(), words: "" };
    listed(&office, &who, &searched, page_of(query)).await
}

/// Somebody is looked for by a form that is sent, since a name must not stand in an address.
async fn find(State(office): State<Office>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    let (words, class) = (form.line("words"), form.text("class"));
    let class = Some(class).filter(|class| !class.is_empty());
    listed(&office, &who, &Searched { kind: Kind::of_id(form.text("kind")), class, words: &words }, 1).await
}

async fn listed(
    office: &Office,
    who: &SignedIn,
    searched: &Searched<'_>,
    page: u64,
) -> Result<Response, PageError> {
    who.may::<ReadRoll>(())?;
    let first = (page - 1).saturating_mul(SHOWN);
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let classes = tables::classes(&mut tx).await.map_err(PageError::unexpected)?;
    // A class that is none, or has ended, is nobody's.
    let known = searched.class.filter(|class| classes.iter().any(|one| one.id == *class));
    let searched = Searched { class: known, ..*searched };
    let (people, count) =
        tables::search(&mut tx, &searched, (first, SHOWN)).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let pages = count.div_ceil(SHOWN);
    let Searched { kind, class, words } = searched;
    let shown = views::Roll { people: &people, count, page, pages, kind, class, classes: &classes, words };
    let may = views::Offers {
        import: who.offers::<ImportRoll>(),
        duties: who.offers::<crate::duty::ReadDuties>(),
        access: who.offers::<crate::access::ReadAccess>(),
        scim: who.offers::<crate::scim::KeepOverScim>(),
        ways_in: who.offers::<crate::account::Invite>(),
    };
    Ok(who.respond(&views::roll(&shown, &may)))
}

async fn form(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    import_page(&office, &who, &Submitted::default(), &Mistakes::default(), (&[], &[])).await
}

async fn import_page(
    office: &Office,
    who: &SignedIn,
    form: &Submitted,
    mistakes: &Mistakes,
    complaints: (&[String], &[String]),
) -> Result<Response, PageError> {
    let permit = who.may::<ReadImports>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let imports = actions::list(&mut tx, &permit, LISTED).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::import(&imports, form, mistakes, complaints, &office.house.zone)))
}

async fn upload(
    State(office): State<Office>,
    who: SignedIn,
    request: Request,
) -> Result<Response, PageError> {
    // Before a byte of the file is taken.
    who.could::<ImportRoll>(())?;
    let mut mistakes = Mistakes::default();
    let Uploaded { form, file } = match Uploaded::from_request(request, &()).await {
        Ok(uploaded) => uploaded,
        Err(PageError::TooLarge) => {
            mistakes.add("roll", TOO_LARGE);
            let page = import_page(&office, &who, &Submitted::default(), &mistakes, (&[], &[])).await?;
            return Ok((StatusCode::PAYLOAD_TOO_LARGE, page).into_response());
        }
        Err(error) => return Err(error),
    };
    let Some(file) = file else {
        mistakes.add("roll", say("roll.select-the-file-that"));
        return import_page(&office, &who, &form, &mistakes, (&[], &[])).await;
    };
    let kind = Kind::of_id(form.text("kind"));
    let source = match (form.text("source"), kind) {
        ("", None) => None,
        ("", Some(kind)) => Some(format!("table-{}", kind.id())),
        (named, _) => Some(named.to_lowercase()),
    };
    let chosen = super::columns::chosen(&form);
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let remembered =
        actions::remembered_for(&mut tx, source.as_deref()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let options = Options {
        school: Some(form.text("school").to_owned()).filter(|school| !school.is_empty()),
        kind,
        dates: order(form.text("dates")),
        columns: remembered.into_iter().chain(chosen.clone()).collect(),
    };
    let columns = options.columns.clone();
    // Reading takes a while, in which other pages are answered.
    let read = move || match Files::of(&file.name, file.bytes) {
        Ok(files) => Roster::read(&files, &options)
            .map_err(|complaints| (actions::in_lines(&complaints), files.headings())),
        Err(error) => Err((vec![error.to_string()], Vec::new())),
    };
    let told = tokio::task::spawn_blocking(read).await.map_err(PageError::unexpected)?;
    let told = match told {
        Ok(told) => told,
        Err((complaints, headings)) => {
            mistakes.add("roll", say("roll.this-file-cannot-be"));
            return import_page(&office, &who, &form, &mistakes, (&complaints, &headings)).await;
        }
    };
    let groups = (office.groups)();
    let given = Given { source: source.as_deref(), groups: Some(&groups), zone: &office.house.zone };
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    let prepared = match chosen.is_empty() {
        true => Ok(()),
        false => {
            let whose = source.as_deref().unwrap_or_else(|| told.shape.source());
            actions::remember_columns(&mut tx, &permit, whose, &columns, permit.at()).await
        }
    };
    let prepared = match prepared {
        Ok(()) => actions::prepare(&mut tx, &permit, &told, &given, permit.at()).await,
        Err(error) => Err(error),
    };
    match prepared {
        Ok(import) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(to(import.number))
        }
        Err(PrepareError::Store(error)) => Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add("source", web::sentence(&error.to_string()));
            import_page(&office, &who, &form, &mistakes, (&[], &[])).await
        }
    }
}

/// Said of a file that is larger than any roll. The limit is [`LARGEST_UPLOAD_BYTES`].
const TOO_LARGE: &str = "The file is larger than 16 MB, which is the most that is taken, and nothing of it was read. Pack the CSV files into one \
    zip archive, leave out files that are not of the roll, or export one school alone; then send that";

fn order(text: &str) -> Option<Order> {
    match text {
        "day-first" => Some(Order::DayFirst),
        "month-first" => Some(Order::MonthFirst),
        _ => None,
    }
}

fn to(number: i64) -> Response {
    Redirect::to(&format!("/staff/roll/imports/{number}")).into_response()
}

/// Which changes a page shows: `person-leaves`.
fn shown(query: Option<&str>) -> Option<(Thing, What)> {
    let said = field(query, "show")?;
    let (thing, what) = said.split_once('-')?;
    Thing::of_id(thing).zip(What::of_id(what))
}

async fn preview(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let number = number(path)?;
    let (shown, page) = (shown(query.as_deref()), page_of(query.as_deref()));
    one(&office, &who, number, (shown, page), &Mistakes::default(), false).await
}

async fn one(
    office: &Office,
    who: &SignedIn,
    number: i64,
    (shown, page): (Option<(Thing, What)>, u64),
    mistakes: &Mistakes,
    applying: bool,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadImports>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let import = actions::found(&mut tx, &permit, number).await.map_err(PageError::unexpected)?;
    let Some(import) = import else { return Err(PageError::NotFound) };
    let shown = shown.or_else(|| first_of(&import));
    let at = ((page - 1).saturating_mul(SHOWN), SHOWN);
    let (changes, count) = match shown {
        Some(_) => {
            actions::changes(&mut tx, &permit, number, shown, at).await.map_err(PageError::unexpected)?
        }
        None => (Vec::new(), 0),
    };
    let names = match shown {
        Some((Thing::Class | Thing::Relation, _)) => {
            actions::names_in(&mut tx, &import).await.map_err(PageError::unexpected)?
        }
        _ => BTreeMap::new(),
    };
    let leading = match import.state.as_str() {
        "waiting" => actions::leading_in(&mut tx, &import, who.at()).await.map_err(PageError::unexpected)?,
        _ => 0,
    };
    let namesakes = match import.state.as_str() {
        "waiting" => actions::namesakes_in(&mut tx, &import).await.map_err(PageError::unexpected)?,
        _ => Vec::new(),
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let seen = views::Preview {
        namesakes: &namesakes,
        import: &import,
        changes: &changes,
        shown,
        page,
        pages: count.div_ceil(SHOWN),
        names: &names,
        may_apply: who.offers::<ApplyImport>(),
        may_see_relations: who.offers::<ReadRelations>(),
        applying,
        leading,
    };
    Ok(who.respond(&views::preview(&seen, mistakes, &office.house.zone)))
}

/// The changes that are looked at first: who leaves, then who comes.
fn first_of(import: &Import) -> Option<(Thing, What)> {
    let tallies = [
        (Thing::Person, import.summary.people),
        (Thing::Class, import.summary.classes),
        (Thing::Relation, import.summary.relations),
    ];
    tallies.into_iter().find_map(|(thing, tally)| {
        What::ALL.into_iter().find(|what| tally.of(*what) > 0).map(|what| (thing, what))
    })
}

/// A page of its own, so that whoever must prove again who they are does so before anything is applied.
async fn apply_form(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<ApplyImport>(number)?;
    one(&office, &who, number, (None, 1), &Mistakes::default(), true).await
}

async fn apply(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<ApplyImport>(number)?;
    let leavers = form.text("leavers").parse().ok();
    let mut mistakes = Mistakes::default();
    let (mut tx, permit) = who.begin::<ApplyImport>(number).await?;
    let leading = match who.offers::<ApplyLeading>() {
        true => Some(who.also::<ApplyLeading>(&mut tx, &permit, number).await?),
        false => None,
    };
    let applied =
        actions::apply(&mut tx, &permit, leading.as_ref(), leavers, &office.house.zone, permit.at()).await;
    match applied {
        Ok(_) => {}
        Err(ApplyError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            match error {
                ApplyError::Held(_) => mistakes.add("leavers", say("roll.enter-how-many-people")),
                other => mistakes.add_whole(web::sentence(&other.to_string())),
            }
            return one(&office, &who, number, (None, 1), &mistakes, true).await;
        }
    }
    if let Err(error) = office.publishes.roll(tx, permit.actor().clone(), permit.at()).await {
        mistakes.add_whole(not_kept(&error));
        let page = one(&office, &who, number, (None, 1), &mistakes, true).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response());
    }
    Ok(to(number))
}

/// What is said when something was right and could not be kept. The error is logged once, here.
pub(crate) fn not_kept(error: &PublishError) -> String {
    let reference = web::error::logged(error);
    filled!("roll.nothing-was-changed-just", reference)
}

async fn drop_it(who: SignedIn, path: Result<Path<i64>, PathRejection>) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<ImportRoll>(())?;
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    actions::drop_waiting(&mut tx, &permit, number, permit.at()).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/staff/roll/import").into_response())
}

async fn undo(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<ImportRoll>(())?;
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    match actions::prepare_undo(&mut tx, &permit, number, permit.at()).await {
        Ok(import) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(to(import.number))
        }
        Err(PrepareError::Store(error)) => Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(web::sentence(&error.to_string()));
            one(&office, &who, number, (None, 1), &mistakes, false).await
        }
    }
}
