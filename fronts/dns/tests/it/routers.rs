//! Questions that a router passes on (RFC 7871), and who is believed about whom.

use std::net::Ipv4Addr;

use engine::live::{DeviceEntry, HardwareEntry, RangeEntry};
use engine::{DeviceNo, HardwareAddress};
use front_dns::wire::write::Transport;

use crate::ground::{Bench, PUPIL, STAFF, policy, question, with_edns};

const ROUTER: &str = "127.0.0.9";

/// A question with the option that dnsmasq adds for that device, and with its hardware address.
fn passed_on(name: &str, device: &str) -> Vec<u8> {
    let mut options = vec![0xfd, 0xe9, 0, 6, 2, 0, 0, 0, 0, 7];
    options.extend([0, 8, 0, 8, 0, 1, 32, 0]);
    options.extend(device.parse::<Ipv4Addr>().unwrap().octets());
    let mut message = with_edns(question(name, 1), 1232, false);
    let end = message.len();
    message[end - 2..].copy_from_slice(&(options.len() as u16).to_be_bytes());
    message.extend(options);
    message
}

fn is_closed(answer: Option<Vec<u8>>) -> bool {
    answer.is_some_and(|answer| answer[3] & 15 == 3)
}

#[test]
fn rfc7871_11_3_a_named_router_is_believed_about_its_devices_and_nobody_else_about_any() {
    let mut bench = Bench::behind(&[ROUTER]);
    let client = |bench: &Bench| bench.events.all().last().and_then(|told| told.client);
    assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &passed_on("games.example", PUPIL))));
    assert_eq!(client(&bench), Some(PUPIL.parse().unwrap()), "the log knows the device");
    assert!(is_closed(bench.ask_as(ROUTER, Transport::Tcp, &passed_on("games.example", PUPIL))));
    // Somebody of the staff behind the same router.
    assert_eq!(bench.ask_as(ROUTER, Transport::Udp, &passed_on("games.example", STAFF)), None);
    assert_eq!(bench.sent.len(), 1);
    // A pupil's device says that it is a router, and a router that nobody named says the same.
    assert!(is_closed(bench.ask_as(PUPIL, Transport::Udp, &passed_on("games.example", STAFF))));
    assert_eq!(client(&bench), Some(PUPIL.parse().unwrap()));
    let asked = bench.ask_as("127.0.0.10", Transport::Udp, &passed_on("tracker.example", STAFF));
    assert!(is_closed(asked));
    assert_eq!(client(&bench), Some("127.0.0.10".parse().unwrap()));
}

#[test]
fn a_router_that_does_not_tell_its_devices_apart_is_who_asks() {
    let mut bench = Bench::behind(&[ROUTER]);
    for message in [question("tracker.example", 1), with_edns(question("tracker.example", 1), 1232, false)] {
        assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &message)));
        let told = bench.events.all();
        assert_eq!(told.last().and_then(|told| told.client), Some(ROUTER.parse().unwrap()));
    }
}

#[test]
fn rfc7871_11_1_nothing_about_a_device_goes_upstream() {
    let mut bench = Bench::behind(&[ROUTER]);
    assert_eq!(bench.ask_as(ROUTER, Transport::Udp, &passed_on("open.example", STAFF)), None);
    // Nor of a device that adds it itself.
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &passed_on("other.example", "203.0.113.7")), None);
    for (_, sent) in &bench.sent {
        let has = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
        assert!(!has(&[127, 0, 0, 20]) && !has(&[203, 0, 113, 7]) && !has(&[0xfd, 0xe9]), "{sent:02x?}");
    }
    assert_eq!(bench.sent.len(), 2);
}

/// A question with the hardware address alone.
fn by_hardware(name: &str, hardware: [u8; 6]) -> Vec<u8> {
    let mut options = vec![0xfd, 0xe9, 0, 6];
    options.extend(hardware);
    let mut message = with_edns(question(name, 1), 1232, false);
    let end = message.len();
    message[end - 2..].copy_from_slice(&(options.len() as u16).to_be_bytes());
    message.extend(options);
    message
}

