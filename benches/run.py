#!/usr/bin/env python3
"""Measures Fivebar beside the filters and proxies that Debian packages, in one run, on this machine.

The server under measurement has processor 0 to itself; generator, upstream and origin share processor 1. The figure that
counts is the server's processor time per question, request or tunnel (user and system, from /proc): it holds on a busy
machine, where rates do not. Peers and we are measured in turns, and a ratio is the median of the turns' ratios.

Writes results.jsonl and results.md into --out and prints the table.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import columns
import dns_peers
import portal
import proxy_peers
from machine import (LOAD_CPU, SERVER_CPU, allowed, before_others, blocked, describe, family, fetch, free_ports, listening,
                     median, rss_mb, start, stop, wait_for, write)
from measure import Dns, Encrypted, Get, Server, Tunnels, interleaved, quiet_gap, ratio, reload_under_load, timed
from ours import Fivebar

GOALS = {  # what: (at least or at most, aim)
    "DNS rate against a bare UDP echo": (0.80, 0.90),
    "DNS against unbound local-zone": (3.0, 3.5),
    "DNS against pdns-recursor RPZ": (3.0, 3.5),
    "DNS against bind RPZ": (6.0, 7.0),
    "DNS against unbound RPZ": (3.5, 4.0),
    "DNS against knot-resolver RPZ": (5.0, 6.0),
    "DNS against dnsdist CDB": (1.7, 2.0),
    "DNS against dnsmasq": (30.0, 35.0),
    "DNS over TLS against unbound": (1.5, 2.0),
    "DNS over HTTPS against unbound": (1.5, 2.0),
    "GET against haproxy (no list)": (0.9, 0.95),
    "GET against squid (no list)": (3.5, 4.0),
    "GET against squid + squidGuard": (7.0, 8.0),
    "GET against e2guardian (list, no phrases)": (6.0, 7.0),
    "tunnels against tinyproxy (no list)": (1.0, 1.5),
    "tunnels against squid (no list)": (2.0, 3.0),
}


# Where tunnels lead: a proxy for browsers opens them to few ports, and this one is free on most machines.
TUNNEL_PORT = 8443


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = tempfile.mkdtemp(prefix="fivebar-bench.")
        os.chmod(self.folder, 0o755)
        os.makedirs(arguments.out, exist_ok=True)
        self.lines = open(f"{arguments.out}/results.jsonl", "w")
        self.rows, self.running = [], []

    # --- what is kept ------------------------------------------------------------------------------------------------
    def keep(self, kind, **figures):
        line = {"kind": kind, **figures}
        self.lines.write(json.dumps(line) + "\n")
        self.lines.flush()
        print(json.dumps({key: value for key, value in line.items() if key != "rounds"}), file=sys.stderr, flush=True)

    def row(self, what, found, least, aim="", less_is_better=False, unit=""):
        """A row of the table. `found` None means that there is no figure, which is never a pass."""
        if found is None:
            verdict = "no figure"
        elif least is None:
            verdict = ""
        else:
            verdict = "met" if (found <= least if less_is_better else found >= least) else "MISSED"
        shown = "–" if found is None else f"{found:,.2f}{unit}" if found < 100 else f"{found:,.0f}{unit}"
        sign = "≤" if less_is_better else "≥"
        goal = "" if least is None else f"{sign} {least}{unit}"
        self.rows.append(f"| {what} | {shown} | {goal} | {aim} | {verdict} |")
        self.keep("row", what=what, found=found, goal=least, verdict=verdict)

    # --- servers -----------------------------------------------------------------------------------------------------
    def started(self, process):
        self.running.append(process)
        return process

    def folder_for(self, name):
        made = tempfile.mkdtemp(prefix="".join(c for c in name if c.isalnum()) + ".", dir=self.folder)
        os.chmod(made, 0o777)
        return made

    def names(self, count):
        """The list and the stream, made once for each count and kept between runs."""
        folder = f"{self.arguments.data}/{count}"
        if not os.path.exists(f"{folder}/done"):
            os.makedirs(folder, exist_ok=True)
            subprocess.run([self.arguments.load, "names", folder, str(count)], check=True)
            write(f"{folder}/done", "")
        with open(f"{folder}/names.txt") as names:
            return names.read().split("\n")[:-1], f"{folder}/names.txt", f"{folder}/stream.txt"

    def upstream(self):
        port = free_ports(1)[0]
        self.started(start([self.arguments.load, "upstream", str(port)], LOAD_CPU, self.folder, "upstream"))
        return port

    def origin(self):
        """nginx with one small page, on the load's processor."""
        port, folder = free_ports(1)[0], self.folder_for("origin")
        os.makedirs(f"{folder}/www")
        write(f"{folder}/www/small", "x" * 1024)
        temporary = " ".join(f"{part}_temp_path {folder};" for part in
                             ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        write(f"{folder}/nginx.conf", f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 10000000; tcp_nopush on; default_type application/octet-stream; {temporary}
 server {{ listen 127.0.0.1:{port} backlog=4096; listen 127.0.0.1:{TUNNEL_PORT} backlog=4096; root {folder}/www; }} }}
