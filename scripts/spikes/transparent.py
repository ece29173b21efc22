#!/usr/bin/env python3
"""One case of tproxy.sh: a listener in the gate's namespace, a client that asks for somebody else, and what was learnt.

transparent.py GATE CLIENT "PREFIX OF THE LISTENER" tcp|udp HOW ADDRESS PORT LISTEN-PORT
transparent.py listen KIND HOW ADDRESS PORT LISTEN-PORT        (what the listener runs)
transparent.py ask KIND ADDRESS PORT                           (what the client runs)
"""
import os
import socket
import struct
import subprocess
import sys

SO_ORIGINAL_DST, IP_TRANSPARENT, IPV6_TRANSPARENT = 80, 19, 75
IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR = 20, 74
IP_PKTINFO, IPV6_PKTINFO = 8, 50
PATIENCE = 3


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def any_address(of):
    return "::" if of == socket.AF_INET6 else "0.0.0.0"


def transparent(sock, of):
    if of == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)


def original(sock, of):
    """The destination before `redirect`, as connection tracking remembers it."""
    raw = sock.getsockopt(socket.IPPROTO_IPV6 if of == socket.AF_INET6 else socket.IPPROTO_IP, SO_ORIGINAL_DST, 28)
    return address_in(raw, of)


def address_in(raw, of):
    port = struct.unpack("!H", raw[2:4])[0]
    return (socket.inet_ntop(of, raw[8:24] if of == socket.AF_INET6 else raw[4:8]), port)


def listen(kind, how, address, port, own_port):
    of = family(address)
    stream = kind == "tcp"
    sock = socket.socket(of, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if how in ("sockname", "handed", "spoof"):
        transparent(sock, of)
    if not stream and how in ("control", "handed"):
        if of == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVORIGDSTADDR, 1)
    sock.bind((any_address(of), own_port))
    sock.settimeout(PATIENCE)
    if how == "handed":
        # The socket stays; the rights go, as for a gate that a supervisor started.
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    if stream:
        sock.listen()
    print("ready", flush=True)
    (stream_case if stream else datagram_case)(sock, of, how, (address, port))


def expect(found, wanted):
    if tuple(found[:2]) != tuple(wanted):
        raise SystemExit(f"learnt {found[:2]} and not {wanted}")


def stream_case(sock, of, how, wanted):
    caught, peer = sock.accept()
    caught.settimeout(PATIENCE)
    expect(original(caught, of) if how == "original" else caught.getsockname(), wanted)
    question = caught.recv(100)
    said = ""
    if how == "spoof":
        # Out again in the client's name: only that the system allows the address is tried here.
        out = socket.socket(of, socket.SOCK_STREAM)
        transparent(out, of)
        out.bind((peer[0], 0))
        said = f", may bind {out.getsockname()[0]} for the way out"
    caught.sendall(b"answer to " + question)
    print(f"learnt {wanted[0]} port {wanted[1]}{said}")


def datagram_case(sock, of, how, wanted):
    question, controls, _, peer = sock.recvmsg(100, 200)
    reply = []
    if how != "plain":
        level, kind = (socket.IPPROTO_IPV6, IPV6_RECVORIGDSTADDR) if of == socket.AF_INET6 else (socket.IPPROTO_IP, IP_RECVORIGDSTADDR)
        told = [address_in(raw, of) for at, what, raw in controls if (at, what) == (level, kind)]
        if not told:
            raise SystemExit("the destination came with no control message")
        expect(told[0], wanted)
        raw = socket.inet_pton(of, told[0][0])
        # The answer's source is named for each datagram, so one socket serves every destination.
        reply = ([(socket.IPPROTO_IPV6, IPV6_PKTINFO, raw + struct.pack("I", 0))] if of == socket.AF_INET6
                 else [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("I", 0) + raw + b"\0" * 4)])
    sock.sendmsg([b"answer to " + question], reply, 0, peer)
    print(f"learnt {wanted[0]} port {wanted[1]}" if how != "plain" else "answered")


def ask(kind, address, port):
    """Connects and asks; a datagram's answer is only taken from the address that was asked."""
    sock = socket.socket(family(address), socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE)
    sock.connect((address, port))
    sock.send(b"question")
    if sock.recv(100) != b"answer to question":
        raise SystemExit("a wrong answer")


def case(gate, client, prefix, kind, how, address, port, own_port):
    me = [sys.executable, os.path.abspath(__file__)]
    listener = subprocess.Popen(["ip", "netns", "exec", gate, *prefix.split(), *me, "listen", kind, how, address, port, own_port],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if listener.stdout.readline().strip() != "ready":
        raise SystemExit(listener.communicate()[1].strip().splitlines()[-1])
    asked = subprocess.run(["ip", "netns", "exec", client, *me, "ask", kind, address, port], capture_output=True, text=True)
    said, wrong = listener.communicate(timeout=2 * PATIENCE)
    if listener.returncode:
        raise SystemExit(wrong.strip().splitlines()[-1])
    if asked.returncode:
        raise SystemExit("the client: " + asked.stderr.strip().splitlines()[-1])
    print(said.strip())


words = sys.argv[1:]
if words[0] == "listen":
    listen(words[1], words[2], words[3], int(words[4]), int(words[5]))
elif words[0] == "ask":
    ask(words[1], words[2], int(words[3]))
else:
    case(*words)
