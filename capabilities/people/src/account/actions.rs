//! Inviting somebody, choosing a password, signing in and out.

use engine::PersonNo;
use kit::{Permit, Private, Timestamp};
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};

use ::notices::Where;

use super::model::{Account, IDLE_MS, INVITED_MS, LONGEST_MS, Name, PasswordBy, Session, Token};
use super::notices::{kinds, tell_owner};
use super::safe::{MadeSafe, Safe, make_safe};
use super::store as table;
use super::trying::Trying;
use super::weak::{Known, SHORTEST, WeakPassword, check_password};
use crate::by_age::Way;
use crate::duty;

kit::action!(
    /// Inviting somebody to choose how they sign in.
    Invite(PersonNo) = "account.invite"
);
kit::action!(
    /// Signing somebody out everywhere.
    EndSessions(PersonNo) = "account.end-sessions"
);

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
    /// It cannot be told at a glance from somebody else's.
    #[error("somebody else signs in by a name that looks the same; choose another")]
    LooksTheSame,
    /// They hold what needs a second proof, and have signed in before.
    #[error(
        "they hold a duty that needs a second proof, and have signed in before: two people together let them in again, so that nobody alone \
         can be them"
    )]
    NeedsTwo,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Invites the permit's person to choose a password, by a link that holds for a day and once; an earlier one ends. Whoever has no
/// account gets one under `name`. Choosing a password signs them out everywhere, so this is also how a lost password
/// is made good; but not of whoever holds a duty that needs a second proof, since whoever gives an invitation could use it: two people let
/// those in again ([`recovery`](super::recovery)), or somebody at the machine itself.
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
        (Some(account), _) => {
            let by_a_person = matches!(permit.actor(), Actor::Person(_));
            if by_a_person
                && table::has_signed_in(tx, account.id).await?
                && duty::anything_weighs(tx, person, at).await?
            {
                return Err(InviteError::NeedsTwo);
            }
            account
        }
        (None, None) => return Err(InviteError::NoName),
        (None, Some(name)) => {
            free(tx, &name, permit.actor(), at).await?;
            let account = Account { id: tx.ids().make(at), person, name, password: None };
            table::insert(tx, &account, permit.actor(), at).await?;
            account
        }
    };
    table::invite(tx, (token, 2), person, permit.actor(), at, at.plus_millis(INVITED_MS)).await?;
    let subject = Subject::new("person", person.0);
    let detail = json!({ "account": account.id.to_string() });
    trail::changed(tx, permit.actor(), "account.invite", &subject, &detail, at).await?;
    Ok(account)
}

/// Whether a name is free. Whoever had it and has left the roll has it no more: their account is closed, and says so.
pub(super) async fn free(tx: &mut Tx, name: &Name, actor: &Actor, at: Timestamp) -> Result<(), InviteError> {
    for account in table::all(tx).await?.into_iter().filter(|one| one.name.looks() == name.looks()) {
        if crate::store::on_the_roll(tx, account.person).await? {
            let same = account.name == *name;
            return Err(if same { InviteError::NameTaken } else { InviteError::LooksTheSame });
        }
        close(tx, &account, actor, at).await?;
    }
    Ok(())
}

/// Closes an account. Whose it was could not come in any more; now the name is free for somebody else.
async fn close(tx: &mut Tx, account: &Account, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
    let ended = make_safe(tx, actor, account, Safe::Lost, at).await?;
    super::card::store::end_of(tx, account.person, actor, at).await?;
    table::close(tx, account.id, actor, at).await?;
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, actor, "account.close", &subject, &ended.detail(account), at).await?;
    Ok(())
}

/// What ended with the records' being brought back to an earlier state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// Open invitations.
    pub invitations: u64,
    /// Passwords.
    pub passwords: u64,
}

