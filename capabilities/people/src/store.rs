//! The tables of the roll: people, devices and their addresses, ranges. The only file that names them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use engine::live::{DeviceEntry, HardwareEntry, PersonEntry, RangeEntry, Roll};
use engine::{DeviceNo, HardwareAddress, PersonNo};
use kit::{Private, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use crate::PersonId;
use crate::by_age::ByAge;
use crate::intake::Facts;
use crate::kind::{Kind, YearGroup};
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
        pub kind: Option<String>,
        pub year_group: Option<i64>,
        pub given_name: Option<String>,
        pub family_name: Option<String>,
        pub born_on: Option<String>,
        pub first_on: Option<String>,
        pub last_on: Option<String>,
        pub leaves_at: Option<i64>,
        pub kept: String,
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

/// Somebody on the roll, by number. One row.
pub async fn person(tx: &mut Tx, person: PersonNo) -> Result<Option<Person>, StoreError> {
    let row = person::Entity::find()
        .filter(person::Column::Number.eq(i64::from(person.0)))
        .filter(person::Column::LeftAt.is_null())
        .one(tx.conn())
        .await?;
    row.map(read_person).transpose()
}

/// The device register, by number.
pub async fn devices(tx: &mut Tx) -> Result<Vec<Device>, StoreError> {
    let rows = registered().all(tx.conn()).await?;
    let addresses = device_address::Entity::find().all(tx.conn()).await?;
    let hardware = device_hardware::Entity::find().all(tx.conn()).await?;
    read_devices(rows, addresses, hardware)
}

/// A part of the device register: `many` from the place `first` on, by number, and how many there are in all. Cost: those rows.
pub async fn devices_from(tx: &mut Tx, first: u64, many: u64) -> Result<(Vec<Device>, u64), StoreError> {
    let count = registered().count(tx.conn()).await?;
    let rows = registered().offset(first).limit(many).all(tx.conn()).await?;
    Ok((with_addresses(tx, rows).await?, count))
}

/// The devices that are somebody's, by number. Cost: those rows.
pub(crate) async fn devices_of(tx: &mut Tx, person: PersonNo) -> Result<Vec<Device>, StoreError> {
    let theirs = registered().filter(device::Column::Person.eq(i64::from(person.0)));
    let rows = theirs.all(tx.conn()).await?;
    with_addresses(tx, rows).await
}

async fn with_addresses(tx: &mut Tx, rows: Vec<device::Model>) -> Result<Vec<Device>, StoreError> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
    let addresses = device_address::Entity::find()
        .filter(device_address::Column::Device.is_in(numbers.iter().copied()))
        .all(tx.conn())
        .await?;
    let hardware = device_hardware::Entity::find()
        .filter(device_hardware::Column::Device.is_in(numbers))
        .all(tx.conn())
        .await?;
    read_devices(rows, addresses, hardware)
}

fn registered() -> sea_orm::Select<device::Entity> {
    device::Entity::find().filter(device::Column::LeftAt.is_null()).order_by_asc(device::Column::Number)
}

