//! Making an account safe again: the one place that says what ends with it, so that no door forgets a part.

use engine::PersonNo;
use kit::Timestamp;
use notices::Where;
use serde_json::{Value, json};
use store::{Actor, StoreError, Tx};

use super::model::{Account, PasswordBy, Session};
use super::notices::{kinds, tell_owner};
use super::{card, codes, link, passkeys, store as table};

/// What somebody does to make an account safe again.
#[derive(Debug, Clone, Copy)]
pub enum Safe<'a> {
    /// Its owner chose another password while they were signed in by this session, which goes on.
    Changed(&'a Session),
    /// They are signed out everywhere: a phone or a computer is lost, or somebody else sat at it.
    SignedOut,
    /// Whoever has an invitation chose another password by it.
    Invited,
    /// What they sign in by is lost, or somebody else may have it: nothing of it is left, and they come in by what they are given now.
    Lost,
}

/// What ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MadeSafe {
    /// Sessions.
    pub sessions: u64,
    /// Addresses for mail, and browsers, by which they were told of what happens.
    pub told: u64,
    /// Whether a password was taken.
    pub password: bool,
    /// Whether an app, codes or passkeys were taken.
    pub second_proof: bool,
}

impl MadeSafe {
    /// As an entry of the trail says it.
    pub(crate) fn detail(self, account: &Account) -> Value {
        json!({
            "account": account.id.to_string(), "sessions": self.sessions, "told": self.told, "password": self.password,
            "second_proof": self.second_proof, "programs": true,
        })
    }
}

/// Makes an account safe again. In each case sessions end, and the programs that act for its owner by tokens; where it may have been in other
/// hands, what these may have added ends too: where its owner is told of what happens, and by [`Safe::Lost`] whatever it is signed in by. The
/// caller leaves its own entry in the trail, with what ended.
pub async fn make_safe(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    how: Safe<'_>,
    at: Timestamp,
) -> Result<MadeSafe, StoreError> {
    let mut made = MadeSafe::default();
    let was_used = table::has_signed_in(tx, account.id).await?;
    // Whoever comes for the first time may make a token in the same moment.
    let until = if was_used { at } else { at.plus_millis(-1) };
    table::end_programs(tx, Some(account.id), until).await?;
    made.sessions = match how {
        Safe::Changed(session) => super::actions::end_others(tx, session, at).await?,
        Safe::SignedOut | Safe::Invited | Safe::Lost => {
            table::end_sessions(tx, account.id, None, actor, at).await?
        }
    };
    if !matches!(how, Safe::SignedOut) {
        table::end_invitations(tx, account.person, at).await?;
    }
    if matches!(how, Safe::Lost) {
        made.password = account.password.is_some();
        table::take_password(tx, account.id).await?;
        link::remove_lost(tx, actor, account, None, at).await?;
        let keys = passkeys::actions::remove_lost(tx, actor, account, at).await?;
        made.second_proof = codes::remove(tx, actor, account, at).await? || keys > 0;
    }
    let is_theirs = matches!(how, Safe::Changed(_)) || !was_used;
    if !is_theirs {
        tell_owner(tx, account.person, kinds::MADE_SAFE, Where::Notices, at).await?;
        made.told = ::notices::address::forget(tx, account.person.0).await?;
    }
    Ok(made)
}

/// Before somebody gets a duty that nobody alone may come by: what was given out before for them to sign in by ends, since whoever gave it could
/// use it. These are open invitations and slips; a password by which they never signed in, or which came by a slip; what a session counts for that
/// was begun by an invitation; and what else they sign in by that is older than their password. Whoever has chosen their own password by an invitation since their slip goes on. For the first such duty alone: whoever has
/// one is given nothing any more by which one person alone could be them.
pub(crate) async fn before_a_duty(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<MadeSafe, StoreError> {
    table::end_invitations(tx, person, at).await?;
    let slip = card::store::newest_of(tx, person).await?;
    card::store::end_of(tx, person, actor, at).await?;
    let Some(account) = table::of_person(tx, person).await? else { return Ok(MadeSafe::default()) };
    let (password_by, since) = table::password_by(tx, account.id).await?;
    let by_a_slip = match password_by {
        Some(by) => by == PasswordBy::Slip,
        // Chosen before that was written down: by the later of the two.
        None => {
            let invited_at = table::last_that_proves(tx, person).await?;
            slip.is_some_and(|slip| invited_at.is_none_or(|invited_at| invited_at < slip.issued.1))
        }
    };
    let never = !table::has_signed_in(tx, account.id).await?;
    if by_a_slip || (never && account.password.is_some()) {
        return make_safe(tx, actor, &account, Safe::Lost, at).await;
    }
    table::weaken_invited(tx, account.id).await?;
    let second_proof = match since {
        Some(since) => end_what_was_set_up_before(tx, actor, &account, since, at).await?,
        None => false,
    };
    Ok(MadeSafe { second_proof, ..MadeSafe::default() })
}

/// Ends the passkeys, the app and the links that were set up before somebody had the password that they have: whoever had the account in their hands
/// then, by an earlier invitation, could have set them up for themselves. Their owner is told, and sets them up anew.
async fn end_what_was_set_up_before(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    since: Timestamp,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let mut ended = false;
    if passkeys::store::of(tx, account.id).await?.iter().any(|key| key.made_at < since) {
        ended |= passkeys::actions::remove_lost(tx, actor, account, at).await? > 0;
    }
    if codes::store::app(tx, account.id).await?.is_some_and(|app| app.made_at < since) {
        ended |= codes::remove(tx, actor, account, at).await?;
    }
    if link::store::of(tx, account.id).await?.iter().any(|link| link.made_at < since) {
        ended |= link::remove_lost(tx, actor, account, None, at).await?;
    }
    Ok(ended)
}
