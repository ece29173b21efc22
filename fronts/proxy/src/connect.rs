//! Opens a connection to an origin at one of the addresses that were decided on, and at no other.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::io::Ended;
use crate::watch::Watched;

/// How long one address has before the next is tried beside it (RFC 8305, 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// How many addresses are tried.
const MOST_TRIES: usize = 6;

/// Connects to whichever of the addresses answers first, each with a head start over the next. The watchman's
/// deadline bounds the whole.
pub async fn connect(
    watched: &Watched,
    addresses: &[IpAddr],
    port: u16,
) -> Result<(TcpStream, SocketAddr), Ended> {
    let stream = match addresses {
        [only] => alone(watched, SocketAddr::new(*only, port)).await?,
        several => race(watched, several, port).await?,
    };
    stream.0.set_nodelay(true)?;
    Ok(stream)
}

async fn alone(watched: &Watched, to: SocketAddr) -> Result<(TcpStream, SocketAddr), Ended> {
    let mut connecting = std::pin::pin!(TcpStream::connect(to));
    poll_fn(|cx| {
        watched.check(cx)?;
        connecting.as_mut().poll(cx).map(|done| Ok((done?, to)))
    })
    .await
}

/// One address being tried.
type Attempt = Pin<Box<dyn Future<Output = io::Result<(TcpStream, SocketAddr)>>>>;

async fn race(watched: &Watched, addresses: &[IpAddr], port: u16) -> Result<(TcpStream, SocketAddr), Ended> {
    let mut waiting = by_turns(addresses).into_iter().take(MOST_TRIES).map(|ip| SocketAddr::new(ip, port));
    let mut running: Vec<Attempt> = Vec::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut next = Box::pin(tokio::time::sleep(Duration::ZERO));
    let mut more = true;
    poll_fn(|cx| {
        watched.check(cx)?;
        loop {
            let mut failed = false;
            let mut place = 0;
            while let Some(attempt) = running.get_mut(place) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(done)) => return Poll::Ready(Ok(done)),
                    Poll::Ready(Err(error)) => {
                        failure = error;
                        failed = true;
                        drop(running.swap_remove(place));
                    }
                    Poll::Pending => place += 1,
                }
            }
            let turn = failed || running.is_empty() || next.as_mut().poll(cx).is_ready();
            if !more || !turn {
                break;
            }
            match waiting.next() {
                Some(to) => {
                    running.push(Box::pin(async move { Ok((TcpStream::connect(to).await?, to)) }));
                    next.as_mut().reset(tokio::time::Instant::now() + HEAD_START);
                }
                None => more = false,
            }
        }
        if running.is_empty() && !more {
            return Poll::Ready(Err(Ended::Io(std::mem::replace(&mut failure, io::ErrorKind::Other.into()))));
        }
        Poll::Pending
    })
    .await
}

/// IPv6 and IPv4 in turn, each in the order of the answer.
fn by_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (mut six, mut four) =
        (addresses.iter().filter(|ip| ip.is_ipv6()), addresses.iter().filter(|ip| ip.is_ipv4()));
    let mut order = Vec::with_capacity(addresses.len());
    loop {
        let pair = [six.next(), four.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_address_get_their_turn() {
        let ips = |text: &str| text.split(' ').map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(by_turns(&ips("192.0.2.1 192.0.2.2 2001:db8::1")), ips("2001:db8::1 192.0.2.1 192.0.2.2"));
    }

    #[tokio::test]
    async fn a_dead_address_does_not_hide_a_living_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses: Vec<IpAddr> =
            vec!["::1".parse().unwrap(), "127.0.0.77".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let watched = Watched::default();
        let (_, to) = connect(&watched, &addresses, port).await.unwrap();
        assert_eq!(to, listener.local_addr().unwrap());
        drop(listener);
        assert!(connect(&watched, &addresses, port).await.is_err());
    }
}
