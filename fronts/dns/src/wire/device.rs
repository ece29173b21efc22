//! The device behind a router, as the router tells it: the client subnet of EDNS (RFC 7871), where it is one whole address.
//! dnsmasq, which most routers of homes and small schools run, adds it with `add-subnet=32,128`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::query::skip_record;
use super::u16_at;

/// The option's number (RFC 7871 §6).
const CLIENT_SUBNET: u16 = 8;
/// The families of addresses in it.
const IPV4: u16 = 1;
const IPV6: u16 = 2;

/// The one device that a question is said to be for. `question_end` is where the records of the message begin; the message
/// was read as one question before. A network of several devices is nobody.
pub fn behind_router(message: &[u8], question_end: usize) -> Option<IpAddr> {
    let mut at = question_end;
    while at < message.len() {
        let (is_opt, end) = skip_record(message, at)?;
        if is_opt {
            return in_options(message.get(at + 11..end)?);
        }
        at = end;
    }
    None
}

fn in_options(mut options: &[u8]) -> Option<IpAddr> {
    let mut device = None;
    while !options.is_empty() {
        let (number, length) = (u16_at(options, 0)?, usize::from(u16_at(options, 2)?));
        let value = options.get(4..4 + length)?;
        if number == CLIENT_SUBNET {
            // Two of them contradict each other or say nothing new: neither is believed.
            if device.is_some() {
                return None;
            }
            device = Some(whole_address(value)?);
        }
        options = options.get(4 + length..)?;
    }
    device
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
        behind_router(&question(options), 17)
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
        assert_eq!(behind_router(&question(&[])[..17], 17), None);
    }
}
