//! Setting codes up, using them, and taking them away.

use kit::{Private, Timestamp};
use notices::Where;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};
use web::speech::say;

use super::super::house::House;
use super::super::model::{Account, AccountId, Session};
use super::super::notices::{kinds, tell_owner};
use super::super::{seal, store as accounts};
use super::model::{CodeSecret, RECOVERY_CODES, Typed, recovery_code};
use super::store as table;

/// How long the page to set codes up on may stay open.
const SET_UP_MS: i64 = 30 * 60_000;

/// Why a code was not taken.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum CodeError {
    /// It is none that the app shows now, or was used.
    #[error("{}", say("refused.that-code-is-not"))]
    NotRight,
    /// The page was open for too long.
    #[error("{}", say("refused.this-page-was-open-for"))]
    TooOld,
    /// The machine gives no randomness.
    #[error("the machine gives no randomness")]
    NoRandomness,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl House {
    /// A new secret for somebody's app, and the same sealed, to travel in the form that proves that the app has it.
    pub(in super::super) fn new_secret(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<(CodeSecret, String), CodeError> {
        let mut bytes = [0; super::model::SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| CodeError::NoRandomness)?;
        let until = at.plus_millis(SET_UP_MS).as_millis().to_be_bytes();
        let sealed = seal::seal(&self.key, &setting_up(account), &[bytes.as_slice(), &until].concat());
        Ok((CodeSecret::of(bytes), sealed.ok_or(CodeError::NoRandomness)?))
    }

    /// The secret of a form in which it travelled.
    pub(in super::super) fn travelled(
        &self,
        account: AccountId,
        sealed: &str,
        at: Timestamp,
    ) -> Option<CodeSecret> {
        let bytes = seal::open(&self.key, &setting_up(account), sealed)?;
        let (secret, until) = bytes.split_at_checked(super::model::SECRET_BYTES)?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        (at.as_millis() < until).then(|| Some(CodeSecret::of(secret.try_into().ok()?)))?
    }

    /// Sets codes up for whoever has the session: the secret, proved by a code of it, and recovery codes, which are told once. Their session
    /// has two proofs from now on.
    pub(in super::super) async fn set_codes_up(
        &self,
        tx: &mut Tx,
        session: &Session,
        (sealed, code): (&str, &Typed),
        at: Timestamp,
    ) -> Result<Vec<Private<String>>, CodeError> {
        let secret = self.travelled(session.account, sealed, at).ok_or(CodeError::TooOld)?;
        let step = match code {
            Typed::Code(code) => secret.step(code, at),
            _ => None,
        };
        let step = step.ok_or(CodeError::NotRight)?;
        let kept = seal::seal(&self.key, &kept_for(session.account), secret.reveal());
        let kept = kept.ok_or(CodeError::NoRandomness)?;
        table::set_app(tx, session.account, kept, step, at).await?;
        let codes = self.new_recovery(tx, session.account, at).await?;
        accounts::set_proofs(tx, session.account, Some(&session.hash), 2).await?;
        said(tx, session, "second-proof.set-up", at).await?;
        tell_owner(tx, session.person, kinds::CODES_ADDED, Where::Codes, at).await?;
        Ok(codes)
    }

    /// New recovery codes in place of all before, told once.
    pub(in super::super) async fn renew_recovery(
        &self,
        tx: &mut Tx,
        session: &Session,
        at: Timestamp,
    ) -> Result<Vec<Private<String>>, CodeError> {
        let codes = self.new_recovery(tx, session.account, at).await?;
        said(tx, session, "second-proof.recovery-codes", at).await?;
        tell_owner(tx, session.person, kinds::CODES_ADDED, Where::Codes, at).await?;
        Ok(codes)
    }

    async fn new_recovery(
        &self,
        tx: &mut Tx,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Vec<Private<String>>, CodeError> {
        let mut codes = Vec::new();
        for _ in 0..RECOVERY_CODES {
            let mut random = [0; 12];
            getrandom::fill(&mut random).map_err(|_| CodeError::NoRandomness)?;
            codes.push(Private::new(recovery_code(random)));
        }
        let hashes = codes.iter().filter_map(|code| match Typed::read(code.reveal()) {
            Typed::Recovery(code) => Some(self.keyed("recovery code", &code)),
            _ => None,
        });
        table::set_recovery(tx, account, &hashes.collect::<Vec<_>>(), at).await?;
        Ok(codes)
    }

    /// Takes a code of somebody's, of the app or to recover by, and uses it up: which of the two it was, as sessions say. `None`
    /// where it is not right, or was used before.
    pub(in super::super) async fn takes_code(
        &self,
        tx: &mut Tx,
        account: &Account,
        code: &Typed,
        at: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        match code {
            Typed::Code(code) => {
                let Some(app) = table::app(tx, account.id).await? else { return Ok(None) };
                let secret = seal::open(&self.key, &kept_for(account.id), &app.secret);
                let secret = secret.and_then(|bytes| bytes.try_into().ok()).map(CodeSecret::of);
                let unreadable = StoreError::Unreadable {
                    table: "code_app",
                    column: "secret",
                    why: "sealed under another key",
                };
                let Some(step) = secret.ok_or(unreadable)?.step(code, at) else { return Ok(None) };
                Ok(table::use_step(tx, account.id, step).await?.then_some("code"))
            }
            Typed::Recovery(code) => {
                let hash = self.keyed("recovery code", code);
                if !table::use_recovery(tx, account.id, &hash, at).await? {
                    return Ok(None);
                }
                let actor = Actor::Person(account.person.0);
                let left = table::recovery_left(tx, account.id).await?;
                let subject = Subject::new("person", account.person.0);
                let detail = json!({ "left": left });
                trail::changed(tx, &actor, "second-proof.use-recovery-code", &subject, &detail, at).await?;
                Ok(Some("recovery-code"))
            }
            Typed::Neither => Ok(None),
        }
    }
}

/// Takes somebody's app and recovery codes away. Whatever was proved by them counts no more. `false` where there was nothing.
pub async fn remove(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if !table::remove(tx, account.id).await? {
        return Ok(false);
    }
    accounts::set_proofs(tx, account.id, None, 1).await?;
    let subject = Subject::new("person", account.person.0);
    trail::changed(tx, actor, "second-proof.remove", &subject, &json!({}), at).await?;
    tell_owner(tx, account.person, kinds::CODES_REMOVED, Where::Codes, at).await?;
    Ok(true)
}

async fn said(tx: &mut Tx, session: &Session, verb: &str, at: Timestamp) -> Result<(), StoreError> {
    let actor = Actor::Person(session.person.0);
    trail::changed(tx, &actor, verb, &Subject::new("person", session.person.0), &json!({}), at).await?;
    Ok(())
}

fn setting_up(account: AccountId) -> String {
    format!("setting up codes for {account}")
}

fn kept_for(account: AccountId) -> String {
    format!("code_app.secret of {account}")
}
