//! The door: who is signed in, for every page that asks.

use std::collections::BTreeSet;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use engine::PersonNo;
use kit::permit::{Action, NotPermitted, Reading};
use kit::{Permit, Private, Standing, Timestamp};
use maud::{Markup, Render as _, html};
use store::Tx;
use web::form::HOME;
use web::speech::say;
use web::{Arrived, Mistakes, Page, PageError, Shell, Submitted};

use super::codes::model::Typed;
use super::from::{Cookies, From};
use super::house::House;
use super::model::{SEEN_EVERY_MS, Session, Token};
use super::pages::token;
use super::proving::{Tried, not_right};
use super::trying::Outcome;
use super::{actions, codes, link, passkeys, recovery, store as table, views};
use crate::duty::{self, Duties, Proof, Stands};

/// How many sessions are looked through for what somebody is told.
const LATEST: u64 = 10;

/// Whoever is signed in. A page that has it as an argument is shown to nobody else.
///
/// Who that is, and what they are at the school, is read once the whole request is there: [`Arrived`], which only the portal's guard
/// makes, is asked for, so that no form that is held back can act as of an earlier moment. What is changed is permitted by
/// [`begin`](Self::begin), in the transaction of the change.
pub struct SignedIn {
    house: House,
    session: Session,
    name: Private<String>,
    standing: Standing,
    at: Timestamp,
    /// Where they are, to come back to.
    path: String,
    /// What they sent.
    form: Option<Submitted>,
    /// The ids of their duties that rest.
    resting: BTreeSet<String>,
    /// Whether they hold duties that rest without a second proof.
    needs_several: bool,
    /// Whether nobody alone may become them.
    weighs: bool,
    /// Whether they have an app for codes.
    has_codes: bool,
    /// Whether they have a passkey.
    has_passkey: bool,
    /// Whether one of theirs was stopped, since there may be a copy of it.
    has_stopped: bool,
    /// Their sessions of late, where they are told of them.
    latest: Vec<Session>,
    /// Since when somebody proposes to let them in again, where they are told of it.
    recovering: Option<Timestamp>,
}

/// Who has a session that holds, and what they are.
struct Known {
    session: Session,
    name: Private<String>,
    stands: Stands,
    has_codes: bool,
    has_passkey: bool,
    has_stopped: bool,
}

impl House {
    /// Whose session that is and what they are at `at`, where it holds and they are on the roll.
    async fn known(&self, tx: &mut Tx, hash: &str, at: Timestamp) -> Result<Option<Known>, PageError> {
        let session = table::session(tx, hash).await.map_err(PageError::unexpected)?;
        let Some(session) = session.filter(|session| session.holds(at)) else { return Ok(None) };
        let person = crate::store::on_the_roll_by(tx, session.person).await;
        let Some(name) = person.map_err(PageError::unexpected)? else { return Ok(None) };
        let proof = Proof { at: session.proved_at, several: session.proofs > 1 };
        let stands = duty::of_person(tx, session.person, proof, at).await.map_err(PageError::unexpected)?;
        let stands = if session.is_weak() { stands.by_a_card() } else { stands };
        let app = codes::store::app(tx, session.account).await.map_err(PageError::unexpected)?;
        let keys = passkeys::store::of(tx, session.account).await.map_err(PageError::unexpected)?;
        let has_passkey = keys.iter().any(passkeys::Passkey::holds);
        let has_stopped = keys.iter().any(|key| !key.holds());
        Ok(Some(Known { session, name, stands, has_codes: app.is_some(), has_passkey, has_stopped }))
    }

    /// Who is signed in by what a request carries; nobody without a session that holds.
    async fn signed_in(&self, parts: &Parts, at: Timestamp) -> Result<Option<Known>, PageError> {
        let Some(token) = self.token(&Cookies::of(&parts.headers)) else { return Ok(None) };
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let known = self.known(&mut tx, &token.hash(), at).await?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        if let Some(Known { session, .. }) = &known
            && at.as_millis() - session.seen_at.as_millis() >= SEEN_EVERY_MS
        {
            let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
            table::seen(&mut tx, &session.hash, at).await.map_err(PageError::unexpected)?;
            tx.commit().await.map_err(PageError::unexpected)?;
        }
        Ok(known)
    }
}

