//! What ends when somebody leaves, and handing over what they had.

use engine::{DeviceNo, PersonNo};
use kit::{Actor, Permit, Private, Timestamp};
use register::Approval;
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use crate::account;
use crate::duty::{self, Assignment};
use crate::intake::ReadRoll;
use crate::{Device, store as roll};

kit::action!(
    /// Handing a device of somebody's to another.
    HandDevice(DeviceNo) = "device.hand"
);

/// Ends, in the moment in which somebody leaves, their duties and every session; what they had is told by [`left_behind`].
pub(crate) async fn leave(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<(), StoreError> {
    let ended = duty::end_of_leaver(tx, actor, person, at).await?;
    let sessions = account::end_of_leaver(tx, actor, person, at).await?;
    if ended + sessions > 0 {
        let detail = json!({ "duties": ended, "sessions": sessions });
        trail::changed(tx, actor, "roll.leave", &Subject::new("person", person.0), &detail, at).await?;
    }
    Ok(())
}

/// Gives somebody back the duties that ended when they left at `left_at`, because that is undone. They sign in again.
pub(crate) async fn come_back(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    left_at: Timestamp,
    at: Timestamp,
) -> Result<(), StoreError> {
    let given_back = duty::give_back(tx, person, left_at).await?;
    if given_back > 0 {
        let detail = json!({ "duties": given_back });
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
}

/// What there is to hand over of somebody.
pub async fn left_behind(
    tx: &mut Tx,
    _: &Permit<ReadRoll>,
    person: PersonNo,
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
    let mut devices = roll::devices(tx).await?;
    devices.retain(|one| one.person == Some(person));
    let actor = Actor::Person(person.0).to_string();
    let waiting = register::approval::proposed_by(tx, &actor).await?;
    Ok(Left { duties, devices, waiting })
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
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Hands the permit's device from one person to another, or to nobody: then it is the school's. Whoever began the transaction commits
/// it, and publishes the roll anew.
pub async fn hand_device(
    tx: &mut Tx,
    permit: &Permit<HandDevice>,
    from: PersonNo,
    to: Option<PersonNo>,
    at: Timestamp,
) -> Result<(), HandOverError> {
    if let Some(to) = to
        && !roll::on_the_roll(tx, to).await?
    {
        return Err(HandOverError::NobodyThere);
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
