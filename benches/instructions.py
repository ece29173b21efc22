#!/usr/bin/env python3
"""How many instructions the gate takes for an answer, a page and a tunnel, counted by valgrind: instructions.py PROGRAM [PROGRAM ...]

Unlike time, the count of a build is nearly the same on every run and machine, so two versions can be held against each other to a few
per cent. What the kernel does is not in it. Each kind is done few times and many times in runs of their own, and the difference
is divided by the difference, so that starting and stopping cancel out. All traffic is on loopback.
"""
import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from machine import ask, free_ports, question, write
from ours import Fivebar

FEW, MANY = 200, 2_200
LISTED = 100_000


class Counted(Fivebar):
    """A school whose gate runs under valgrind; hub and log run as they are."""

    def make(self, upstream, origins=()):
        """Without encrypted DNS, which a version to compare with may not have."""
        super().make(upstream, origins)
        with open(f"{self.home}/fivebar.toml") as file:
            text = file.read()
        write(f"{self.home}/fivebar.toml", re.sub(r'(?m)^(tls|https|name)\s*=\s*"(127|dns).*\n', "", text))

    def start(self):
        self.log = open(f"{self.folder}/run.log", "a")
        self.others = [self.run("log"), self.run("hub")]
        self.count = f"{self.folder}/callgrind.out"
        self.gate = self.run("gate", "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.count}", f"--log-file={self.folder}/valgrind.log")

    def run(self, part, *before):
        process = subprocess.Popen([*before, self.program, "--home", self.home, "--json", "run", "--only", part],
                                   stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        if not process.stdout.readline():
            raise RuntimeError(f"the {part} did not start: " + open(f"{self.folder}/run.log").read()[-800:])
        return process

    def stop(self):
        """Stops all three; gives how many instructions the gate took."""
        for process in (self.gate, *self.others):
            process.send_signal(signal.SIGTERM)
        for process in (self.gate, *self.others):
            process.wait(120)
        with open(self.count) as count:
            return int(re.search(r"^(?:totals|summary): (\d+)", count.read(), re.M).group(1))


def upstream(port):
    """A name server that gives every name one address: the load generator's."""
    return subprocess.Popen([LOAD, "upstream", str(port)], stdin=subprocess.DEVNULL)


def origin(folder, port):
    os.makedirs(f"{folder}/www", exist_ok=True)
    write(f"{folder}/www/small", "x" * 1024)
    temporary = " ".join(f"{part}_temp_path {folder};" for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    write(f"{folder}/nginx.conf", f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 10000000; {temporary} server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
""")
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-e", "/dev/null", "-p", folder], stdin=subprocess.DEVNULL)


def names_asked(names):
    """A way to ask about these names over and over, each answered before the next."""
    def work(school, times):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(20)
            asker.connect(("127.0.0.1", school.dns))
            for turn in range(times):
                asker.send(question(names[turn % len(names)], 1, turn % 65_536))
                asker.recv(4096)
    return work


def pages(school, times):
    proxy = http.client.HTTPConnection("127.0.0.1", school.proxy, timeout=60)
    for _ in range(times):
        proxy.request("GET", f"http://127.0.0.1:{school.origin}/small")
        if len(proxy.getresponse().read()) != 1024:
            raise RuntimeError("a page did not come")


def tunnels(school, times):
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", school.proxy), 60) as stream:
            stream.sendall(f"CONNECT 127.0.0.1:{school.tunnel} HTTP/1.1\r\nHost: 127.0.0.1:{school.tunnel}\r\n\r\n".encode())
            if b" 200 " not in stream.recv(4096):
                raise RuntimeError("a tunnel was not opened")


KINDS = {
    "a listed name, refused": names_asked([f"listed-{one}.example" for one in range(50)]),
    "a name from the cache": names_asked([f"site-{one}.example" for one in range(20)]),
    "a page over a kept connection": pages,
    "a tunnel, opened and closed": tunnels,
}


def counted(program, folder, work, times):
    made = tempfile.mkdtemp(dir=folder)
    os.chmod(made, 0o755)
    names, web, tunnel = free_ports(2) + [8443]
    school = Counted(program, made)
    school.make(names, (web, tunnel))
    school.origin, school.tunnel = web, tunnel
    listed = f"{made}/names.txt"
    write(listed, "".join(f"listed-{one}.example\n" for one in range(LISTED)))
    school.import_list(listed)
    servers = [upstream(names), origin(f"{made}/origin", web), origin(f"{made}/far", tunnel)]
    try:
        school.start()
        for _ in range(100):
            if ask(school.dns, "warm.example", patience=5):
                break
            time.sleep(0.1)
        work(school, times)
        return school.stop()
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--load", required=True)
    arguments = parser.parse_args()
    global LOAD
    LOAD = os.path.abspath(arguments.load)
    folder = tempfile.mkdtemp(prefix="fivebar-instructions.")
    os.chmod(folder, 0o755)
    try:
        for kind, work in KINDS.items():
            found = []
            for program in arguments.programs:
                few, many = (counted(program, folder, work, times) for times in (FEW, MANY))
                found.append((many - few) / (MANY - FEW))
            print(json.dumps({"kind": kind, "instructions": [round(one) for one in found],
                              "against the first": [round(one / found[0], 3) for one in found]}), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
