//! e2guardian's rooms: a file each, with the room's name, its addresses, what is open there, and whether all else is closed.

use std::net::{IpAddr, Ipv4Addr};

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Room {
    /// What the school calls it.
    pub name: String,
    /// Its addresses, as ranges in the form of a roll: `10.4.0.0/16`.
    pub ranges: Vec<String>,
    /// Sites that are open there.
    pub sites: Vec<String>,
    /// Parts of sites that are open there.
    pub urls: Vec<String>,
    /// Whether everything else is closed there.
    pub closed: bool,
    /// Lines that are none of these, by their number.
    pub not_understood: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Addresses,
    Sites,
    Urls,
    Between,
}

impl Room {
    /// Reads a file; `None` where it does not begin with a room's name.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let name = lines.next()?.strip_prefix('#')?.trim();
        if name.is_empty() || name.starts_with("time:") {
            return None;
        }
        let mut room = Self { name: name.to_owned(), ..Self::default() };
        let mut part = Part::Addresses;
        let mut is_old = true;
        for (number, line) in (2u64..).zip(lines) {
            let line = line.trim();
            if line.starts_with("#ENDLIST") {
                (part, is_old) = (Part::Between, false);
            } else if line.starts_with("#SITELIST") {
                part = Part::Sites;
            } else if line.starts_with("#URLLIST") {
                part = Part::Urls;
            } else if line.starts_with("#BLOCK") {
                room.closed = true;
            } else if line.is_empty() || line.starts_with('#') {
                // A comment.
            } else {
                let word = line.split(" #").next().unwrap_or(line).trim();
                match part {
                    Part::Addresses => match ranges(word) {
                        Some(ranges) => room.ranges.extend(ranges),
                        None => room.not_understood.push(number),
                    },
                    Part::Sites if is_site(word) => room.sites.push(word.to_ascii_lowercase()),
                    Part::Urls if word.contains('/') => room.urls.push(word.to_owned()),
                    _ => room.not_understood.push(number),
                }
            }
        }
        // A file with addresses alone is of the older form: the whole room is closed.
        room.closed |= is_old;
        Some(room)
    }
}

fn is_site(word: &str) -> bool {
    kit::host::normalise_host_name(word).is_some_and(|name| name.contains('.'))
}

/// An address, `10.0.0.0/24`, `10.0.0.0/255.255.255.0` or `10.0.0.1-10.0.0.9` as ranges of a roll.
fn ranges(word: &str) -> Option<Vec<String>> {
    if let Some((from, to)) = word.split_once('-') {
        let (from, to): (Ipv4Addr, Ipv4Addr) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        return between(from.into(), to.into());
    }
    let Some((address, mask)) = word.split_once('/') else {
        let address: IpAddr = word.parse().ok()?;
        return Some(vec![format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })]);
    };
    let address: Ipv4Addr = address.parse().ok()?;
    let bits = match mask.parse::<u32>() {
        Ok(bits) => bits,
        Err(_) => {
            let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
            // Ones, and then zeros.
            (mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0).then(|| mask.leading_ones())?
        }
    };
    let keep = u32::MAX.checked_shl(32u32.checked_sub(bits)?).unwrap_or(0);
    Some(vec![format!("{}/{bits}", Ipv4Addr::from(u32::from(address) & keep))])
}

/// The fewest ranges that hold all addresses from one to the other.
fn between(mut from: u32, to: u32) -> Option<Vec<String>> {
    let mut all = Vec::new();
    while from <= to {
        // The largest range that begins here and does not go beyond.
        let mut zeros = from.trailing_zeros().min(31);
        while zeros > 0 && u64::from(from) + (1u64 << zeros) - 1 > u64::from(to) {
            zeros -= 1;
        }
        all.push(format!("{}/{}", Ipv4Addr::from(from), 32 - zeros));
        match from.checked_add(1 << zeros) {
            Some(next) => from = next,
            None => break,
        }
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_room_is_its_addresses_and_what_is_open_there() {
        let room = Room::parse(
            "#Library\n192.168.42.42\n10.0.0.0/255.255.255.0\n10.1.2.3/24 # the new part\n10.0.1.1-10.0.1.4\nnowhere\n#ENDLIST\n\
             #BLOCK\n#SITELIST\nBBC.co.uk\nnot a site\n#ENDLIST\n#URLLIST\na.example/b\n#ENDLIST\nwhat\n",
        )
        .unwrap();
        assert_eq!(
            room,
            Room {
                name: "Library".into(),
                ranges: [
                    "192.168.42.42/32",
                    "10.0.0.0/24",
                    "10.1.2.0/24",
                    "10.0.1.1/32",
                    "10.0.1.2/31",
                    "10.0.1.4/32"
                ]
                .map(str::to_owned)
                .into(),
                sites: vec!["bbc.co.uk".into()],
                urls: vec!["a.example/b".into()],
                closed: true,
                not_understood: vec![6, 11, 16],
            }
        );
        let old = Room::parse("#Old room\n10.0.0.1\n").unwrap();
        assert!(old.closed && old.sites.is_empty());
        let open = Room::parse("#Open room\n10.0.0.1\n#ENDLIST\n#SITELIST\na.example\n#ENDLIST\n").unwrap();
        assert!(!open.closed && open.sites == ["a.example"]);
        for none in ["", "10.0.0.1\n", "#\n10.0.0.1\n", "#time: 9 0 17 0 1\n"] {
            assert_eq!(Room::parse(none), None, "{none:?}");
        }
        for wrong in ["10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.9-10.0.0.1", "10.0.0", "a.example"] {
            assert_eq!(ranges(wrong), None, "{wrong}");
        }
        assert_eq!(ranges("0.0.0.0/0").unwrap(), ["0.0.0.0/0"]);
        assert_eq!(ranges("255.255.255.254-255.255.255.255").unwrap(), ["255.255.255.254/31"]);
    }

    proptest! {
        #[test]
        fn a_range_from_one_to_another_holds_those_and_no_others(
            from in any::<u32>(), length in 0u32..5_000, asked in 0u32..6_000,
        ) {
            let to = from.saturating_add(length);
            let all = between(from, to).unwrap();
            prop_assert!(all.len() <= 62);
            let asked = from.saturating_sub(500).saturating_add(asked);
            let holds = all.iter().filter(|range| {
                let (address, bits) = range.split_once('/').unwrap();
                let (address, bits): (Ipv4Addr, u32) = (address.parse().unwrap(), bits.parse().unwrap());
                let keep = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                asked & keep == u32::from(address)
            });
            prop_assert_eq!(holds.count(), usize::from(from <= asked && asked <= to));
        }
    }
}
