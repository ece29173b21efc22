//! Letting a system keep people, ending that, and bringing the roll to what it told.

use std::collections::BTreeSet;

use kit::{Actor, Permit, Timestamp, Zone};
use serde_json::{Map, Value, json};
use store::{Db, StoreError, Subject, Tx, trail};

use super::model::{Client, ClientId, Resource, ResourceId, Type, Wrong, roster, whole};
use super::{patch, store as table};
use crate::account::Token;
use crate::intake::{ApplyError, Given, PrepareError, PublishError, Publishes, SettlingError, over_scim};

kit::action!(
    /// Letting another system keep people of the roll over SCIM, and ending that.
    KeepOverScim(()) = "roll.scim"
);

/// Who acts where a system has told something.
const JOB: Actor = Actor::Job("scim");

/// Why a system was not let in, or not ended.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The name cannot be one.
    #[error("a system is called by small letters, digits and -, up to 30, as in entra")]
    Name,
    /// One of that name has a token.
    #[error("a system of that name has a token already; end it first, and what it keeps stays")]
    Taken,
    /// There is none of that name that has not ended.
    #[error("no system of that name has a token")]
    NotThere,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn source(name: &str) -> Result<String, ClientError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = !name.is_empty() && name.len() <= 30 && name.bytes().all(plain);
    if fits { Ok(format!("{}{name}", over_scim())) } else { Err(ClientError::Name) }
}

/// Lets a system in by this token, whose hash alone is kept. What an earlier one of the same name kept is its own.
pub async fn make_client(
    tx: &mut Tx,
    permit: &Permit<KeepOverScim>,
    name: &str,
    token: &Token,
    at: Timestamp,
) -> Result<Client, ClientError> {
    let source = source(name)?;
    if table::clients(tx).await?.iter().any(|one| one.source == source && one.ended_at.is_none()) {
        return Err(ClientError::Taken);
    }
    let id: ClientId = tx.ids().make(at);
    table::insert_client(tx, id, (&source, &token.hash()), permit.actor(), at).await?;
    let subject = Subject::new("scim-client", id.to_string());
    trail::changed(tx, permit.actor(), "scim.let-in", &subject, &json!({ "source": source }), at).await?;
    Ok(Client { id, source, made: (permit.actor().to_string(), at), used_at: None, ended_at: None })
}

/// Ends a system's token. Whom it keeps stays on the roll, until it or another system of its name says otherwise.
pub async fn end_client(
    tx: &mut Tx,
    permit: &Permit<KeepOverScim>,
    name: &str,
    at: Timestamp,
) -> Result<(), ClientError> {
    let source = source(name).map_err(|_| ClientError::NotThere)?;
    let all = table::clients(tx).await?;
    let one = all.into_iter().find(|one| one.source == source && one.ended_at.is_none());
    let one = one.ok_or(ClientError::NotThere)?;
    if !table::end_client(tx, one.id, permit.actor(), at).await? {
        return Err(ClientError::NotThere);
    }
    let subject = Subject::new("scim-client", one.id.to_string());
    trail::changed(tx, permit.actor(), "scim.end", &subject, &json!({ "source": source }), at).await?;
    Ok(())
}

/// Ends every token, for records that were brought back to an earlier state; how many.
pub(crate) async fn end_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<u64, StoreError> {
    table::end_all(tx, actor, at).await
}

/// The systems whose tokens somebody made and that hold still, for whoever hands over what they had: the token goes on until it is ended.
pub(crate) async fn made_by(
    tx: &mut Tx,
    person: engine::PersonNo,
    at: Timestamp,
) -> Result<Vec<Client>, StoreError> {
    let theirs = Actor::Person(person.0).to_string();
    let all = table::clients(tx).await?.into_iter();
    let holds = |one: &Client| one.ended_at.is_none() && at < one.made.1.plus_millis(table::LASTS_MS);
    Ok(all.filter(|one| one.made.0 == theirs && holds(one)).collect())
}

/// Every system there is or was, newest first.
pub async fn clients(tx: &mut Tx) -> Result<Vec<Client>, StoreError> {
    table::clients(tx).await
}

/// How often it is written down that a system was heard of.
const USED_EVERY_MS: i64 = 60 * 60_000;

/// Whose token that is.
pub(super) async fn known(db: &Db, token: &Token, at: Timestamp) -> Result<Option<Client>, StoreError> {
    let mut tx = db.read().await?;
    let client = table::by_hash(&mut tx, &token.hash(), at).await?;
    tx.roll_back().await?;
    if let Some(client) = &client
        && client.used_at.is_none_or(|used| at.as_millis() - used.as_millis() >= USED_EVERY_MS)
    {
        let mut tx = db.begin().await?;
        table::used(&mut tx, client.id, at).await?;
        tx.commit().await?;
    }
    Ok(client)
}

/// Why something was not done: what the system did wrong, or the records.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Wrong(#[from] Wrong),
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn told(
    tx: &mut Tx,
    client: &Client,
    verb: &str,
    one: &Resource,
    at: Timestamp,
) -> Result<(), StoreError> {
    table::tells(tx, &client.source).await?;
    let subject = Subject::new("scim", one.id.to_string());
    let detail = json!({ "client": client.id.to_string(), "type": one.of.id() });
    trail::changed(tx, &JOB, verb, &subject, &detail, at).await?;
    Ok(())
}

async fn free(tx: &mut Tx, client: &Client, one: &Resource) -> Result<(), Failed> {
    let other = table::named(tx, &client.source, one.of, &one.name()).await?;
    match other {
        Some(other) if other != one.id.to_string() => Err(Wrong::Taken.into()),
        _ => Ok(()),
    }
}

