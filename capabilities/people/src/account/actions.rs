//! Inviting somebody, choosing a password, signing in and out.

use engine::PersonNo;
use kit::{Permit, Private, Timestamp};
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};

use super::model::{
    Account, IDLE_MS, INVITED_MS, LONGEST_MS, Name, Session, Token, WeakPassword, check_password, wait_ms,
};
use super::store as table;

kit::action!(
    /// Inviting somebody to choose how they sign in.
    Invite(PersonNo) = "account.invite"
);
kit::action!(
    /// Signing somebody out everywhere.
    EndSessions(PersonNo) = "account.end-sessions"
);

/// A day.
const DAY_MS: i64 = 86_400_000;

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Nobody on the roll has that number.
    #[error("nobody on the roll has that number; `fivebar people show` lists the roll")]
    NobodyThere,
    /// The name cannot be one.
    #[error("that is no name to sign in by: up to 64 letters, digits and the signs . _ - @ ' without blanks")]
    NoName,
    /// They have another name already.
    #[error("they sign in by another name already; invite them without naming one")]
    OtherName,
    /// Somebody else signs in by it.
    #[error("somebody else signs in by that name; choose another")]
    NameTaken,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Invites the permit's person to choose a password, by a link that holds for a day and once; an earlier one ends. Whoever has no
/// account gets one under `name`. Choosing a password signs them out everywhere, so this is also how a lost password
/// is made good.
pub async fn invite(
    tx: &mut Tx,
    permit: &Permit<Invite>,
    name: Option<&str>,
    token: &Token,
    at: Timestamp,
) -> Result<Account, InviteError> {
    let person = *permit.subject();
    if !crate::store::on_the_roll(tx, person).await? {
        return Err(InviteError::NobodyThere);
    }
    let name = name.map(|name| Name::typed(name).ok_or(InviteError::NoName)).transpose()?;
    let account = match (table::of_person(tx, person).await?, name) {
        (Some(account), Some(name)) if account.name != name => return Err(InviteError::OtherName),
        (Some(account), _) => account,
        (None, None) => return Err(InviteError::NoName),
        (None, Some(name)) => {
            if table::by_name(tx, &name).await?.is_some() {
                return Err(InviteError::NameTaken);
            }
            let account = Account { id: tx.ids().make(at), person, name, password: None };
            table::insert(tx, &account, permit.actor(), at).await?;
            account
        }
    };
    table::invite(tx, token, person, permit.actor(), at, at.plus_millis(INVITED_MS)).await?;
    let subject = Subject::new("person", person.0);
    let detail = json!({ "account": account.id.to_string() });
    trail::changed(tx, permit.actor(), "account.invite", &subject, &detail, at).await?;
    Ok(account)
}

/// Whose account an invitation is for, while it holds.
pub(super) async fn invited(
    tx: &mut Tx,
    token: &Token,
    at: Timestamp,
) -> Result<Option<Account>, StoreError> {
    match table::invited(tx, token, at).await? {
        Some(person) if crate::store::on_the_roll(tx, person).await? => table::of_person(tx, person).await,
        _ => Ok(None),
    }
}

/// Why a password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WelcomeError {
    /// The invitation has been used, replaced or has ended.
    #[error("this invitation has ended; ask for another")]
    Ended,
    /// The password cannot be had.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Uses an invitation: the password whose hash this is becomes theirs, and every session that they have ends.
pub async fn welcome(
    tx: &mut Tx,
    token: &Token,
    password: &Private<String>,
    hash: &Private<String>,
    at: Timestamp,
) -> Result<Account, WelcomeError> {
    let account = invited(tx, token, at).await?.ok_or(WelcomeError::Ended)?;
    check_password(password.reveal(), &account.name)?;
    if !table::use_up(tx, token, at).await? {
        return Err(WelcomeError::Ended);
    }
    let actor = Actor::Person(account.person.0);
    table::set_password(tx, account.id, hash, at).await?;
    let ended = table::end_sessions(tx, account.id, None, &actor, at).await?;
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, &actor, "account.choose-password", &subject, &json!({ "ended": ended }), at).await?;
    Ok(account)
}

/// Somebody who tries to sign in: by which name, and from where. Both are kept as keyed hashes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trying {
    /// The name's keyed hash: of any name that is typed, whether somebody has it or not.
    pub whom: String,
    /// The place's keyed hash.
    pub place: String,
}

