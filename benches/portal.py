"""The portal of a large school: how long the hub takes for a page, alone and with many at work.

The school is made: 2,000 people, 5,000 devices and a year of requests for sites. The requests are written into the records directly,
since asking for ten thousand through the portal would measure its limits; everything else goes through the program's own doors.
Time is a client's on the same machine, over a kept connection: it holds what the hub takes and the loopback besides.
"""
import http.client
import json
import os
import random
import re
import sqlite3
import subprocess
import threading
import time
import urllib.parse

from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, rss_mb, write
from ours import Fivebar

PEOPLE, DEVICES, REQUESTS, AT_WORK, SIGNED_IN = 2_000, 5_000, 10_000, 200, 20
PASSWORD = "nineteen quiet kettles upstairs"
DUTIES = ("head", "network-manager", "online-safety-lead", "teacher", "school-office", "dsl")
PAGES = ("/today", "/staff/requests", "/staff/requests?show=all", "/staff/lessons", "/staff/lessons/open", "/staff/roll",
         "/staff/roll?kind=pupil", "/staff/roll/17", "/staff/devices", "/staff/policy", "/staff/lists", "/staff/filter-tests",
         "/staff/back-ups", "/staff/health", "/staff/explain", "/staff/cards", "/staff/access", "/staff/duties", "/staff/overrides",
         "/staff/withheld", "/staff/reports", "/staff/guests", "/staff/timetable", "/staff/activity", "/tasks", "/me", "/me/asked",
         "/who-sees", "/requests")
QUESTIONS_A_SECOND, SIGN_IN_AT_ONCE = 2_000, 100


def people_table():
    """A table as a school's system exports it: staff, pupils of thirteen years in classes, parents."""
    lines = ["id,first name,last name,kind,year,class,children"]
    staff, pupils = PEOPLE // 10, PEOPLE * 6 // 10
    for one in range(staff):
        lines.append(f"s{one},Given{one},Member{one},teacher,,,")
    for one in range(pupils):
        year = one % 13 + 1
        lines.append(f"p{one},Given{one},Pupil{one},pupil,{year},{year}{'ABCD'[one // 13 % 4]},")
    for one in range(PEOPLE - staff - pupils):
        lines.append(f"c{one},Given{one},Carer{one},parent,,,p{one}")
    return "\n".join(lines) + "\n"


def devices_file():
    return "".join(f'[[device]]\nname = "tablet-{one}"\naddresses = ["10.{one // 65536 + 20}.{one // 256 % 256}.{one % 256}"]\n'
                   for one in range(DEVICES))


def reference(number):
    signs, text = "23456789ABCDEFGHJKMNPQRSTVWXYZ", ""
    for _ in range(8):
        number, sign = divmod(number, 30)
        text += signs[sign]
    return "R-" + text


def request_rows(now_ms):
    """A year of requests, all but thirty of them answered."""
    year = 365 * 86_400_000
    for one in range(REQUESTS):
        at = now_ms - year + one * (year // REQUESTS)
        identity = f"site-request_{at:012x}7{one % 4096:03x}8{one // 4096:03x}{one:012x}"
        is_open = one >= REQUESTS - 30
        ends = at + 7 * 86_400_000 if one % 2 and not is_open else None
        answered = (None, None, None, None) if is_open else ("person:1", at + 3_600_000, "For the project.", ends)
        yield (identity, reference(one), f"site-{one}.example", one % PEOPLE + 1, "10.20.0.9", "For the history project.",
               "open" if is_open else ("approved" if one % 2 else "refused"), *answered, at)


class Visitor:
    """Somebody who is signed in, with a connection of their own."""

    def __init__(self, port, cookies=None):
        self.port, self.cookies = port, dict(cookies or {})
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, fields=None):
        """One request; gives its status, its body, where it leads, and the seconds it took."""
        headers = {"Host": f"127.0.0.1:{self.port}", "Sec-Fetch-Site": "same-origin", "Accept-Encoding": "identity"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.port}"}
            body = urllib.parse.urlencode(fields)
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";", 1)[0]
        return answer.status, text, answer.getheader("Location"), seconds


