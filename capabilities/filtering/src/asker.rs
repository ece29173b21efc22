//! Who asks or reports, as far as it is known: enough to answer them, and never shown as an accusation.

use std::net::{IpAddr, Ipv4Addr};

use ::store::StoreError;
use ::store::orm::{QueryResult, Value};
use engine::ticket::Ticket;
use engine::{DeviceNo, Identity, PersonNo};

use crate::rows;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The person, where one is known.
    pub person: Option<PersonNo>,
    /// The device, where it is registered.
    pub device: Option<DeviceNo>,
    /// The address they asked from.
    pub address: IpAddr,
    /// Who was signed in at the portal there: surer than whose device it is.
    pub signed_in: Option<PersonNo>,
}

impl Asker {
    /// Whoever is at that address.
    pub const fn at(address: IpAddr, identity: &Identity) -> Self {
        Self { person: identity.person, device: identity.device, address, signed_in: None }
    }

    /// Somebody whose address is that of the gate, which speaks for many: nobody known.
    pub const fn unknown(address: IpAddr) -> Self {
        Self { person: None, device: None, address, signed_in: None }
    }

    /// Somebody of whom nothing is kept: who speaks of a help site is not to be found by it.
    pub const fn nobody() -> Self {
        Self { person: None, device: None, address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), signed_in: None }
    }

    /// Whether nothing is kept of them. It is shown to nobody as theirs.
    pub fn is_nobody(&self) -> bool {
        *self == Self::nobody()
    }

    /// Whoever met the block page that a ticket comes from.
    pub const fn of(ticket: &Ticket) -> Self {
        Self { person: ticket.person, device: ticket.device, address: ticket.client, signed_in: None }
    }

    /// The same, with whoever is signed in there.
    #[must_use]
    pub const fn signed_in_as(self, signed_in: Option<PersonNo>) -> Self {
        Self { signed_in, ..self }
    }

    /// Who that is, by what is surest: whoever is signed in, before whose device it is.
    pub fn whoever(&self) -> Option<PersonNo> {
        self.signed_in.or(self.person)
    }

    /// Whose device it is, as far as the network knows, where that is another than whoever is signed in there.
    pub fn device_of(&self) -> Option<PersonNo> {
        self.person.filter(|person| self.signed_in.is_some_and(|signed_in| signed_in != *person))
    }

    /// Whether what `self` asked may be shown to `other`: what somebody asked who was signed in, to them alone. Otherwise the same device;
    /// without one, the same address. A person who is known must be the same one, so that nobody reads what another asked from a
    /// shared device.
    pub fn is_same_as(&self, other: &Self) -> bool {
        if self.is_nobody() || other.is_nobody() {
            return false;
        }
        if self.signed_in.is_some() {
            return self.signed_in == other.signed_in;
        }
        let same_person = self.person == other.person;
        let same_place = match (self.device, other.device) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => self.address.to_canonical() == other.address.to_canonical(),
            _ => false,
        };
        same_person && (same_place || self.person.is_some())
    }

    pub(crate) fn values(&self) -> [Value; 4] {
        [
            self.person.map(|person| i64::from(person.0)).into(),
            self.device.map(|device| i64::from(device.0)).into(),
            self.address.to_canonical().to_string().into(),
            self.signed_in.map(|person| i64::from(person.0)).into(),
        ]
    }

    pub(crate) fn read(row: &QueryResult, table: &'static str) -> Result<Self, StoreError> {
        let number = |column: &'static str| -> Result<Option<u32>, StoreError> {
            let number = row.try_get::<Option<i64>>("", column)?;
            number
                .map(|number| u32::try_from(number).map_err(|_| rows::unreadable(table, column, "no number")))
                .transpose()
        };
        let address: String = row.try_get("", "address")?;
        Ok(Self {
            person: number("person")?.map(PersonNo),
            device: number("device")?.map(DeviceNo),
            address: address.parse().map_err(|_| rows::unreadable(table, "address", "no address"))?,
            signed_in: number("signed_in")?.map(PersonNo),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_asked_is_shown_to_the_same_device_and_person_only() {
        let asker = |person: u32, device: u32, address: &str| Asker {
            person: (person > 0).then_some(PersonNo(person)),
            device: (device > 0).then_some(DeviceNo(device)),
            address: address.parse().unwrap(),
            signed_in: None,
        };
        for (first, second, same) in [
            (asker(0, 0, "10.0.0.1"), asker(0, 0, "10.0.0.1"), true),
            (asker(0, 0, "10.0.0.1"), asker(0, 0, "::ffff:10.0.0.1"), true),
            (asker(0, 0, "10.0.0.1"), asker(0, 0, "10.0.0.2"), false),
            // The device moved to another address.
            (asker(0, 7, "10.0.0.1"), asker(0, 7, "10.0.0.2"), true),
            // Another device was given the address.
            (asker(0, 7, "10.0.0.1"), asker(0, 8, "10.0.0.1"), false),
            (asker(0, 7, "10.0.0.1"), asker(0, 0, "10.0.0.1"), false),
            // The same person on another device; another person on the same device.
            (asker(3, 7, "10.0.0.1"), asker(3, 8, "10.0.0.2"), true),
            (asker(3, 7, "10.0.0.1"), asker(4, 7, "10.0.0.1"), false),
            (asker(3, 7, "10.0.0.1"), asker(0, 7, "10.0.0.1"), false),
        ] {
            assert_eq!(first.is_same_as(&second), same, "{first:?} {second:?}");
            assert_eq!(second.is_same_as(&first), same);
        }
        // What somebody asked who was signed in is theirs wherever they sign in, and nobody else's who holds the device.
        let at_a_tablet = asker(3, 7, "10.0.0.1");
        let rhys = at_a_tablet.signed_in_as(Some(PersonNo(9)));
        assert!(rhys.is_same_as(&asker(0, 0, "10.0.0.2").signed_in_as(Some(PersonNo(9)))));
        assert!(
            !rhys.is_same_as(&at_a_tablet) && !rhys.is_same_as(&at_a_tablet.signed_in_as(Some(PersonNo(3))))
        );
        assert_eq!((rhys.whoever(), at_a_tablet.whoever()), (Some(PersonNo(9)), Some(PersonNo(3))));
        assert!(
            !Asker::nobody().is_same_as(&Asker::nobody()),
            "what nobody is known to have asked is nobody's"
        );
    }
}
