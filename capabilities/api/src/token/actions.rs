//! Making tokens, ending them, and knowing one again.

use ::store::{Actor, Db, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_person};
pub use people::programs::{AnyTokens, EndAnyToken, EndOwnToken, MakeToken, OwnTokens};
use people::{account, duty};
use serde_json::json;
use web::speech::say;

use super::model::{ApiToken, Making, Mistake, Secret, TokenId};
use super::store as table;
use crate::content::Content;
use crate::opaque::same;

/// Ends tokens whose maker may not have one any more.
const JOB: Actor = Actor::Job("api-tokens");
/// How often it is written down that one was used.
const USED_EVERY_MS: i64 = 5 * 60_000;

/// Why a token was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// It may not be so.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// They have too many.
    #[error("You have {0} tokens already. End one of them first")]
    TooMany(usize),
    /// There is none, or it has ended.
    #[error("{}", say("refused.that-token-has-ended"))]
    NotThere,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token for the permit's actor. `several` says whether they proved by two things who they are.
pub async fn make(
    tx: &mut Tx,
    permit: &Permit<MakeToken>,
    (person, several): (PersonNo, bool),
    making: &Making,
    secret: &Secret,
) -> Result<ApiToken, MakeError> {
    let (content, at) = (Content::built_in(), permit.at());
    let ends_at = making.check(content, at)?;
    let theirs = table::newest(tx, Some(person)).await?;
    if theirs.iter().filter(|one| one.holds(at)).count() >= content.limits.most_tokens {
        return Err(MakeError::TooMany(content.limits.most_tokens));
    }
    let scopes = content.scopes().iter().map(|scope| scope.id.clone());
    let token = ApiToken {
        id: tx.ids().make(at),
        person,
        name: making.name.trim().to_owned(),
        prefix: secret.prefix(),
        scopes: scopes.filter(|scope| making.scopes.contains(scope)).collect(),
        several,
        made_at: at,
        used_at: None,
        ends_at,
        ended: None,
    };
    table::insert(tx, &token, &secret.hash()).await?;
    let detail = json!({ "scopes": token.scopes, "ends_at": ends_at.as_millis() });
    let subject = Subject::new("api-token", token.id);
    trail::changed(tx, permit.actor(), "api-token.make", &subject, &detail, at).await?;
    tell_person(tx, person, kinds::TOKEN_MADE, Where::Me, at).await?;
    Ok(token)
}

/// Ends one of the permit's actor's own.
pub async fn end_own(
    tx: &mut Tx,
    permit: &Permit<EndOwnToken>,
    person: PersonNo,
    id: TokenId,
) -> Result<(), MakeError> {
    let token = table::one(tx, id).await?.filter(|token| token.person == person);
    ended(tx, token.ok_or(MakeError::NotThere)?.id, permit.actor(), permit.at()).await
}

/// Ends anybody's.
pub async fn end_anybodys(tx: &mut Tx, permit: &Permit<EndAnyToken>, id: TokenId) -> Result<(), MakeError> {
    ended(tx, id, permit.actor(), permit.at()).await
}

async fn ended(tx: &mut Tx, id: TokenId, actor: &Actor, at: Timestamp) -> Result<(), MakeError> {
    if !table::end(tx, id, actor, at).await? {
        return Err(MakeError::NotThere);
    }
    trail::changed(tx, actor, "api-token.end", &Subject::new("api-token", id), &json!({}), at).await?;
    Ok(())
}

/// Somebody's tokens, newest first.
pub async fn own(tx: &mut Tx, _: &Permit<OwnTokens>, person: PersonNo) -> Result<Vec<ApiToken>, StoreError> {
    table::newest(tx, Some(person)).await
}

/// Everybody's, newest first.
pub async fn all(tx: &mut Tx, _: &Permit<AnyTokens>) -> Result<Vec<ApiToken>, StoreError> {
    table::newest(tx, None).await
}

/// Ends every token of somebody who may have none any more, because they left or their duties did; how many.
pub async fn end_of(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<usize, StoreError> {
    let mut many = 0;
    if duty::may_still::<OwnTokens>(tx, &Actor::Person(person.0).to_string(), at).await? {
        return Ok(many);
    }
    for token in table::newest(tx, Some(person)).await?.iter().filter(|token| token.ended.is_none()) {
        match ended(tx, token.id, &JOB, at).await {
            Ok(()) => many += 1,
            Err(MakeError::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(many)
}

/// Ends every token of somebody who left, whether or not they have come back since: it was made by whom they were then.
pub async fn end_of_leaver(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<usize, StoreError> {
    let mut many = 0;
    for token in table::newest(tx, Some(person)).await?.iter().filter(|token| token.ended.is_none()) {
        match ended(tx, token.id, &JOB, at).await {
            Ok(()) => many += 1,
            Err(MakeError::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(many)
}

/// Which token that is, where it holds at `at` and its maker may have one. One whose maker may not ends by being used.
pub(crate) async fn known(db: &Db, secret: &Secret, at: Timestamp) -> Result<Option<ApiToken>, StoreError> {
    let mut tx = db.read().await?;
    let found = table::beginning(&mut tx, &secret.prefix()).await?;
    let hash = secret.hash();
    let token = found.into_iter().find(|(_, kept)| same(kept, &hash)).map(|(token, _)| token);
    let Some(token) = token.filter(|token| token.holds(at)) else {
        tx.roll_back().await?;
        return Ok(None);
    };
    let maker = Actor::Person(token.person.0).to_string();
    let may = duty::may_still::<OwnTokens>(&mut tx, &maker, at).await?;
    // Ended with another password, with being signed out everywhere, or by a restore: it says so no more, and is listed as it is.
    let is_theirs = account::lets_programs_act(&mut tx, token.person, token.made_at).await?;
    tx.roll_back().await?;
    if !is_theirs {
        return Ok(None);
    }
    let is_due = token.used_at.is_none_or(|used| at.as_millis() - used.as_millis() >= USED_EVERY_MS);
    if !may || is_due {
        let mut tx = db.begin().await?;
        if may {
            table::used(&mut tx, token.id, at).await?;
        } else {
            end_of(&mut tx, token.person, at).await?;
        }
        tx.commit().await?;
    }
    Ok(may.then_some(token))
}

/// The token again, in the transaction of what is done by it, where it still holds.
pub(crate) async fn again(tx: &mut Tx, id: TokenId, at: Timestamp) -> Result<Option<ApiToken>, StoreError> {
    let Some(token) = table::one(tx, id).await?.filter(|token| token.holds(at)) else { return Ok(None) };
    let is_theirs = account::lets_programs_act(tx, token.person, token.made_at).await?;
    Ok(is_theirs.then_some(token))
}