#[test]
fn a_named_router_is_believed_about_a_registered_devices_hardware_and_nobody_else() {
    let laptop = [0x3c, 0x22, 0xfb, 0, 0x10, 0x2a];
    let mut bench = Bench::behind(&[ROUTER]);
    let mut live = bench.school.live().document().clone();
    live.roll.devices.push(DeviceEntry {
        device: DeviceNo(5),
        person: None,
        groups: vec!["pupils".into()],
        addresses: Vec::new(),
    });
    let address = HardwareAddress::new(laptop).unwrap();
    live.roll.hardware.push(HardwareEntry { address, device: DeviceNo(5) });
    assert!(bench.school.swap_live(&live).is_empty());
    let client = |bench: &Bench| bench.events.all().last().and_then(|told| told.client);
    // The device is a pupil's, wherever the router is.
    assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &by_hardware("games.example", laptop))));
    assert_eq!(client(&bench), Some(ROUTER.parse().unwrap()), "its address was not told");
    // Who says it of themselves is not believed.
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &by_hardware("games.example", laptop)), None);
    // With an address too, the log knows that.
    let mut both = by_hardware("www.games.example", laptop);
    let length_at = both.len() - 12;
    both.extend([0, 8, 0, 8, 0, 1, 32, 0]);
    both.extend(STAFF.parse::<Ipv4Addr>().unwrap().octets());
    both[length_at..length_at + 2].copy_from_slice(&22u16.to_be_bytes());
    assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &both)));
    assert_eq!(client(&bench), Some(STAFF.parse().unwrap()));
}

#[test]
fn where_a_router_tells_of_two_registered_devices_at_once_neither_is_believed_and_it_is_counted() {
    let (laptop, tablet) = ([0x3c, 0x22, 0xfb, 0, 0x10, 0x2a], [0x3c, 0x22, 0xfb, 0, 0x10, 0x3a]);
    let mut bench = Bench::behind(&[ROUTER]);
    let mut live = bench.school.live().document().clone();
    for (number, hardware, group, address) in
        [(5, laptop, "staff", "127.0.0.50"), (6, tablet, "pupils", "127.0.0.60")]
    {
        live.roll.devices.push(DeviceEntry {
            device: DeviceNo(number),
            person: None,
            groups: vec![group.into()],
            addresses: vec![address.parse().unwrap()],
        });
        let address = HardwareAddress::new(hardware).unwrap();
        live.roll.hardware.push(HardwareEntry { address, device: DeviceNo(number) });
    }
    // The router itself is in a room of the staff: who is doubted is not that either.
    live.roll.ranges.push(RangeEntry {
        range: format!("{ROUTER}/32"),
        groups: vec!["staff".into()],
        person: None,
    });
    assert!(bench.school.swap_live(&live).is_empty());
    let policy = policy("\n[[rule]]\ndo = \"allow\"\ngroup = \"staff\"\nsite = \"tracker.example\"\n");
    assert!(bench.school.swap_policy(policy).is_empty());
    let both = |hardware: [u8; 6], address: &str| {
        let mut message = by_hardware("tracker.example", hardware);
        let length_at = message.len() - 12;
        message.extend([0, 8, 0, 8, 0, 1, 32, 0]);
        message.extend(address.parse::<Ipv4Addr>().unwrap().octets());
        message[length_at..length_at + 2].copy_from_slice(&22u16.to_be_bytes());
        message
    };
    // Whichever of the two the device itself wrote.
    for (hardware, address) in [(laptop, "127.0.0.60"), (tablet, "127.0.0.50")] {
        assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &both(hardware, address))), "{address}");
        let told = bench.events.all().last().and_then(|told| told.client);
        assert_eq!(told, Some(ROUTER.parse().unwrap()), "neither's address is written down");
    }
    assert_eq!(bench.counters().doubted, 2);
    // One device is one, and so is one at an address that is nobody's.
    assert_eq!(bench.ask_as(ROUTER, Transport::Udp, &both(laptop, "127.0.0.50")), None);
    assert_eq!(bench.ask_as(ROUTER, Transport::Udp, &both(laptop, "127.0.0.77")), None);
    assert!(is_closed(bench.ask_as(ROUTER, Transport::Udp, &both(tablet, "127.0.0.60"))));
    assert_eq!(bench.counters().doubted, 2);
}
