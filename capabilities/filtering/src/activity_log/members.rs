//! Who is in a group by the roll of today.

use engine::{DeviceNo, GroupNo, Identity, Live, PersonNo};

/// Who is in a group by the roll of today, or in one below it: people, and devices of nobody.
pub fn members_of(live: &Live, group: GroupNo) -> (Vec<PersonNo>, Vec<DeviceNo>) {
    let roll = &live.document().roll;
    let is_in = |known: Option<Identity>| known.is_some_and(|known| known.groups.contains(group));
    let people = roll.people.iter().map(|one| one.person).filter(|person| is_in(live.person(*person)));
    let devices = roll.devices.iter().filter(|device| device.person.is_none()).filter(|device| {
        device.addresses.iter().any(|address| is_in(live.identity_of(None, Some(*address))))
    });
    (people.collect(), devices.map(|device| device.device).collect())
}