/// Keeps something new.
pub(super) async fn create(
    tx: &mut Tx,
    client: &Client,
    of: Type,
    sent: &Map<String, Value>,
    at: Timestamp,
) -> Result<Resource, Failed> {
    let id: ResourceId = tx.ids().make(at);
    let one = Resource { id, of, body: whole(of, sent)?, version: 1, times: (at, at) };
    free(tx, client, &one).await?;
    table::insert(tx, &client.source, &one).await?;
    told(tx, client, "scim.create", &one, at).await?;
    Ok(one)
}

/// One thing that the client keeps.
pub(super) async fn found(tx: &mut Tx, client: &Client, of: Type, id: &str) -> Result<Resource, Failed> {
    let id = id.parse().map_err(|_| Wrong::NotFound)?;
    table::one(tx, &client.source, of, id).await?.ok_or_else(|| Wrong::NotFound.into())
}

/// How something is changed.
#[derive(Debug, Clone)]
pub(super) enum How {
    /// It becomes what was sent.
    Whole(Map<String, Value>),
    /// Part of it does.
    Part(Map<String, Value>),
}

/// What something becomes, worked out of what it was read as.
pub(super) struct Worked {
    old: Resource,
    body: Map<String, Value>,
}

impl Worked {
    /// Works it out. It can take its time, so that it is done where nobody waits: in no transaction.
    pub(super) fn out(old: Resource, how: &How) -> Result<Self, Wrong> {
        let body = match how {
            How::Whole(sent) => whole(old.of, sent)?,
            How::Part(message) => whole(old.of, &patch::apply(old.of, &old.body, message)?)?,
        };
        Ok(Self { old, body })
    }
}

/// Changes something to what was worked out; `None` where it has changed since it was read. `seen` are the marks of one of which the client
/// says that it is.
pub(super) async fn change(
    tx: &mut Tx,
    client: &Client,
    worked: Worked,
    seen: Option<&str>,
    at: Timestamp,
) -> Result<Option<Resource>, Failed> {
    let Worked { old: read, body } = worked;
    let old = table::one(tx, &client.source, read.of, read.id).await?.ok_or(Wrong::NotFound)?;
    is_as_seen(&old, seen)?;
    if old.version != read.version {
        return Ok(None);
    }
    if body == old.body {
        return Ok(Some(old));
    }
    let new = Resource { body, version: old.version + 1, times: (old.times.0, at), ..old };
    free(tx, client, &new).await?;
    table::update(tx, &new).await?;
    told(tx, client, "scim.change", &new, at).await?;
    Ok(Some(new))
}

fn is_as_seen(one: &Resource, seen: Option<&str>) -> Result<(), Wrong> {
    let Some(seen) = seen else { return Ok(()) };
    let mut tags = seen.split(',').map(str::trim);
    if tags.any(|tag| tag == "*" || tag == one.tag()) { Ok(()) } else { Err(Wrong::Changed) }
}

/// Forgets something; whoever is forgotten is in no group any more.
pub(super) async fn delete(
    tx: &mut Tx,
    client: &Client,
    (of, id): (Type, &str),
    seen: Option<&str>,
    at: Timestamp,
) -> Result<(), Failed> {
    let one = found(tx, client, of, id).await?;
    is_as_seen(&one, seen)?;
    table::delete(tx, one.id).await?;
    if of == Type::User {
        for mut group in table::all(tx, &client.source, Some(Type::Group)).await? {
            if group.without(id) {
                let group = Resource { version: group.version + 1, times: (group.times.0, at), ..group };
                table::update(tx, &group).await?;
                told(tx, client, "scim.change", &group, at).await?;
            }
        }
    }
    told(tx, client, "scim.delete", &one, at).await?;
    Ok(())
}

/// Why the roll was not brought to what was told.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// No difference was made.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It was not applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// It was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SettlingError> for SettleError {
    fn from(error: SettlingError) -> Self {
        match error {
            SettlingError::Prepare(error) => Self::Prepare(error),
            SettlingError::Apply(error) => Self::Apply(error),
            SettlingError::Store(error) => Self::Store(error),
        }
    }
}

/// Brings the roll to what systems have told since it was last asked: one difference a system, however much it told, which is applied at
/// once, and undone like any other. Where too many would leave it waits for a person; of whom it puts up the years out of turn, or calls a
/// pupil no more, that alone waits. How many differences there were.
pub async fn settle(
    db: &Db,
    publishes: &dyn Publishes,
    groups: Option<&BTreeSet<String>>,
    zone: &Zone,
    at: Timestamp,
) -> Result<usize, SettleError> {
    let mut tx = db.read().await?;
    let sources = table::unsettled(&mut tx).await?;
    tx.roll_back().await?;
    let (mut differences, mut failed) = (0, None);
    for source in sources {
        match settle_one(db, publishes, groups, &source, zone, at).await {
            Ok(made) => differences += usize::from(made),
            // The others are not kept waiting for it.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(differences), Err)
}

/// Brings the roll to what one system told; whether that made a difference.
async fn settle_one(
    db: &Db,
    publishes: &dyn Publishes,
    groups: Option<&BTreeSet<String>>,
    source: &str,
    zone: &Zone,
    at: Timestamp,
) -> Result<bool, SettleError> {
    let mut tx = db.begin().await?;
    let roster = roster(&table::all(&mut tx, source, None).await?);
    table::settled(&mut tx, source).await?;
    let given = Given { source: Some(source), groups, zone };
    let settled = crate::intake::settle(&mut tx, &JOB, (source, &roster), &given, at).await?;
    if settled.applied {
        publishes.roll(tx, JOB, at).await?;
    } else {
        tx.commit().await?;
    }
    Ok(settled.made)
}