/// Tells whoever listens at the finest level which action a page asked for, and whether it was theirs: so that a test hears that every page
/// asks for what `content/portal.toml` says. Nobody's name is in it.
fn asked<A: Action>(theirs: bool) {
    tracing::trace!(target: "permit", action = A::ID, theirs);
}

impl SignedIn {
    /// Their number on the roll.
    pub const fn person(&self) -> PersonNo {
        self.session.person
    }

    /// Their name.
    pub const fn name(&self) -> &Private<String> {
        &self.name
    }

    /// What they are at the school just now.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// When all that they sent was there.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether they proved by two things or more who they are.
    pub const fn by_several(&self) -> bool {
        self.session.proofs > 1
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// The permit to see what `A` shows of `subject`. Whoever may not is told that there is nothing here.
    pub fn may<A: Reading>(&self, subject: A::Subject) -> Result<Permit<A>, PageError> {
        self.granted(&self.standing, subject, self.at)
    }

    /// Whether they could begin to do `A` to `subject`, for what comes before a change: a form, or work that takes its time. Whoever may
    /// not is told that there is nothing here, and whoever must prove again who they are does so first. It permits nothing.
    pub fn could<A: Action>(&self, subject: A::Subject) -> Result<(), PageError> {
        self.granted::<A>(&self.standing, subject, self.at).map(drop)
    }

    /// Begins a change: its transaction, and the permit for it, from what they are at the school in that very transaction. A duty or a
    /// session that ended a moment before does nothing any more, whatever went on in between. The permit says which moment that was
    /// ([`Permit::at`]): the change and its entry in the trail bear it, and not the one at which a slow upload began.
    pub async fn begin<A: Action>(&self, subject: A::Subject) -> Result<(Tx, Permit<A>), PageError> {
        let mut tx = self.house.db.begin().await.map_err(PageError::unexpected)?;
        // As of now: a file may have taken its time to arrive.
        let at = self.house.clock.now();
        let permit = self.granted_within(&mut tx, subject, at).await?;
        Ok((tx, permit))
    }

    /// Begins a change of what is one's own, which takes no duty: its transaction, where the session holds in that very one, and the moment.
    pub(super) async fn begin_own(&self) -> Result<(Tx, Timestamp), PageError> {
        let mut tx = self.house.db.begin().await.map_err(PageError::unexpected)?;
        let at = self.house.clock.now();
        self.house.known(&mut tx, &self.session.hash, at).await?.ok_or(PageError::SignedOut)?;
        Ok((tx, at))
    }

    /// The permit for something more in a change that has begun: from what they are in the same transaction, at the same moment.
    pub async fn also<B: Action>(
        &self,
        tx: &mut Tx,
        begun: &Permit<impl Action>,
        subject: B::Subject,
    ) -> Result<Permit<B>, PageError> {
        self.granted_within(tx, subject, begun.at()).await
    }

    async fn granted_within<A: Action>(
        &self,
        tx: &mut Tx,
        subject: A::Subject,
        at: Timestamp,
    ) -> Result<Permit<A>, PageError> {
        let known = self.house.known(tx, &self.session.hash, at).await?;
        self.granted(&known.ok_or(PageError::SignedOut)?.stands.standing, subject, at)
    }

    fn granted<A: Action>(
        &self,
        standing: &Standing,
        subject: A::Subject,
        at: Timestamp,
    ) -> Result<Permit<A>, PageError> {
        let authority = Duties::built_in().authority();
        let granted = authority.grant::<A>(standing, subject, at);
        asked::<A>(!matches!(granted, Err(NotPermitted::NotYours)));
        granted.map_err(|refused| match refused {
            NotPermitted::NotYours => self.nothing_here::<A>(),
            NotPermitted::ProveAgain => self.prove_first(&Mistakes::default()),
        })
    }

    /// What somebody meets who must prove again who they are: a page of its own before they write anything; and where they have
    /// written, one that keeps their words.
    fn prove_first(&self, mistakes: &Mistakes) -> PageError {
        self.form.as_ref().map_or_else(
            || PageError::ProveAgain { back: self.path.clone() },
            |form| {
                let asked = self.asked(&self.house);
                let elsewhere = !self.house.ways.providers.is_empty();
                let ways = views::Ways { has_codes: self.has_codes, asked: asked.as_ref(), elsewhere };
                instead(views::prove_here(&self.path, form, &ways, mistakes))
            },
        )
    }

    /// Whether they proved who they are within the last minutes; otherwise they do first.
    pub(super) fn fresh(&self) -> Result<(), PageError> {
        if self.session.is_weak() {
            return Err(PageError::NotFound);
        }
        let fresh = self.at < self.session.proved_at.plus_millis(duty::FRESH_MS);
        if fresh { Ok(()) } else { Err(self.prove_first(&Mistakes::default())) }
    }

    /// Whether what they signed in by is enough to change by what they sign in. Whoever has a second proof, and holds a duty that needs it,
    /// is to hold one or held one of late, shows it first: otherwise a password that somebody has learned would be enough to take the second
    /// away, or to set up one more.
    pub(super) fn proved_enough(&self) -> Result<(), PageError> {
        // Of one that was stopped somebody may have a copy: then more so.
        let has_second = self.has_codes || self.has_passkey || self.has_stopped;
        if has_second && self.weighs && self.session.proofs < 2 {
            return Err(instead(views::other_proof_first(self.has_passkey).status(StatusCode::FORBIDDEN)));
        }
        Ok(())
    }

    /// Whether they hold duties that rest without a second proof.
    pub(super) const fn needs_several(&self) -> bool {
        self.needs_several
    }

    /// Whether they are more than a pupil, be it by a duty that rests.
    pub(super) fn is_staff(&self) -> bool {
        self.needs_several || (!self.session.is_weak() && duty::is_more_than_a_pupil(&self.standing))
    }

    /// The page to prove again on who they are.
    pub(super) async fn again_page(&self, form: &Submitted, mistakes: &Mistakes) -> Result<Page, PageError> {
        let mut tx = self.house.db.read().await.map_err(PageError::unexpected)?;
        let links = link::store::of(&mut tx, self.session.account).await.map_err(PageError::unexpected)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        let linked: Vec<String> = links.into_iter().map(|link| link.system).collect();
        let elsewhere = self.house.ways_again(&linked, form.text("back"));
        Ok(views::again(form, self.has_codes, self.asked(&self.house).as_ref(), &elsewhere, mistakes))
    }

    /// What else is their own, at pages of their own.
    pub(super) const fn own_pages(&self) -> &'static [(&'static str, &'static str)] {
        self.house.own
    }

