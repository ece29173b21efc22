"""A school of our own for measurements: made, given a list, started, and its processes told apart."""
import json
import os
import re
import subprocess
import time

from machine import LOAD_CPU, SERVER_CPU, blocked, family, free_ports, write

SCHOOL = "Bench School"


class Fivebar:
    """`fivebar run` with the gate on the server's processor and log and hub on the other."""

    name = "fivebar"

    def __init__(self, program, folder):
        self.program, self.folder, self.home = os.path.abspath(program), folder, f"{folder}/home"
        self.process = None

    def command(self, *words, cpu=LOAD_CPU):
        """Runs a command to its end; gives what it printed and the seconds it took."""
        began = time.monotonic()
        done = subprocess.run(["taskset", "-c", cpu, self.program, "--home", self.home, *words],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"fivebar {' '.join(words)} ended with {done.returncode}: {done.stderr[-600:]}")
        return done.stdout, time.monotonic() - began

    def make(self, upstream, origins=(), category="pornography", cache_mb=None):
        """A school on free ports, with one thread a front, that may reach these ports of 127.0.0.1. Its cache is as large
        as `init` makes it, or `cache_mb`."""
        self.dns, self.proxy, self.portal, self.tls, self.https = free_ports(5)
        self.category = category
        self.command("init", "--yes", "--school", SCHOOL, "--dns", f"127.0.0.1:{self.dns}",
                     "--proxy", f"127.0.0.1:{self.proxy}", "--portal", f"127.0.0.1:{self.portal}",
                     "--upstream", f"127.0.0.1:{upstream}")
        path = f"{self.home}/fivebar.toml"
        with open(path) as file:
            text = file.read()
        text = re.sub(r"(?m)^(threads|inside|tls|https)\s*=.*\n", "", text)
        text = re.sub(r"(?m)^\[\[proxy\.inside\]\]\n(?:.+\n)*", "", text)
        text = text.replace("[dns]\n", "[dns]\nthreads = 1\n"
                            f'tls = "127.0.0.1:{self.tls}"\nhttps = "127.0.0.1:{self.https}"\nname = "dns.school.example"\n', 1)
        if cache_mb:
            text = re.sub(r"(?m)^cache-mb\s*=.*\n", f"cache-mb = {cache_mb}\n", text)
        inside = ", ".join(f'{{ address = "127.0.0.1", port = {port} }}' for port in origins)
        text = text.replace("[proxy]\n", f"[proxy]\nthreads = 1\ninside = [{inside}]\n", 1)
        write(path, text)

    def import_list(self, path):
        """Imports a list of names as one category that the policy blocks; gives the seconds."""
        _, seconds = self.command("lists", "import", path, "--category", self.category, "--json")
        return seconds

    def start(self):
        """Starts the three processes; gives the seconds until they said they were ready."""
        began = time.monotonic()
        self.log = open(f"{self.folder}/run.log", "a")
        self.process = subprocess.Popen(
            ["taskset", "-c", LOAD_CPU, self.program, "--home", self.home, "--json", "run"],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("fivebar run did not start: " + open(f"{self.folder}/run.log").read()[-800:])
        self.ready = json.loads(line)
        subprocess.run(["taskset", "-a", "-p", "-c", SERVER_CPU, str(self.part("gate"))], capture_output=True, check=True)
        return time.monotonic() - began

    def gate_alone(self, listed):
        """Starts the gate alone from what is published; gives the milliseconds from its start to its first answer, which
        refuses a listed name. The other parts are stopped."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(SERVER_CPU)})  # What is started here starts there.
        began = time.monotonic()
        gate = subprocess.Popen([self.program, "--home", self.home, "--json", "run", "--only", "gate"],
                                stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, close_fds=False)
        os.sched_setaffinity(0, before)
        try:
            if not gate.stdout.readline():
                raise RuntimeError("the gate did not start alone")
            if not blocked(self.dns, listed):
                raise RuntimeError("the gate's first answer does not refuse a listed name")
            return (time.monotonic() - began) * 1000
        finally:
            gate.terminate()
            gate.wait()

    def part(self, name):
        """The process id of gate, log or hub."""
        for pid in family(self.process.pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as words:
                    words = words.read().split(b"\0")
            except OSError:
                continue
            if b"--only" in words and words[words.index(b"--only") + 1] == name.encode():
                return pid
        raise RuntimeError(f"no process of fivebar is the {name}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
