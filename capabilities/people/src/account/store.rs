//! The tables of accounts, invitations, sessions and failures. The only file that names them.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Account, AccountId, Name, PasswordBy, Session, Token};

mod account {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub name: String,
        pub password: Option<String>,
        pub password_at: Option<i64>,
        pub created_by: String,
        pub created_at: i64,
        pub closed_by: Option<String>,
        pub closed_at: Option<i64>,
        pub programs_from: Option<i64>,
        pub language: Option<String>,
        pub came_at: Option<i64>,
        pub password_by: Option<String>,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(account)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod invitation {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub person: i64,
        pub given_by: String,
        pub given_at: i64,
        pub ends_at: i64,
        pub used_at: Option<i64>,
        pub proofs: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod session {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub account: String,
        pub how: String,
        pub agent: String,
        pub made_at: i64,
        pub proved_at: i64,
        pub seen_at: i64,
        pub ends_at: i64,
        pub failed_before: i64,
        pub proofs: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod failure {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_failure")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub whom: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: String,
        pub failures: i64,
        pub last_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn by_name(tx: &mut Tx, name: &Name) -> Result<Option<Account>, StoreError> {
    let open = account::Entity::find().filter(account::Column::ClosedAt.is_null());
    let row = open.filter(account::Column::Name.eq(name.reveal())).one(tx.conn()).await?;
    row.map(read_account).transpose()
}

pub(super) async fn by_id(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    let row = account::Entity::find_by_id(id.to_string()).one(tx.conn()).await?;
    row.filter(|row| row.closed_at.is_none()).map(read_account).transpose()
}

pub(super) async fn of_person(tx: &mut Tx, person: PersonNo) -> Result<Option<Account>, StoreError> {
    let open = account::Entity::find().filter(account::Column::ClosedAt.is_null());
    let row = open.filter(account::Column::Person.eq(i64::from(person.0))).one(tx.conn()).await?;
    row.map(read_account).transpose()
}

/// A new account without a password. [`StoreError::Taken`] where the name is somebody's.
pub(super) async fn insert(
    tx: &mut Tx,
    account: &Account,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = account::ActiveModel {
        id: Set(account.id.to_string()),
        person: Set(i64::from(account.person.0)),
        name: Set(account.name.reveal().to_owned()),
        password: Set(None),
        password_at: Set(None),
        created_by: Set(actor.to_string()),
        created_at: Set(at.as_millis()),
        closed_by: Set(None),
        closed_at: Set(None),
        // What acted for whoever had an account before acts for this one no more.
        programs_from: Set(Some(at.as_millis().saturating_sub(1))),
        language: Set(None),
        came_at: Set(None),
        password_by: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

pub(super) async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    (hash, by): (&Private<String>, PasswordBy),
    at: Timestamp,
) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::Password, Expr::value(hash.reveal().as_str()))
        .col_expr(account::Column::PasswordBy, Expr::value(by.id()))
        .col_expr(account::Column::PasswordAt, Expr::value(at.as_millis()))
        .filter(account::Column::Id.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Takes somebody's password away: whoever learned it has nothing by it.
pub(super) async fn take_password(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::Password, Expr::value(Option::<String>::None))
        .col_expr(account::Column::PasswordAt, Expr::value(Option::<i64>::None))
        .col_expr(account::Column::PasswordBy, Expr::value(Option::<String>::None))
        .filter(account::Column::Id.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// What somebody's password came by, where that is known, and since when it is theirs.
pub(super) async fn password_by(
    tx: &mut Tx,
    account: AccountId,
) -> Result<(Option<PasswordBy>, Option<Timestamp>), StoreError> {
    let row = account::Entity::find_by_id(account.to_string()).one(tx.conn()).await?;
    let row = row.map(|row| (row.password_by, row.password_at));
    let (by, at) = row.unwrap_or_default();
    Ok((by.as_deref().and_then(PasswordBy::of_id), at.map(Timestamp::from_millis)))
}

/// Programs whose tokens were made until then act for an account no more; for every account where none is named.
pub(super) async fn end_programs(
    tx: &mut Tx,
    only: Option<AccountId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut ending =
        account::Entity::update_many().col_expr(account::Column::ProgramsFrom, Expr::value(at.as_millis()));
    if let Some(only) = only {
        ending = ending.filter(account::Column::Id.eq(only.to_string()));
    }
    ending.exec(tx.conn()).await?;
    Ok(())
}

/// Since when tokens of programs act for somebody who has an account: nothing where none was ever ended so.
pub(super) async fn programs_from(
    tx: &mut Tx,
    person: PersonNo,
) -> Result<Option<Option<Timestamp>>, StoreError> {
    let row = account::Entity::find()
        .filter(account::Column::Person.eq(i64::from(person.0)))
        .filter(account::Column::ClosedAt.is_null())
        .one(tx.conn())
        .await?;
    Ok(row.map(|row| row.programs_from.map(Timestamp::from_millis)))
}

/// Keeps in which language somebody is spoken to.
pub(super) async fn set_language(tx: &mut Tx, account: AccountId, tag: &str) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::Language, Expr::value(tag))
        .filter(account::Column::Id.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Ends the invitations that somebody has.
pub(super) async fn end_invitations(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<(), StoreError> {
    invitation::Entity::update_many()
        .col_expr(invitation::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(invitation::Column::Person.eq(i64::from(person.0)))
        .filter(invitation::Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Keeps an invitation, and ends earlier ones of the same person: the last one given is the one that holds. `proofs` is how much it proves of
/// whoever opens it.
pub(super) async fn invite(
    tx: &mut Tx,
    (token, proofs): (&Token, u32),
    person: PersonNo,
    actor: &Actor,
    at: Timestamp,
    ends_at: Timestamp,
) -> Result<(), StoreError> {
    end_invitations(tx, person, at).await?;
    let row = invitation::ActiveModel {
        hash: Set(token.hash()),
        person: Set(i64::from(person.0)),
        given_by: Set(actor.to_string()),
        given_at: Set(at.as_millis()),
        ends_at: Set(ends_at.as_millis()),
        used_at: Set(None),
        proofs: Set(i64::from(proofs)),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// How much an invitation proves of whoever opens it.
pub(super) async fn proofs_of(tx: &mut Tx, token: &Token) -> Result<u32, StoreError> {
    let row = invitation::Entity::find_by_id(token.hash()).one(tx.conn()).await?;
    Ok(row.map_or(1, |row| count(row.proofs)))
}

/// When somebody was last invited by whoever may invite, and not by a slip.
pub(super) async fn last_that_proves(tx: &mut Tx, person: PersonNo) -> Result<Option<Timestamp>, StoreError> {
    let row = invitation::Entity::find()
        .filter(invitation::Column::Person.eq(i64::from(person.0)))
        .filter(invitation::Column::Proofs.gt(1))
        .order_by_desc(invitation::Column::GivenAt)
        .one(tx.conn())
        .await?;
    Ok(row.map(|row| Timestamp::from_millis(row.given_at)))
}

/// Whom an invitation is for, while it holds.
pub(super) async fn invited(
    tx: &mut Tx,
    token: &Token,
    at: Timestamp,
) -> Result<Option<PersonNo>, StoreError> {
    let row = invitation::Entity::find_by_id(token.hash()).one(tx.conn()).await?;
    row.filter(|row| row.used_at.is_none() && at.as_millis() < row.ends_at)
        .map(|row| person_no("invitation", row.person))
        .transpose()
}

/// Until when an invitation of that person's holds, where it is this one and holds.
pub(super) async fn ends(
    tx: &mut Tx,
    token: &Token,
    person: PersonNo,
    at: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let row = invitation::Entity::find_by_id(token.hash()).one(tx.conn()).await?;
    let open = |row: &invitation::Model| {
        row.person == i64::from(person.0) && row.used_at.is_none() && at.as_millis() < row.ends_at
    };
    Ok(row.filter(open).map(|row| Timestamp::from_millis(row.ends_at)))
}

/// The last invitation of each person that was given since a moment: when, until when, and whether it was used or ended by another.
pub(super) async fn invited_since(
    tx: &mut Tx,
    since: Timestamp,
) -> Result<BTreeMap<PersonNo, (Timestamp, Timestamp, bool)>, StoreError> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::GivenAt.gte(since.as_millis()))
        .order_by_asc(invitation::Column::GivenAt)
        .all(tx.conn())
        .await?;
    let mut last = BTreeMap::new();
    for row in rows {
        let (given_at, ends_at) = (row.given_at, row.ends_at);
        let [given_at, ends_at] = [given_at, ends_at].map(Timestamp::from_millis);
        // Two in one millisecond: the one that holds.
        let open = |known: &(Timestamp, Timestamp, bool)| known.0 == given_at && !known.2;
        let person = person_no("invitation", row.person)?;
        if !last.get(&person).is_some_and(open) {
            last.insert(person, (given_at, ends_at, row.used_at.is_some()));
        }
    }
    Ok(last)
}

/// Whether somebody who has signed in before, however long ago, has an invitation that holds and was given since.
pub(super) async fn is_invited_anew(
    tx: &mut Tx,
    account: &Account,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let open = invitation::Entity::find()
        .filter(invitation::Column::Person.eq(i64::from(account.person.0)))
        .filter(invitation::Column::UsedAt.is_null())
        .filter(invitation::Column::EndsAt.gt(at.as_millis()))
        .one(tx.conn())
        .await?;
    let Some(open) = open else { return Ok(false) };
    let last = session::Entity::find()
        .filter(session::Column::Account.eq(account.id.to_string()))
        .order_by_desc(session::Column::MadeAt)
        .one(tx.conn())
        .await?;
    match last {
        Some(last) => Ok(last.made_at <= open.given_at),
        // Their sessions are forgotten; that they came is not.
        None => has_signed_in(tx, account.id).await,
    }
}

/// Uses an invitation up. `false` where it was used before.
pub(super) async fn use_up(tx: &mut Tx, token: &Token, at: Timestamp) -> Result<bool, StoreError> {
    let used = invitation::Entity::update_many()
        .col_expr(invitation::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(invitation::Column::Hash.eq(token.hash()))
        .filter(invitation::Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(used.rows_affected == 1)
}

pub(super) async fn begin_session(tx: &mut Tx, session: &Session, how: &str) -> Result<(), StoreError> {
    let row = session::ActiveModel {
        hash: Set(session.hash.clone()),
        account: Set(session.account.to_string()),
        how: Set(how.to_owned()),
        agent: Set(session.agent.reveal().clone()),
        made_at: Set(session.made_at.as_millis()),
        proved_at: Set(session.proved_at.as_millis()),
        seen_at: Set(session.seen_at.as_millis()),
        ends_at: Set(session.ends_at.as_millis()),
        failed_before: Set(i64::from(session.failed_before)),
        proofs: Set(i64::from(session.proofs)),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    // Sessions are forgotten in time; that anybody came is not.
    account::Entity::update_many()
        .col_expr(account::Column::CameAt, Expr::value(session.made_at.as_millis()))
        .filter(account::Column::Id.eq(session.account.to_string()))
        .filter(account::Column::CameAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Ends a session at a moment, where it would go on for longer.
pub(super) async fn end_at(tx: &mut Tx, hash: &str, at: Timestamp) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::EndsAt, Expr::value(at.as_millis()))
        .filter(session::Column::Hash.eq(hash))
        .filter(session::Column::EndsAt.gt(at.as_millis()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The session with that hash, whose account is open still.
pub(super) async fn session(tx: &mut Tx, hash: &str) -> Result<Option<Session>, StoreError> {
    let row = session::Entity::find_by_id(hash.to_owned()).one(tx.conn()).await?;
    let Some(row) = row else { return Ok(None) };
    let open = account::Entity::find_by_id(row.account.clone()).one(tx.conn()).await?;
    open.filter(|account| account.closed_at.is_none())
        .map(|account| Ok(Session { language: account.language, ..read_session(row, account.person)? }))
        .transpose()
}

/// Every session of an account that nobody has ended, newest first.
pub(super) async fn sessions(tx: &mut Tx, account: &Account) -> Result<Vec<Session>, StoreError> {
    let rows = session::Entity::find()
        .filter(session::Column::Account.eq(account.id.to_string()))
        .filter(session::Column::EndedAt.is_null())
        .order_by_desc(session::Column::MadeAt)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(|row| read_session(row, i64::from(account.person.0))).collect()
}

/// The account of each session that goes on and was used since a moment.
pub(super) async fn open_now(
    tx: &mut Tx,
    since: Timestamp,
    at: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let rows = session::Entity::find()
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::EndsAt.gt(at.as_millis()))
        .filter(session::Column::SeenAt.gt(since.as_millis()))
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.account).collect())
}

pub(super) async fn seen(tx: &mut Tx, hash: &str, at: Timestamp) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::SeenAt, Expr::value(at.as_millis()))
        .filter(session::Column::Hash.eq(hash))
        .filter(session::Column::SeenAt.lt(at.as_millis()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Writes down that whoever has the session proved again who they are, and lets it go on by another token: what somebody has seen of the one
/// before opens nothing more (OWASP ASVS 5.0, 7.2.4). `false` where it has ended, or goes by another already.
pub(super) async fn proved(
    tx: &mut Tx,
    (before, after): (&str, &str),
    at: Timestamp,
) -> Result<bool, StoreError> {
    let gone_on = session::Entity::update_many()
        .col_expr(session::Column::Hash, Expr::value(after))
        .col_expr(session::Column::ProvedAt, Expr::value(at.as_millis()))
        .col_expr(session::Column::SeenAt, Expr::value(at.as_millis()))
        .filter(session::Column::Hash.eq(before))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(gone_on.rows_affected == 1)
}

/// Writes down how many different things the sessions of an account were proved by: all of them, or the one with that hash.
pub(super) async fn set_proofs(
    tx: &mut Tx,
    account: AccountId,
    only: Option<&str>,
    proofs: u32,
) -> Result<(), StoreError> {
    let mut setting = session::Entity::update_many()
        .col_expr(session::Column::Proofs, Expr::value(i64::from(proofs)))
        .filter(session::Column::Account.eq(account.to_string()))
        .filter(session::Column::EndedAt.is_null());
    if only.is_none() {
        // What was begun by a card is no more than that, whatever else its holder has.
        setting = setting.filter(session::Column::Proofs.gt(0));
    }
    if let Some(hash) = only {
        setting = setting.filter(session::Column::Hash.eq(hash));
    }
    setting.exec(tx.conn()).await?;
    Ok(())
}

/// Lets what was begun by an invitation count as one proof from now on.
pub(super) async fn weaken_invited(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::Proofs, Expr::value(1_i64))
        .filter(session::Column::Account.eq(account.to_string()))
        .filter(session::Column::How.eq("invitation"))
        .filter(session::Column::Proofs.gt(1))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The newest sessions of an account, also those that have ended, newest first.
pub(super) async fn latest_sessions(
    tx: &mut Tx,
    account: AccountId,
    person: PersonNo,
    at_most: u64,
) -> Result<Vec<Session>, StoreError> {
    let rows = session::Entity::find()
        .filter(session::Column::Account.eq(account.to_string()))
        .order_by_desc(session::Column::MadeAt)
        .order_by_desc(session::Column::Hash)
        .limit(at_most)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(|row| read_session(row, i64::from(person.0))).collect()
}

/// Whether anybody has ever signed in by an account, however long ago.
pub(super) async fn has_signed_in(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    let row = account::Entity::find_by_id(account.to_string()).one(tx.conn()).await?;
    Ok(row.is_some_and(|row| row.came_at.is_some()))
}

/// The ids of all accounts by which anybody ever signed in.
pub(super) async fn ever_signed_in(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<String> = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::CameAt.is_not_null())
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Ends the sessions of an account, all of them or the one with that hash; how many.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    account: AccountId,
    only: Option<&str>,
    actor: &Actor,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let mut ending = session::Entity::update_many()
        .col_expr(session::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(session::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(session::Column::Account.eq(account.to_string()))
        .filter(session::Column::EndedAt.is_null());
    if let Some(hash) = only {
        ending = ending.filter(session::Column::Hash.eq(hash));
    }
    Ok(ending.exec(tx.conn()).await?.rows_affected)
}

/// How often in a row somebody failed from one place, and when last.
pub(super) async fn failures(tx: &mut Tx, whom: &str, place: &str) -> Result<(u32, Timestamp), StoreError> {
    let key = (whom.to_owned(), place.to_owned());
    let row = failure::Entity::find_by_id(key).one(tx.conn()).await?;
    Ok(row
        .map_or((0, Timestamp::default()), |row| (count(row.failures), Timestamp::from_millis(row.last_at))))
}

/// Counts one more failure.
pub(super) async fn failed(
    tx: &mut Tx,
    whom: &str,
    place: &str,
    failures: u32,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = failure::ActiveModel {
        whom: Set(whom.to_owned()),
        place: Set(place.to_owned()),
        failures: Set(i64::from(failures)),
        last_at: Set(at.as_millis()),
    };
    failure::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([failure::Column::Whom, failure::Column::Place])
                .update_columns([failure::Column::Failures, failure::Column::LastAt])
                .to_owned(),
        )
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Forgets the failures of somebody from one place.
pub(super) async fn forget_failures(tx: &mut Tx, whom: &str, place: &str) -> Result<(), StoreError> {
    failure::Entity::delete_by_id((whom.to_owned(), place.to_owned())).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets the failures of somebody from every place.
pub(super) async fn forget_all_failures(tx: &mut Tx, whom: &str) -> Result<(), StoreError> {
    failure::Entity::delete_many().filter(failure::Column::Whom.eq(whom)).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets what was last counted before `day`, and of what is counted at `all` places together what was before `told`.
pub(super) async fn forget_old_failures(
    tx: &mut Tx,
    all: &str,
    day: Timestamp,
    told: Timestamp,
) -> Result<(), StoreError> {
    failure::Entity::delete_many()
        .filter(failure::Column::LastAt.lt(day.as_millis()))
        .filter(failure::Column::Place.ne(all))
        .exec(tx.conn())
        .await?;
    failure::Entity::delete_many()
        .filter(failure::Column::LastAt.lt(told.as_millis()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Everybody's account that is open.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Account>, StoreError> {
    let open = account::Entity::find().filter(account::Column::ClosedAt.is_null());
    let rows = open.order_by_asc(account::Column::Person).all(tx.conn()).await?;
    rows.into_iter().map(read_account).collect()
}

/// Closes an account: its name is free, and nobody signs in by it.
pub(super) async fn close(
    tx: &mut Tx,
    account: AccountId,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::ClosedBy, Expr::value(actor.to_string()))
        .col_expr(account::Column::ClosedAt, Expr::value(at.as_millis()))
        .filter(account::Column::Id.eq(account.to_string()))
        .filter(account::Column::ClosedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Ends whatever anybody could come in by: sessions, invitations and passwords; how many of each.
pub(super) async fn end_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<[u64; 3], StoreError> {
    let sessions = session::Entity::update_many()
        .col_expr(session::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(session::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    let invitations = invitation::Entity::update_many()
        .col_expr(invitation::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(invitation::Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    let passwords = account::Entity::update_many()
        .col_expr(account::Column::Password, Expr::value(Option::<String>::None))
        .col_expr(account::Column::PasswordAt, Expr::value(Option::<i64>::None))
        .filter(account::Column::Password.is_not_null())
        .exec(tx.conn())
        .await?;
    Ok([sessions, invitations, passwords].map(|done| done.rows_affected))
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

fn read_account(row: account::Model) -> Result<Account, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "account", column, why };
    Ok(Account {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: person_no("account", row.person)?,
        name: Name::typed(&row.name).ok_or_else(|| unreadable("name", "not a name to sign in by"))?,
        password: row.password.map(Private::new),
    })
}

fn read_session(row: session::Model, person: i64) -> Result<Session, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "session", column, why };
    Ok(Session {
        hash: row.hash,
        account: row.account.parse().map_err(|_| unreadable("account", "not an id"))?,
        person: person_no("account", person)?,
        agent: Private::new(row.agent),
        made_at: Timestamp::from_millis(row.made_at),
        proved_at: Timestamp::from_millis(row.proved_at),
        seen_at: Timestamp::from_millis(row.seen_at),
        ends_at: Timestamp::from_millis(row.ends_at),
        failed_before: count(row.failed_before),
        proofs: count(row.proofs),
        ended: row.ended_at.is_some(),
        language: None,
    })
}

fn person_no(table: &'static str, number: i64) -> Result<PersonNo, StoreError> {
    let unreadable = StoreError::Unreadable { table, column: "person", why: "not a person's number" };
    u32::try_from(number).map(PersonNo).map_err(|_| unreadable)
}
