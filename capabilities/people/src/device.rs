//! One device at a time: putting it on the register, changing it, taking it off. Where a roll file keeps the register, the next import of
//! that file makes it what the file says again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use engine::{DeviceNo, HardwareAddress, PersonNo};
use kit::{Permit, Private};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use crate::Device;
use crate::store as table;

kit::action!(
    /// Putting a device on the register, changing it, and taking it off.
    ChangeDevices(()) = "device.change"
);

/// What is said of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What the school calls it.
    pub name: Private<String>,
    /// Its fixed addresses.
    pub addresses: Vec<IpAddr>,
    /// Its hardware addresses.
    pub hardware: Vec<HardwareAddress>,
    /// Whose it is.
    pub person: Option<PersonNo>,
    /// Its own groups, by id.
    pub groups: Vec<String>,
}

/// Why the register stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It has no name.
    #[error("Enter what the device is called, up to 100 characters")]
    Name,
    /// Another is called so.
    #[error("Another device is called so already")]
    NameTaken,
    /// Another has it.
    #[error("Another device has one of these addresses already")]
    AddressTaken {
        /// Which address, as it is written.
        address: String,
        /// What the other is called.
        other: Private<String>,
    },
    /// Nobody has that number.
    #[error("Nobody on the roll is that person")]
    NobodyThere,
    /// The policy has no such group.
    #[error("The policy has no group called {0}")]
    NoGroup(String),
    /// There is no such device.
    #[error("There is no such device on the register")]
    NotThere,
    /// Somebody has it who stays.
    #[error("It is somebody’s who stays: the roll says whose it is, or whoever hands over what a leaver had")]
    Theirs,
    /// An address that no device of a school has.
    #[error("{0} is the address of no device: it is this machine’s own, everybody’s, or nobody’s")]
    NoDevices(IpAddr),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// For the trail: whose it is and in which groups, by numbers and ids.
fn in_ids(person: Option<PersonNo>, groups: &[String]) -> serde_json::Value {
    json!({ "person": person.map(|person| person.0), "groups": groups })
}

async fn check(
    tx: &mut Tx,
    facts: &Facts,
    own: Option<DeviceNo>,
    policy: &BTreeSet<String>,
) -> Result<Facts, DeviceError> {
    let name = facts.name.reveal().trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(DeviceError::Name);
    }
    if let Some(group) = facts.groups.iter().find(|group| !policy.contains(*group)) {
        return Err(DeviceError::NoGroup(group.clone()));
    }
    if let Some(person) = facts.person
        && table::person(tx, person).await?.is_none()
    {
        return Err(DeviceError::NobodyThere);
    }
    let (addresses, hardware): (BTreeSet<IpAddr>, BTreeSet<HardwareAddress>) = (
        facts.addresses.iter().map(IpAddr::to_canonical).collect(),
        facts.hardware.iter().copied().collect(),
    );
    for other in table::devices(tx).await?.iter().filter(|other| Some(other.number) != own) {
        if other.name.reveal() == name {
            return Err(DeviceError::NameTaken);
        }
        let fixed = other.addresses.iter().find(|address| addresses.contains(address));
        let card = other.hardware.iter().find(|address| hardware.contains(address));
        if let Some(address) = fixed.map(ToString::to_string).or_else(|| card.map(ToString::to_string)) {
            return Err(DeviceError::AddressTaken { address, other: other.name.clone() });
        }
    }
    let is_no_devices =
        |address: &&IpAddr| address.is_loopback() || address.is_unspecified() || address.is_multicast();
    if let Some(address) = addresses.iter().find(is_no_devices) {
        return Err(DeviceError::NoDevices(*address));
    }
    let groups: BTreeSet<String> = facts.groups.iter().cloned().collect();
    Ok(Facts {
        name: Private::new(name.to_owned()),
        addresses: addresses.into_iter().collect(),
        hardware: hardware.into_iter().collect(),
        person: facts.person,
        groups: groups.into_iter().collect(),
    })
}

/// Puts a device on the register. `policy` are the groups that the policy has. Publish the roll afterwards.
pub async fn add(
    tx: &mut Tx,
    permit: &Permit<ChangeDevices>,
    facts: &Facts,
    policy: &BTreeSet<String>,
) -> Result<DeviceNo, DeviceError> {
    let facts = check(tx, facts, None, policy).await?;
    let device = table::add_device(tx, &facts, permit.at()).await?;
    let detail = json!({ "to": in_ids(facts.person, &facts.groups) });
    told(tx, permit, "device.add", device, &detail).await?;
    Ok(device)
}

/// Makes a device what is said of it now. Publish the roll afterwards.
pub async fn change(
    tx: &mut Tx,
    permit: &Permit<ChangeDevices>,
    device: DeviceNo,
    facts: &Facts,
    policy: &BTreeSet<String>,
) -> Result<(), DeviceError> {
    let before = there(tx, device).await?;
    let facts = check(tx, facts, Some(device), policy).await?;
    // As where a leaver's are handed over: nobody's is taken from them who stays.
    if let Some(owner) = before.person.filter(|owner| facts.person != Some(*owner))
        && let Some(profile) = crate::intake::profile(tx, owner).await?
        && crate::leaving::Leaves::of(&profile) == crate::leaving::Leaves::No
    {
        return Err(DeviceError::Theirs);
    }
    table::change_device(tx, device, &facts).await?;
    let (from, to) = (in_ids(before.person, &before.groups), in_ids(facts.person, &facts.groups));
    told(tx, permit, "device.change", device, &json!({ "from": from, "to": to })).await?;
    Ok(())
}

/// Takes a device off the register. Publish the roll afterwards.
pub async fn end(tx: &mut Tx, permit: &Permit<ChangeDevices>, device: DeviceNo) -> Result<(), DeviceError> {
    let before = there(tx, device).await?;
    table::end_device(tx, device, permit.at()).await?;
    let detail = json!({ "from": in_ids(before.person, &before.groups) });
    told(tx, permit, "device.end", device, &detail).await?;
    Ok(())
}

async fn there(tx: &mut Tx, device: DeviceNo) -> Result<Device, DeviceError> {
    table::device_numbered(tx, device).await?.ok_or(DeviceError::NotThere)
}

async fn told(
    tx: &mut Tx,
    permit: &Permit<ChangeDevices>,
    verb: &str,
    device: DeviceNo,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    let subject = Subject::new("device", device.0);
    trail::changed(tx, permit.actor(), verb, &subject, detail, permit.at()).await?;
    Ok(())
}
