//! Who is asking, and how surely that is known.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use kit::HostName;

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
    /// Nobody asked: it was the school's own test of its filter, as a group ([`crate::test_pass`]). There is never a person.
    FilterTest = 7,
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
            Self::FilterTest => "filter-test",
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
            7 => Self::FilterTest,
            _ => return None,
        })
    }
}

fn is_like_token(label: &str) -> bool {
    label.len().abs_diff(NameHash::TOKEN_CHARS) <= 2 && label.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An encrypted-DNS name of a person's or device's own, as it is kept: hashed, so that nobody who reads what is kept can
/// ask under it. A token has 128 random bits, so no salt is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameHash([u8; 16]);

impl NameHash {
    /// How many letters and digits a token has.
    pub const TOKEN_CHARS: usize = 26;

    /// The token that stands for 128 random bits.
    pub fn token(random: [u8; 16]) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let bits = u128::from_be_bytes(random);
        (0..Self::TOKEN_CHARS)
            .rev()
            .filter_map(|place| LETTERS.get((bits >> (5 * place) & 31) as usize))
            .map(|letter| char::from(*letter))
            .collect()
    }

    /// The hash of a token, in either case; `None` where the text is no token. A token is one label of a host name:
    /// letters and the digits 2 to 7.
    pub fn of_token(text: &str) -> Option<Self> {
        if text.len() != Self::TOKEN_CHARS
            || !text.bytes().all(|byte| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte))
        {
            return None;
        }
        let digest = Sha256::new_with_prefix(b"fivebar encrypted-dns name\0")
            .chain_update(text.to_ascii_lowercase())
            .finalize();
        digest.first_chunk().copied().map(Self)
    }

    /// Whether a host below the gate's own name tells a token, or nearly one: mistyped or cut, it still tells most of a secret. No front
    /// writes such a host down or sends it on. Another host below the name is one like any other, as where a school gave its whole domain.
    pub fn is_told_by(host: HostName<'_>, own: &str) -> bool {
        let below = host.as_str().strip_suffix(own).and_then(|before| before.strip_suffix('.'));
        below.is_some_and(|below| below.split('.').any(is_like_token))
    }

    /// As it is written: 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        let value = u128::from_str_radix(text, 16).ok()?;
        (text.len() == 32 && !text.starts_with('+')).then(|| Self(value.to_be_bytes()))
    }
}

/// Not even the hash is printed.
impl std::fmt::Debug for NameHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NameHash")
    }
}

impl Serialize for NameHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for NameHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text)
            .ok_or_else(|| serde::de::Error::custom("a hashed name is 32 hexadecimal digits"))
    }
}

/// The hardware (MAC) address of a device's network card. A router tells it; nobody proves it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress([u8; 6]);

impl HardwareAddress {
    /// The address that these bytes are; `None` where no single card has it.
    pub const fn new(bytes: [u8; 6]) -> Option<Self> {
        let [first, ..] = bytes;
        let all = u64::from_be_bytes([0, 0, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]]);
        if first & 1 == 1 || all == 0 { None } else { Some(Self(bytes)) }
    }

    /// Reads one as people and programs write it: `3c:22:fb:00:10:2a`, with `-`, with dots after four digits, or without
    /// anything between, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_digit = |letter: char| letter.is_ascii_hexdigit();
        let parted = |by: char, each: usize| {
            text.split(by).all(|part| part.len() == each && part.chars().all(is_digit))
        };
        let whole = text.len() == 12 && text.chars().all(is_digit);
        if !(whole
            || text.len() == 17 && (parted(':', 2) || parted('-', 2))
            || text.len() == 14 && parted('.', 4))
        {
            return None;
        }
        let digits: String = text.chars().filter(|letter| is_digit(*letter)).collect();
        let all = u64::from_str_radix(&digits, 16).ok()?.to_be_bytes();
        Self::new(*all.last_chunk()?)
    }
}

impl std::fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { ":" };
            write!(f, "{between}{byte:02x}")?;
        }
        Ok(())
    }
}

/// It stands for a device, and a device for whoever carries it: a debug line shows none.
impl std::fmt::Debug for HardwareAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HardwareAddress")
    }
}

impl Serialize for HardwareAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HardwareAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("a hardware address is written as 3c:22:fb:00:10:2a"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardware_address_is_read_as_people_and_programs_write_it() {
        let address = HardwareAddress::new([0x3c, 0x22, 0xfb, 0, 0x10, 0x2a]);
        for text in ["3c:22:fb:00:10:2a", "3C-22-FB-00-10-2A", "3c22.fb00.102a", " 3c22fb00102a "] {
            assert_eq!(HardwareAddress::parse(text), address, "{text}");
        }
        assert_eq!(address.unwrap().to_string(), "3c:22:fb:00:10:2a");
        for odd in [
            "",
            "3c:22:fb:00:10",
            "3c:22:fb:00:10:2a:01",
            "3c:22-fb:00:10:2a",
            "zz:22:fb:00:10:2a",
            "+c22fb00102a",
        ] {
            assert_eq!(HardwareAddress::parse(odd), None, "{odd}");
        }
        assert_eq!(HardwareAddress::parse("ff:ff:ff:ff:ff:ff"), None, "everybody is no device");
        assert_eq!(HardwareAddress::parse("00:00:00:00:00:00"), None);
    }

    #[test]
    fn a_token_stands_for_its_random_bits_and_no_other() {
        let all = [[0; 16], [0xff; 16], [7; 16], 1u128.to_be_bytes(), (1u128 << 127).to_be_bytes()];
        let tokens: Vec<String> = all.map(NameHash::token).to_vec();
        for token in &tokens {
            assert_eq!(token.len(), NameHash::TOKEN_CHARS);
            assert!(NameHash::of_token(token).is_some(), "{token}");
        }
        let hashes: std::collections::HashSet<_> =
            tokens.iter().map(|token| NameHash::of_token(token).unwrap()).collect();
        assert_eq!(hashes.len(), all.len());
        assert_eq!(tokens[0], "a".repeat(26));
        assert_eq!(tokens[3], format!("{}b", "a".repeat(25)));
    }
}
