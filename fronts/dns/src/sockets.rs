//! The front's sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use front_sys::{Sockets, udp};

use crate::random::Random;

/// What waits in the kernel while a thread is busy: some thousands of questions.
const LISTEN_BUFFER: usize = 4 << 20;
const UPSTREAM_BUFFER: usize = 256 << 10;

/// Takes the sockets of an address that were bound before, or binds it.
pub fn take_or_listen(
    address: SocketAddr,
    dual: bool,
    threads: usize,
    sockets: &mut Sockets,
) -> io::Result<(SocketAddr, Vec<UdpSocket>, TcpListener)> {
    let mut taken = sockets.take_udp(address);
    let Some(first) = taken.first() else { return listen(address, dual, threads) };
    let bound = first.local_addr()?;
    let listener = match sockets.take_tcp(bound).pop() {
        Some(listener) => listener,
        None => udp::listen_stream(bound, dual)?,
    };
    for _ in taken.len()..threads {
        taken.push(udp::bind_shared(bound, dual, LISTEN_BUFFER)?);
    }
    Ok((bound, taken, listener))
}

/// Binds an address for UDP once a thread, and for TCP. With port 0, a port that is free for both.
pub fn listen(
    address: SocketAddr,
    dual: bool,
    threads: usize,
) -> io::Result<(SocketAddr, Vec<UdpSocket>, TcpListener)> {
    let mut tries = if address.port() == 0 { 16 } else { 1 };
    loop {
        tries -= 1;
        let first = udp::bind_shared(address, dual, LISTEN_BUFFER)?;
        let bound = first.local_addr()?;
        let listener = match udp::listen_stream(bound, dual) {
            Ok(listener) => listener,
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => continue,
            Err(error) => return Err(error),
        };
        let mut sockets = vec![first];
        for _ in 1..threads {
            sockets.push(udp::bind_shared(bound, dual, LISTEN_BUFFER)?);
        }
        return Ok((bound, sockets, listener));
    }
}

/// A socket to an upstream on a port nobody can guess (RFC 5452 §9.2).
pub fn upstream(address: SocketAddr, random: &mut Random) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..32 {
        let port =
            random.below(64_512).ok_or_else(|| io::Error::other("the system gives no random numbers"))?;
        match UdpSocket::bind(SocketAddr::new(any, 1_024 + port as u16)) {
            Ok(socket) => {
                socket.connect(address)?;
                socket.set_nonblocking(true)?;
                udp::set_buffers(&socket, UPSTREAM_BUFFER)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
