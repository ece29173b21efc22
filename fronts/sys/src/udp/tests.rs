use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::kernel::{decode_asked, decode_name, encode_asked, encode_name};
use super::*;
use crate::Poll;

/// Waits until `socket` can be read and receives.
fn receive(batch: &mut Batch, socket: &UdpSocket) -> usize {
    let mut ready = Vec::new();
    let patience = Some(Duration::from_secs(10));
    Poll::new().unwrap().wait([(socket, 0)], patience, &mut ready).unwrap();
    batch.receive(socket).unwrap()
}

fn client(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Asks `ask` from `from`; the gate is bound to `bind`. The answer must come from the address that was asked.
fn answered_from_the_asked_address(bind: &str, dual: bool, from: &str, ask: &str, now_or_later: bool) {
    let gate = bind_shared(bind.parse().unwrap(), dual, 1 << 20).unwrap();
    let port = gate.local_addr().unwrap().port();
    let asked = SocketAddr::new(ask.parse().unwrap(), port);
    let device = client(from);
    device.send_to(b"question", asked).unwrap();
    let mut batch = Batch::new();
    assert_eq!(receive(&mut batch, &gate), 1);
    let peer = batch.peer(0).unwrap();
    assert_eq!(peer.address(), device.local_addr().unwrap());
    if now_or_later {
        let (length, buffer) = batch.datagram(0).unwrap();
        assert_eq!(&buffer[..length], b"question");
        buffer[..6].copy_from_slice(b"answer");
        batch.answer(0, 6);
        assert_eq!(batch.send(&gate), Sent { count: 1, error: None });
    } else {
        send(&gate, &peer, b"answer").unwrap();
    }
    let mut buffer = [0; 64];
    let (length, sender) = device.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], sender), (&b"answer"[..], asked));
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    for now in [true, false] {
        answered_from_the_asked_address("0.0.0.0:0", false, "127.0.0.7:0", "127.0.0.53", now);
        answered_from_the_asked_address("127.0.0.1:0", false, "127.0.0.7:0", "127.0.0.1", now);
        answered_from_the_asked_address("[::]:0", false, "[::1]:0", "::1", now);
        answered_from_the_asked_address("[::]:0", true, "[::1]:0", "::1", now);
        answered_from_the_asked_address("[::]:0", true, "127.0.0.9:0", "127.0.0.54", now);
    }
}

#[test]
fn a_batch_answers_some_and_forgets_the_rest() {
    let gate = bind_shared("127.0.0.1:0".parse().unwrap(), false, 1 << 20).unwrap();
    let device = client("127.0.0.1:0");
    device.connect(gate.local_addr().unwrap()).unwrap();
    let mut batch = Batch::new();
    for round in 0..3u8 {
        for number in 0..10u8 {
            device.send(&[round, number]).unwrap();
        }
        let received = receive(&mut batch, &gate);
        assert_eq!(received, 10);
        for index in (0..received).step_by(2) {
            let (length, buffer) = batch.datagram(index).unwrap();
            buffer[length] = 0xff;
            batch.answer(index, length + 1);
        }
        assert_eq!(batch.send(&gate).count, 5);
        for number in (0..10u8).step_by(2) {
            let mut buffer = [0; 8];
            let length = device.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..length], [round, number, 0xff]);
        }
    }
    assert!(batch.datagram(10).is_none() && batch.peer(10).is_none());
}

#[test]
fn composed_datagrams_go_to_their_peers_or_where_the_socket_is_connected() {
    let gate = bind_shared("0.0.0.0:0".parse().unwrap(), false, 1 << 20).unwrap();
    let port = gate.local_addr().unwrap().port();
    let device = client("127.0.0.3:0");
    device.connect(SocketAddr::new("127.0.0.53".parse().unwrap(), port)).unwrap();
    device.send(b"question").unwrap();
    let (mut batch, mut outbox) = (Batch::new(), Batch::new());
    assert_eq!(receive(&mut batch, &gate), 1);
    let peer = batch.peer(0).unwrap();
    for number in 0..BATCH as u8 {
        assert!(outbox.compose(Some(&peer), &[number; 100]));
    }
    assert!(!outbox.compose(Some(&peer), b"one too many"));
    assert_eq!(outbox.send(&gate).count, BATCH);
    let mut buffer = [0; 2048];
    for number in 0..BATCH as u8 {
        assert_eq!(device.recv(&mut buffer).unwrap(), 100);
        assert_eq!(buffer[0], number);
    }
    assert!(outbox.compose(None, b"to the gate"));
    assert!(!outbox.compose(None, &[0; FRAME_BYTES + 1]));
    assert_eq!(outbox.send(&device).count, 1);
    assert_eq!(receive(&mut batch, &gate), 1);
    assert_eq!(batch.datagram(0).unwrap().0, 11);
    // A batch that composed can receive whole datagrams afterwards.
    device.send(&[9; 1400]).unwrap();
    assert_eq!(receive(&mut outbox, &gate), 1);
    assert_eq!(outbox.datagram(0).unwrap().0, 1400);
}

#[test]
fn two_sockets_share_a_port() {
    let first = bind_shared("127.0.0.1:0".parse().unwrap(), false, 4096).unwrap();
    let address = first.local_addr().unwrap();
    assert_eq!(bind_shared(address, false, 4096).unwrap().local_addr().unwrap(), address);
}

#[test]
fn a_long_datagram_arrives_cut_and_nothing_to_read_is_no_wait() {
    let gate = bind_shared("127.0.0.1:0".parse().unwrap(), false, 1 << 20).unwrap();
    let mut batch = Batch::new();
    assert_eq!(batch.receive(&gate).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let device = client("127.0.0.1:0");
    device.send_to(&[1; 4000], gate.local_addr().unwrap()).unwrap();
    assert_eq!(receive(&mut batch, &gate), 1);
    assert_eq!(batch.datagram(0).unwrap().0, FRAME_BYTES);
}

#[test]
fn addresses_go_to_the_kernels_form_and_back() {
    for text in ["127.0.0.1:53", "[2001:db8::1]:65535", "[fe80::1%3]:53"] {
        let address: SocketAddr = text.parse().unwrap();
        assert_eq!(decode_name(&encode_name(address).0), Some(address));
    }
    for asked in [("192.0.2.1", 0), ("fe80::1", 4), ("2001:db8::1", 0)] {
        let asked = (asked.0.parse().unwrap(), asked.1);
        let (control, length) = encode_asked(Some(asked));
        assert_eq!(decode_asked(&control.0, length), Some(asked));
    }
}
