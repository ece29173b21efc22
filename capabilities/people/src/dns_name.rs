//! Encrypted-DNS names of somebody's own: a device that asks through one is known to be theirs, wherever it is.
//!
//! The name is a random token before the gate's own name. It is told once, to whoever gave it, and only its hash is kept.

use engine::live::NameEntry;
use engine::{DeviceNo, NameHash, PersonNo};
use kit::{Private, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use store::orm as sea_orm;
use store::{Actor, StoreError, Subject, Tx, trail};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dns_name")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub person: Option<i64>,
        pub device: Option<i64>,
        pub given_by: String,
        pub given_at: i64,
        pub revoked_by: Option<String>,
        pub revoked_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A person's, on whichever of their devices.
    Person(PersonNo),
    /// A device's, whoever holds it.
    Device(DeviceNo),
}

impl Owner {
    fn subject(self) -> Subject {
        match self {
            Self::Person(number) => Subject::new("person", number.0),
            Self::Device(number) => Subject::new("device", number.0),
        }
    }

    fn is(self) -> Condition {
        let condition = Condition::all().add(table::Column::RevokedAt.is_null());
        match self {
            Self::Person(number) => condition.add(table::Column::Person.eq(i64::from(number.0))),
            Self::Device(number) => condition.add(table::Column::Device.eq(i64::from(number.0))),
        }
    }
}

/// Gives somebody a name of their own, made of 128 random bits; the token is told once. Earlier names go on holding: each device
/// may have one. Whoever began the transaction commits it, and publishes the roll anew.
pub async fn give_dns_name(
    tx: &mut Tx,
    actor: &Actor,
    owner: Owner,
    random: [u8; 16],
    at: Timestamp,
) -> Result<Private<String>, StoreError> {
    let token = NameHash::token(random);
    let hash = NameHash::of_token(&token).ok_or_else(unreadable)?;
    let (person, device) = match owner {
        Owner::Person(number) => (Some(i64::from(number.0)), None),
        Owner::Device(number) => (None, Some(i64::from(number.0))),
    };
    let row = table::ActiveModel {
        hash: Set(hash.to_hex()),
        person: Set(person),
        device: Set(device),
        given_by: Set(actor.to_string()),
        given_at: Set(at.as_millis()),
        revoked_by: Set(None),
        revoked_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    trail::changed(tx, actor, "dns-name.give", &owner.subject(), &json!({}), at).await?;
    Ok(Private::new(token))
}

/// Takes all of somebody's names back; how many there were. Where there were none, nothing is changed and there is no entry.
pub async fn revoke_dns_names(
    tx: &mut Tx,
    actor: &Actor,
    owner: Owner,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let revoked = table::Entity::update_many()
        .col_expr(table::Column::RevokedBy, Expr::value(actor.to_string()))
        .col_expr(table::Column::RevokedAt, Expr::value(at.as_millis()))
        .filter(owner.is())
        .exec(tx.conn())
        .await?
        .rows_affected;
    if revoked > 0 {
        let detail = json!({ "names": revoked });
        trail::changed(tx, actor, "dns-name.revoke", &owner.subject(), &detail, at).await?;
    }
    Ok(revoked)
}

/// How many names somebody has that hold.
pub async fn dns_names_of(tx: &mut Tx, owner: Owner) -> Result<u64, StoreError> {
    Ok(table::Entity::find().filter(owner.is()).count(tx.conn()).await?)
}

/// All names that hold, as the gate gets them. What is of somebody who has left the roll is nobody's there.
pub(crate) async fn for_the_gate(tx: &mut Tx) -> Result<Vec<NameEntry>, StoreError> {
    let rows = table::Entity::find().filter(table::Column::RevokedAt.is_null()).all(tx.conn()).await?;
    let read = |row: table::Model| {
        let number = |number: i64| u32::try_from(number).map_err(|_| unreadable());
        Ok(NameEntry {
            name: NameHash::from_hex(&row.hash).ok_or_else(unreadable)?,
            person: row.person.map(|person| number(person).map(PersonNo)).transpose()?,
            device: row.device.map(|device| number(device).map(DeviceNo)).transpose()?,
        })
    };
    let mut names: Vec<NameEntry> = rows.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    // In one order, so that the same records are published alike.
    names.sort_by_key(|entry| entry.name);
    Ok(names)
}

const fn unreadable() -> StoreError {
    StoreError::Unreadable { table: "dns_name", column: "hash", why: "not a hashed name" }
}
