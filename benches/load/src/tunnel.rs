//! New tunnels: CONNECT, one small GET inside, close, again; what a page with many hosts does to a proxy.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// Runs so many clients for so many seconds.
pub fn load(proxy: u16, origin: &str, clients: usize, seconds: f64) -> String {
    let began = Instant::now();
    let workers: Vec<_> = (0..clients)
        .map(|_| {
            let origin = origin.to_owned();
            thread::spawn(move || {
                let (mut micros, mut errors) = (Vec::new(), 0_u64);
                while began.elapsed().as_secs_f64() < seconds && errors < 1000 {
                    let start = Instant::now();
                    match once(proxy, &origin) {
                        Ok(()) => micros.push(start.elapsed().as_micros() as u64),
                        Err(_) => errors += 1,
                    }
                }
                (micros, errors)
            })
        })
        .collect();
    let (mut micros, mut errors) = (Vec::new(), 0);
    for worker in workers {
        let (more, failed) = worker.join().unwrap_or_default();
        micros.extend(more);
        errors += failed;
    }
    micros.sort_unstable();
    let quantile = |share: f64| micros.get((micros.len() as f64 * share) as usize).copied().unwrap_or(0);
    format!(
        "tunnels={} rate={:.0} p50_us={} p99_us={} errors={errors}",
        micros.len(),
        micros.len() as f64 / began.elapsed().as_secs_f64(),
        quantile(0.5),
        quantile(0.99),
    )
}

fn once(proxy: u16, origin: &str) -> io::Result<()> {
    let mut buffer = [0; 8192];
    let mut stream = TcpStream::connect(("127.0.0.1", proxy))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\n")?;
    let (filled, _) = head(&mut stream, &mut buffer)?;
    if buffer.get(9..12) != Some(b"200") || filled == 0 {
        return Err(io::Error::other("the tunnel was refused"));
    }
    write!(stream, "GET /small HTTP/1.1\r\nHost: {origin}\r\nConnection: close\r\n\r\n")?;
    let (mut filled, body) = head(&mut stream, &mut buffer)?;
    let wanted = body + content_length(&buffer[..body]).ok_or_else(|| io::Error::other("no length"))?;
    while filled < wanted {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => filled += more,
        }
    }
    Ok(())
}

/// Reads until the head is whole; gives how much was read and where the body begins.
fn head(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => filled += more,
        }
        if let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok((filled, end + 4));
        }
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    text.split("content-length:").nth(1)?.split("\r\n").next()?.trim().parse().ok()
}