""")
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        origin = self.started(start(["nginx", "-c", f"{folder}/nginx.conf", "-e", "/dev/null", "-p", folder], LOAD_CPU, folder, "nginx"))
        wait_for("nginx serving", lambda: listening(port), 10, origin)
        return port

    def ours(self, upstream, list_path, origins=(), cache_mb=None):
        """Our own school; gives it, with how long its list took."""
        fivebar = Fivebar(self.arguments.program, self.folder_for("fivebar"))
        fivebar.make(upstream, origins, cache_mb=cache_mb)
        own_copy = f"{fivebar.folder}/names.txt"
        shutil.copy(list_path, own_copy)
        import_seconds = fivebar.import_list(own_copy)
        ready_seconds = fivebar.start()
        self.started(fivebar)
        return fivebar, own_copy, import_seconds, ready_seconds

    def dns_server(self, peer, upstream, names, patience=400):
        folder, port = self.folder_for(peer.name), free_ports(1)[0]
        command = peer.prepare(folder, port, upstream, names)
        process = self.started(start(command, SERVER_CPU, folder, "peer"))
        seconds = wait_for(f"{peer.name} serving", lambda: blocked(port, "www." + names[-1]), patience, process,
                           f"{folder}/peer.log")
        server = Server(peer.name, port, lambda: family(process.pid), getattr(peer, "under_way", 256))
        return server, process, seconds

    # --- parts -------------------------------------------------------------------------------------------------------
    def dns(self, names, list_path, stream):
        a = self.arguments
        upstream = self.upstream()
        dns = Dns(a.load, stream, a.seconds)
        port = free_ports(1)[0]
        echo_process = self.started(start([a.load, "echo", str(port)], SERVER_CPU, self.folder, "echo"))
        echo = Server("echo", port, lambda: family(echo_process.pid))
        servers, ours = [echo], None
        if a.program:
            # Room for the whole stream's answers, as every peer has; the gate's memory is measured with what `init` gives.
            fivebar, own_list, imported, ready = self.ours(upstream, list_path, cache_mb=64)
            ours = Server("fivebar", fivebar.dns, lambda: [fivebar.part("gate")])
            wait_for("fivebar refusing a listed name", lambda: blocked(ours.port, "www." + names[-1]), 60)
            if not allowed(ours.port, "www.allowed-by-nobody.example"):
                self.keep("note", text="a name that no list knows is not allowed; the figures are for refusals")
            self.keep("ours", list_seconds=imported, ready_seconds=ready, gate_mb=rss_mb(ours.pids()))
            servers.append(ours)
        for peer in [kind() for kind in dns_peers.ALL]:
            try:
                server, process, seconds = self.dns_server(peer, upstream, names)
            except RuntimeError as problem:
                self.keep("problem", peer=peer.name, text=str(problem))
                continue
            self.keep("load", peer=peer.name, version=dns_peers.version(peer.package), seconds=seconds, mb=rss_mb(server.pids()))
            servers.append(server)
        for server in servers:
            dns.warm(server)
        figures = interleaved(dns, servers, a.rounds)
        for server in servers:
            self.keep("dns", peer=server.name, mb=rss_mb(server.pids()), **figures[server.name])
        if ours:
            what = "DNS rate against a bare UDP echo"
            self.row(what + " (by CPU)", ratio(figures, "fivebar", "echo"), *GOALS[what])
            self.row(what + " (by rate)", ratio(figures, "fivebar", "echo", "rate", True), *GOALS[what])
            for server in servers[2:]:
                what = f"DNS against {server.name}"
                self.row(what, ratio(figures, "fivebar", server.name), *GOALS[what])
            self.log_cost(dns, fivebar, ours)
        self.stop_all()

    def more_dns(self, names, list_path, stream):
        """The same stream beside further peers, each with us alone in turn: they need too much memory to stand side by side."""
        a = self.arguments
        upstream = self.upstream()
        dns = Dns(a.load, stream, a.seconds)
        fivebar, _, _, _ = self.ours(upstream, list_path, cache_mb=64)
        ours = Server("fivebar", fivebar.dns, lambda: [fivebar.part("gate")])
        wait_for("fivebar refusing a listed name", lambda: blocked(ours.port, "www." + names[-1]), 60)
        dns.warm(ours)
        for peer in [kind() for kind in dns_peers.MORE]:
            what = f"DNS against {peer.name}"
            try:
                server, process, seconds = self.dns_server(peer, upstream, names)
            except RuntimeError as problem:
                self.keep("problem", peer=peer.name, text=str(problem))
                self.row(what, None, *GOALS[what])
                continue
            self.keep("load", peer=peer.name, version=dns_peers.version(peer.package), seconds=seconds, mb=rss_mb(server.pids()))
            dns.warm(server)
            figures = interleaved(dns, [ours, server], a.rounds)
            self.keep("dns", peer=server.name, mb=rss_mb(server.pids()), ours=figures["fivebar"], **figures[server.name])
            self.row(what, ratio(figures, "fivebar", server.name), *GOALS[what])
            stop(process)
        self.stop_all()

    def encrypted(self, names, list_path, stream):
        """DNS over TLS and over HTTPS on kept connections, beside unbound."""
        a = self.arguments
        questions = f"{self.folder}/questions"
        kinds = {"1": "A", "28": "AAAA", "65": "TYPE65"}
        with open(stream) as lines, open(questions, "w") as out:
            for _, line in zip(range(100_000), lines):
                name, kind = line.split()
                out.write(f"{name} {kinds[kind]}\n")
        upstream = self.upstream()
        fivebar, _, _, _ = self.ours(upstream, list_path, cache_mb=64)
        gate = [fivebar.part("gate")]
        peer = dns_peers.UnboundEncrypted(*free_ports(2))
        _, process, _ = self.dns_server(peer, upstream, names)
        for mode, word, own_port, its_port in (("dot", "TLS", fivebar.tls, peer.tls), ("doh", "HTTPS", fivebar.https, peer.https)):
            ours = Server("fivebar", own_port, lambda: gate)
            server = Server("unbound", its_port, lambda: family(process.pid))
            load = Encrypted(mode, questions, a.seconds)
            for one in (ours, server):
                load.once(one)
            figures = interleaved(load, [ours, server], a.rounds)
            for one in (ours, server):
                self.keep(mode, peer=one.name, **figures[one.name])
            what = f"DNS over {word} against unbound"
            self.row(what, ratio(figures, "fivebar", "unbound"), *GOALS[what])
        self.stop_all()

    def log_cost(self, dns, fivebar, ours):
        """The log process's time for each event, at 20,000 a second."""
        pids = [fivebar.part("log")]
        log = Server("log", ours.port, lambda: pids)
        found = timed(log, "answered", dns.steady(ours, 20_000, 5))
        if found["lost"] > found["sent"] * 0.002:
            found["cpu_us"] = None  # Questions that were not answered are events that the log never saw.
        self.keep("log", **found)
        self.row("the log's own cost at 20,000 events a second", found["cpu_us"], 2.5, "", True, " µs")

    def large(self):
        """Five million names: memory, loading, and a reload under load, beside pdns-recursor."""
        a = self.arguments
        names, list_path, stream = self.names(a.large)
        upstream = self.upstream()
        dns = Dns(a.load, stream, a.seconds)
        size = f"{a.large / 1e6:g} M names"
        fivebar = Fivebar(a.program, self.folder_for("fivebar"))
        fivebar.make(upstream)
        fivebar.start()
        self.started(fivebar)
        ours = Server("fivebar", fivebar.dns, lambda: [fivebar.part("gate")])
        own_list = f"{fivebar.folder}/names.txt"
        shutil.copy(list_path, own_list)
        # Text to serving: from the command to a refused answer of the running gate.
        began = time.monotonic()
        fivebar.import_list(own_list)
        wait_for("the imported list being served", lambda: blocked(ours.port, "www." + names[-1]), 60)
        ours_seconds = time.monotonic() - began
        dns.warm(ours)
        dns.once(ours, 4, 5)
        gate_mb = rss_mb(ours.pids())
        anonymous = rss_mb(ours.pids(), "RssAnon")
        self.keep("large", peer="fivebar", seconds=ours_seconds, mb=gate_mb, anonymous_mb=anonymous)
        quiet = quiet_gap(dns, ours, 8)
        marker = "fresh-marker-name.example"

        def change():
            with open(own_list, "a") as text:
                text.write(marker + "\n")
            fivebar.command("lists", "update")

        reload = reload_under_load(dns, ours, change, marker, 25)
        self.keep("reload", peer="fivebar", quiet_gap_ms=quiet, **reload)
        fivebar.stop()
        alone = [fivebar.gate_alone("www." + names[-1]) for _ in range(9)]
        self.keep("gate alone", milliseconds=alone)
        again = fivebar.start()
        wait_for("the gate serving again", lambda: blocked(ours.port, "www." + names[-1]), 20)
        self.keep("restart", peer="fivebar", seconds=again)
        self.stop_all()

        upstream = self.upstream()
        recursor = dns_peers.Recursor()
        server, _, peer_seconds = self.dns_server(recursor, upstream, names)
        dns.warm(server)
        self.keep("large", peer=recursor.name, seconds=peer_seconds, mb=rss_mb(server.pids()))
        if a.peer_reloads:
            found = reload_under_load(dns, server, lambda: recursor.add(marker, names), marker, 120)
            self.keep("reload", peer=recursor.name, **found)
        self.row(f"{size}: the gate's memory with full caches", gate_mb, 120, "", True, " MB")
        self.row(f"{size}: text to serving, times quicker than pdns-recursor", peer_seconds / ours_seconds, 30)
        self.row(f"{size}: the gate alone, from its start to its first answer", median(alone), 10, "", True, " ms")
        self.row(f"{size}: reload under load, answers lost", reload["lost"], 0, "", True)
        self.row(f"{size}: reload under load, seconds until live", reload["seconds"], None, unit=" s")
        self.row(f"{size}: longest gap in a reload against none", reload["gap_ms"] / max(quiet, 0.1), 1.5, "", True, " ×")
        self.stop_all()

    def part(self, name, *words):
        """What one of our own measuring programs prints, alone on the server's processor; None if it fails."""
        command = ["taskset", "-c", SERVER_CPU, f"{self.arguments.examples}/{name}", *words]
        said = subprocess.run(command, capture_output=True, text=True)
        if said.returncode != 0:
            self.keep("problem", peer=name, text=said.stderr[-300:])
            return None
        self.keep("part", name=name, text=said.stdout)
        return said.stdout

    def decide(self):
        """Deciding with 50 groups and 10,000 overrides; the worst kind of request counts."""
        said = self.part("decide_bench")
        figures = json.loads(said) if said else {}
        kinds = {kind: found for kind, found in figures.items() if isinstance(found, dict)}
        for what, suffix in (("by name", False), ("by URL", True)):
            worst = [found["p99_ns"] for kind, found in kinds.items() if kind.endswith("_with_path") == suffix]
            self.row(f"decide {what}, 50 groups, 10,000 overrides, 1 M names, p99", max(worst, default=None), 500, "", True, " ns")

    def front_cost(self):
        """What recording one event costs the thread that answers."""
        said = self.part("cost", "20000", "3") or ""
        found = re.search(r"1 thread\(s\), no log: (\d+) ns", said)
        self.row("the log's cost to a front, an event", float(found.group(1)) / 1000 if found else None, 0.4, "", True, " µs")

    def index(self):
        """A name in the list index."""
        said = self.part("index_bench", "5") or ""

        def figure(pattern):
            found = re.search(pattern, said)
            return float(found.group(1)) if found else None

        self.row("a name in the index at 5 M, spread over all of it", figure(r"cold: (\d+) ns"), 250, "150 ns", True, " ns")
        self.row("a name in the index at 5 M, 50,000 names over and over", figure(r"hot: (\d+) ns"), 250, "150 ns", True, " ns")
        self.row("bytes a name in the index", figure(r"bytes a name ([\d.]+)"), 14, "11", True)

    def proxy(self, names, list_path):
        a = self.arguments
        origin, upstream = self.origin(), self.upstream()
        get, tunnels = Get(origin, a.seconds, self.folder), Tunnels(a.load, TUNNEL_PORT, a.seconds)
        servers, with_tunnels, ours = [], [], None
        if a.program:
            fivebar, *_ = self.ours(upstream, list_path, (origin, TUNNEL_PORT))
            ours = Server("fivebar", fivebar.proxy, lambda: [fivebar.part("gate")])
            servers.append(ours)
            with_tunnels.append(ours)
        for peer in [kind() for kind in proxy_peers.ALL]:
            folder, port = self.folder_for(peer.name), free_ports(1)[0]
            try:
                process = self.started(start(peer.prepare(folder, port, origin, names), SERVER_CPU, folder, "peer"))
                seconds = wait_for(f"{peer.name} serving", lambda: listening(port), 120, process, f"{folder}/peer.log")
            except (RuntimeError, subprocess.CalledProcessError) as problem:
                self.keep("problem", peer=peer.name, text=str(problem))
                continue
            server = Server(peer.name, port, lambda process=process: family(process.pid))
            self.keep("load", peer=peer.name, version=dns_peers.version(peer.package), seconds=seconds, mb=rss_mb(server.pids()))
            if peer.refusal and peer.refusal not in fetch(port, names[-1]):
                self.keep("problem", peer=peer.name, text="does not refuse a listed site; its list was not read")
                continue
            if not fetch(port, f"127.0.0.1:{origin}", "/small").endswith(b"x" * 1024):
                self.keep("problem", peer=peer.name, text="does not deliver the origin's page")
                continue
            if "GET" in peer.kinds:
                servers.append(server)
            if "tunnels" in peer.kinds:
                with_tunnels.append(server)
        for load, kind, among in ((get, "GET", servers), (tunnels, "tunnels", with_tunnels)):
            for server in among:
                load.once(server)
            figures = interleaved(load, among, a.rounds)
            for server in among:
                self.keep(kind, peer=server.name, mb=rss_mb(server.pids()), **figures[server.name])
            for server in among if ours else []:
                what = f"{kind} against {server.name}"
                if what in GOALS:
                    self.row(what, ratio(figures, "fivebar", server.name), *GOALS[what])
        self.stop_all()

    # --- the end -----------------------------------------------------------------------------------------------------
    def stop_all(self):
        for process in reversed(self.running):
            process.stop() if isinstance(process, Fivebar) else stop(process)
        self.running.clear()

    def table(self):
        a = self.arguments
        text = (f"Measured on {time.strftime('%-d %B %Y')}: {describe()}. {a.count:,} names; {a.rounds} rounds of "
                f"{a.seconds:g} s in turns; processor time per unit unless said.\n\n"
                "| what | found | at least | aim | |\n| --- | --- | --- | --- | --- |\n" + "\n".join(self.rows) + "\n")
        write(f"{a.out}/results.md", text)
        print(text)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", help="the fivebar program; without it only the peers are measured")
    parser.add_argument("--load", required=True, help="the fivebar-load program")
    parser.add_argument("--examples", help="the folder of our own measuring programs; left out if not given")
    parser.add_argument("--quick", action="store_true", help="100,000 names, short rounds, no five million")
    parser.add_argument("--parts", default="dns,more-dns,encrypted,proxy,large,log,year,portal")
    parser.add_argument("--events", type=int, default=20_000_000, help="how long the activity log is that is packed and asked")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--peer-reloads", action="store_true", help="reload pdns-recursor's five million under load too")
    parser.add_argument("--before-others", action="store_true", help="raised priority, for a machine with other work")
    parser.add_argument("--out", default=os.path.join(here, "..", "target", "bench"))
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "fivebar-bench-names"))
    arguments = parser.parse_args()
    parts = arguments.parts.split(",")
    if arguments.quick:
        arguments.count, arguments.seconds = 100_000, 2
        parts = [part for part in parts if part not in ("more-dns", "large", "log", "year", "portal")]
    if arguments.before_others:
        before_others()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    run = Run(arguments)
    try:
        if ("log" in parts or "year" in parts) and arguments.examples:
            columns.measure(run, f"{arguments.examples}/columns_bench", arguments.events, "year" in parts)
        if "portal" in parts and arguments.program:
            portal.measure(run, arguments.program)
        if set(parts) <= {"log", "year", "portal"}:
            return
        names, list_path, stream = run.names(arguments.count)
        if arguments.examples and not arguments.quick:
            run.index()
            run.decide()
            run.front_cost()
        if "dns" in parts:
            run.dns(names, list_path, stream)
        if "more-dns" in parts and arguments.program:
            run.more_dns(names, list_path, stream)
        if "encrypted" in parts and arguments.program:
            run.encrypted(names, list_path, stream)
        if "proxy" in parts:
            run.proxy(names, list_path)
        if "large" in parts and arguments.program:
            run.large()
    finally:
        run.stop_all()
        shutil.rmtree(run.folder, ignore_errors=True)
        run.table()


main()
