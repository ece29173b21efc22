//! What ends when somebody leaves, and handing over what they had.

use engine::{DeviceNo, PersonNo};
use kit::{Actor, Permit, Private, Timestamp};
use register::Approval;
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use crate::account;
use crate::duty::{self, Assignment};
use crate::guest::{self, Guest};
use crate::intake::{Profile, ReadRoll, profile};
use crate::{Device, event, store as roll};

kit::action!(
    /// Handing a device of somebody who leaves to another.
    HandDevice(DeviceNo) = "device.hand"
);
kit::reading!(
    /// Seeing which devices somebody has.
    SeeDevices(PersonNo) = "device.read"
);

/// Whether somebody leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaves {
    /// They stay, as far as is known.
    No,
    /// Their last day is known.
    On(String),
    /// They have left.
    Gone,
}

impl Leaves {
    /// Of somebody whom the roll knows.
    pub fn of(profile: &Profile) -> Self {
        match &profile.days.1 {
            _ if !profile.here => Self::Gone,
            Some(day) => Self::On(day.clone()),
            None => Self::No,
        }
    }
}

/// Ends, in the moment in which somebody leaves, their duties and every session; what they had is told by [`left_behind`].
pub(crate) async fn leave(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<(), StoreError> {
    let ended = duty::end_of_leaver(tx, actor, person, at).await?;
    let sessions = account::end_of_leaver(tx, actor, person, at).await?;
    event::happened(tx, event::PERSON_LEFT, ("person", person.0.to_string()), at).await?;
    if ended + sessions > 0 {
        let detail = json!({ "duties": ended, "sessions": sessions });
        trail::changed(tx, actor, "roll.leave", &Subject::new("person", person.0), &detail, at).await?;
    }
    Ok(())
}

/// Gives somebody back the duties that ended when they left at `left_at`, because that is undone: within a day, and none that needs a second
/// proof, which whoever gives duties gives again. They sign in again.
pub(crate) async fn come_back(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    left_at: Timestamp,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (given_back, not) = duty::give_back(tx, person, left_at, at).await?;
    if given_back + not > 0 {
        let detail = json!({ "duties": given_back, "not_given_back": not });
        trail::changed(tx, actor, "roll.come-back", &Subject::new("person", person.0), &detail, at).await?;
    }
    Ok(())
}

/// What somebody has, or had until they left, that another must take over.
#[derive(Debug, Clone, Default)]
pub struct Left {
    /// Their duties: those they hold, and those that ended with their leaving and that nobody was given since.
    pub duties: Vec<Assignment>,
    /// Devices that are theirs on the register.
    pub devices: Vec<Device>,
    /// What they proposed that waits for a second person.
    pub waiting: Vec<Approval>,
    /// What the systems are called that keep people by a token that they made. Whoever has the token goes on.
    pub systems: Vec<String>,
    /// Guests for whom they answer, or whom they look after, with what these are called.
    pub guests: Vec<(Guest, Private<String>)>,
}

/// What there is to hand over of somebody; their devices for whoever may see them.
pub async fn left_behind(
    tx: &mut Tx,
    _: &Permit<ReadRoll>,
    person: PersonNo,
    sees_devices: bool,
    at: Timestamp,
) -> Result<Left, StoreError> {
    let all = duty::every(tx).await?;
    let is_held_by_another = |one: &Assignment| {
        all.iter().any(|other| {
            other.given.duty == one.given.duty
                && other.given.person != person
                && other.ended.is_none()
                && other.holds(at)
        })
    };
    let left = roll::left_at(tx, person).await?;
    let ended_with_leaving = |one: &Assignment| {
        let ended = one.ended.as_ref().map(|(ended, _)| *ended);
        ended.is_some() && ended == left && !is_held_by_another(one)
    };
    let theirs = all.iter().filter(|one| one.given.person == person);
    let duties = theirs.filter(|one| one.holds(at) || ended_with_leaving(one)).cloned().collect();
    let devices = if sees_devices { devices_of(tx, person).await? } else { Vec::new() };
    let actor = Actor::Person(person.0).to_string();
    let waiting = register::approval::proposed_by(tx, &actor).await?;
    let made = crate::scim::made_by(tx, person, at).await?;
    let systems = made.into_iter().map(|one| one.source).collect();
    let guests = guest::in_the_care_of(tx, person, at).await?;
    Ok(Left { duties, devices, waiting, systems, guests })
}

/// The devices that are somebody's on the register.
pub(crate) async fn devices_of(tx: &mut Tx, person: PersonNo) -> Result<Vec<Device>, StoreError> {
    roll::devices_of(tx, person).await
}

/// Refuses whoever cannot take something over: nobody on the roll, and, until whoever hands it over says that they know it, somebody who
/// leaves themselves.
pub(super) async fn can_take_over(tx: &mut Tx, to: PersonNo, knowing: bool) -> Result<(), HandOverError> {
    let Some(profile) = profile(tx, to).await?.filter(|profile| profile.here) else {
        return Err(HandOverError::NobodyThere);
    };
    match Leaves::of(&profile) {
        Leaves::On(day) if !knowing => Err(HandOverError::LeavesToo { on: day }),
        _ => Ok(()),
    }
}

/// Why a device was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// Nobody on the roll has that number.
    #[error("nobody on the roll has that name or number")]
    NobodyThere,
    /// It is not theirs any more.
    #[error("the device is not theirs any more")]
    NotTheirs,
    /// They do not leave.
    #[error("they do not leave: what somebody has who stays is theirs, until their last day is known")]
    Stays,
    /// Whoever is to have it leaves too.
    #[error("they leave too, on {on}")]
    LeavesToo {
        /// Their last day.
        on: String,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Hands the permit's device from somebody who leaves to another, or to nobody: then it is the school's. To somebody who leaves too only
/// where `knowing` says that this is known. Whoever began the transaction commits it, and publishes the roll anew.
pub async fn hand_device(
    tx: &mut Tx,
    permit: &Permit<HandDevice>,
    from: PersonNo,
    (to, knowing): (Option<PersonNo>, bool),
    at: Timestamp,
) -> Result<(), HandOverError> {
    let owner = profile(tx, from).await?.ok_or(HandOverError::NotTheirs)?;
    if Leaves::of(&owner) == Leaves::No {
        return Err(HandOverError::Stays);
    }
    if let Some(to) = to {
        can_take_over(tx, to, knowing).await?;
    }
    let device = *permit.subject();
    if !roll::hand_device(tx, device, from, to).await? {
        return Err(HandOverError::NotTheirs);
    }
    let detail = json!({ "from": from.0, "to": to.map(|to| to.0) });
    trail::changed(tx, permit.actor(), "device.hand", &Subject::new("device", device.0), &detail, at).await?;
    Ok(())
}

/// The people on the roll whom somebody means by a number or a name.
pub(crate) async fn meant(
    tx: &mut Tx,
    written: &str,
) -> Result<Vec<(PersonNo, Private<String>)>, StoreError> {
    if let Ok(number) = written.trim().parse().map(PersonNo) {
        let name = roll::on_the_roll_by(tx, number).await?;
        return Ok(name.map(|name| (number, name)).into_iter().collect());
    }
    let called = roll::people_called(tx, written).await?;
    Ok(called.into_iter().map(|one| (one.number, one.name)).collect())
}