    /// Whether they have an app for codes.
    pub(super) const fn has_codes(&self) -> bool {
        self.has_codes
    }

    /// What their browser is asked to prove it by, where they have a passkey.
    fn asked(&self, house: &House) -> Option<passkeys::views::Asked> {
        if self.has_passkey { house.asked(self.at) } else { None }
    }

    /// What they are told of how they sign in: on the page that everybody begins at, and on their own.
    pub(super) fn news(&self) -> views::News<'_> {
        views::News {
            resting: &self.resting,
            set_codes_up: self.needs_several && !self.has_codes && !self.has_passkey,
            has_passkey: self.has_passkey,
            stopped: self.has_stopped,
            session: &self.session,
            latest: &self.latest,
            recovering: self.recovering,
            kind: self.house.kind,
            zone: &self.house.zone,
        }
    }

    /// Takes the proof that came along with a form, where one did.
    async fn take_proof(mut self, parts: &mut Parts) -> Result<Self, PageError> {
        let field = |name| self.form.as_ref().map_or("", |form| form.whole(name)).to_owned();
        let password = Private::new(field(views::PROOF));
        let passkey = (field(passkeys::views::PROOF_STATE), field(passkeys::views::PROOF_ANSWER));
        if password.reveal().is_empty() && passkey.1.is_empty() {
            return Ok(self);
        }
        let code = Typed::read(field(views::PROOF_CODE).trim());
        let house = self.house.clone();
        let from = From::from_request_parts(parts, &house).await?;
        if !from.is_private {
            return Err(instead(views::not_private()));
        }
        let proved = if passkey.1.is_empty() {
            house.proves(&self.session, &from, (&password, &code), self.at).await?
        } else {
            house.proves_by_passkey(&self.session, &from, (&passkey.0, &passkey.1), self.at).await?
        };
        let token = match proved {
            Ok(token) => token,
            Err(say) => {
                let mut mistakes = Mistakes::default();
                mistakes.add(views::PROOF, say);
                return Err(self.prove_first(&mistakes));
            }
        };
        // Whatever comes of what was asked: the token before opens nothing more.
        let arrived = parts.extensions.get::<Arrived>();
        if let Some((arrived, cookie)) = arrived.zip(house.set_cookie(&token)) {
            arrived.puts(cookie);
        }
        let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
        let known = house.known(&mut tx, &token.hash(), self.at).await?.ok_or(PageError::SignedOut)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        self.session = known.session;
        Stands { standing: self.standing, resting: self.resting, .. } = known.stands;
        Ok(self)
    }

    /// Whether `A` is theirs to do to something: for what a page offers.
    pub fn offers<A: Action>(&self) -> bool {
        let theirs = Duties::built_in().authority().offers::<A>(&self.standing);
        asked::<A>(theirs);
        theirs
    }

    /// That `A` is theirs to do to something; whoever may not is told that there is nothing here.
    pub fn must_offer<A: Action>(&self) -> Result<(), PageError> {
        if self.offers::<A>() { Ok(()) } else { Err(self.nothing_here::<A>()) }
    }

    /// What somebody meets where `A` is not theirs: that there is nothing here. Whoever has a duty that rests, by which it would be, is told so,
    /// with what to do: they know that there is something.
    fn nothing_here<A: Action>(&self) -> PageError {
        if self.session.is_weak() || !duty::would_offer::<A>(&self.standing, &self.resting) {
            return PageError::NotFound;
        }
        let second = match (self.has_passkey, self.has_codes) {
            (true, _) => views::Second::Passkey,
            (false, true) => views::Second::Codes,
            (false, false) => views::Second::None,
        };
        let page = views::rests(&self.resting, second, self.house.kind, &self.path);
        instead(page.status(StatusCode::FORBIDDEN))
    }

    /// The page inside the shell, with their name and links.
    pub fn respond(&self, page: &Page) -> Response {
        let news = if self.path == HOME { self.news().render() } else { Markup::default() };
        let page = &Page { content: html! { (news) (page.content) }, ..page.clone() };
        let shell = (self.house.shell)();
        let links = (self.house.offered)(&self.standing);
        Shell { signed_in: Some(web::page::SignedIn { name: self.name.clone(), links }), ..shell }
            .respond(page)
    }
}

