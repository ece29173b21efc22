//! Signing in at a provider: there, and back.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::{Private, Timestamp};
use store::Actor;
use url::form_urlencoded;
use web::form::back_to;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::super::actions::{self as accounts, Proved};
use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::link::{self, Told};
use super::super::pages::{sign_in_page, token, with_cookies};
use super::super::trying::Outcome;
use super::super::{passkeys, store as table, views as account_views};
use super::asking::{Away, Provider, ProviderError, Said};

/// How long somebody may be away.
const AWAY_MS: i64 = 10 * 60_000;
const AWAY: &str = "away at a provider";
const TOO_OLD: &str = "provider.too-old";
/// How much earlier than it was asked for a proof may be, in seconds: clocks differ.
const BEFORE_S: i64 = 60;

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/sign-in/with/{provider}", get(begin))
        .route("/sign-in/with/{provider}/again", get(begin_again))
        .route("/sign-in/with/{provider}/return", get(come_back))
        .route("/me/links/{system}/removal", post(unlink))
}

/// A way to a provider, as a page offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What people call the provider.
    pub name: String,
    /// Where it begins.
    pub href: String,
}

impl House {
    /// The ways to sign in elsewhere, to go on at `back` afterwards.
    pub(in super::super) fn ways_elsewhere(&self, back: &str) -> Vec<Way> {
        let way = |provider: &Provider| Way {
            name: provider.settings().name.clone(),
            href: format!("/sign-in/with/{}?back={}", provider.settings().id, web::form::in_a_query(back)),
        };
        self.ways.providers.iter().map(way).collect()
    }

    /// The same to prove again who somebody is, at those that they are linked to.
    pub(in super::super) fn ways_again(&self, linked: &[String], back: &str) -> Vec<Way> {
        let known = self.ways.providers.iter().filter(|provider| linked.contains(&provider.settings().id));
        let way = |provider: &Provider| Way {
            name: provider.settings().name.clone(),
            href: format!(
                "/sign-in/with/{}/again?back={}",
                provider.settings().id,
                web::form::in_a_query(back)
            ),
        };
        known.map(way).collect()
    }

    fn provider(&self, path: Result<Path<String>, PathRejection>) -> Result<Provider, PageError> {
        let Path(id) = path.map_err(|_| PageError::NotFound)?;
        let found = self.ways.providers.iter().find(|provider| provider.settings().id == id);
        found.cloned().ok_or(PageError::NotFound)
    }

    /// Where browsers come back to: to the letter what the provider was told.
    fn ours(&self, provider: &Provider) -> String {
        format!("{}/sign-in/with/{}/return", self.url, provider.settings().id)
    }

    async fn send_away(
        &self,
        provider: &Provider,
        from: &From,
        (back, again): (String, Option<String>),
        at: Timestamp,
    ) -> Result<Response, PageError> {
        let ours = self.ours(provider);
        match provider.send_away(&ours, (back.clone(), again), &self.place(from), at).await {
            Ok((address, away)) => {
                let sealed = self.send_along(AWAY, &away, AWAY_MS, at);
                let sealed =
                    sealed.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?;
                let cookie = self.away_cookie(&sealed, AWAY_MS / 1_000);
                Ok(with_cookies(Redirect::to(&address).into_response(), [cookie]))
            }
            Err(error) => Ok(self.did_not_work(provider, &error, &back)),
        }
    }

    /// The page to sign in on, with what became of a provider. The way by a password is on it.
    fn did_not_work(&self, provider: &Provider, error: &ProviderError, back: &str) -> Response {
        let name = &provider.settings().name;
        let (outcome, say) = match error {
            ProviderError::Busy(_) => (Outcome::Busy, say("sign-in.busy")),
            ProviderError::Silent => (Outcome::Elsewhere, filled!("provider.does-not-answer-just", name)),
            ProviderError::NotTaken(why) => {
                tracing::warn!(provider = provider.settings().id, why, "A provider's word was not taken");
                (Outcome::Elsewhere, filled!("provider.what-says-of-you", name))
            }
        };
        self.counts.one(outcome);
        self.start_again(back, say)
    }

    fn start_again(&self, back: &str, say: String) -> Response {
        let mut mistakes = Mistakes::default();
        mistakes.add_whole(say);
        let page = sign_in_page(self, &Submitted::of([("back", back)]), &mistakes);
        with_cookies(self.respond(&page), [self.away_cookie("", 0)])
    }
}

async fn begin(
    State(house): State<House>,
    from: From,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let provider = house.provider(path)?;
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let back = back_to(query.as_deref());
    // A provider may ask nothing of somebody whom it knows: no page of anybody else's begins a session here, whoever opens it.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        let page = format!("{}?back={}", web::error::SIGN_IN, web::form::in_a_query(&back));
        return Ok(Redirect::to(&page).into_response());
    }
    house.send_away(&provider, &from, (back, None), house.clock.now()).await
}

