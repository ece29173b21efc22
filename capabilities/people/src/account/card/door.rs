//! Signing in by a card: the class by its code, a name out of the class, then pictures or words.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::{Private, Timestamp};
use store::Tx;
use web::speech::say;
use web::{Mistakes, Page, PageError, Submitted};

use super::super::actions::{self as accounts, Proved};
use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::pages::{token, with_cookies};
use super::super::printed_code::ClassCode;
use super::super::trying::{Outcome, Trying};
use super::super::{store as accounts_table, views as account_views};
use super::SIGN_IN;
use super::actions::{code_hash, whom};
use super::bounds::{Tried, Try};
use super::device::{Device, Devices};
use super::door_views::{self as views, Child};
use super::model::{Card, Secret};
use super::store::{self as table, ClassCard};
use crate::by_age::{ByAge, Way, rules};
use crate::intake::classes;
use crate::store::Known;

/// A day.
const DAY_MS: i64 = 86_400_000;

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/sign-in/card", get(names).post(typed))
        .route("/sign-in/card/forget", post(forget))
        .route("/sign-in/card/of/{card}", get(chosen).post(given))
        .route("/sign-in/card/{code}", get(scanned))
        .route("/hello", get(hello))
}

fn unexpected(error: store::StoreError) -> PageError {
    PageError::unexpected(error)
}

/// A code that a camera read.
async fn scanned(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(code) = path.map_err(|_| PageError::NotFound)?;
    open_class(&house, &from, &code, Asked::ByLink).await
}

/// A code that somebody typed.
async fn typed(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    open_class(&house, &from, form.text("code"), Asked::Here).await
}

/// How a device is shown a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// By an address, which anybody may have sent it to.
    ByLink,
    /// By a form of ours.
    Here,
}

/// Shows a device the class of a code: the one who opens it is led on, so that the code stays in no address.
async fn open_class(house: &House, from: &From, code: &str, asked: Asked) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let again = |say: String| {
        let mut mistakes = Mistakes::default();
        mistakes.add("code", say);
        Ok(house.respond(&views::code(&mistakes)))
    };
    let Some(code) = ClassCode::read(code) else {
        return again(say("card.enter-the-ten-letters"));
    };
    let at = house.clock.now();
    let (hash, place) = (code_hash(&house.key, &code), house.place(from));
    let trying = Trying { whom: hash.clone(), place: place.clone(), crowd: Some(place), everywhere: false };
    let mut tx = house.db.begin().await.map_err(unexpected)?;
    let wait = trying.begin(&mut tx, at).await.map_err(unexpected)?;
    let class = match wait {
        None => table::class_card_of(&mut tx, &hash).await.map_err(unexpected)?,
        Some(_) => None,
    };
    let devices = house.class_devices(&from.cookies);
    let shows_another = match (&class, devices.shown()) {
        (Some(class), Some(shown)) if shown.class != class.id => {
            table::class_card(&mut tx, shown.class).await.map_err(unexpected)?.is_some()
        }
        _ => false,
    };
    if class.is_some() {
        trying.got_it_right(&mut tx, at).await.map_err(unexpected)?;
    }
    tx.commit().await.map_err(unexpected)?;
    match (class, wait) {
        // A link takes no device from its class: whoever has it in their hands says so.
        (Some(_), _) if shows_another && asked == Asked::ByLink => {
            Ok(house.respond(&views::another_class(code.reveal())))
        }
        (Some(class), _) => {
            let device = devices.of(class.id).cloned().or_else(|| Device::new(class.id));
            let device = device.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?;
            let to = Redirect::to(SIGN_IN).into_response();
            Ok(with_cookies(to, [house.devices_cookie(&devices.showing(device))]))
        }
        (None, Some(wait)) => {
            house.counts.one(Outcome::Waited);
            again(account_views::wait(wait))
        }
        (None, None) => {
            house.counts.one(Outcome::Wrong);
            again(say("card.no-class-has-that"))
        }
    }
}

/// Whose names a device may show.
struct Class {
    card: ClassCard,
    device: Device,
    devices: Devices,
    members: Vec<Known>,
    cards: Vec<Card>,
}

impl Class {
    /// The class that a browser was shown; `None` where it was shown none that holds.
    async fn of(house: &House, tx: &mut Tx, from: &From) -> Result<Option<Self>, PageError> {
        let devices = house.class_devices(&from.cookies);
        let Some(device) = devices.shown().cloned() else { return Ok(None) };
        let Some(card) = table::class_card(tx, device.class).await.map_err(unexpected)? else {
            return Ok(None);
        };
        let members = classes::members(tx, &card.of).await.map_err(unexpected)?;
        let people: Vec<PersonNo> = members.iter().map(|one| one.number).collect();
        let cards = table::held_by(tx, &people).await.map_err(unexpected)?;
        Ok(Some(Self { card, device, devices, members, cards }))
    }

