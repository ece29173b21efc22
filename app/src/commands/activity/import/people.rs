//! Who asked, as the roll knows them.

use std::collections::HashMap;
use std::net::IpAddr;

use activity::import::Heard;
use anyhow::Result;
use engine::{DeviceNo, KnownBy, PersonNo};
use kit::Timestamp;

use crate::commands::context::Context;

/// Somebody, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asker {
    pub person: Option<PersonNo>,
    pub device: Option<DeviceNo>,
    pub known_by: KnownBy,
}

/// Everybody on the roll, by what another filter's log may call them.
#[derive(Debug, Default)]
pub struct Askers {
    by_key: HashMap<String, PersonNo>,
    /// Devices by their addresses, and since when they have been on the roll.
    by_address: HashMap<IpAddr, (DeviceNo, Option<PersonNo>, Timestamp)>,
}

impl Askers {
    /// By address only where whoever asks has said that addresses are what they were: the roll knows those of today.
    pub fn on_the_roll(context: &Context, by_address: bool) -> Result<Self> {
        let records = context.records()?;
        let (people, devices) = context.wait(async {
            let mut tx = records.read().await?;
            let found = (people::people(&mut tx).await?, people::devices(&mut tx).await?);
            tx.roll_back().await?;
            anyhow::Ok(found)
        })?;
        let mut askers = Self::default();
        for person in people {
            askers.by_key.insert(person.key.reveal().to_lowercase(), person.number);
        }
        for device in devices.into_iter().filter(|_| by_address) {
            for address in device.addresses {
                askers.by_address.insert(address, (device.number, device.person, device.joined_at));
            }
        }
        Ok(askers)
    }

    /// Whoever had signed in to the other filter counts first; an address only from when its device was on the roll.
    pub fn who(&self, heard: &Heard) -> Asker {
        let by_key = heard.user.as_deref().and_then(|user| self.by_key.get(&plain(user)));
        let device = heard.client.and_then(|client| self.by_address.get(&client.to_canonical()));
        let device = device.filter(|(_, _, joined_at)| *joined_at <= heard.at);
        match (by_key, device) {
            (Some(person), device) => Asker {
                person: Some(*person),
                device: device.map(|(device, ..)| *device),
                known_by: KnownBy::ProxySignIn,
            },
            (None, Some((device, person, _))) => {
                Asker { person: *person, device: Some(*device), known_by: KnownBy::DeviceRegister }
            }
            (None, None) => Asker::default(),
        }
    }
}

/// `SCHOOL\ada` and `ada@school.example` are `ada`.
fn plain(user: &str) -> String {
    let user = user.rsplit_once('\\').map_or(user, |(_, user)| user);
    let user = user.split_once('@').map_or(user, |(user, _)| user);
    user.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_who_signed_in_or_whose_device_it_was_by_then() {
        let at = |text| Timestamp::parse(text).unwrap();
        let mut askers = Askers::default();
        askers.by_key.insert("p-1".to_owned(), PersonNo(1));
        let tablet: IpAddr = [10, 0, 0, 7].into();
        askers.by_address.insert(tablet, (DeviceNo(70), Some(PersonNo(7)), at("2026-09-01T00:00:00Z")));
        let heard = |user: Option<&str>, moment| Heard {
            line: 1,
            at: at(moment),
            client: Some(tablet),
            user: user.map(str::to_owned),
            host: "www.example.org".to_owned(),
            path: None,
            agent: None,
            front: engine::Front::Dns,
            verdict: engine::Verdict::Allow,
            bytes: 0,
        };
        let (person, device) = (Some(PersonNo(1)), Some(DeviceNo(70)));
        let before = "2026-08-31T10:00:00Z";
        let after = "2026-09-02T10:00:00Z";
        for user in ["p-1", "SCHOOL\\P-1", "p-1@school.example"] {
            let known_by = KnownBy::ProxySignIn;
            assert_eq!(askers.who(&heard(Some(user), after)), Asker { person, device, known_by });
            assert_eq!(askers.who(&heard(Some(user), before)), Asker { person, device: None, known_by });
        }
        let known_by = KnownBy::DeviceRegister;
        let whose = Asker { person: Some(PersonNo(7)), device, known_by };
        assert_eq!(askers.who(&heard(None, after)), whose);
        assert_eq!(askers.who(&heard(Some("somebody"), after)), whose);
        assert_eq!(askers.who(&heard(None, before)), Asker::default());
    }
}