def made(fivebar, folder, upstream):
    """Makes the school and starts it; gives those who are signed in, and the seconds that its roll took."""
    fivebar.make(upstream)
    table, roll = f"{folder}/people.csv", f"{folder}/roll.toml"
    write(table, people_table())
    write(roll, devices_file())
    _, seconds = fivebar.command("people", "import", table, "--source", "mis", "--apply")
    fivebar.command("people", "import", roll, "--apply")
    records = sqlite3.connect(f"{fivebar.home}/hub/fivebar.db")
    staff = [number for number, in records.execute("SELECT number FROM person WHERE kind = 'staff' ORDER BY number LIMIT ?", (SIGNED_IN,))]
    records.close()
    invitations = []
    for one, number in enumerate(staff):
        fivebar.command("duties", "give", DUTIES[one % len(DUTIES)], "--to", f"{number}", "--reason", "For the measurement.")
        said, _ = fivebar.command("--json", "people", "invite", f"{number}", "--name", f"member{one}")
        invitations.append(urllib.parse.urlparse(json.loads(said)["link"]).path)
    records = sqlite3.connect(f"{fivebar.home}/hub/fivebar.db")
    with records:
        records.executemany(
            "INSERT INTO site_request (id, reference, host, person, address, words, state, answered_by, answered_at, answer, ends_at, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", request_rows(int(time.time() * 1000)))
    records.close()
    fivebar.start()
    os.sched_setaffinity(fivebar.part("hub"), {int(SERVER_CPU)})
    for thread in os.listdir(f"/proc/{fivebar.part('hub')}/task"):
        os.sched_setaffinity(int(thread), {int(SERVER_CPU)})
    visitors = []
    for invitation in invitations:
        visitor = Visitor(fivebar.portal)
        visitor.ask("GET", invitation)
        status, text, *_ = visitor.ask("POST", invitation, {"password": PASSWORD, "repeated": PASSWORD})
        if status != 303:
            raise RuntimeError(f"an invitation was not taken: {status} {text[-1500:]!r}")
        visitors.append(visitor)
    return visitors, seconds


def at(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def theirs(visitors):
    """The pages of each duty: those that its holder is shown. A page that is not theirs is quick to say so, and counts nowhere."""
    return [[path for path in PAGES if visitor.ask("GET", path)[0] == 200] for visitor in visitors[:len(DUTIES)]]


def alone(visitors, pages, times):
    """Each page by the first who may see it, one request after another: path, middle and 99th percentile in ms, bytes."""
    for path in PAGES:
        who = next((number for number, shown in enumerate(pages) if path in shown), None)
        if who is None:
            yield path, None, None, 0
            continue
        size = len(visitors[who].ask("GET", path)[1])
        taken = [visitors[who].ask("GET", path)[3] * 1000 for _ in range(times)]
        yield path, at(taken, 0.5), at(taken, 0.99), size


def together(fivebar, visitors, pages, seconds):
    """Many people who look, read for one to four seconds, and look at something else; gives every answer's ms and the hub's share
    of a processor."""
    taken, odd, ends = [], [], time.monotonic() + seconds
    hub = [fivebar.part("hub")]

    def work(number):
        visitor, chance = Visitor(fivebar.portal, visitors[number % len(visitors)].cookies), random.Random(number)
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, chance.uniform(1, 4)))
            path = chance.choice(pages[number % len(visitors) % len(DUTIES)])
            status, _, _, one = visitor.ask("GET", path)
            if status == 200:
                taken.append(one * 1000)
            else:
                odd.append(f"{status} {path}")

    before = cpu_seconds(hub)
    people = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(AT_WORK)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return taken, odd, (cpu_seconds(hub) - before) / seconds