fn read_devices(
    rows: Vec<device::Model>,
    with_addresses: Vec<device_address::Model>,
    with_hardware: Vec<device_hardware::Model>,
) -> Result<Vec<Device>, StoreError> {
    let mut addresses: BTreeMap<i64, Vec<IpAddr>> = BTreeMap::new();
    for row in with_addresses {
        let address =
            row.address.parse().map_err(|_| unreadable("device_address", "address", "not an address"))?;
        addresses.entry(row.device).or_default().push(address);
    }
    let mut hardware: BTreeMap<i64, Vec<HardwareAddress>> = BTreeMap::new();
    for row in with_hardware {
        let address = HardwareAddress::parse(&row.address)
            .ok_or_else(|| unreadable("device_hardware", "address", "not a hardware address"))?;
        hardware.entry(row.device).or_default().push(address);
    }
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

/// Those on the roll whom the roll itself calls so.
pub(crate) async fn with_key(tx: &mut Tx, key: &str) -> Result<BTreeSet<PersonNo>, StoreError> {
    let here = person::Entity::find().filter(person::Column::LeftAt.is_null());
    let rows = here.filter(person::Column::Key.eq(key)).all(tx.conn()).await?;
    rows.into_iter().map(|row| Ok(PersonNo(number("person", "number", row.number)?))).collect()
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
    let people = people(tx).await?;
    let here: BTreeSet<PersonNo> = people.iter().map(|one| one.number).collect();
    let people = people.into_iter();
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
                // Until somebody hands it over, a device of who has left is nobody's.
                person: one.person.filter(|person| here.contains(person)),
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

/// The keys of those on the roll whom another source than a roll file keeps.
pub async fn kept_elsewhere(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    Ok(listed(tx).await?.elsewhere.into_iter().map(|one| one.key.into_revealed()).collect())
}

/// What a roll file speaks of: the devices, the ranges, and those people whom no other source keeps.
pub(crate) async fn listed(tx: &mut Tx) -> Result<Listed, StoreError> {
    let kept = crate::intake::kept_by_sources(tx).await?;
    let mut people = people(tx).await?;
    let elsewhere: Vec<Person> = people.extract_if(.., |one| kept.contains(&one.number)).collect();
    Ok(Listed { people, elsewhere, devices: devices(tx).await?, ranges: ranges(tx).await? })
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
        kind: Set(None),
        year_group: Set(None),
        given_name: Set(None),
        family_name: Set(None),
        born_on: Set(None),
        first_on: Set(None),
        last_on: Set(None),
        leaves_at: Set(None),
        kept: Set("[]".to_owned()),
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
        give_up_addresses(tx, *number).await?;
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
    insert_these(tx, &line.addresses, &line.hardware, number).await
}

async fn insert_these(
    tx: &mut Tx,
    addresses: &[IpAddr],
    hardware: &[HardwareAddress],
    number: i64,
) -> Result<(), StoreError> {
    for address in addresses {
        let row = device_address::ActiveModel { address: Set(address.to_string()), device: Set(number) };
        row.insert(tx.conn()).await?;
    }
    for address in hardware {
        let row = device_hardware::ActiveModel { address: Set(address.to_string()), device: Set(number) };
        row.insert(tx.conn()).await?;
    }
    Ok(())
}

/// Puts one device more on the register.
pub(crate) async fn add_device(
    tx: &mut Tx,
    one: &crate::device::Facts,
    at: Timestamp,
) -> Result<DeviceNo, StoreError> {
    let next = highest(tx, device::Column::Number, device::Entity).await? + 1;
    let row = device::ActiveModel {
        number: Set(next),
        name: Set(one.name.reveal().clone()),
        person: Set(one.person.map(|person| i64::from(person.0))),
        groups: Set(write_groups(&one.groups)),
        joined_at: Set(at.as_millis()),
        left_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    insert_these(tx, &one.addresses, &one.hardware, next).await?;
    Ok(DeviceNo(number("device", "number", next)?))
}

/// Makes a device of the register what is said of it now.
pub(crate) async fn change_device(
    tx: &mut Tx,
    device: DeviceNo,
    one: &crate::device::Facts,
) -> Result<(), StoreError> {
    let number = i64::from(device.0);
    device::Entity::update_many()
        .col_expr(device::Column::Name, Expr::value(one.name.reveal().as_str()))
        .col_expr(device::Column::Person, Expr::value(one.person.map(|person| i64::from(person.0))))
        .col_expr(device::Column::Groups, Expr::value(write_groups(&one.groups)))
        .filter(device::Column::Number.eq(number))
        .exec(tx.conn())
        .await?;
    give_up_addresses(tx, number).await?;
    insert_these(tx, &one.addresses, &one.hardware, number).await
}

/// Takes a device off the register.
pub(crate) async fn end_device(tx: &mut Tx, device: DeviceNo, at: Timestamp) -> Result<(), StoreError> {
    device::Entity::update_many()
        .col_expr(device::Column::LeftAt, Expr::value(at.as_millis()))
        .filter(device::Column::Number.eq(i64::from(device.0)))
        .filter(device::Column::LeftAt.is_null())
        .exec(tx.conn())
        .await?;
    give_up_addresses(tx, i64::from(device.0)).await
}

async fn give_up_addresses(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    device_address::Entity::delete_many()
        .filter(device_address::Column::Device.eq(number))
        .exec(tx.conn())
        .await?;
    device_hardware::Entity::delete_many()
        .filter(device_hardware::Column::Device.eq(number))
        .exec(tx.conn())
        .await?;
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

/// A person with all that is known of them: number, key, facts without their link to a source.
pub(crate) struct Known {
    pub number: PersonNo,
    pub key: String,
    pub facts: Facts,
}

/// Everybody there is a number of, also those who have left.
pub(crate) async fn known(tx: &mut Tx) -> Result<Vec<Known>, StoreError> {
    let rows = person::Entity::find().order_by_asc(person::Column::Number).all(tx.conn()).await?;
    rows.into_iter().map(read_known).collect()
}

/// The groups that people on the roll are in. Cost: as many rows as there are different lists of groups.
pub(crate) async fn groups(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let lists: Vec<String> = person::Entity::find()
        .select_only()
        .column(person::Column::Groups)
        .filter(person::Column::LeftAt.is_null())
        .distinct()
        .into_tuple()
        .all(tx.conn())
        .await?;
    let mut all = BTreeSet::new();
    for list in lists {
        all.extend(read_groups("person", &list)?);
    }
    Ok(all)
}

/// Those on the roll with these numbers, in that group, or who may be no pupils.
pub(crate) async fn known_among(tx: &mut Tx, among: Among<'_>) -> Result<Vec<Known>, StoreError> {
    let here = person::Entity::find().filter(person::Column::LeftAt.is_null());
    let asked = match among {
        Among::Numbers(numbers) => here.filter(person::Column::Number.is_in(numbers.iter().copied())),
        Among::Kinds(kinds) => {
            let said = person::Column::Kind.is_in(kinds.iter().map(|kind| kind.id()));
            here.filter(said.or(person::Column::Kind.is_null()))
        }
        // As `write_groups` writes them; who reads them here again is sure.
        Among::Group(group) => here.filter(person::Column::Groups.contains(format!("\"{group}\""))),
    };
    let rows = asked.order_by_asc(person::Column::Number).all(tx.conn()).await?;
    let mut known: Vec<Known> = rows.into_iter().map(read_known).collect::<Result<_, _>>()?;
    if let Among::Group(group) = among {
        known.retain(|one| one.facts.groups.iter().any(|id| id == group));
    }
    Ok(known)
}

/// Among whom somebody is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Among<'a> {
    /// Those with these numbers.
    Numbers(&'a BTreeSet<i64>),
    /// Those in the group of that id.
    Group(&'a str),
    /// Those of these kinds, and those of whom the roll does not say what they are.
    Kinds(&'a [Kind]),
}

/// Whether somebody is a pupil: the roll says so, or says nothing of what they are and has them in a year or a key stage.
pub async fn is_pupil(tx: &mut Tx, person: PersonNo) -> Result<bool, StoreError> {
    Ok(known_of(tx, person).await?.is_some_and(|known| ByAge::built_in().is_pupil(&known)))
}

/// The same of one.
pub(crate) async fn known_of(tx: &mut Tx, person: PersonNo) -> Result<Option<Known>, StoreError> {
    let row =
        person::Entity::find().filter(person::Column::Number.eq(i64::from(person.0))).one(tx.conn()).await?;
    row.map(read_known).transpose()
}

/// A page of those on the roll, in the order of their names, and how many there are; `words` stand in the name. Of `members` alone, where
/// they are named.
pub(crate) async fn page_of(
    tx: &mut Tx,
    kind: Option<Kind>,
    members: Option<Vec<i64>>,
    words: &str,
    (first, most): (u64, u64),
) -> Result<(Vec<Known>, u64), StoreError> {
    let mut asked = person::Entity::find().filter(person::Column::LeftAt.is_null());
    if let Some(kind) = kind {
        asked = asked.filter(person::Column::Kind.eq(kind.id()));
    }
    if let Some(members) = members {
        asked = asked.filter(person::Column::Number.is_in(members));
    }
    for word in words.split_whitespace() {
        let word = word.to_lowercase().replace(['%', '_', '\\'], "");
        asked = asked.filter(Func::lower(Expr::col(person::Column::Name)).like(format!("%{word}%")));
    }
    let count = asked.clone().count(tx.conn()).await?;
    let rows = asked
        .order_by_asc(person::Column::FamilyName)
        .order_by_asc(person::Column::Name)
        .order_by_asc(person::Column::Number)
        .offset(first)
        .limit(most)
        .all(tx.conn())
        .await?;
    Ok((rows.into_iter().map(read_known).collect::<Result<_, _>>()?, count))
}

/// What they are, of somebody who is on the roll.
pub(crate) async fn kind_of(tx: &mut Tx, person: PersonNo) -> Result<Option<Kind>, StoreError> {
    let row = person::Entity::find()
        .filter(person::Column::Number.eq(i64::from(person.0)))
        .filter(person::Column::LeftAt.is_null())
        .one(tx.conn())
        .await?;
    Ok(row.and_then(|row| row.kind).and_then(|kind| Kind::of_id(&kind)))
}

/// When somebody left the roll, where they have.
pub(crate) async fn left_at(tx: &mut Tx, person: PersonNo) -> Result<Option<Timestamp>, StoreError> {
    let row =
        person::Entity::find().filter(person::Column::Number.eq(i64::from(person.0))).one(tx.conn()).await?;
    Ok(row.and_then(|row| row.left_at).map(Timestamp::from_millis))
}

/// Those on the roll whose last day is over.
pub(crate) async fn over(tx: &mut Tx, at: Timestamp) -> Result<Vec<PersonNo>, StoreError> {
    let rows = person::Entity::find()
        .filter(person::Column::LeftAt.is_null())
        .filter(person::Column::LeavesAt.lte(at.as_millis()))
        .order_by_asc(person::Column::Number)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(|row| Ok(PersonNo(number("person", "number", row.number)?))).collect()
}

/// Takes somebody off the roll.
pub(crate) async fn left(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<(), StoreError> {
    person::Entity::update_many()
        .col_expr(person::Column::LeftAt, Expr::value(at.as_millis()))
        .filter(person::Column::Number.eq(i64::from(person.0)))
        .filter(person::Column::LeftAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Somebody new: their number, key, facts, and when their last day ends.
pub(crate) type New = (PersonNo, String, Facts, Option<Timestamp>);

/// Puts new people on the roll.
pub(crate) async fn insert_known(tx: &mut Tx, new: &[New], at: Timestamp) -> Result<(), StoreError> {
    for some in new.chunks(100) {
        let rows: Vec<person::ActiveModel> = some
            .iter()
            .map(|(number, key, facts, leaves_at)| {
                let id: PersonId = tx.ids().make(at);
                person::ActiveModel {
                    id: Set(id.to_string()),
                    number: Set(i64::from(number.0)),
                    key: Set(key.clone()),
                    joined_at: Set(at.as_millis()),
                    ..known_columns(facts, *leaves_at, at)
                }
            })
            .collect();
        person::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Makes somebody what is known of them now.
pub(crate) async fn update_known(
    tx: &mut Tx,
    person: PersonNo,
    key: &str,
    facts: &Facts,
    leaves_at: Option<Timestamp>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = person::ActiveModel { key: Set(key.to_owned()), ..known_columns(facts, leaves_at, at) };
    person::Entity::update_many()
        .set(row)
        .filter(person::Column::Number.eq(i64::from(person.0)))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn known_columns(facts: &Facts, leaves_at: Option<Timestamp>, at: Timestamp) -> person::ActiveModel {
    person::ActiveModel {
        name: Set(facts.name.clone()),
        groups: Set(write_groups(&facts.groups)),
        left_at: Set((!facts.here).then_some(at.as_millis())),
        kind: Set(facts.kind.map(|kind| kind.id().to_owned())),
        year_group: Set(facts.year.map(|year| i64::from(year.number()))),
        given_name: Set(facts.given.clone()),
        family_name: Set(facts.family.clone()),
        born_on: Set(facts.born_on.clone()),
        first_on: Set(facts.first_on.clone()),
        last_on: Set(facts.last_on.clone()),
        leaves_at: Set(leaves_at.map(Timestamp::as_millis)),
        kept: Set(serde_json::to_string(&facts.kept).unwrap_or_else(|_| "[]".to_owned())),
        ..Default::default()
    }
}

fn read_known(row: person::Model) -> Result<Known, StoreError> {
    let kind = row
        .kind
        .as_deref()
        .map(|kind| Kind::of_id(kind).ok_or_else(|| unreadable("person", "kind", "no kind of people")));
    let year = row.year_group.map(|year| {
        YearGroup::of_number(year).ok_or_else(|| unreadable("person", "year_group", "no year group"))
    });
    Ok(Known {
        number: PersonNo(number("person", "number", row.number)?),
        key: row.key,
        facts: Facts {
            name: row.name,
            given: row.given_name,
            family: row.family_name,
            kind: kind.transpose()?,
            year: year.transpose()?,
            born_on: row.born_on,
            first_on: row.first_on,
            last_on: row.last_on,
            groups: read_groups("person", &row.groups)?,
            here: row.left_at.is_none(),
            linked: false,
            kept: serde_json::from_str(&row.kept)
                .map_err(|_| unreadable("person", "kept", "not a list of fields"))?,
        },
    })
}

/// The highest number that was ever given to a person.
pub(crate) async fn highest_person(tx: &mut Tx) -> Result<i64, StoreError> {
    highest(tx, person::Column::Number, person::Entity).await
}

/// Gives a device to somebody else, or to nobody. `false` where it is not on the register, or not theirs any more.
pub(crate) async fn hand_device(
    tx: &mut Tx,
    device: DeviceNo,
    from: PersonNo,
    to: Option<PersonNo>,
) -> Result<bool, StoreError> {
    let handed = device::Entity::update_many()
        .col_expr(device::Column::Person, Expr::value(to.map(|to| i64::from(to.0))))
        .filter(device::Column::Number.eq(i64::from(device.0)))
        .filter(device::Column::Person.eq(i64::from(from.0)))
        .filter(device::Column::LeftAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(handed.rows_affected == 1)
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
