//! Who is asking, and how surely that is known.

use serde::{Deserialize, Serialize};

use crate::groups::GroupSet;

/// A person's number in the gate and the activity log. Names live with the records; nothing here can be turned into
/// one without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonNo(pub u32);

/// A device's number in the gate and the activity log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceNo(pub u32);

/// How an identity is known, weakest first, so that `>=` asks for "at least this sure". Reports never accuse a person
/// on anything below [`KnownBy::DeviceRegister`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum KnownBy {
    /// Nothing is known of the address.
    #[default]
    Nothing = 0,
    /// The address lies in a range that belongs to a room, a network or a group.
    AddressRange = 1,
    /// The address belongs to one registered device.
    DeviceRegister = 2,
    /// The device asked through a name that only this person's devices were given.
    EncryptedDnsName = 3,
    /// The wireless network said who joined with this address.
    RadiusAccounting = 4,
    /// The person signed in to the portal from this address.
    PortalSignIn = 5,
    /// The person signed in to the proxy on this connection.
    ProxySignIn = 6,
}

impl KnownBy {
    /// The word used in logs and `explain`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::AddressRange => "address-range",
            Self::DeviceRegister => "device-register",
            Self::EncryptedDnsName => "encrypted-dns-name",
            Self::RadiusAccounting => "radius-accounting",
            Self::PortalSignIn => "portal-sign-in",
            Self::ProxySignIn => "proxy-sign-in",
        }
    }

    /// The way with that number, as kept in the activity log.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Nothing,
            1 => Self::AddressRange,
            2 => Self::DeviceRegister,
            3 => Self::EncryptedDnsName,
            4 => Self::RadiusAccounting,
            5 => Self::PortalSignIn,
            6 => Self::ProxySignIn,
            _ => return None,
        })
    }
}

/// Who is asking: as much as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Identity {
    /// The person, where one is known.
    pub person: Option<PersonNo>,
    /// The device, where it is registered.
    pub device: Option<DeviceNo>,
    /// Every group the person, device, room and range are in, with all the groups those are within.
    pub groups: GroupSet,
    /// How surely.
    pub known_by: KnownBy,
}