/// Ends whatever anybody could come in by: for records that were brought back to an earlier state, in which sessions, invitations and
/// passwords stand that had ended since. Nobody can say which had; so all do, and everybody is invited anew. `None` where there was
/// nothing to end.
pub async fn end_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<Option<Ended>, StoreError> {
    let [sessions, invitations, passwords] = table::end_all(tx, actor, at).await?;
    let code_apps = super::codes::store::remove_all(tx).await?;
    let passkeys = super::passkeys::store::remove_all(tx).await?;
    let links = super::link::store::remove_all(tx).await?;
    let cards = super::card::store::end_all(tx, actor, at).await?;
    let lanyards = crate::guest::store::end_lanyards(tx, actor, at).await?;
    let systems = crate::scim::end_all(tx, actor, at).await?;
    table::end_programs(tx, None, at).await?;
    // Where notices went may be what somebody has taken away since.
    ::notices::forget_ways(tx).await?;
    let ended = Ended { sessions, invitations, passwords };
    if sessions + invitations + passwords + code_apps + passkeys + links + cards + lanyards + systems == 0 {
        return Ok(None);
    }
    let detail = json!({
        "sessions": sessions,
        "invitations": invitations,
        "passwords": passwords,
        "code_apps": code_apps,
        "passkeys": passkeys,
        "links": links,
        "cards": cards,
        "lanyards": lanyards,
        "systems": systems,
    });
    trail::changed(tx, actor, "account.end-all", &Subject::new("records", "school"), &detail, at).await?;
    Ok(Some(ended))
}

/// Whether a program may act for somebody by a token that was made then: they have an account, and have not been made safe since, by another
/// password, by being signed out everywhere or let in again, or with all others after a restore.
pub async fn lets_programs_act(
    tx: &mut Tx,
    person: PersonNo,
    made_at: Timestamp,
) -> Result<bool, StoreError> {
    let from = table::programs_from(tx, person).await?;
    Ok(from.is_some_and(|from| from.is_none_or(|from| made_at > from)))
}

/// Somebody's account, where they have one.
pub async fn of(tx: &mut Tx, person: PersonNo) -> Result<Option<Account>, StoreError> {
    table::of_person(tx, person).await
}

/// Whoever has an account, be they on the roll still or not.
pub async fn owners(tx: &mut Tx) -> Result<Vec<PersonNo>, StoreError> {
    Ok(table::all(tx).await?.into_iter().map(|account| account.person).collect())
}

/// Everybody on the roll who has an account, by number.
pub async fn everybody(tx: &mut Tx) -> Result<Vec<PersonNo>, StoreError> {
    let mut all = Vec::new();
    for account in table::all(tx).await? {
        if crate::store::on_the_roll(tx, account.person).await? {
            all.push(account.person);
        }
    }
    Ok(all)
}

/// Whose account an invitation is for, and their name, while it holds.
pub(super) async fn invited(
    tx: &mut Tx,
    token: &Token,
    at: Timestamp,
) -> Result<Option<(Account, Private<String>)>, StoreError> {
    let Some(person) = table::invited(tx, token, at).await? else { return Ok(None) };
    let name = crate::store::on_the_roll_by(tx, person).await?;
    Ok(table::of_person(tx, person).await?.zip(name))
}

/// The same, and how long a password they may choose at the least.
pub(super) async fn chooses(
    tx: &mut Tx,
    token: &Token,
    at: Timestamp,
) -> Result<Option<(Account, Private<String>, usize)>, StoreError> {
    let Some((account, name)) = invited(tx, token, at).await? else { return Ok(None) };
    let shortest = shortest_of(tx, account.person, at).await?;
    Ok(Some((account, name, shortest)))
}

