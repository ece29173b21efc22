//! e2guardian's rooms: a file each, with the room's name, its addresses, what is open there, and whether all else is closed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    /// Lines that are left out, by their number, and why.
    pub left_out: Vec<(u64, LeftOut)>,
}

/// Why a line of a room is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It is among the addresses and is none.
    Address,
    /// It is an address with a zone, as in `fe80::1%eth0`.
    Zone,
    /// It is a range whose last address is before its first, or of another kind.
    Backwards,
    /// It is among the sites and is none.
    Site,
    /// It is among the parts of sites and is none.
    Url,
    /// It is in none of the lists.
    Outside,
}

/// After "line 7 is left out: it".
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "is no address, no range of addresses and no subnet",
            Self::Zone => {
                "is an address on one cable alone, and what follows the % is a name that this machine gave the cable; put the \
                 device on the roll, or write an address of it without one"
            }
            Self::Backwards => "is a range that ends before it begins",
            Self::Site => "is no site",
            Self::Url => "is no part of a site",
            Self::Outside => "belongs to none of the room's lists",
        })
    }
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
                        Ok(ranges) => room.ranges.extend(ranges),
                        Err(why) => room.left_out.push((number, why)),
                    },
                    Part::Sites if is_site(word) => room.sites.push(word.to_ascii_lowercase()),
                    Part::Sites => room.left_out.push((number, LeftOut::Site)),
                    Part::Urls if word.contains('/') => room.urls.push(word.to_owned()),
                    Part::Urls => room.left_out.push((number, LeftOut::Url)),
                    Part::Between => room.left_out.push((number, LeftOut::Outside)),
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

/// An address, `10.0.0.0/24`, `10.0.0.0/255.255.255.0` or `10.0.0.1-10.0.0.9` as ranges of a roll; the same of IPv6, where a
/// mask is a number.
fn ranges(word: &str) -> Result<Vec<String>, LeftOut> {
    let address = |text: &str| {
        let text = text.trim();
        match text.split_once('%') {
            Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => Err(LeftOut::Zone),
            _ => text.parse::<IpAddr>().map_err(|_| LeftOut::Address),
        }
    };
    if let Some((from, to)) = word.split_once('-') {
        return match (address(from)?, address(to)?) {
            (IpAddr::V4(from), IpAddr::V4(to)) => between(u32::from(from).into(), u32::from(to).into(), 32),
            (IpAddr::V6(from), IpAddr::V6(to)) => between(from.into(), to.into(), 128),
            _ => Err(LeftOut::Backwards),
        };
    }
    let Some((first, mask)) = word.split_once('/') else {
        let address = address(word)?;
        return Ok(vec![format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })]);
    };
    let (first, width): (u128, u32) = match address(first)? {
        IpAddr::V4(first) => (u32::from(first).into(), 32),
        IpAddr::V6(first) => (first.into(), 128),
    };
    let bits = match mask.trim().parse::<u32>() {
        Ok(bits) => bits,
        Err(_) if width == 128 => return Err(LeftOut::Address),
        Err(_) => {
            let mask: Ipv4Addr = mask.trim().parse().map_err(|_| LeftOut::Address)?;
            let mask = u32::from(mask);
            // Ones, and then zeros.
            let is_mask = mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0;
            if is_mask { mask.leading_ones() } else { return Err(LeftOut::Address) }
        }
    };
    let rest = width.checked_sub(bits).ok_or(LeftOut::Address)?;
    let keep = u128::MAX.checked_shl(rest).unwrap_or(0);
    Ok(vec![range(first & keep, bits, width)])
}

fn range(first: u128, bits: u32, width: u32) -> String {
    match u32::try_from(first) {
        Ok(first) if width == 32 => format!("{}/{bits}", Ipv4Addr::from(first)),
        _ => format!("{}/{bits}", Ipv6Addr::from(first)),
    }
}

/// The fewest ranges that hold all addresses from one to the other, of addresses that are `width` bits wide.
fn between(mut from: u128, to: u128, width: u32) -> Result<Vec<String>, LeftOut> {
    let mut all = Vec::new();
    while from <= to {
        // The largest range that begins here and does not go beyond. One of all addresses is two.
        let mut zeros = from.trailing_zeros().min(width - 1);
        while zeros > 0 && from.checked_add((1 << zeros) - 1).is_none_or(|last| last > to) {
            zeros -= 1;
        }
        all.push(range(from, width - zeros, width));
        match from.checked_add(1 << zeros) {
            Some(next) => from = next,
            None => break,
        }
    }
    if all.is_empty() { Err(LeftOut::Backwards) } else { Ok(all) }
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
                left_out: vec![(6, LeftOut::Address), (11, LeftOut::Site), (16, LeftOut::Outside)],
            }
        );
        let old = Room::parse("#Old room\n10.0.0.1\n").unwrap();
        assert!(old.closed && old.sites.is_empty());
        let open = Room::parse("#Open room\n10.0.0.1\n#ENDLIST\n#SITELIST\na.example\n#ENDLIST\n").unwrap();
        assert!(!open.closed && open.sites == ["a.example"]);
        for none in ["", "10.0.0.1\n", "#\n10.0.0.1\n", "#time: 9 0 17 0 1\n"] {
            assert_eq!(Room::parse(none), None, "{none:?}");
        }
        for (wrong, why) in [
            ("10.0.0.0/33", LeftOut::Address),
            ("10.0.0.0/255.0.255.0", LeftOut::Address),
            ("10.0.0.9-10.0.0.1", LeftOut::Backwards),
            ("10.0.0.9-fd00::1", LeftOut::Backwards),
            ("fd00::9-fd00::1", LeftOut::Backwards),
            ("10.0.0", LeftOut::Address),
            ("a.example", LeftOut::Address),
            ("a.example%eth0", LeftOut::Address),
            ("fd00::/129", LeftOut::Address),
            ("fd00::/255.255.0.0", LeftOut::Address),
            ("fe80::1%eth0", LeftOut::Zone),
            ("fe80::1%2", LeftOut::Zone),
            ("fe80::1%eth0-fe80::9%eth0", LeftOut::Zone),
            ("fe80::%eth0/64", LeftOut::Zone),
        ] {
            assert_eq!(ranges(wrong), Err(why), "{wrong}");
        }
        for (word, all) in [
            ("fd00::7", &["fd00::7/128"][..]),
            ("fd00:1::9/32", &["fd00:1::/32"]),
            ("::/0", &["::/0"]),
            ("fd00::1-fd00::4", &["fd00::1/128", "fd00::2/127", "fd00::4/128"]),
            ("10.0.0.5 - 10.0.0.8", &["10.0.0.5/32", "10.0.0.6/31", "10.0.0.8/32"]),
            (
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                &["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"],
            ),
            ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["::/1", "8000::/1"]),
        ] {
            assert_eq!(ranges(word).unwrap(), all, "{word}");
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
            let all = between(from.into(), to.into(), 32).unwrap();
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
