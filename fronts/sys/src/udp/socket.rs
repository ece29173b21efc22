//! Opening sockets that several threads and both families share.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use super::kernel::encode_name;
use crate::poll::{checked, owned};

/// Opens a socket bound to `address` that other threads may bind as well (`SO_REUSEPORT`); the kernel spreads the
/// senders over them. An IPv6 wildcard takes IPv4 too when `dual` is set. Never blocks.
///
/// On a wildcard the kernel is asked to say which address each datagram was sent to, so that the answer can leave from
/// there; elsewhere that is known and its cost is saved.
///
/// What it sends is never cut into fragments, and no message from outside can make it be (RFC 9715 §3.1): whoever can
/// forge such a message could otherwise have answers cut where it suits them.
pub fn bind_shared(address: SocketAddr, dual: bool, buffer_bytes: usize) -> io::Result<UdpSocket> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer; the result is checked.
    let fd = owned(checked(unsafe { libc::socket(family, kind, 0) })?);
    set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, i32::from(!dual))?;
    }
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => set_option(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
            SocketAddr::V6(_) => set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?,
        }
    }
    set_option(&fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)?;
    }
    let socket = UdpSocket::from(fd);
    set_buffers(&socket, buffer_bytes)?;
    let (name, length) = encode_name(address);
    // SAFETY: `name` is a live socket address of `length` bytes.
    checked(unsafe { libc::bind(socket.as_raw_fd(), name.as_ptr().cast(), length as libc::socklen_t) })?;
    Ok(socket)
}

/// Listens for streams at `address`. Unlike the standard library's own, it says whether an IPv6 wildcard takes IPv4 too
/// (`dual`), so that both wildcards can be listened on side by side. Never blocks.
pub fn listen_stream(address: SocketAddr, dual: bool) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer; the result is checked.
    let fd = owned(checked(unsafe { libc::socket(family, kind, 0) })?);
    set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, i32::from(!dual))?;
    }
    let (name, length) = encode_name(address);
    // SAFETY: `name` is a live socket address of `length` bytes.
    checked(unsafe { libc::bind(fd.as_raw_fd(), name.as_ptr().cast(), length as libc::socklen_t) })?;
    // SAFETY: takes no pointer; the result is checked.
    checked(unsafe { libc::listen(fd.as_raw_fd(), 1024) })?;
    Ok(TcpListener::from(fd))
}

/// Asks for receive and send buffers of that size; the kernel caps both silently.
pub fn set_buffers(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes)?;
    set_option(socket, libc::SOL_SOCKET, libc::SO_SNDBUF, bytes)
}

fn set_option(fd: &impl AsFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the option's value is a live `int` of the length given.
    checked(unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    })?;
    Ok(())
}