/// How long the password of somebody must be at the least: as the rule for their age says, where they choose one by it; for whoever has
/// a duty, and wherever the rule has something else than a password of one's own, as for an adult.
pub(super) async fn shortest_of(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<usize, StoreError> {
    let whatever_they_prove = duty::Proof { at, several: true };
    let standing = duty::of_person(tx, person, whatever_they_prove, at).await?.standing;
    if duty::is_more_than_a_pupil(&standing) {
        return Ok(SHORTEST);
    }
    let known = crate::store::known_of(tx, person).await?;
    let rules = crate::by_age::rules(tx).await?;
    let rule = known.as_ref().and_then(|known| rules.of(known)).filter(|rule| rule.way == Way::Own);
    Ok(rule.map_or(SHORTEST, |rule| rule.length))
}

/// How long a password somebody chooses for themselves is at least, in characters; nothing where the school gives them theirs.
pub(super) async fn chooses_own(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<Option<usize>, StoreError> {
    let whatever_they_prove = duty::Proof { at, several: true };
    let standing = duty::of_person(tx, person, whatever_they_prove, at).await?.standing;
    if !duty::is_more_than_a_pupil(&standing)
        && let Some(known) = crate::store::known_of(tx, person).await?
        && crate::by_age::rules(tx).await?.of(&known).is_some_and(|rule| rule.way != Way::Own)
    {
        return Ok(None);
    }
    shortest_of(tx, person, at).await.map(Some)
}

/// Somebody's password becomes the one whose hash this is, by their own doing. Every other session of theirs ends, and every open
/// invitation.
pub(super) async fn change_password(
    tx: &mut Tx,
    session: &Session,
    hash: &Private<String>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let actor = Actor::Person(session.person.0);
    table::set_password(tx, session.account, (hash, PasswordBy::Owner), at).await?;
    let mut ended = MadeSafe::default();
    if let Some(account) = table::by_id(tx, session.account).await? {
        ended = make_safe(tx, &actor, &account, Safe::Changed(session), at).await?;
    }
    let subject = Subject::new("person", session.person.0);
    let detail = json!({ "ended": ended.sessions, "programs": true });
    trail::changed(tx, &actor, "account.change-password", &subject, &detail, at).await?;
    tell_owner(tx, session.person, kinds::PASSWORD_CHANGED, Where::Me, at).await
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

/// Uses an invitation: the password whose hash this is becomes theirs, and what there was of sessions and programs ends
/// ([`Safe::Invited`]). `school` is what the portal is called, which is not in a password. Gives back by how much they are known to be them.
pub async fn welcome(
    tx: &mut Tx,
    token: &Token,
    (password, school): (&Private<String>, &str),
    hash: &Private<String>,
    at: Timestamp,
) -> Result<(Account, u32), WelcomeError> {
    let (account, person) = invited(tx, token, at).await?.ok_or(WelcomeError::Ended)?;
    let shortest = shortest_of(tx, account.person, at).await?;
    let known = Known { name: &account.name, person: person.reveal(), school, shortest };
    check_password(password.reveal(), &known)?;
    if !table::use_up(tx, token, at).await? {
        return Err(WelcomeError::Ended);
    }
    let actor = Actor::Person(account.person.0);
    let proofs = table::proofs_of(tx, token).await?;
    let ended = make_safe(tx, &actor, &account, Safe::Invited, at).await?;
    // A slip's link proves one thing: whoever printed it could have opened it.
    let by = if proofs > 1 { PasswordBy::Invitation } else { PasswordBy::Slip };
    table::set_password(tx, account.id, (hash, by), at).await?;
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, &actor, "account.choose-password", &subject, &ended.detail(&account), at).await?;
    Ok((account, proofs))
}

/// Somebody who proved who they are, and how.
#[derive(Debug)]
pub struct Proved<'a> {
    /// Their account.
    pub account: &'a Account,
    /// How: `password`, `directory`, `passkey`, `invitation` or the id of a provider; with `+code` or `+recovery-code` where that came
    /// after it.
    pub how: &'a str,
    /// By how many different things.
    pub proofs: u32,
    /// What they use.
    pub agent: Private<String>,
    /// Their failures before, which are forgotten.
    pub trying: &'a Trying,
    /// The token of a session that their browser has, of whomever: it ends with that.
    pub before: Option<Token>,
}

/// Begins a session for somebody who proved who they are; none where what they proved it by is not theirs any more: hashing
/// takes a while, in which another password may have been chosen, or the account closed.
pub async fn sign_in(
    tx: &mut Tx,
    proved: Proved<'_>,
    token: &Token,
    at: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let Proved { account, how, proofs, agent, trying, before } = proved;
    if !is_as_it_was(tx, account).await? {
        return Ok(None);
    }
    // Whoever is let in again comes in by their invitation: what somebody else says of them would be one proof, and theirs are gone.
    if !is_our_own(how)
        && (table::is_invited_anew(tx, account, at).await?
            || super::recovery::agreed(tx, account, at).await?.is_some())
        && duty::anything_weighs(tx, account.person, at).await?
    {
        return Ok(None);
    }
    trying.got_it_right(tx, at).await?;
    if let Some(before) = before {
        end_before(tx, &before, at).await?;
    }
    let failed_before = trying.told(tx).await?;
    let is_new_here = trying.crowd.is_some() && proofs > 0 && table::has_signed_in(tx, account.id).await?;
    let session = Session {
        hash: token.hash(),
        account: account.id,
        person: account.person,
        agent,
        made_at: at,
        proved_at: at,
        seen_at: at,
        ends_at: at.plus_millis(LONGEST_MS),
        failed_before,
        proofs,
        ended: false,
        language: None,
    };
    table::begin_session(tx, &session, how).await?;
    let actor = Actor::Person(account.person.0);
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, &actor, "session.begin", &subject, &json!({ "how": how }), at).await?;
    if is_new_here {
        tell_owner(tx, account.person, kinds::NEW_SIGN_IN, Where::Me, at).await?;
    }
    Ok(Some(session))
}

