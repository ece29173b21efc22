"""What the system says about processes and processors, and small helpers that every measurement needs."""
import os
import socket
import statistics
import struct
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CPU, LOAD_CPU = "0", "1"


def family(pid):
    """The process and everything it started."""
    found = [pid]
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                for child in children.read().split():
                    found += family(int(child))
    except OSError:
        pass
    return found


def cpu_seconds(pids):
    """User and system time that these processes have used."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def rss_mb(pids, field="VmRSS"):
    """Resident memory of these processes, mapped files included; "RssAnon" leaves those out."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as status:
                total += sum(int(line.split()[1]) for line in status if line.startswith(field + ":"))
        except OSError:
            pass
    return round(total / 1024, 1)


def busy_seconds_of_server_cpu():
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.read().split("\n")[1 + int(SERVER_CPU)].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def start(command, cpu, folder, name):
    """Starts a program on one processor; what it says goes to a file in the folder."""
    log = open(f"{folder}/{name}.log", "w")
    return subprocess.Popen(["taskset", "-c", cpu, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def wait_for(what, condition, seconds, process=None, log=None):
    """Waits for a condition; gives the seconds it took. Says what did not happen, with the end of the log."""
    began = time.monotonic()
    while not condition():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() - began > seconds:
            tail = ""
            if log and os.path.exists(log):
                with open(log, errors="replace") as text:
                    tail = ": " + text.read()[-600:]
            raise RuntimeError(f"{what} did not happen" + tail)
        time.sleep(0.01)
    return time.monotonic() - began


def question(name, kind=1, number=0):
    """One DNS question as bytes."""
    asked = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0)
    for label in name.split("."):
        asked += bytes([len(label)]) + label.encode()
    return asked + b"\0" + struct.pack(">HH", kind, 1)


def ask(port, name, kind=1, patience=0.3):
    """One DNS question; gives (response code, addresses), or None without an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(patience)
        try:
            asker.sendto(question(name, kind, 0x4D4D), ("127.0.0.1", port))
            answer = asker.recv(4096)
        except OSError:
            return None
    return answer[3] & 15, answer.count(b"\x5d\xb8\xd8\x22")


def blocked(port, name):
    """Whether the name is refused in whatever way: no answer carries the upstream's address."""
    answer = ask(port, name)
    return answer is not None and answer[1] == 0 and answer[0] in (0, 3, 5)


def allowed(port, name):
    answer = ask(port, name)
    return answer is not None and answer[1] > 0


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.3).close()
        return True
    except OSError:
        return False


def fetch(port, host, path="/"):
    """The answer of a proxy for a page, as bytes."""
    with socket.create_connection(("127.0.0.1", port), 5) as stream:
        stream.sendall(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := stream.recv(65536):
            answer += more
    return answer


def before_others():
    """Puts this run in a scheduler group of its own at nice -10, so that other work on the machine disturbs it less."""
    if os.getpid() != os.getpgid(0):
        os.setsid()
    write("/proc/self/autogroup", "-10")


def free_ports(count):
    held = []
    for _ in range(count):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.bind(("127.0.0.1", 0))
        held.append(holder)
    ports = [holder.getsockname()[1] for holder in held]
    for holder in held:
        holder.close()
    return ports


def pairs(line):
    """A line of key=value as numbers."""
    return {key: float(value) for key, value in (word.split("=") for word in line.split())}


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def describe():
    """The machine, in one line."""
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) // (1 << 20)
    with open("/etc/os-release") as info:
        system = next((line.split("=", 1)[1].strip().strip('"') for line in info if line.startswith("PRETTY_NAME")), "")
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} × {model}, {memory} GiB, {system}, Linux {os.uname().release}, {rust}"
