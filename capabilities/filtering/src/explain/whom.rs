//! Whom a question is about, as the gate would know them.

use engine::{FilterPolicy, Identity, KnownBy, Live};
use people::Person;

/// Somebody of whom only a group is known, as in a room.
pub fn identity_in(policy: &FilterPolicy, group: &str) -> Option<Identity> {
    let groups = policy.groups().up(policy.groups().number(group)?);
    Some(Identity { groups, known_by: KnownBy::AddressRange, ..Identity::default() })
}

/// Somebody on the roll at a device of their own. As the gate knows them: whoever is in no group of the policy is treated as a
/// stranger. Somebody who came on the roll after it was published last is known by the groups that the records name.
pub fn identity_of_person(policy: &FilterPolicy, live: &Live, person: &Person) -> Identity {
    let groups = match live.person(person.number) {
        Some(known) => known.groups,
        None => policy.groups().closure(person.groups.iter().map(String::as_str), |_| {}),
    };
    Identity { person: Some(person.number), groups, known_by: KnownBy::DeviceRegister, ..Identity::default() }
}
