//! The tables of the roll: people, devices and their addresses, ranges. The only file that names them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use engine::live::{DeviceEntry, HardwareEntry, PersonEntry, RangeEntry, Roll};
use engine::{DeviceNo, HardwareAddress, PersonNo};
use kit::{Private, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use crate::PersonId;
use crate::model::{Changes, Device, Difference, Listed, Person, Range};
use crate::roll_file::{DeviceLine, PersonLine, RangeLine, RollFile};

mod person {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub number: i64,
        pub key: String,
        pub name: String,
        pub groups: String,
        pub joined_at: i64,
        pub left_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod device {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub name: String,
        pub person: Option<i64>,
        pub groups: String,
        pub joined_at: i64,
        pub left_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod device_address {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device_address")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub device: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod device_hardware {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device_hardware")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub device: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod address_range {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "address_range")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub cidr: String,
        pub name: String,
        pub groups: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Everybody on the roll, by number.
pub async fn people(tx: &mut Tx) -> Result<Vec<Person>, StoreError> {
    let rows = person::Entity::find()
        .filter(person::Column::LeftAt.is_null())
        .order_by_asc(person::Column::Number)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read_person).collect()
}

/// The device register, by number.
pub async fn devices(tx: &mut Tx) -> Result<Vec<Device>, StoreError> {
    let mut addresses: BTreeMap<i64, Vec<IpAddr>> = BTreeMap::new();
    for row in device_address::Entity::find().all(tx.conn()).await? {
        let address =
            row.address.parse().map_err(|_| unreadable("device_address", "address", "not an address"))?;
        addresses.entry(row.device).or_default().push(address);
    }
    let mut hardware: BTreeMap<i64, Vec<HardwareAddress>> = BTreeMap::new();
    for row in device_hardware::Entity::find().all(tx.conn()).await? {
        let address = HardwareAddress::parse(&row.address)
            .ok_or_else(|| unreadable("device_hardware", "address", "not a hardware address"))?;
        hardware.entry(row.device).or_default().push(address);
    }
    let rows = device::Entity::find()
        .filter(device::Column::LeftAt.is_null())
        .order_by_asc(device::Column::Number)
        .all(tx.conn())
        .await?;
    let read = |row: device::Model| {
        let mut addresses = addresses.remove(&row.number).unwrap_or_default();
        addresses.sort();
        let mut hardware = hardware.remove(&row.number).unwrap_or_default();
        hardware.sort();
        Ok(Device {
            number: DeviceNo(number("device", "number", row.number)?),
            name: Private::new(row.name),
            addresses,
            hardware,
            person: row.person.map(|person| number("device", "person", person).map(PersonNo)).transpose()?,
            groups: read_groups("device", &row.groups)?,
            joined_at: Timestamp::from_millis(row.joined_at),
        })
    };
    rows.into_iter().map(read).collect()
}

/// The ranges of addresses.
pub async fn ranges(tx: &mut Tx) -> Result<Vec<Range>, StoreError> {
    let rows = address_range::Entity::find().order_by_asc(address_range::Column::Cidr).all(tx.conn()).await?;
    let read = |row: address_range::Model| {
        let groups = read_groups("address_range", &row.groups)?;
        Ok(Range { range: row.cidr, name: row.name, groups })
    };
    rows.into_iter().map(read).collect()
}

/// The name that goes with a number: also of somebody who has left, for as long as it is kept.
pub async fn name_of(tx: &mut Tx, person: PersonNo) -> Result<Option<Private<String>>, StoreError> {
    let row =
        person::Entity::find().filter(person::Column::Number.eq(i64::from(person.0))).one(tx.conn()).await?;
    Ok(row.map(|row| Private::new(row.name)))
}

/// Whether somebody with that number is on the roll.
pub(crate) async fn on_the_roll(tx: &mut Tx, person: PersonNo) -> Result<bool, StoreError> {
    Ok(on_the_roll_by(tx, person).await?.is_some())
}

/// The name of somebody who is on the roll.
pub(crate) async fn on_the_roll_by(
    tx: &mut Tx,
    person: PersonNo,
) -> Result<Option<Private<String>>, StoreError> {
    let row = person::Entity::find()
        .filter(person::Column::Number.eq(i64::from(person.0)))
        .filter(person::Column::LeftAt.is_null())
        .one(tx.conn())
        .await?;
    Ok(row.map(|row| Private::new(row.name)))
}

/// The names of all people there are numbers of: also of those who have left, for as long as they are kept.
pub async fn names(tx: &mut Tx) -> Result<Vec<(PersonNo, Private<String>)>, StoreError> {
    let rows = person::Entity::find().all(tx.conn()).await?;
    let read =
        |row: person::Model| Ok((PersonNo(number("person", "number", row.number)?), Private::new(row.name)));
    rows.into_iter().map(read).collect()
}

/// The names of all devices there are numbers of, likewise.
pub async fn device_names(tx: &mut Tx) -> Result<Vec<(DeviceNo, Private<String>)>, StoreError> {
    let rows = device::Entity::find().all(tx.conn()).await?;
    let read =
        |row: device::Model| Ok((DeviceNo(number("device", "number", row.number)?), Private::new(row.name)));
    rows.into_iter().map(read).collect()
}

/// Those on the roll with that name or that id, as somebody at the command line writes it: letter case and the blanks
/// between words do not count in a name. Several may share one.
pub async fn people_called(tx: &mut Tx, written: &str) -> Result<Vec<Person>, StoreError> {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let wanted = plain(written);
    let mut called = people(tx).await?;
    called.retain(|one| one.key.reveal() == written || plain(one.name.reveal()) == wanted);
    Ok(called)
}

/// The roll as the gate gets it: numbers, addresses and group ids; no names. A group that the policy does not have is
/// found when it is compiled under one.
pub async fn gate_roll(tx: &mut Tx) -> Result<Roll, StoreError> {
    let people = people(tx).await?.into_iter();
    let devices = devices(tx).await?;
    let hardware = devices.iter().flat_map(|one| {
        one.hardware.iter().map(|address| HardwareEntry { address: *address, device: one.number })
    });
    let hardware = hardware.collect();
    let devices = devices.into_iter();
    let ranges = ranges(tx).await?.into_iter();
    Ok(Roll {
        names: crate::dns_name::for_the_gate(tx).await?,
        hardware,
        people: people.map(|one| PersonEntry { person: one.number, groups: one.groups }).collect(),
        devices: devices
            .map(|one| DeviceEntry {
                device: one.number,
                person: one.person,
                groups: one.groups,
                addresses: one.addresses,
            })
            .collect(),
        addresses: Vec::new(),
        ranges: ranges.map(|one| RangeEntry { range: one.range, groups: one.groups, person: None }).collect(),
    })
}

/// What importing the file would change.
pub async fn compare(tx: &mut Tx, file: &RollFile) -> Result<Changes, StoreError> {
    let now = listed(tx).await?;
    Ok(Difference::between(&now, file).changes())
}

pub(crate) async fn listed(tx: &mut Tx) -> Result<Listed, StoreError> {
    Ok(Listed { people: people(tx).await?, devices: devices(tx).await?, ranges: ranges(tx).await? })
}

/// Brings the tables to what the file says. Who leaves is marked first, so that the same id may come back as somebody
/// new, and a device may take the address that another gives up.
pub(crate) async fn put(tx: &mut Tx, difference: &Difference<'_>, at: Timestamp) -> Result<(), StoreError> {
    put_people(tx, difference, at).await?;
    put_devices(tx, difference, at).await?;
    put_ranges(tx, difference).await
}

async fn put_people(tx: &mut Tx, difference: &Difference<'_>, at: Timestamp) -> Result<(), StoreError> {
    for one in &difference.people.removed {
        person::Entity::update_many()
            .col_expr(person::Column::LeftAt, Expr::value(at.as_millis()))
            .filter(person::Column::Number.eq(i64::from(one.number.0)))
            .exec(tx.conn())
            .await?;
    }
    for (old, new) in &difference.people.changed {
        person::Entity::update_many()
            .col_expr(person::Column::Name, Expr::value(new.name.as_str()))
            .col_expr(person::Column::Groups, Expr::value(write_groups(&new.groups)))
            .filter(person::Column::Number.eq(i64::from(old.number.0)))
            .exec(tx.conn())
            .await?;
    }
    let mut next = highest(tx, person::Column::Number, person::Entity).await?;
    for new in &difference.people.added {
        next += 1;
        insert_person(tx, new, next, at).await?;
    }
    Ok(())
}

async fn insert_person(tx: &mut Tx, new: &PersonLine, number: i64, at: Timestamp) -> Result<(), StoreError> {
    let id: PersonId = tx.ids().make(at);
    let row = person::ActiveModel {
        id: Set(id.to_string()),
        number: Set(number),
        key: Set(new.key.clone()),
        name: Set(new.name.clone()),
        groups: Set(write_groups(&new.groups)),
        joined_at: Set(at.as_millis()),
        left_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

async fn put_devices(tx: &mut Tx, difference: &Difference<'_>, at: Timestamp) -> Result<(), StoreError> {
    let by_key: BTreeMap<String, i64> =
        people(tx).await?.into_iter().map(|one| (one.key.into_revealed(), i64::from(one.number.0))).collect();
    let person_of = |line: &DeviceLine| line.person.as_ref().and_then(|key| by_key.get(key).copied());

    let gone = difference.devices.removed.iter().map(|one| one.number);
    let giving_up: Vec<i64> = gone
        .chain(difference.devices.changed.iter().map(|(old, _)| old.number))
        .map(|no| i64::from(no.0))
        .collect();
    for number in &giving_up {
        device_address::Entity::delete_many()
            .filter(device_address::Column::Device.eq(*number))
            .exec(tx.conn())
            .await?;
        device_hardware::Entity::delete_many()
            .filter(device_hardware::Column::Device.eq(*number))
            .exec(tx.conn())
            .await?;
    }
    for one in &difference.devices.removed {
        device::Entity::update_many()
            .col_expr(device::Column::LeftAt, Expr::value(at.as_millis()))
            .filter(device::Column::Number.eq(i64::from(one.number.0)))
            .exec(tx.conn())
            .await?;
    }
    for (old, new) in &difference.devices.changed {
        let number = i64::from(old.number.0);
        device::Entity::update_many()
            .col_expr(device::Column::Person, Expr::value(person_of(new)))
            .col_expr(device::Column::Groups, Expr::value(write_groups(&new.groups)))
            .filter(device::Column::Number.eq(number))
            .exec(tx.conn())
            .await?;
        insert_addresses(tx, new, number).await?;
    }
    let mut next = highest(tx, device::Column::Number, device::Entity).await?;
    for new in &difference.devices.added {
        next += 1;
        let row = device::ActiveModel {
            number: Set(next),
            name: Set(new.name.clone()),
            person: Set(person_of(new)),
            groups: Set(write_groups(&new.groups)),
            joined_at: Set(at.as_millis()),
            left_at: Set(None),
        };
        row.insert(tx.conn()).await?;
        insert_addresses(tx, new, next).await?;
    }
    Ok(())
}

async fn insert_addresses(tx: &mut Tx, line: &DeviceLine, number: i64) -> Result<(), StoreError> {
    for address in &line.addresses {
        let row = device_address::ActiveModel { address: Set(address.to_string()), device: Set(number) };
        row.insert(tx.conn()).await?;
    }
    for address in &line.hardware {
        let row = device_hardware::ActiveModel { address: Set(address.to_string()), device: Set(number) };
        row.insert(tx.conn()).await?;
    }
    Ok(())
}

async fn put_ranges(tx: &mut Tx, difference: &Difference<'_>) -> Result<(), StoreError> {
    let changed = difference.ranges.changed.iter().map(|(old, _)| *old);
    for old in difference.ranges.removed.iter().copied().chain(changed) {
        address_range::Entity::delete_by_id(old.range.clone()).exec(tx.conn()).await?;
    }
    let changed = difference.ranges.changed.iter().map(|(_, new)| *new);
    for new in difference.ranges.added.iter().copied().chain(changed) {
        insert_range(tx, new).await?;
    }
    Ok(())
}

async fn insert_range(tx: &mut Tx, new: &RangeLine) -> Result<(), StoreError> {
    let row = address_range::ActiveModel {
        cidr: Set(new.range.clone()),
        name: Set(new.name.clone()),
        groups: Set(write_groups(&new.groups)),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// The highest number ever given, to those who left too: a number is never given twice.
async fn highest<E: EntityTrait>(tx: &mut Tx, column: E::Column, _: E) -> Result<i64, StoreError> {
    let highest: Option<Option<i64>> =
        E::find().select_only().column_as(column.max(), "highest").into_tuple().one(tx.conn()).await?;
    Ok(highest.flatten().unwrap_or(0))
}

fn read_person(row: person::Model) -> Result<Person, StoreError> {
    Ok(Person {
        number: PersonNo(number("person", "number", row.number)?),
        key: Private::new(row.key),
        name: Private::new(row.name),
        groups: read_groups("person", &row.groups)?,
    })
}

fn write_groups(groups: &[String]) -> String {
    serde_json::Value::from(groups.to_vec()).to_string()
}

fn read_groups(table: &'static str, text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable(table, "groups", "not a list of group ids"))
}

fn number(table: &'static str, column: &'static str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| unreadable(table, column, "a number out of range"))
}

const fn unreadable(table: &'static str, column: &'static str, why: &'static str) -> StoreError {
    StoreError::Unreadable { table, column, why }
}
