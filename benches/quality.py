#!/usr/bin/env python3
"""What the default policy blocks of real sites: popular ones, schools, universities and help.

Imports real block lists into a school of its own and asks `fivebar explain -` about real names, for each audience. Says
which step and which list blocked, so that an over-blocking list is found by name. Reads FIVEBAR_DATA or ../shared/data and
says "skipped" when neither is there. Nothing of that data is kept.
"""
import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HELP = [  # Well-known helplines and reporting services that no child may lose.
    "childline.org.uk", "www.childline.org.uk", "nspcc.org.uk", "samaritans.org", "ceop.police.uk", "www.ceop.police.uk",
    "report-it.org.uk", "giveusashout.org", "papyrus-uk.org", "youngminds.org.uk", "beateatingdisorders.org.uk",
    "kooth.com", "themix.org.uk", "iwf.org.uk", "report.iwf.org.uk", "stopitnow.org.uk", "talktofrank.com",
]
# Lists of the folder that name what to allow or what is popular: importing them as block lists would measure nothing.
NOT_FOR_BLOCKING = ("popular", "psl", "top-ranked", "allow", "liste_bu", "child",
                    "README", "blanche", "dnscrypt", "education")


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as text:
        return [line.strip() for line in text if line.strip()]


def samples(data):
    popular = lines(f"{data}/domains/popular/alexa-2016-top100k.txt.gz")
    with gzip.open(f"{data}/schools/world-universities.json.gz", "rt", encoding="utf-8") as text:
        universities = [name for entry in json.load(text) for name in entry.get("domains", [])]
    schools = [line.split("\t")[0].lower() for line in lines(f"{data}/schools/uk-secondary-school-domains.tsv.gz")]
    education = [line.split("\t")[0].lower() for line in lines(f"{data}/schools/uk-education-domains-swot.tsv.gz")]
    return {
        "popular, first 1,000": popular[:1000], "popular, first 100,000": popular, "UK secondary schools": schools,
        "UK education": education, "universities of the world": universities, "help": HELP,
    }


def explain(program, home, who, targets):
    """One answer for each target, in order."""
    done = subprocess.run([program, "--home", home, "explain", "-", "--as", who, "--json"], input="\n".join(targets) + "\n",
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"fivebar explain ended with {done.returncode}: {done.stderr[-500:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(targets):
        raise SystemExit(f"{len(targets)} targets and {len(answers)} answers")
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", default=os.environ.get("FIVEBAR_DATA", os.path.join(HERE, "..", "..", "shared", "data")))
    parser.add_argument("--as", dest="who", default="", help="groups or addresses, with commas; every group if left out")
    parser.add_argument("--lists", default="ut1,shadowwhisperer,blocklistproject,accomplist", help="folders of domains/")
    arguments = parser.parse_args()
    if not os.path.isdir(f"{arguments.data}/domains"):
        print(f"skipped: {arguments.data} is not there")
        return
    program = os.path.abspath(arguments.program)
    with tempfile.TemporaryDirectory(prefix="fivebar-quality.") as home:
        school = f"{home}/school"

        def fivebar(*words):
            done = subprocess.run([program, "--home", school, *words], capture_output=True, text=True)
            # 3 says that something given has problems: files that name no category are said, and the others count.
            if done.returncode not in (0, 3):
                raise SystemExit(f"fivebar {words[0]} ended with {done.returncode}: {done.stderr[-500:]}")
            print(done.stderr, end="", file=sys.stderr)
            return done.stdout

        fivebar("init", "--yes", "--school", "Quality School")
        paths = sorted(
            os.path.join(parent, file)
            for folder in arguments.lists.split(",")
            for parent, _, files in os.walk(f"{arguments.data}/domains/{folder}")
            for file in files
            if not any(word in file for word in NOT_FOR_BLOCKING)
        )
        said = fivebar("lists", "import", *paths, "--json")
        answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        # What could not be taken in has a problem instead of counts, and stands above in words.
        imported = [answer for answer in answers if "accepted" in answer]
        accepted = sum(entry["accepted"] for entry in imported)
        refused = sum(reason["count"] for entry in imported for reason in entry["refused"].values())
        print(f"{len(paths)} files, {accepted:,} entries accepted, {refused:,} lines refused\n")

        audiences = [who for who in arguments.who.split(",") if who] or ["127.0.0.1"]
        worst = []
        print("| sample | names | " + " | ".join(audiences) + " |\n| --- | --- |" + " --- |" * len(audiences))
        for sample, names in samples(arguments.data).items():
            cells = []
            for who in audiences:
                answers = explain(program, school, who, names)
                blocked = [(name, answer) for name, answer in zip(names, answers) if answer["verdict"] == "block"]
                cells.append(f"{len(blocked):,} ({100 * len(blocked) / max(len(names), 1):.2f} %)")
                if sample != "popular, first 100,000":
                    worst += [(sample, who, name, answer) for name, answer in blocked]
            print(f"| {sample} | {len(names):,} | " + " | ".join(cells) + " |")
        by_list = collections.Counter((sample, answer["step"], str(answer.get("list"))) for sample, _, _, answer in worst)
        print("\nWhat blocked, most first:")
        for (sample, step, name), count in by_list.most_common(25):
            print(f"  {count:6,}  {sample}: {step}, {name}")
        must_not = [entry for entry in worst if entry[0] in ("help", "UK secondary schools")]
        for sample, who, name, answer in must_not[:40]:
            print(f"MUST NOT: {name} ({sample}) for {who}: {answer['reason']}")
        sys.exit(1 if must_not else 0)


main()
