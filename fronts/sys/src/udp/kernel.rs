//! Addresses as the kernel lays them out, in names and in control messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

pub const NAME_BYTES: usize = size_of::<libc::sockaddr_in6>();
pub const CONTROL_BYTES: usize = 64;
/// Where a control message's payload begins: after its length, level and type.
const CONTROL_HEAD: usize = size_of::<libc::cmsghdr>();

/// Control bytes, aligned as the kernel wants them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Control(pub [u8; CONTROL_BYTES]);

/// Reads `N` bytes at `at`.
fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// A socket address as the kernel lays it out: `sockaddr_in` or `sockaddr_in6`.
pub fn encode_name(address: SocketAddr) -> ([u8; NAME_BYTES], usize) {
    let mut name = [0; NAME_BYTES];
    put(&mut name, 2, &address.port().to_be_bytes());
    match address {
        SocketAddr::V4(v4) => {
            put(&mut name, 0, &(libc::AF_INET as u16).to_ne_bytes());
            put(&mut name, 4, &v4.ip().octets());
            (name, size_of::<libc::sockaddr_in>())
        }
        SocketAddr::V6(v6) => {
            put(&mut name, 0, &(libc::AF_INET6 as u16).to_ne_bytes());
            put(&mut name, 4, &v6.flowinfo().to_be_bytes());
            put(&mut name, 8, &v6.ip().octets());
            put(&mut name, 24, &v6.scope_id().to_ne_bytes());
            (name, NAME_BYTES)
        }
    }
}

pub fn decode_name(name: &[u8; NAME_BYTES]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(part(name, 2)?);
    match i32::from(u16::from_ne_bytes(part(name, 0)?)) {
        libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(part::<4>(name, 4)?), port).into()),
        libc::AF_INET6 => {
            let address = Ipv6Addr::from(part::<16>(name, 8)?);
            Some(SocketAddrV6::new(address, port, 0, u32::from_ne_bytes(part(name, 24)?)).into())
        }
        _ => None,
    }
}

/// The address that was asked, from the one control message the socket asked for.
pub fn decode_asked(control: &[u8; CONTROL_BYTES], length: usize) -> Option<(IpAddr, u32)> {
    let length = length.min(usize::from_ne_bytes(part(control, 0)?));
    let level = i32::from_ne_bytes(part(control, 8)?);
    let kind = i32::from_ne_bytes(part(control, 12)?);
    match (level, kind) {
        (libc::IPPROTO_IP, libc::IP_PKTINFO) if length >= CONTROL_HEAD + 12 => {
            // `ipi_spec_dst`, the local address; the interface is left to the routing table.
            Some((Ipv4Addr::from(part::<4>(control, CONTROL_HEAD + 4)?).into(), 0))
        }
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if length >= CONTROL_HEAD + 20 => {
            let address = Ipv6Addr::from(part::<16>(control, CONTROL_HEAD)?);
            let interface = u32::from_ne_bytes(part(control, CONTROL_HEAD + 16)?);
            // Only a link-local address means nothing without its interface.
            Some((address.into(), if address.is_unicast_link_local() { interface } else { 0 }))
        }
        _ => None,
    }
}

/// The control message that makes a datagram leave from `asked`, and its length; none for `None`.
pub fn encode_asked(asked: Option<(IpAddr, u32)>) -> (Control, usize) {
    let mut control = Control([0; CONTROL_BYTES]);
    let bytes = &mut control.0;
    let (level, kind, payload) = match asked {
        None => return (control, 0),
        Some((IpAddr::V4(address), _)) => {
            put(bytes, CONTROL_HEAD + 4, &address.octets());
            (libc::IPPROTO_IP, libc::IP_PKTINFO, 12)
        }
        Some((IpAddr::V6(address), interface)) => {
            put(bytes, CONTROL_HEAD, &address.octets());
            put(bytes, CONTROL_HEAD + 16, &interface.to_ne_bytes());
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, 20)
        }
    };
    put(bytes, 0, &(CONTROL_HEAD + payload).to_ne_bytes());
    put(bytes, 8, &level.to_ne_bytes());
    put(bytes, 12, &kind.to_ne_bytes());
    (control, (CONTROL_HEAD + payload).next_multiple_of(size_of::<usize>()))
}
