//! The device behind a router, as the router tells it: the client subnet of EDNS (RFC 7871), where it is one whole address, and the
//! hardware address in an option for local use. dnsmasq, which most routers of homes and small schools run, adds them with
//! `add-subnet=32,128` and `add-mac`; what a device wrote of itself it passes on, unless `strip-subnet` and `strip-mac` forbid it.
//! Nothing in a message tells the one from the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use engine::HardwareAddress;

use super::query::skip_record;
use super::u16_at;

/// The option's number (RFC 7871 §6).
const CLIENT_SUBNET: u16 = 8;
/// The option that dnsmasq adds with `add-mac`, in its binary form; its number is one for local use (RFC 6891 §9).
const HARDWARE: u16 = 65_001;
/// The families of addresses in the client subnet.
const IPV4: u16 = 1;
const IPV6: u16 = 2;

/// What a router says of the device that a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Device {
    /// Its address.
    pub address: Option<IpAddr>,
    /// Its hardware address.
    pub hardware: Option<HardwareAddress>,
}

/// The one device that a question is said to be for. `question_end` is where the records of the message begin; the message
/// was read as one question before. A network of several devices is nobody, and neither is whom two options tell.
pub fn behind_router(message: &[u8], question_end: usize) -> Device {
    let options = options_of(message, question_end).unwrap_or(&[]);
    Device {
        address: only(options, CLIENT_SUBNET).and_then(whole_address),
        hardware: only(options, HARDWARE)
            .and_then(|value| value.try_into().ok())
            .and_then(HardwareAddress::new),
    }
}

fn options_of(message: &[u8], question_end: usize) -> Option<&[u8]> {
    let mut at = question_end;
    while at < message.len() {
        let (is_opt, end) = skip_record(message, at)?;
        if is_opt {
            return message.get(at + 11..end);
        }
        at = end;
    }
    None
}

/// The value of the one option with that number. Two of them contradict each other or say nothing new, and of options that are cut
/// nothing is believed.
fn only(mut options: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut only = None;
    while !options.is_empty() {
        let (number, length) = (u16_at(options, 0)?, usize::from(u16_at(options, 2)?));
        let value = options.get(4..4 + length)?;
        if number == wanted {
            if only.is_some() {
                return None;
            }
            only = Some(value);
        }
        options = options.get(4 + length..)?;
    }
    only
}

fn whole_address(subnet: &[u8]) -> Option<IpAddr> {
    let (family, bits, bytes) = (u16_at(subnet, 0)?, *subnet.get(2)?, subnet.get(4..)?);
    match (family, bits) {
        (IPV4, 32) => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        (IPV6, 128) => Some(IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question for the root with these options.
    fn question(options: &[u8]) -> Vec<u8> {
        let mut message = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1];
        message.extend([0, 0, 41, 0x10, 0, 0, 0, 0, 0]);
        message.extend((options.len() as u16).to_be_bytes());
        message.extend(options);
        message
    }

    fn device(options: &[u8]) -> Option<IpAddr> {
        behind_router(&question(options), 17).address
    }

    #[test]
    fn dnsmasqs_hardware_address_is_a_device_and_what_is_none_is_nobody() {
        let hardware =
            |options: &[u8]| behind_router(&question(options), 17).hardware.map(|one| one.to_string());
        let told = [0xfd, 0xe9, 0, 6, 0x3c, 0x22, 0xfb, 0, 0x10, 0x2a];
        assert_eq!(hardware(&told).as_deref(), Some("3c:22:fb:00:10:2a"));
        let both = [&told[..], &[0, 8, 0, 8, 0, 1, 32, 0, 10, 3, 0, 14]].concat();
        assert_eq!(hardware(&both).as_deref(), Some("3c:22:fb:00:10:2a"));
        assert_eq!(device(&both), Some("10.3.0.14".parse().unwrap()));
        for odd in [
            &[0xfd, 0xe9, 0, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            &[0xfd, 0xe9, 0, 6, 0, 0, 0, 0, 0, 0],
            &[0xfd, 0xe9, 0, 5, 0x3c, 0x22, 0xfb, 0, 0x10],
            // As text, which another setting of dnsmasq sends under another number.
            &[0xfe, 0x31, 0, 6, 0x3c, 0x22, 0xfb, 0, 0x10, 0x2a],
            &[&told[..], &told].concat(),
        ] {
            assert_eq!(hardware(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn rfc7871_6_one_whole_address_is_a_device() {
        let v4 = [0, 8, 0, 8, 0, 1, 32, 0, 10, 3, 0, 14];
        assert_eq!(device(&v4), Some("10.3.0.14".parse().unwrap()));
        let mut v6 = vec![0, 8, 0, 20, 0, 2, 128, 0];
        v6.extend("fd00:3::14".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(device(&v6), Some("fd00:3::14".parse().unwrap()));
        // Behind another option, as dnsmasq sends the hardware address.
        let behind = [&[0xfd, 0xe9, 0, 6, 2, 0, 0, 0, 0, 1][..], &v4].concat();
        assert_eq!(device(&behind), Some("10.3.0.14".parse().unwrap()));
    }

    #[test]
    fn a_network_two_devices_and_what_is_cut_are_nobody() {
        for options in [
            &[][..],
            &[0, 8, 0, 7, 0, 1, 24, 0, 10, 3, 0],
            &[0, 8, 0, 4, 0, 1, 0, 0],
            &[0, 8, 0, 8, 0, 3, 32, 0, 10, 3, 0, 14],
            &[0, 8, 0, 8, 0, 1, 32, 0, 10, 3, 0, 14, 0, 8, 0, 8, 0, 1, 32, 0, 10, 3, 0, 15],
            &[0, 8, 0, 7, 0, 1, 32, 0, 10, 3, 0],
            &[0, 8, 0, 9, 0, 1, 32, 0, 10, 3, 0, 14],
            &[0, 8],
        ] {
            assert_eq!(device(options), None, "{options:?}");
        }
        assert_eq!(behind_router(&question(&[])[..17], 17), Device::default());
    }
}