    /// The children who have a card, as they are called in their class.
    fn children(&self) -> Vec<Child> {
        let with_card = self.members.iter().filter_map(|one| {
            let card = self.cards.iter().find(|card| card.person == one.number)?;
            Some((card, one))
        });
        let all: Vec<(&Card, &Known)> = with_card.collect();
        let names: Vec<&Known> = all.iter().map(|(_, one)| *one).collect();
        let called = views::called(&names);
        let mut children: Vec<Child> = all
            .iter()
            .zip(called)
            .map(|((card, _), name)| Child { card: card.id, name: Private::new(name) })
            .collect();
        children.sort_by(|one, other| one.name.reveal().cmp(other.name.reveal()));
        children
    }

    /// A child's card, by what an address says, with the child.
    fn with(&self, id: &str) -> Option<(&Card, &Self, Child)> {
        let id = id.parse().ok()?;
        let card = self.cards.iter().find(|card| card.id == id)?;
        Some((card, self, self.children().into_iter().find(|child| child.card == id)?))
    }
}

/// The names of the class that the device was shown; the field for a code where it was shown none.
async fn names(State(house): State<House>, from: From) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let class = Class::of(&house, &mut tx, &from).await?;
    tx.roll_back().await.map_err(unexpected)?;
    Ok(house.respond(
        &class.map_or_else(|| views::code(&Mistakes::default()), |class| views::names(&class.children())),
    ))
}

/// Shows no class any more. The device is known for those that it was known for.
async fn forget(State(house): State<House>, from: From) -> Response {
    let devices = house.class_devices(&from.cookies).showing_none();
    with_cookies(Redirect::to(SIGN_IN).into_response(), [house.devices_cookie(&devices)])
}

/// Somebody pressed their name.
async fn chosen(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let class = Class::of(&house, &mut tx, &from).await?;
    tx.roll_back().await.map_err(unexpected)?;
    let Some((card, _, child)) = class.as_ref().and_then(|class| class.with(&id)) else {
        return Ok(Redirect::to(SIGN_IN).into_response());
    };
    Ok(house.respond(&ask(card, &child, "", None)))
}

/// The page that asks for what is on a card; `so_far` are the pictures that were pressed.
fn ask(card: &Card, child: &Child, so_far: &str, say: Option<&'static str>) -> Page {
    match card.way {
        Way::Pictures => views::pictures(child, (so_far, card.length), say),
        _ => views::words(child, card.length, say),
    }
}

/// Somebody pressed a picture, or typed their words.
async fn given(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let at = house.clock.now();
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let class = Class::of(&house, &mut tx, &from).await?;
    tx.roll_back().await.map_err(unexpected)?;
    let Some((card, _, child)) = class.as_ref().and_then(|class| class.with(&id)) else {
        return Ok(Redirect::to(SIGN_IN).into_response());
    };
    let said = match card.way {
        Way::Pictures => format!("{} {}", form.line("so-far"), form.line("pick")),
        _ => form.line("words"),
    };
    let secret = Secret::given(&said);
    if card.way == Way::Pictures && secret.parts().len() < card.length {
        let known = ByAge::built_in().pictures();
        let so_far: Vec<&str> = secret
            .parts()
            .iter()
            .map(String::as_str)
            .filter(|one| known.iter().any(|name| name == one))
            .collect();
        return Ok(house.respond(&ask(card, &child, &so_far.join(" "), None)));
    }
    let mut tx = house.db.begin().await.map_err(unexpected)?;
    // Nobody else writes meanwhile, so many tries at once are no more than one after the other; and looked at anew, as it is now.
    let class = Class::of(&house, &mut tx, &from).await?;
    let Some((card, class, child)) = class.as_ref().and_then(|class| class.with(&id)) else {
        return Ok(Redirect::to(SIGN_IN).into_response());
    };
    match house.try_card(&mut tx, class, card, &secret, &from, at).await? {
        Came::In(cookies) => {
            tx.commit().await.map_err(unexpected)?;
            house.counts.one(Outcome::Right);
            Ok(with_cookies(Redirect::to("/hello").into_response(), cookies))
        }
        Came::Not(outcome, say) => {
            tx.commit().await.map_err(unexpected)?;
            house.counts.one(outcome);
            Ok(house.respond(&ask(card, &child, "", Some(say))))
        }
    }
}