impl Trying {
    /// Counts a try as failed before it is made, so that many at once are no more than one after the other; whoever gets it
    /// right is forgiven. For how long they must wait instead, where they must: then nothing is counted. What is a day old
    /// counts no more.
    pub async fn begin(&self, tx: &mut Tx, at: Timestamp) -> Result<Option<i64>, StoreError> {
        let (failures, last) = table::failures(tx, &self.whom, &self.place).await?;
        let left = last.plus_millis(wait_ms(failures)).as_millis() - at.as_millis();
        if left > 0 {
            return Ok(Some(left));
        }
        let before = if at.as_millis() - last.as_millis() < DAY_MS { failures } else { 0 };
        table::failed(tx, &self.whom, &self.place, before.saturating_add(1), at).await?;
        Ok(None)
    }

    async fn got_it_right(&self, tx: &mut Tx, at: Timestamp) -> Result<(), StoreError> {
        table::forget_failures(tx, &self.whom, &self.place, at.plus_millis(-DAY_MS)).await
    }
}

/// Somebody who proved who they are, and how.
#[derive(Debug)]
pub struct Proved<'a> {
    /// Their account.
    pub account: &'a Account,
    /// How: `password`, and whatever comes.
    pub how: &'static str,
    /// What they use.
    pub agent: Private<String>,
    /// Their failures before, which are forgotten.
    pub trying: &'a Trying,
}

/// Begins a session for somebody who proved who they are; none where what they proved it by is not theirs any more: hashing
/// takes a while, in which another password may have been chosen, or the account closed.
pub async fn sign_in(
    tx: &mut Tx,
    proved: Proved<'_>,
    token: &Token,
    at: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let Proved { account, how, agent, trying } = proved;
    if !is_as_it_was(tx, account).await? {
        return Ok(None);
    }
    trying.got_it_right(tx, at).await?;
    let session = Session {
        hash: token.hash(),
        account: account.id,
        person: account.person,
        agent,
        made_at: at,
        proved_at: at,
        seen_at: at,
        ends_at: at.plus_millis(LONGEST_MS),
        ended: false,
    };
    table::begin_session(tx, &session, how).await?;
    let actor = Actor::Person(account.person.0);
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, &actor, "session.begin", &subject, &json!({ "how": how }), at).await?;
    Ok(Some(session))
}

/// Whether an account that was read before is open still, with the password that it had then.
async fn is_as_it_was(tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
    let now = table::of_person(tx, account.person).await?;
    Ok(now.is_some_and(|now| now.id == account.id && now.password == account.password))
}

/// Whoever has the session proved again who they are. `false` where what they proved it by is not theirs any more.
pub(super) async fn prove_again(
    tx: &mut Tx,
    session: &Session,
    account: &Account,
    trying: &Trying,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if !is_as_it_was(tx, account).await? {
        return Ok(false);
    }
    trying.got_it_right(tx, at).await?;
    table::proved(tx, &session.hash, at).await?;
    let actor = Actor::Person(session.person.0);
    let subject = Subject::new("person", session.person.0);
    trail::changed(tx, &actor, "session.prove-again", &subject, &json!({}), at).await?;
    Ok(true)
}

/// Somebody ends a session of their own: the one they use, or another.
pub(super) async fn end_own(
    tx: &mut Tx,
    session: &Session,
    which: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let actor = Actor::Person(session.person.0);
    if table::end_sessions(tx, session.account, Some(which), &actor, at).await? > 0 {
        let subject = Subject::new("person", session.person.0);
        trail::changed(tx, &actor, "session.end", &subject, &json!({ "sessions": 1 }), at).await?;
    }
    Ok(())
}

/// Signs the permit's person out everywhere; how many sessions there were.
pub async fn end_everywhere(
    tx: &mut Tx,
    permit: &Permit<EndSessions>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let Some(account) = table::of_person(tx, *permit.subject()).await? else { return Ok(0) };
    let ended = table::end_sessions(tx, account.id, None, permit.actor(), at).await?;
    if ended > 0 {
        let subject = Subject::new("person", permit.subject().0);
        let detail = json!({ "sessions": ended });
        trail::changed(tx, permit.actor(), "session.end", &subject, &detail, at).await?;
    }
    Ok(ended)
}

/// The sessions that somebody has now.
pub(super) async fn own_sessions(
    tx: &mut Tx,
    session: &Session,
    at: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let Some(account) = table::of_person(tx, session.person).await? else { return Ok(Vec::new()) };
    let mut sessions = table::sessions(tx, &account).await?;
    sessions.retain(|one| one.holds(at));
    Ok(sessions)
}

const _: () = assert!(IDLE_MS < LONGEST_MS, "a session ends when it is not used before it ends anyway");
