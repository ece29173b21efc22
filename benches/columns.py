"""The activity log's columns: what they cost to make, and reports over them beside DuckDB on the same files."""
import json
import os
import shutil
import statistics
import subprocess
import time

ROUNDS = 5

GOALS = {  # what: (at least or at most, aim, less is better, unit)
    "events from append to packed file, a core and second": (500_000, "600,000", False, ""),
    "bytes an event": (18, "16.5", True, ""),
    "one person's day": (50, "", True, " ms"),
    "a common site over a term": (150, "", True, " ms"),
    "a rare site over a term": (150, "", True, " ms"),
    "top blocked by group": (1000, "", True, " ms"),
    "search terms": (300, "", True, " ms"),
}


def duckdb_ms(folder, text):
    """Median of the warm runs of one text, or None where there is no DuckDB for Python."""
    try:
        import duckdb
    except ImportError:
        return None
    engine = duckdb.connect()
    engine.sql("set threads = 2")
    engine.sql("set timezone = 'UTC'")
    engine.sql(f"create view events as select * from read_parquet('{folder}/columns-*.parquet') where front is not null and known_by <> 'filter-test' and step <> 'elsewhere'")
    engine.sql(f"create view searches as select * from read_parquet('{folder}/searches-*.parquet')")
    engine.sql(f"create view daily as select * from read_parquet('{folder}/daily-*.parquet')")
    times = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        engine.execute(text).fetchall()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:])


def measure(run, program, events):
    """Runs our own measuring program and asks DuckDB the same; rows go into the run's table."""
    folder = os.path.join(run.folder, "columns")
    try:
        said = subprocess.run([program, str(events), folder], check=True, capture_output=True, text=True).stdout
        found = {line["what"]: line for line in map(json.loads, said.splitlines())}
        for line in found.values():
            run.keep("columns", events=events, **line)

        def row(what, figure):
            least, aim, less_is_better, unit = GOALS[what]
            run.row(what, figure, least, aim, less_is_better, unit)

        row("events from append to packed file, a core and second", found["append and pack"]["events_a_core_second"])
        row("bytes an event", found["merge"]["bytes_an_event"])
        for what, line in found.items():
            if "sql" not in line:
                continue
            row(what, line["ms"])
            theirs = duckdb_ms(folder, line["sql"])
            ratio = None if theirs is None else line["ms"] / theirs
            run.row(f"{what}, against DuckDB on the same files", ratio, 1.5, "", True, " ×")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