/// Whether somebody proved who they are by what is kept here, and not by a provider or the directory.
fn is_our_own(how: &str) -> bool {
    let first = how.split('+').next().unwrap_or("");
    ["password", "passkey", "invitation", "card", "lanyard"].contains(&first)
}

/// Whether an account that was read before is open still, with the password that it had then.
async fn is_as_it_was(tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
    let now = table::of_person(tx, account.person).await?;
    Ok(now.is_some_and(|now| now.id == account.id && now.password == account.password))
}

/// Whether what an account was proved by is theirs still, and they are at the school; then what was tried in vain before is forgiven.
pub(super) async fn still_theirs(
    tx: &mut Tx,
    account: &Account,
    trying: &Trying,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let here = crate::store::on_the_roll(tx, account.person).await?;
    let is = here && is_as_it_was(tx, account).await?;
    if is {
        trying.got_it_right(tx, at).await?;
    }
    Ok(is)
}

/// Whoever has the session proved again who they are, by two different things where `both` says so; from now on it is that token's.
/// `false` where what they proved it by is not theirs any more, or the session has ended.
pub async fn prove_again(
    tx: &mut Tx,
    (session, token): (&Session, &Token),
    account: &Account,
    (trying, both): (&Trying, bool),
    at: Timestamp,
) -> Result<bool, StoreError> {
    if !is_as_it_was(tx, account).await? {
        return Ok(false);
    }
    trying.got_it_right(tx, at).await?;
    let hash = token.hash();
    if !table::proved(tx, (&session.hash, &hash), at).await? {
        return Ok(false);
    }
    if both {
        table::set_proofs(tx, account.id, Some(&hash), 2).await?;
    }
    let actor = Actor::Person(session.person.0);
    let subject = Subject::new("person", session.person.0);
    trail::changed(tx, &actor, "session.prove-again", &subject, &json!({}), at).await?;
    Ok(true)
}

/// Ends the session that a browser has in which somebody signs in: nobody comes back to it by that browser, and whoever knows its token is
/// out.
async fn end_before(tx: &mut Tx, before: &Token, at: Timestamp) -> Result<(), StoreError> {
    match table::session(tx, &before.hash()).await? {
        Some(session) if !session.ended => end_own(tx, &session, &session.hash, at).await,
        _ => Ok(()),
    }
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

/// Whether somebody is signed in elsewhere too.
pub(super) async fn has_others(tx: &mut Tx, session: &Session, at: Timestamp) -> Result<bool, StoreError> {
    Ok(own_sessions(tx, session, at).await?.iter().any(|other| other.hash != session.hash))
}

/// Somebody ends all sessions of their own but the one they use; how many there were.
pub(super) async fn end_others(tx: &mut Tx, session: &Session, at: Timestamp) -> Result<u64, StoreError> {
    let actor = Actor::Person(session.person.0);
    let mut ended = 0;
    for other in own_sessions(tx, session, at).await? {
        if other.hash != session.hash {
            ended += table::end_sessions(tx, session.account, Some(&other.hash), &actor, at).await?;
        }
    }
    if ended > 0 {
        let subject = Subject::new("person", session.person.0);
        trail::changed(tx, &actor, "session.end", &subject, &json!({ "sessions": ended }), at).await?;
    }
    Ok(ended)
}

/// Signs the permit's person out everywhere; how many sessions there were.
pub async fn end_everywhere(
    tx: &mut Tx,
    permit: &Permit<EndSessions>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let Some(account) = table::of_person(tx, *permit.subject()).await? else { return Ok(0) };
    let ended = make_safe(tx, permit.actor(), &account, Safe::SignedOut, at).await?;
    // Also where they were signed in nowhere: programs end, and where they are told of what happens.
    let subject = Subject::new("person", permit.subject().0);
    trail::changed(tx, permit.actor(), "session.end", &subject, &ended.detail(&account), at).await?;
    Ok(ended.sessions)
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