impl House {
    /// The last sessions of whoever has this one, and since when somebody proposes to let them in again.
    async fn latest(
        &self,
        session: &Session,
        at: Timestamp,
    ) -> Result<(Vec<Session>, Option<Timestamp>), PageError> {
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let latest = table::latest_sessions(&mut tx, session.account, session.person, LATEST).await;
        let latest = latest.map_err(PageError::unexpected)?;
        let waits =
            recovery::waiting_for(&mut tx, session.person, at).await.map_err(PageError::unexpected)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        Ok((latest, waits.map(|waits| waits.approval.proposed_at)))
    }

    /// Whether whoever has the session proves again who they are, by their password, and by a code where they have an app for codes:
    /// then the session goes on by the token that this gives; otherwise what they are told.
    pub(super) async fn proves(
        &self,
        session: &Session,
        from: &From,
        (password, code): (&Private<String>, &Typed),
        at: Timestamp,
    ) -> Result<Result<Token, String>, PageError> {
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let account = table::of_person(&mut tx, session.person).await.map_err(PageError::unexpected)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        let name = account.map(|account| account.name).ok_or(PageError::SignedOut)?;
        let trying = self.trying(name.reveal(), from);
        let place = self.place(from);
        let account = match self.is_theirs((&trying, &place), Some(&name), password, at).await? {
            // By a directory somebody may be somebody else here.
            Tried::Right(account, _) if account.id == session.account => account,
            Tried::Right(..) => return Ok(Err(not_right())),
            Tried::Not(say) => return Ok(Err(say)),
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        let app = codes::store::app(&mut tx, account.id).await.map_err(PageError::unexpected)?;
        if app.is_some() {
            let codes = self.trying_codes(account.id, from);
            if let Some(wait) = codes.begin(&mut tx, at).await.map_err(PageError::unexpected)? {
                self.counts.one(Outcome::Waited);
                return Ok(Err(views::wait_anywhere(wait)));
            }
            if self.takes_code(&mut tx, &account, code, at).await.map_err(PageError::unexpected)?.is_none() {
                // The try stays counted.
                tx.commit().await.map_err(PageError::unexpected)?;
                self.counts.one(Outcome::Wrong);
                return Ok(Err(say("sign-in.the-code-is-not")));
            }
            codes.got_it_right(&mut tx, at).await.map_err(PageError::unexpected)?;
        }
        let token = token()?;
        let by = (&trying, app.is_some());
        let proved = actions::prove_again(&mut tx, (session, &token), &account, by, at).await;
        if !proved.map_err(PageError::unexpected)? {
            return Err(PageError::SignedOut);
        }
        tx.commit().await.map_err(PageError::unexpected)?;
        Ok(Ok(token))
    }
}

fn instead(page: Page) -> PageError {
    PageError::Instead(Private::new(Box::new(page)))
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    House: FromRef<S>,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let house = House::from_ref(state);
        let arrived = parts.extensions.get::<Arrived>().cloned();
        let arrived = arrived.ok_or_else(|| PageError::unexpected("these pages stand behind no guard"))?;
        let at = house.clock.now();
        let path = parts.uri.path().to_owned();
        match house.signed_in(parts, at).await? {
            Some(Known { session, name, stands, has_codes, has_passkey, has_stopped }) => {
                if let Some(tag) = &session.language {
                    web::speech::turn_to(tag);
                }
                let form = arrived.form().cloned();
                let (latest, recovering) =
                    if path == HOME { house.latest(&session, at).await? } else { (Vec::new(), None) };
                let Stands { standing, resting, needs_several, weighs } = stands;
                let who = Self {
                    house,
                    session,
                    name,
                    standing,
                    at,
                    path,
                    form,
                    resting,
                    needs_several,
                    weighs,
                    has_codes,
                    has_passkey,
                    has_stopped,
                    latest,
                    recovering,
                };
                who.take_proof(parts).await
            }
            // Their words are in the browser still: it is told to go back, not on.
            None if parts.method != Method::GET => Err(PageError::SignedOut),
            None => Err(PageError::SignInFirst { back: path }),
        }
    }
}

/// Whoever comes to a page that is open to everybody: the person, where somebody is signed in there. Nothing that needs a permit goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anybody(pub Option<PersonNo>);

impl<S> FromRequestParts<S> for Anybody
where
    S: Send + Sync,
    House: FromRef<S>,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let house = House::from_ref(state);
        let at = house.clock.now();
        // Where the records cannot be read, a form that was sent is answered with what it said, as one of nobody known.
        let known = house.signed_in(parts, at).await.unwrap_or_default();
        Ok(Self(known.map(|known| known.session.person)))
    }
}