async fn begin_again(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let provider = house.provider(path)?;
    if !from.is_private {
        return Ok(who.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let back = back_to(query.as_deref());
    let again = Some(who.session().hash.clone());
    house.send_away(&provider, &from, (back, again), who.at()).await
}

async fn come_back(
    State(house): State<House>,
    who: Result<SignedIn, PageError>,
    from: From,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let provider = house.provider(path)?;
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let at = house.clock.now();
    let query = query.unwrap_or_default();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let (id, name) = (&provider.settings().id, &provider.settings().name);
    let sealed = house.away(&from.cookies).unwrap_or("").to_owned();
    let away = house.comes_back::<Away>(AWAY, &sealed, at);
    let away = away.filter(|away| away.provider == *id && field("state").as_ref() == Some(&away.state));
    let Some(away) = away else {
        house.counts.one(Outcome::Wrong);
        return Ok(house.start_again(web::form::HOME, say(TOO_OLD)));
    };
    let (back, again, left_at) = (away.back.clone(), away.again.clone(), away.left_at);
    if field("iss").is_some_and(|issuer| issuer != provider.settings().issuer) {
        let error = ProviderError::NotTaken("the answer came by way of another provider");
        return Ok(house.did_not_work(&provider, &error, &back));
    }
    let Some(code) = field("code").filter(|_| field("error").is_none()) else {
        house.counts.one(Outcome::Wrong);
        let say = filled!("provider.did-not-let-you", name);
        return Ok(house.start_again(&back, say));
    };
    let said = match provider.who(&house.ours(&provider), (away, code), &house.place(&from), at).await {
        Ok(said) => said,
        Err(error) => return Ok(house.did_not_work(&provider, &error, &back)),
    };
    if !house.takes(&sealed, at) {
        house.counts.one(Outcome::Wrong);
        return Ok(house.start_again(&back, say(TOO_OLD)));
    }
    match (again, who) {
        (None, _) => sign_in(&house, &provider, from, (said, back), at).await,
        (Some(session), Ok(who)) if who.session().hash == session => {
            prove_again(&house, &provider, &who, &from, (said, back, left_at)).await
        }
        // Their session ended meanwhile.
        (Some(_), _) => Ok(house.start_again(&back, say("provider.you-have-been-signed"))),
    }
}

/// What a provider said, as whose account it is asks for it.
fn told(provider: &Provider, said: Said) -> Told<'_> {
    let settings = provider.settings();
    Told {
        system: &settings.id,
        subject: Some(said.subject),
        value: said.value,
        means: settings.means,
        called: said.called,
    }
}

async fn sign_in(
    house: &House,
    provider: &Provider,
    from: From,
    (said, back): (Said, String),
    at: Timestamp,
) -> Result<Response, PageError> {
    let (several, name) = (said.several, &provider.settings().name);
    let nobody = || {
        house.counts.one(Outcome::Wrong);
        // The same whoever it would be, and whyever it is not.
        let say = filled!("provider.knows-you-and-nobody", name);
        Ok(house.start_again(&back, say))
    };
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let account = house.whose(&mut tx, &told(provider, said), at).await.map_err(PageError::unexpected)?;
    let Some(account) = account else { return nobody() };
    let how = provider.settings().id.as_str();
    if !several && let Some(page) = house.second_step(&mut tx, (&account, how), &back, at).await? {
        // That it is theirs is known now.
        tx.commit().await.map_err(PageError::unexpected)?;
        return Ok(with_cookies(page, [house.away_cookie("", 0)]));
    }
    let trying = house.trying(account.name.reveal(), &from);
    let known = house.known_cookie(&trying, &from.cookies);
    let session = token()?;
    let proofs = if several { 2 } else { 1 };
    let (agent, before) = (from.agent, house.token(&from.cookies));
    let proved = Proved { account: &account, how, proofs, agent, trying: &trying, before };
    if accounts::sign_in(&mut tx, proved, &session, at).await.map_err(PageError::unexpected)?.is_none() {
        return nobody();
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    house.counts.one(Outcome::Right);
    let cookies = [house.set_cookie(&session), known, house.away_cookie("", 0)];
    Ok(with_cookies(Redirect::to(&back).into_response(), cookies))
}

async fn prove_again(
    house: &House,
    provider: &Provider,
    who: &SignedIn,
    from: &From,
    (said, back, left_at): (Said, String, i64),
) -> Result<Response, PageError> {
    let (several, name) = (said.several, &provider.settings().name);
    let not = |say: String| {
        house.counts.one(Outcome::Wrong);
        Ok(house.start_again(&back, say))
    };
    // A provider may let in whoever is at the screen, without asking them: then it has proved nothing now.
    if said.proved_at.is_none_or(|proved| proved < left_at / 1_000 - BEFORE_S) {
        return not(filled!("provider.did-not-ask-you", name));
    }
    if who.has_codes() && !several {
        return not(say("provider.you-have-codes-on"));
    }
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let account =
        house.whose(&mut tx, &told(provider, said), who.at()).await.map_err(PageError::unexpected)?;
    let Some(account) = account.filter(|account| account.id == who.session().account) else {
        return not(filled!("provider.you-are-somebody-else", name));
    };
    let trying = house.trying(account.name.reveal(), from);
    let token = token()?;
    let (session, by) = ((who.session(), &token), (&trying, several));
    let proved = accounts::prove_again(&mut tx, session, &account, by, who.at()).await;
    if !proved.map_err(PageError::unexpected)? {
        return Err(PageError::SignedOut);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    house.counts.one(Outcome::Right);
    let cookies = [house.set_cookie(&token), house.away_cookie("", 0)];
    Ok(with_cookies(Redirect::to(&back).into_response(), cookies))
}

/// Somebody ends a link of theirs, where they could come in without it.
async fn unlink(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let Path(system) = path.map_err(|_| PageError::NotFound)?;
    let (mut tx, at) = who.begin_own().await?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    let account = account.ok_or(PageError::SignedOut)?;
    let links = link::store::of(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    let keys = passkeys::store::of(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    let others = links.iter().any(|link| link.system != system);
    let password = account.password.is_some() || house.ways.directory.is_some();
    if !others && !password && !keys.iter().any(passkeys::Passkey::holds) {
        let page = account_views::only_way().status(StatusCode::CONFLICT);
        return Err(PageError::Instead(Private::new(Box::new(page))));
    }
    let actor = Actor::Person(who.person().0);
    let gone = link::remove_lost(&mut tx, &actor, &account, Some(&system), at).await;
    if !gone.map_err(PageError::unexpected)? {
        return Err(PageError::NotFound);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}