def questions(fivebar, file, seconds, meanwhile=None):
    """The gate, asked at a steady rate: its processor time for an answer in microseconds, the share that it lost, and the middle time of an
    answer in ms; and what `meanwhile` gave."""
    gate = [fivebar.part("gate")]
    before = cpu_seconds(gate)
    asking = subprocess.Popen(["taskset", "-c", LOAD_CPU, "dnsperf", "-s", "127.0.0.1", "-p", str(fivebar.dns), "-d", file, "-T", "1", "-c",
                               "4", "-Q", str(QUESTIONS_A_SECOND), "-l", str(seconds)], stdout=subprocess.PIPE, text=True)
    given = meanwhile() if meanwhile else None
    said = asking.communicate()[0]
    used = cpu_seconds(gate) - before

    def figure(pattern):
        return float(re.search(pattern, said).group(1))

    answered, lost = figure(r"Queries completed:\s+(\d+)"), figure(r"Queries lost:\s+(\d+)")
    found = {"cpu_us": used * 1e6 / max(answered, 1), "lost": lost / max(answered + lost, 1),
             "ms": figure(r"Average Latency \(s\):\s+([\d.]+)") * 1000}
    return found, given


def sign_ins(fivebar):
    """Many who sign in at the same moment; gives the seconds until the last was in, and what others were told."""
    odd, begun = [], time.monotonic()

    def work(number):
        visitor = Visitor(fivebar.portal)
        form = {"name": f"member{number % SIGNED_IN}", "password": PASSWORD, "back": ""}
        status, text, *_ = visitor.ask("POST", "/sign-in", form)
        if status != 303:
            odd.append(status)

    people = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(SIGN_IN_AT_ONCE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return time.monotonic() - begun, odd


def measure(run, program):
    """The rows of the table."""
    folder = run.folder_for("portal")
    fivebar = run.started(Fivebar(program, folder))
    visitors, seconds = made(fivebar, folder, run.upstream())
    os.sched_setaffinity(0, {int(LOAD_CPU)})
    run.row(f"a roll of {PEOPLE:,} people, read, compared, applied and published", seconds, 2, "", True, " s")
    worst, unseen, pages = 0, [], theirs(visitors)
    for path, middle, high, size in alone(visitors, pages, 300):
        if high is None:
            unseen.append(path)
            continue
        run.keep("page", path=path, middle_ms=round(middle, 2), p99_ms=round(high, 2), bytes=size)
        worst = max(worst, high)
    if unseen:
        run.keep("problem", text="pages that nobody could see: " + ", ".join(unseen))
    run.row("the slowest page, 99th percentile, one after another", worst or None, 10, "", True, " ms")
    asked = f"{folder}/questions"
    write(asked, "".join(f"site-{one}.example A\n" for one in range(5_000)))
    questions(fivebar, asked, 5)
    quiet, _ = questions(fivebar, asked, 20)
    beside, (taken, odd, share) = questions(fivebar, asked, 40, lambda: together(fivebar, visitors, pages, 40))
    for name, found in (("gate alone", quiet), ("gate beside people at work", beside)):
        run.keep(name, **{key: round(value, 4) for key, value in found.items()})
    run.keep("at work", answers=len(taken), odd=sorted(set(odd)), middle_ms=round(at(taken, 0.5), 2), share=round(share, 3),
             mb=rss_mb([fivebar.part("hub")]))
    run.row(f"{AT_WORK} people at work on one processor, 99th percentile", None if odd else at(taken, 0.99), 100, "", True, " ms")
    run.row("the gate’s processor time for an answer, beside them against alone", beside["cpu_us"] / quiet["cpu_us"], 1.1, "", True)
    begun, (took, refused) = questions(fivebar, asked, 20, lambda: sign_ins(fivebar))
    run.keep("sign-ins", seconds=round(took, 2), refused=sorted(set(refused)), others=len(refused), **{key: round(value, 4) for key, value in begun.items()})
    run.row(f"the same, beside {SIGN_IN_AT_ONCE} sign-ins at once", begun["cpu_us"] / quiet["cpu_us"], 1.1, "", True)
    run.row(f"{SIGN_IN_AT_ONCE} sign-ins at once, until the last was answered", took, None, "", True, " s")
    run.stop_all()
