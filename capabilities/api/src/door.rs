//! The door of programs: who asks, and what they may. A token acts for its maker, by what they are in that very moment, within its scopes;
//! and an operation asks for no permit but those that the reviewed table gives it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use engine::{LiveDocument, PersonNo};
use kit::permit::{Action, NotPermitted, Reading};
use kit::{Actor, Permit, Standing, Timestamp};
use people::duty::{self, Duties, Proof};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{Subject, Tx, trail};

use crate::Api;
use crate::content::Route;
use crate::problem::{Kind, Problem};
use crate::token::{ApiToken, actions as tokens};

/// A request of a program that is known.
pub(crate) struct Call {
    pub route: &'static Route,
    pub token: ApiToken,
    pub at: Timestamp,
    pub path: BTreeMap<String, String>,
    pub query: BTreeMap<String, String>,
    pub body: Bytes,
}

/// What is told, as JSON.
pub(crate) struct Told {
    pub status: u16,
    pub body: Value,
}

impl Told {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub fn made(body: Value) -> Self {
        Self { status: 201, body }
    }
}

/// How what was changed is made to hold.
pub(crate) enum Publish {
    /// It is committed.
    Nothing,
    /// What holds for a time is published with something new in it.
    Live(Box<LiveDocument>),
    /// The roll is.
    Roll,
}

/// What an operation came to.
pub(crate) enum Done {
    /// Something is told.
    Told(Told),
    /// Something was changed, and is told once it is kept.
    Changed { tx: Tx, by: (Actor, Timestamp), publish: Publish, told: Told },
}

impl Done {
    pub fn changed<A: Action>(tx: Tx, permit: &Permit<A>, publish: Publish, told: Told) -> Self {
        Self::Changed { tx, by: (permit.actor().clone(), permit.at()), publish, told }
    }
}

impl Call {
    /// A part of the address; empty where the table gives it none of that name.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// What stands after `?` under that name.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The message.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // What somebody wrote is not told back: only where it cannot be read, and what field is not known.
            let place = format!("line {}, column {}", error.line(), error.column());
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or("");
            let what = if error.is_data() { short(what) } else { "it is not JSON".to_owned() };
            Problem::unreadable(format!("The message cannot be read at {place}: {what}"))
        })
    }

    /// Whether its token has that scope too.
    pub fn has(&self, scope: &str) -> bool {
        self.token.has(scope)
    }

    /// Whose token it is.
    pub fn person(&self) -> PersonNo {
        self.token.person
    }

    fn asks<A: Action>(&self) -> Result<(), Problem> {
        if self.route.permit.iter().any(|id| id == A::ID) {
            return Ok(());
        }
        // A fault of the program, found by the test of every route.
        Err(Problem::unexpected(format!("{} asks for {}, which its row does not name", self.route.id, A::ID)))
    }

    /// What the token's maker is in this transaction, while the token holds.
    async fn standing(&self, tx: &mut Tx, at: Timestamp) -> Result<Standing, Problem> {
        let token = tokens::again(tx, self.token.id, at).await?;
        let token = token.ok_or_else(|| Problem::of(Kind::NoToken))?;
        // Never a fresh proof, whenever it was made.
        let proof = Proof { at: Timestamp::from_millis(0), several: token.several };
        Ok(duty::of_person(tx, token.person, proof, at).await?.by_a_token())
    }

    async fn granted<A: Action>(
        &self,
        tx: &mut Tx,
        subject: A::Subject,
        at: Timestamp,
    ) -> Result<Permit<A>, Problem> {
        self.asks::<A>()?;
        let standing = self.standing(tx, at).await?;
        let authority = Duties::built_in().authority();
        authority.grant::<A>(&standing, subject, at).map_err(|refused| match refused {
            NotPermitted::NotYours => Problem::of(Kind::NotYours),
            NotPermitted::ProveAgain => Problem::of(Kind::AtThePortal),
        })
    }

    /// Begins to look something up: a transaction that reads, and the permit for it.
    pub async fn read<A: Reading>(&self, api: &Api, subject: A::Subject) -> Result<(Tx, Permit<A>), Problem> {
        let mut tx = api.portal.db.read().await?;
        let permit = self.granted(&mut tx, subject, self.at).await?;
        self.written_down(api, permit.actor()).await?;
        Ok((tx, permit))
    }

    /// Has an entry in the trail say that a token looks at people: once an hour for each operation, where its scopes show names, what people
    /// wrote, what was asked for or who did what here.
    async fn written_down(&self, api: &Api, actor: &Actor) -> Result<(), Problem> {
        let (names, words) = (self.has("people.names"), self.has("requests.words"));
        let counts =
            self.route.scope.as_deref().is_some_and(|scope| ["activity.read", "trail.read"].contains(&scope));
        let whom = format!("{} {}", self.token.id, self.route.id);
        if !(names || words || counts) || api.looks.one(&whom, 1, self.at).is_err() {
            return Ok(());
        }
        let detail = json!({ "operation": self.route.id, "names": names, "words": words });
        let written = self.look(api, actor, &detail).await;
        if written.is_err() {
            // Nothing is shown then, and whoever asks again is written down.
            api.looks.forget(&whom);
        }
        written
    }

    async fn look(&self, api: &Api, actor: &Actor, detail: &Value) -> Result<(), Problem> {
        let mut tx = api.portal.db.begin().await?;
        let subject = Subject::new("api-token", self.token.id);
        trail::changed(&mut tx, actor, "api-token.look", &subject, detail, api.portal.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a change: its transaction, the permit for it from what the maker is in that transaction, and an entry in the trail that says by
    /// which token it was done.
    pub async fn begin<A: Action>(&self, api: &Api, subject: A::Subject) -> Result<(Tx, Permit<A>), Problem> {
        let mut tx = api.portal.db.begin().await?;
        let at = api.portal.clock.now();
        let permit = self.granted::<A>(&mut tx, subject, at).await?;
        let subject = Subject::new("api-token", self.token.id);
        let detail = json!({ "operation": self.route.id });
        trail::changed(&mut tx, permit.actor(), "api-token.use", &subject, &detail, at).await?;
        Ok((tx, permit))
    }

    /// Whether `A` is theirs to do as well, for what depends on it. It permits nothing.
    pub async fn offers<A: Action>(&self, tx: &mut Tx) -> Result<bool, Problem> {
        self.asks::<A>()?;
        let standing = self.standing(tx, self.at).await?;
        Ok(Duties::built_in().authority().offers::<A>(&standing))
    }
}

/// The complaint of the reader without anything that was sent in it, but the names of fields.
fn short(what: &str) -> String {
    let safe = ["unknown field", "missing field", "duplicate field"];
    if safe.iter().any(|begins| what.starts_with(begins)) {
        let plain = |sign: &char| sign.is_ascii_graphic() || *sign == ' ';
        return what.chars().filter(plain).take(120).collect();
    }
    match what.split_once(", expected ") {
        Some((_, expected)) if expected.starts_with("struct") => "expected an object".to_owned(),
        Some((_, expected)) => format!("expected {}", expected.chars().take(80).collect::<String>()),
        None => "a value is not of its type".to_owned(),
    }
}
