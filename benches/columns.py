"""The activity log's columns: what they cost to make, and reports over them beside DuckDB on the same files; and a school year.

Reports are made by one thread on one processor, by us and by DuckDB alike, warm: the median of the runs, and the processor time
of all of them, which holds on a busy machine.
"""
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import time
import zlib

from machine import LOAD_CPU, SERVER_CPU

ROUNDS, MOST_ROUNDS, SECONDS = 5, 50, 2.0

GOALS = {  # what: (at least or at most, aim, less is better, unit)
    "events from append to packed file, a core and second": (500_000, "600,000", False, ""),
    "bytes an event": (18, "16.5", True, ""),
    "one person's day": (50, "", True, " ms"),
    "a common site over a term": (150, "", True, " ms"),
    "a rare site over a term": (150, "", True, " ms"),
    "top blocked by group": (1000, "", True, " ms"),
    "search terms": (300, "", True, " ms"),
}
# A year is as often the log that was made as it takes to have so many events.
A_YEAR = 1_000_000_000

VIEWS = {
    "events": "select * from read_parquet('{folder}/columns-*.parquet') where front is not null and known_by <> 'filter-test' "
              "and step <> 'elsewhere'",
    "searches": "select * from read_parquet('{folder}/searches-*.parquet')",
    "daily": "select site, cast(timezone('Europe/London', begins_at) as date) as day, grp, verdict, n, bytes "
             "from read_parquet('{folder}/sums-*.parquet')",
}


def duckdb_of(folder):
    """DuckDB with the log's three tables, or None where there is none for Python."""
    try:
        import duckdb
    except ImportError:
        return None
    engine = duckdb.connect()
    for setting in ("threads = 1", "timezone = 'UTC'", "parquet_metadata_cache = true"):
        engine.sql(f"set {setting}")
    for name, text in VIEWS.items():
        engine.sql(f"create view {name} as {text.format(folder=folder)}")
    return engine


def asked(engine, text):
    """The median of the warm runs of one text and their processor time each, in milliseconds, and how many rows came of it."""
    took, rows = [], len(engine.execute(text).fetchall())
    began, busy = time.perf_counter(), time.process_time()
    while len(took) < ROUNDS or (time.perf_counter() - began < SECONDS and len(took) < MOST_ROUNDS):
        before = time.perf_counter()
        engine.execute(text).fetchall()
        took.append((time.perf_counter() - before) * 1000)
    return statistics.median(took), (time.process_time() - busy) * 1000 / len(took), rows


def ours(program, events, folder, processors=SERVER_CPU):
    """What our own measuring program says, by what it is about."""
    command = ["taskset", "-c", processors, program, str(events), folder]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line["what"]: line for line in map(json.loads, said.splitlines())}


def beside_duckdb(run, folder, found):
    """The same texts, on the same processor, from DuckDB; a row for each. An answer with another number of rows is no figure."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(SERVER_CPU)})
    try:
        engine = duckdb_of(folder)
        for what, line in found.items():
            if "sql" not in line:
                continue
            ratio = None
            if engine is not None:
                ms, cpu_ms, rows = asked(engine, line["sql"])
                run.keep("duckdb", report=what, ms=ms, cpu_ms=cpu_ms, rows=rows, ours_ms=line["ms"], ours_cpu_ms=line["cpu_ms"])
                if rows == line["rows"]:
                    ratio = line["cpu_ms"] / cpu_ms
                else:
                    run.keep("problem", peer="duckdb", text=f"{what}: {rows} rows, and {line['rows']} of ours")
            run.row(f"{what}, against DuckDB on the same files", ratio, 1.5, "", True, " ×")
    finally:
        os.sched_setaffinity(0, everywhere)


def measure(run, program, events, year=False):
    """Runs our own measuring program and asks DuckDB the same; rows go into the run's table."""
    folder = os.path.join(run.folder, "columns")
    try:
        found = ours(program, events, folder)
        for line in found.values():
            run.keep("columns", **{"events": events, **line})

        def row(what, figure, of=""):
            least, aim, less_is_better, unit = GOALS[what]
            run.row(of + what, figure, 1000 if of and unit else least, aim, less_is_better, unit)

        row("events from append to packed file, a core and second", found["append and pack"]["events_a_core_second"])
        row("bytes an event", found["merge"]["bytes_an_event"])
        for what, line in found.items():
            if "sql" in line:
                row(what, line["ms"])
        run.row("packing and merging: most that was resident", found["merge"]["resident_kb"] / 1024, 300, "", True, " MB")
        beside_duckdb(run, folder, found)
        if not year:
            return
        times = make_a_year(folder, -(-A_YEAR // events))
        # A year is asked as a school would, by the two threads that the log has for questions.
        found = ours(program, 0, folder, f"{SERVER_CPU},{LOAD_CPU}")
        for line in found.values():
            run.keep("year", **{"events": events * times, **line})
        for what, line in found.items():
            if "sql" in line:
                row(what, line["ms"], "a year: ")
        run.row("a year: most that was resident", found["at the end"]["resident_kb"] / 1024, 300, "", True, " MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_a_year(folder, times):
    """Makes of a log whose days are merged one that holds the same files so many times, under further names and places."""
    index = os.path.join(folder, "columns.index")
    with open(index, "rb") as text:
        listed = json.loads(text.read()[4:])
    for segment in glob.glob(os.path.join(folder, "append-*.log")):
        os.remove(segment)
    span = listed[-1]["parts"][-1]["next_seq"]
    everything = list(listed)
    for again in range(1, times):
        for file in listed:
            copy = json.loads(json.dumps(file))
            for part in copy["parts"]:
                part["first_seq"] += again * span
                part["next_seq"] += again * span
            first, last = copy["parts"][0]["first_seq"], copy["parts"][-1]["next_seq"] - 1
            copy["name"] = re.sub(r"-\d{20}-\d{20}-", f"-{first:020}-{last:020}-", file["name"])
            for kind in ("columns-", "sums-", "searches-"):
                old, new = (name.replace("columns-", kind, 1) for name in (file["name"], copy["name"]))
                os.link(os.path.join(folder, old), os.path.join(folder, new))
            everything.append(copy)
    text = json.dumps(everything).encode()
    with open(index, "wb") as out:
        out.write(zlib.crc32(text).to_bytes(4, "little") + text)
    return times
