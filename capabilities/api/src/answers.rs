//! Answers that are kept for their `Idempotency-Key`, and what a token is told of itself.

use ::store::orm as sea_orm;
use ::store::{StoreError, Tx};
use kit::Timestamp;
use people::programs::OwnTokens;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::Api;
use crate::content::Content;
use crate::door::{Call, Done, Told};
use crate::handled;
use crate::operation::{Gives, Operation, of};
use crate::problem::Problem;
use crate::token::TokenId;

mod table {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_answer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub asked: String,
        pub status: i64,
        pub body: String,
        pub at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

const HOUR_MS: i64 = 3_600_000;

/// Which request a key stands for: what was asked, and with which message.
pub(crate) fn asked(operation: &str, path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [operation.as_bytes(), path.as_bytes(), body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An answer that was kept.
pub(crate) struct Kept {
    pub asked: String,
    pub told: Told,
}

fn since(at: Timestamp) -> i64 {
    at.as_millis() - i64::from(Content::built_in().limits.answers_hours) * HOUR_MS
}

fn purpose(token: TokenId, key: &str) -> String {
    format!("api_answer body {token} {key}")
}

/// The answer that was given for a key, where it is kept still.
pub(crate) async fn kept(
    tx: &mut Tx,
    api: &Api,
    (token, key): (TokenId, &str),
    at: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    let row = table::Entity::find_by_id((token.to_string(), key.to_owned()))
        .filter(table::Column::At.gt(since(at)))
        .one(tx.conn())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let unreadable =
        |column| StoreError::Unreadable { table: "api_answer", column, why: "not what it should be" };
    let body = api.opaque.open(&purpose(token, key), &row.body).ok_or_else(|| unreadable("body"))?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| unreadable("body"))?;
    let status = u16::try_from(row.status).map_err(|_| unreadable("status"))?;
    Ok(Some(Kept { asked: row.asked, told: Told { status, body } }))
}

/// Keeps an answer, in the transaction of what it tells of, and forgets those that are older than they are kept. It is sealed: it may hold a
/// secret that is told once.
pub(crate) async fn keep(
    tx: &mut Tx,
    api: &Api,
    (token, key): (TokenId, &str),
    asked: &str,
    told: &Told,
    at: Timestamp,
) -> Result<(), Problem> {
    table::Entity::delete_many()
        .filter(table::Column::At.lte(since(at)))
        .exec(tx.conn())
        .await
        .map_err(StoreError::from)?;
    let body = api.opaque.seal(&purpose(token, key), told.body.to_string().as_bytes());
    let body = body.ok_or_else(|| Problem::unexpected("the machine gives no randomness"))?;
    let row = table::ActiveModel {
        token: Set(token.to_string()),
        key: Set(key.to_owned()),
        asked: Set(asked.to_owned()),
        status: Set(i64::from(told.status)),
        body: Set(body),
        at: Set(at.as_millis()),
    };
    match table::Entity::insert(row).exec_without_returning(tx.conn()).await.map_err(StoreError::from) {
        Ok(_) => Ok(()),
        Err(StoreError::Taken) => Err(Problem::not_now("The same request is being answered just now")),
        Err(error) => Err(error.into()),
    }
}

/// What a token is.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenTold {
    /// What its maker calls it.
    name: String,
    /// How it begins.
    prefix: String,
    /// What it may do, where its maker's duties allow it too.
    scopes: Vec<String>,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    ends_at: String,
}

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    id: "read-token",
    summary: "What this token is",
    about: "Its name, scopes and end. A good first request.",
    query: &[],
    takes: None,
    status: 200,
    gives: Gives::One(of::<TokenTold>),
    handler: handled!(read_token),
}];

async fn read_token(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (tx, _) = call.read::<OwnTokens>(api, ()).await?;
    tx.roll_back().await?;
    let token = &call.token;
    let told = TokenTold {
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        scopes: token.scopes.clone(),
        ends_at: token.ends_at.to_string(),
    };
    Ok(Done::Told(Told::ok(json!(told))))
}