/// What came of a try.
enum Came {
    /// They are signed in: cookies of the session and of the device.
    In([Option<axum::http::HeaderValue>; 2]),
    /// They are not, and what they are told.
    Not(Outcome, &'static str),
}

impl House {
    /// One try of a card, within its bounds, and counted before it is looked at.
    async fn try_card(
        &self,
        tx: &mut Tx,
        class: &Class,
        card: &Card,
        secret: &Secret,
        from: &From,
        at: Timestamp,
    ) -> Result<Came, PageError> {
        let device = &class.device;
        let (whom, place) = (whom(&self.key, card.id), self.keyed("class device", &device.which));
        let here = accounts_table::failures(tx, &whom, &place).await.map_err(unexpected)?;
        // Counted by the day, whatever is right in between.
        let day = format!("day {}", at.as_millis().div_euclid(DAY_MS));
        let (today, _) = accounts_table::failures(tx, &whom, &day).await.map_err(unexpected)?;
        let tried = Tried { here, strange: card.strange, class: class.card.strange, today };
        match tried.another(device.known, at) {
            Try::Yes => {}
            Try::NotHereToday => return Ok(Came::Not(Outcome::Waited, views::NOT_HERE_TODAY)),
            Try::NotToday => return Ok(Came::Not(Outcome::Waited, views::NOT_TODAY)),
            Try::NotHere | Try::NotOfTheClass => return Ok(Came::Not(Outcome::Waited, views::NOT_HERE)),
        }
        let (before, last) = here;
        let before = if at.as_millis() - last.as_millis() < DAY_MS { before } else { 0 };
        accounts_table::failed(tx, &whom, &place, before.saturating_add(1), at).await.map_err(unexpected)?;
        if !device.known {
            table::tried(tx, card.id, class.card.id).await.map_err(unexpected)?;
        }
        let right = card.hash.as_ref().is_some_and(|kept| secret.is(kept, &self.key, card.id));
        let account = accounts_table::of_person(tx, card.person).await.map_err(unexpected)?;
        let Some(account) = account.filter(|_| right) else {
            let today = today.saturating_add(1);
            accounts_table::failed(tx, &whom, &day, today, at).await.map_err(unexpected)?;
            return Ok(Came::Not(Outcome::Wrong, views::NOT_RIGHT));
        };
        if !device.known {
            table::forgive(tx, card.id).await.map_err(unexpected)?;
            table::forgive_class(tx, class.card.id).await.map_err(unexpected)?;
        }
        let (token, trying) = (token()?, Trying { whom, place, crowd: None, everywhere: false });
        let agent = from.agent.clone();
        // The child who had the device before may have forgotten to sign out.
        let before = self.token(&from.cookies);
        let proved = Proved { account: &account, how: "card", proofs: 0, agent, trying: &trying, before };
        if accounts::sign_in(tx, proved, &token, at).await.map_err(unexpected)?.is_none() {
            return Ok(Came::Not(Outcome::Wrong, views::NOT_RIGHT));
        }
        let known = device.known || self.becomes_known(tx, card, &day, at).await?;
        let known = Device { known, ..device.clone() };
        let devices = class.devices.clone().showing(known);
        Ok(Came::In([self.set_cookie(&token), self.devices_cookie(&devices)]))
    }

    /// Whether a card makes one more device known today. The count is kept beside those of failures, as a card's own.
    async fn becomes_known(
        &self,
        tx: &mut Tx,
        card: &Card,
        day: &str,
        at: Timestamp,
    ) -> Result<bool, PageError> {
        let made = self.keyed("made known by a card", &card.id.to_string());
        let (count, _) = accounts_table::failures(tx, &made, day).await.map_err(unexpected)?;
        if count >= ByAge::built_in().bounds().known_in_a_day {
            return Ok(false);
        }
        accounts_table::failed(tx, &made, day, count.saturating_add(1), at).await.map_err(unexpected)?;
        Ok(true)
    }
}

/// Whoever signed in by a card begins here.
async fn hello(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let known = crate::store::known_of(&mut tx, who.person()).await.map_err(unexpected)?;
    let rules = rules(&mut tx).await.map_err(unexpected)?;
    tx.roll_back().await.map_err(unexpected)?;
    let known = known.ok_or(PageError::NotFound)?;
    let taught = rules.of(&known).and_then(|rule| ByAge::built_in().taught(&rule.id));
    Ok(who.respond(&views::hello(&known, taught)))
}
