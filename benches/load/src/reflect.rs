//! The two servers: one that does nothing but send back, and an upstream that answers at once.

use crate::batch::{Batch, Socket};

/// Sends every datagram back with the answer bit set: what this machine's UDP can do at best.
pub fn echo(port: u16) -> Result<(), String> {
    serve(port, |message, length| {
        message[2] |= 0x80;
        length
    })
}

/// Answers A with one address, everything else with "no such record", all for an hour. Mirrors EDNS.
pub fn upstream(port: u16) -> Result<(), String> {
    serve(port, |message, length| answer(message, length).unwrap_or(0))
}

fn serve(port: u16, mut work: impl FnMut(&mut [u8], usize) -> usize) -> Result<(), String> {
    let socket = Socket::open(port, None).map_err(|error| format!("port {port}: {error}"))?;
    let mut batch = Batch::new(false);
    loop {
        let came = batch.receive(&socket, true);
        for at in 0..came {
            let (buffer, length) = batch.buffer(at);
            let length = if length > 2 { work(buffer, length) } else { length };
            batch.set_length(at, length);
        }
        batch.send(&socket, came);
    }
}

/// Makes the answer in place; `None` where the question is not whole.
fn answer(message: &mut [u8], length: usize) -> Option<usize> {
    let mut at = 12;
    while *message.get(at)? != 0 {
        at += usize::from(message[at]) + 1;
    }
    let (kind, mut end) = (u16::from_be_bytes([*message.get(at + 1)?, *message.get(at + 2)?]), at + 5);
    if end > length {
        return None;
    }
    let edns = message[11] > 0;
    message[2] = 0x84 | (message[2] & 1);
    message[3] = 0x80;
    message[6..12].fill(0);
    // 93.184.216.34 for an hour.
    const ADDRESS: [u8; 16] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 93, 184, 216, 34];
    // The name's own SOA, so that "no such record" may be kept for an hour too.
    const NONE: [u8; 36] = [
        0xc0, 12, 0, 6, 0, 1, 0, 0, 14, 16, 0, 24, 0xc0, 12, 0xc0, 12, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 14,
        16, 0, 0, 14, 16, 0, 0, 14, 16,
    ];
    const EDNS: [u8; 11] = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    let mut put = |bytes: &[u8]| {
        message[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    if kind == 1 {
        put(&ADDRESS)
    } else {
        put(&NONE)
    }
    if edns {
        put(&EDNS);
    }
    message[if kind == 1 { 7 } else { 9 }] = 1;
    message[11] = u8::from(edns);
    Some(end)
}
