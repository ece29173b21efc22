//! The device register.

use std::collections::BTreeSet;

use engine::{DeviceNo, HardwareAddress};
use filtering::devices::ReadDevices;
use kit::Private;
use people::Device;
use people::device::{self, ChangeDevices, DeviceError, Facts};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;
use utoipa::ToSchema;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::{Api, handled, input, people_ops};

/// A registered device.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceTold {
    /// Its id.
    id: String,
    /// What the school calls it.
    name: String,
    /// Its fixed addresses.
    addresses: Vec<String>,
    /// Its hardware addresses.
    hardware: Vec<String>,
    /// The id of whose it is; null where it is nobody's, and without the scope people.read.
    person: Option<String>,
    /// Its own groups, by id.
    groups: Vec<String>,
    /// Since when it has been on the register.
    #[schema(format = DateTime)]
    joined_at: String,
}

/// What is said of a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceSaid {
    /// What the school calls it. No other device is called so.
    #[schema(inline)]
    name: input::Line<100>,
    /// Its fixed addresses.
    #[serde(default)]
    #[schema(inline, max_items = 20)]
    addresses: Vec<input::Address>,
    /// Its hardware addresses.
    #[serde(default)]
    #[schema(inline, max_items = 20)]
    hardware: Vec<input::Hardware>,
    /// The id of whose it is.
    #[serde(default)]
    #[schema(inline, nullable)]
    person: Option<input::Person>,
    /// Its own groups, by id.
    #[serde(default)]
    #[schema(inline, max_items = 20)]
    groups: Vec<input::Group>,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-devices",
        summary: "Registered devices",
        about: "",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<DeviceTold>),
        handler: handled!(list),
    },
    Operation {
        id: "read-device",
        summary: "One device",
        about: "",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<DeviceTold>),
        handler: handled!(one),
    },
    Operation {
        id: "add-device",
        summary: "Add a device",
        about: "Gates know it within a second. Where a roll file keeps the register, the next import of that file makes it what the file says.",
        query: &[],
        takes: Some(of::<DeviceSaid>),
        status: 201,
        gives: Gives::One(of::<DeviceTold>),
        handler: handled!(add),
    },
    Operation {
        id: "change-device",
        summary: "Change a device",
        about: "It becomes what is said: what is left out is taken away.",
        query: &[],
        takes: Some(of::<DeviceSaid>),
        status: 200,
        gives: Gives::One(of::<DeviceTold>),
        handler: handled!(change),
    },
    Operation {
        id: "end-device",
        summary: "End a device",
        about: "It is off the register; what it did stays in the activity log.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<DeviceTold>),
        handler: handled!(end),
    },
];

fn id(api: &Api, device: DeviceNo) -> String {
    api.opaque.id("device", &device.0.to_string())
}

fn told(api: &Api, call: &Call, device: &Device) -> DeviceTold {
    let person = device.person.filter(|_| call.has("people.read"));
    DeviceTold {
        id: id(api, device.number),
        name: device.name.reveal().clone(),
        addresses: device.addresses.iter().map(ToString::to_string).collect(),
        hardware: device.hardware.iter().map(ToString::to_string).collect(),
        person: person.map(|person| people_ops::person_id(api, person)),
        groups: device.groups.clone(),
        joined_at: device.joined_at.to_string(),
    }
}

async fn found(tx: &mut Tx, api: &Api, call: &Call) -> Result<Device, Problem> {
    let all = people::devices(tx).await?;
    let all = all.into_iter().map(|one| (one.number.0.to_string(), one));
    api.opaque.which("device", call.part("device"), all).ok_or_else(Problem::not_found)
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadDevices>(api, ()).await?;
    let all = people::devices(&mut tx).await?;
    tx.roll_back().await?;
    page_of(api, call, all, |one| one.number.0.to_string(), |one| json!(told(api, call, one)))
}

async fn one(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadDevices>(api, ()).await?;
    let device = found(&mut tx, api, call).await?;
    tx.roll_back().await?;
    Ok(Done::Told(Told::ok(json!(told(api, call, &device)))))
}

/// What a message says, with the groups that the policy has.
async fn said(api: &Api, tx: &mut Tx, said: DeviceSaid) -> Result<(Facts, BTreeSet<String>), Problem> {
    if [said.addresses.len(), said.hardware.len(), said.groups.len()].iter().any(|many| *many > 20) {
        return Err(Problem::unreadable("A device has 20 addresses and 20 groups at most"));
    }
    let person = match &said.person {
        None => None,
        Some(id) => {
            let person = people_ops::person_of(api, tx, &id.0).await?;
            Some(person.ok_or_else(|| Problem::not_now("Nobody on the roll is that person"))?)
        }
    };
    let hardware = said.hardware.iter().map(|one| HardwareAddress::parse(&one.0));
    let hardware: Option<Vec<HardwareAddress>> = hardware.collect();
    let facts = Facts {
        name: Private::new(said.name.0),
        addresses: said.addresses.iter().filter_map(|one| one.0.parse().ok()).collect(),
        hardware: hardware.ok_or_else(|| Problem::not_now("No single device has that hardware address"))?,
        person,
        groups: said.groups.into_iter().map(|group| group.0).collect(),
    };
    let policy = api.portal.filter.policy();
    let groups = policy.document().groups.iter().map(|group| group.id.clone()).collect();
    Ok((facts, groups))
}

fn refused(error: DeviceError) -> Problem {
    match error {
        DeviceError::NotThere => Problem::not_found(),
        DeviceError::Store(error) => error.into(),
        other => Problem::not_now(other.to_string()),
    }
}

async fn add(api: &Api, call: &Call) -> Result<Done, Problem> {
    let message = call.message::<DeviceSaid>()?;
    let (mut tx, permit) = call.begin::<ChangeDevices>(api, ()).await?;
    let (facts, groups) = said(api, &mut tx, message).await?;
    let number = device::add(&mut tx, &permit, &facts, &groups).await.map_err(refused)?;
    let made = again(&mut tx, number).await?;
    Ok(Done::changed(tx, &permit, Publish::Roll, Told::made(json!(told(api, call, &made)))))
}

async fn again(tx: &mut Tx, number: DeviceNo) -> Result<Device, Problem> {
    let all = people::devices(tx).await?;
    all.into_iter().find(|one| one.number == number).ok_or_else(Problem::not_found)
}

async fn change(api: &Api, call: &Call) -> Result<Done, Problem> {
    let message = call.message::<DeviceSaid>()?;
    let (mut tx, permit) = call.begin::<ChangeDevices>(api, ()).await?;
    let number = found(&mut tx, api, call).await?.number;
    let (facts, groups) = said(api, &mut tx, message).await?;
    device::change(&mut tx, &permit, number, &facts, &groups).await.map_err(refused)?;
    let changed = again(&mut tx, number).await?;
    Ok(Done::changed(tx, &permit, Publish::Roll, Told::ok(json!(told(api, call, &changed)))))
}

async fn end(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.begin::<ChangeDevices>(api, ()).await?;
    let one = found(&mut tx, api, call).await?;
    device::end(&mut tx, &permit, one.number).await.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Roll, Told::ok(json!(told(api, call, &one)))))
}
