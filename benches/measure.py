"""The measurements themselves. Each takes servers that are already serving and gives plain numbers."""
import base64
import re
import subprocess
import time

from machine import (LOAD_CPU, blocked, busy_seconds_of_server_cpu, cpu_seconds, median, pairs, question, rss_mb)


class Server:
    """Something that is measured: its name, its port, and the processes whose time counts."""

    def __init__(self, name, port, pids, under_way=256):
        self.name, self.port, self.pids, self.under_way = name, port, pids, under_way


def on_load_cpu(command):
    done = subprocess.run(["taskset", "-c", LOAD_CPU, *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-300:]}")
    return done.stdout


def timed(server, unit, run):
    """Runs a load; adds the server's time per unit and the share of its processor that others took."""
    pids = server.pids()
    own, all_of_it = cpu_seconds(pids), busy_seconds_of_server_cpu()
    found = run()
    own, all_of_it = cpu_seconds(pids) - own, busy_seconds_of_server_cpu() - all_of_it
    found["cpu_us"] = own * 1e6 / max(found[unit], 1)
    found["others"] = round(1 - own / max(all_of_it, 0.01), 2) if all_of_it > own else 0.0
    return found


class Dns:
    """Closed-loop DNS: as many queries as the server takes."""

    def __init__(self, load, stream, seconds):
        self.load, self.stream, self.seconds = load, stream, seconds

    def once(self, server, turn=0, seconds=None):
        command = [self.load, "dns", str(server.port), self.stream, "closed", str(server.under_way), str(seconds or self.seconds),
                   str(turn * 150_000)]
        found = timed(server, "answered", lambda: pairs(on_load_cpu(command)))
        if found["sent"] and found["lost"] / found["sent"] > 0.002:
            found["cpu_us"] = None  # A server that loses questions has no figure.
        return found

    def warm(self, server):
        """Fills the server's cache: the names of the stream's head once and more. Every server gets the same time."""
        for turn in range(6):
            self.once(server, turn, 3)

    def steady(self, server, rate, seconds):
        """Starts a steady load in the background; gives a function that waits for what came of it."""
        command = ["taskset", "-c", LOAD_CPU, self.load, "dns", str(server.port), self.stream, "open", str(rate), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return lambda: pairs(process.communicate()[0])


class Encrypted:
    """Closed-loop DNS over kept connections, encrypted, 16 questions under way on each of 16: over TLS by dnsperf, over
    HTTPS by h2load (dnsperf loses answers that come together in one piece)."""

    def __init__(self, mode, questions, seconds):
        self.mode, self.questions, self.seconds = mode, questions, seconds

    def command(self, server):
        seconds = str(int(self.seconds))
        if self.mode == "dot":
            return ["dnsperf", "-m", "dot", "-s", "127.0.0.1", "-p", str(server.port), "-d", self.questions, "-c", "16", "-T", "1",
                    "-q", "256", "-l", seconds]
        paths = f"{self.questions}.{server.name}"
        with open(self.questions) as lines, open(paths, "w") as out:
            for _, line in zip(range(20_000), lines):
                name, kind = line.split()
                message = question(name, {"A": 1, "AAAA": 28, "TYPE65": 65}[kind])
                asked = base64.urlsafe_b64encode(message).rstrip(b"=").decode()
                out.write(f"https://127.0.0.1:{server.port}/dns-query?dns={asked}\n")
        return ["h2load", "-c", "16", "-m", "16", "-t", "1", "-D", seconds, "-i", paths]

    def once(self, server, turn=0):
        command = self.command(server)

        def run():
            said = on_load_cpu(command)

            def figure(pattern):
                return float(re.search(pattern, said).group(1))

            if self.mode == "dot":
                return {"answered": figure(r"Queries completed:\s+(\d+)"), "lost": figure(r"Queries lost:\s+(\d+)"),
                        "rate": figure(r"Queries per second:\s+([\d.]+)")}
            return {"answered": figure(r"(\d+) 2xx"), "lost": figure(r"(\d+) failed"), "rate": figure(r"([\d.]+) req/s")}

        found = timed(server, "answered", run)
        if found["lost"] > found["answered"] * 0.002:
            found["cpu_us"] = None
        return found


class Get:
    """Small GETs over kept connections."""

    def __init__(self, origin, seconds, folder, connections=32):
        self.seconds, self.connections, self.script = seconds, connections, f"{folder}/get.lua"
        with open(self.script, "w") as script:
            script.write(f'wrk.path = "http://127.0.0.1:{origin}/small"\nwrk.headers["Host"] = "127.0.0.1:{origin}"\n')

    def once(self, server, turn=0):
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{int(self.seconds)}s", "--latency", "-s", self.script,
                   f"http://127.0.0.1:{server.port}/small"]

        def run():
            said = on_load_cpu(command)
            requests = int(re.search(r"(\d+) requests in", said).group(1))
            bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
            errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
            return {"requests": requests, "rate": requests / self.seconds, "bad": int(bad.group(1)) if bad else 0,
                    "errors": sum(map(int, errors.groups())) if errors else 0}

        found = timed(server, "requests", run)
        if found["bad"] + found["errors"] > found["requests"] * 0.002:
            found["cpu_us"] = None
        return found


class Tunnels:
    """New CONNECT tunnels with one small GET in each."""

    def __init__(self, load, origin, seconds):
        self.load, self.origin, self.seconds = load, origin, seconds

    def once(self, server, turn=0):
        command = [self.load, "tunnels", str(server.port), f"127.0.0.1:{self.origin}", "16", str(self.seconds)]
        found = timed(server, "tunnels", lambda: pairs(on_load_cpu(command)))
        if found["errors"] > found["tunnels"] * 0.002:
            found["cpu_us"] = None
        return found


def interleaved(load, servers, rounds):
    """Measures the servers in turn, so many rounds: a slow minute of the machine hits all of them. Gives, for each
    server, its figures and their medians."""
    figures = {server.name: [] for server in servers}
    for turn in range(rounds):
        for server in servers:
            figures[server.name].append(load.once(server, turn))
    return {
        name: {key: median([figure[key] for figure in found]) for key in found[0]} | {"rounds": found}
        for name, found in figures.items()
    }


def ratio(figures, of, to, key="cpu_us", higher_is_better=False):
    """The median of the rounds' ratios between two servers: each round is a pair of its own."""
    found = []
    for ours, theirs in zip(figures[of]["rounds"], figures[to]["rounds"]):
        if ours[key] and theirs[key]:
            found.append(ours[key] / theirs[key] if higher_is_better else theirs[key] / ours[key])
    return median(found)


def reload_under_load(dns, server, change, marker, seconds):
    """Changes the list while a steady 2,000 questions a second arrive; gives what was lost, the longest gap, and the
    seconds until the new name was refused. The name is asked below itself, each time anew, so that no cache answers."""
    outcome = dns.steady(server, 2000, seconds)
    time.sleep(1)
    began = time.monotonic()
    change()
    turn, took = 0, None
    while time.monotonic() - began < seconds - 2:
        turn += 1
        if blocked(server.port, f"p{turn}.{marker}"):
            took = time.monotonic() - began
            break
        time.sleep(0.02)
    found = outcome()
    return {"seconds": took, "lost": found["lost"], "gap_ms": found["gap_ms"], "answered": found["answered"]}


def quiet_gap(dns, server, seconds):
    """The longest gap of the same load without a reload."""
    return dns.steady(server, 2000, seconds)()["gap_ms"]
