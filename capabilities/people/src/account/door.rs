//! The door: who is signed in, for every page that asks.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use engine::PersonNo;
use kit::permit::{Action, NotPermitted};
use kit::{Permit, Private, Standing, Timestamp};
use store::Tx;
use web::{Arrived, Mistakes, Page, PageError, Shell, Submitted};

use super::from::{Cookies, From};
use super::house::House;
use super::model::{SEEN_EVERY_MS, Session};
use super::proving::Tried;
use super::{actions, store as table, views};
use crate::duty::{self, Duties};

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
}

/// Who has a session that holds, and what they are.
struct Known {
    session: Session,
    name: Private<String>,
    standing: Standing,
}

impl House {
    /// Whose session that is and what they are at `at`, where it holds and they are on the roll.
    async fn known(&self, tx: &mut Tx, hash: &str, at: Timestamp) -> Result<Option<Known>, PageError> {
        let session = table::session(tx, hash).await.map_err(PageError::unexpected)?;
        let Some(session) = session.filter(|session| session.holds(at)) else { return Ok(None) };
        let person = crate::store::on_the_roll_by(tx, session.person).await;
        let Some(name) = person.map_err(PageError::unexpected)? else { return Ok(None) };
        let standing = duty::of_person(tx, session.person, session.proved_at, at);
        let standing = standing.await.map_err(PageError::unexpected)?;
        Ok(Some(Known { session, name, standing }))
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

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// The permit to do `A` to `subject`, for what is shown. Whoever may not is told that there is nothing here.
    pub fn may<A: Action>(&self, subject: A::Subject) -> Result<Permit<A>, PageError> {
        self.granted(&self.standing, subject)
    }

    /// Begins a change: its transaction, and the permit for it, from what they are at the school in that very transaction. A duty or a
    /// session that ended a moment before does nothing any more, whatever went on in between.
    pub async fn begin<A: Action>(&self, subject: A::Subject) -> Result<(Tx, Permit<A>), PageError> {
        let mut tx = self.house.db.begin().await.map_err(PageError::unexpected)?;
        let known = self.house.known(&mut tx, &self.session.hash, self.at).await?;
        let permit = self.granted(&known.ok_or(PageError::SignedOut)?.standing, subject)?;
        Ok((tx, permit))
    }

    fn granted<A: Action>(&self, standing: &Standing, subject: A::Subject) -> Result<Permit<A>, PageError> {
        let authority = Duties::built_in().authority();
        authority.grant::<A>(standing, subject, self.at).map_err(|refused| match refused {
            NotPermitted::NotYours => PageError::NotFound,
            NotPermitted::ProveAgain => self.prove_first(&Mistakes::default()),
        })
    }

    /// What somebody meets who must prove again who they are: a page of its own before they write anything; and where they have
    /// written, one that keeps their words.
    fn prove_first(&self, mistakes: &Mistakes) -> PageError {
        self.form.as_ref().map_or_else(
            || PageError::ProveAgain { back: self.path.clone() },
            |form| instead(views::prove_here(&self.path, form, mistakes)),
        )
    }

    /// Takes the proof that came along with a form, where one did.
    async fn take_proof(mut self, parts: &mut Parts) -> Result<Self, PageError> {
        let password = self.form.as_ref().map_or("", |form| form.whole(views::PROOF));
        if password.is_empty() {
            return Ok(self);
        }
        let password = Private::new(password.to_owned());
        let house = self.house.clone();
        let from = From::from_request_parts(parts, &house).await?;
        if !House::is_private(from.address) {
            return Err(instead(views::not_private()));
        }
        if let Err(say) = house.proves(&self.session, &from, &password, self.at).await? {
            let mut mistakes = Mistakes::default();
            mistakes.add(views::PROOF, say);
            return Err(self.prove_first(&mistakes));
        }
        let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
        let known = house.known(&mut tx, &self.session.hash, self.at).await?.ok_or(PageError::SignedOut)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        self.session = known.session;
        self.standing = known.standing;
        Ok(self)
    }

    /// Whether `A` is theirs to do to something: for what a page offers.
    pub fn offers<A: Action>(&self) -> bool {
        Duties::built_in().authority().offers::<A>(&self.standing)
    }

    /// The page inside the shell, with their name and links.
    pub fn respond(&self, page: &Page) -> Response {
        let shell = (self.house.shell)();
        let links = (self.house.offered)(&self.standing);
        Shell { signed_in: Some(web::page::SignedIn { name: self.name.clone(), links }), ..shell }
            .respond(page)
    }
}

impl House {
    /// Whether whoever has the session proves again, by their password, who they are; otherwise what they are told.
    pub(super) async fn proves(
        &self,
        session: &Session,
        from: &From,
        password: &Private<String>,
        at: Timestamp,
    ) -> Result<Result<(), String>, PageError> {
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let account = table::of_person(&mut tx, session.person).await.map_err(PageError::unexpected)?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        let name = account.map(|account| account.name).ok_or(PageError::SignedOut)?;
        let trying = self.trying(name.reveal(), from);
        let place = self.place(from);
        let account = match self.is_theirs((&trying, &place), Some(&name), password, at).await? {
            Tried::Right(account) => account,
            Tried::Not(say) => return Ok(Err(say)),
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        let proved = actions::prove_again(&mut tx, session, &account, &trying, at).await;
        if !proved.map_err(PageError::unexpected)? {
            return Err(PageError::SignedOut);
        }
        tx.commit().await.map_err(PageError::unexpected)?;
        Ok(Ok(()))
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
            Some(Known { session, name, standing }) => {
                let form = arrived.form().cloned();
                Self { house, session, name, standing, at, path, form }.take_proof(parts).await
            }
            // Their words are in the browser still: it is told to go back, not on.
            None if parts.method != Method::GET => Err(PageError::SignedOut),
            None => Err(PageError::SignInFirst { back: path }),
        }
    }
}
