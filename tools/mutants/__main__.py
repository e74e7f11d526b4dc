"""``python -m tools.mutants``: puts a sample of wrong lines into the core and says which of them no test noticed.

Options: ``--number`` how many (default 200), ``--seed`` which ones, ``--only`` a part of a mutant's name, ``--tests``
the folders of tests that may notice, ``--keep`` uses what was found of tests and lines last time. Ends with 1 when less
than nine in ten were noticed, or when one survived that ``survivors.toml`` does not explain.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import covering
from tools.mutants.operators import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".mutants"
ROOMS = {
    "sync": ["kobling/sync"],
    "engine": ["kobling/engine"],
    "store": ["kobling/hub/store"],
    "runs": ["kobling/hub/runs"],
    "sdk": [f"kobling/sdk/{name}.py" for name in ("http", "auth", "writing", "webhooks", "outcomes", "looking_up")],
}
TESTS = ("planner", "store", "engine", "services", "sdk", "unit", "access", "contract", "simulation", "cli")
SLOW = ("tests/planner/test_mutants.py", "tests/unit/test_translations.py", "tests/unit/test_told.py")
WANTED, SEEDS, MOST_TESTS = 0.9, "30", 400
OWN = {
    "kobling.sync": ("tests/planner/", "tests/unit/"),
    "kobling.engine": ("tests/engine/", "tests/simulation/"),
    "kobling.hub.store": ("tests/store/",),
    "kobling.hub.runs": ("tests/engine/", "tests/services/"),
    "kobling.sdk": ("tests/sdk/",),
}
"""Where a room's own tests are: these are asked whatever they take, of the others only the quickest."""
EVERY = 10
FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?(?:\[.*?\])?)(?: - .*)?$", re.MULTILINE)
START, SLOWER = 60.0, 5.0
"""Seconds until tests begin, and how many times as long they may take as when nothing was wrong: then it hangs."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed (by a test), survived, or run by no test at all."""

    mutant: Mutant
    said: str
    by: str = ""


def files(room: str) -> Iterator[Path]:
    """The modules of a room."""
    for name in ROOMS[room]:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def sample(number: int, seed: int, only: str) -> list[Mutant]:
    """As many of each room as its size asks for, the same for the same seed."""
    every = {room: [each for path in files(room) for each in _of(path) if only in each.name] for room in ROOMS}
    whole = sum(map(len, every.values()))
    print(f"{whole} wrong lines are known: " + ", ".join(f"{room} {len(each)}" for room, each in every.items()))
    drawn = random.Random(seed)
    shares = {room: min(len(each), round(len(each) * number / max(whole, 1))) for room, each in every.items()}
    return [mutant for room, each in every.items() for mutant in drawn.sample(each, shares[room])]


def _of(path: Path) -> Iterator[Mutant]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return mutants(module, path.read_text(encoding="utf-8"))


def look(keep: bool, tests: Sequence[str]) -> None:
    """Run the tests once and keep which of them run through which line."""
    if keep and any(CACHE.glob("lines-*")):
        return
    CACHE.mkdir(exist_ok=True)
    for old in CACHE.iterdir():
        old.unlink()
    print("looking which test runs through which line ...", flush=True)
    watched = ":".join(str(path) for room in ROOMS for path in files(room))
    environment = {**os.environ, covering.FOLDER: str(CACHE), covering.ROOMS: watched, "KOBLING_SEEDS": SEEDS}
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-p", "tools.mutants.covering"]
    command += [f"tests/{name}" for name in tests] + [f"--ignore={each}" for each in SLOW]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the tests do not pass as they are:\n{done.stdout[-3000:]}")


def _file(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def tests_of(mutant: Mutant, ran: dict[int, set[str]], took: dict[str, float], killers: Counter[str]) -> list[str]:
    """The tests that run its line, else its function, and for what runs when a module is loaded all of the module's.

    Those that noticed most in this module come first, then its room's own, then the quickest.
    """
    line, statement, *span = mutant.lines
    found = ran.get(line) or ran.get(statement) or {each for at in span for each in ran.get(at, ())}
    if not span:
        found = {each for tests in ran.values() for each in tests}
    own = next(each for room, each in OWN.items() if mutant.module.startswith(room))
    kept = sorted(found, key=lambda name: (not name.startswith(own), took.get(name, 0.0)))[:MOST_TESTS]
    return sorted(kept, key=lambda name: (-killers[name], took.get(name, 0.0)))


def judge(mutant: Mutant, tests: Sequence[str], seconds: float) -> Verdict:
    """Run the tests that go through the line, the quickest first, until one fails."""
    if not tests:
        return Verdict(mutant, "no test runs it")
    path = _file(mutant.module)
    with tempfile.TemporaryDirectory() as folder:
        source, names = Path(folder) / "source.py", Path(folder) / "tests"
        source.write_text(mutant.source(), encoding="utf-8")
        names.write_text("\n".join(tests), encoding="utf-8")
        command = [sys.executable, "-m", "tools.mutants.hook", mutant.module, str(path), str(source)]
        command += ["-x", "-q", "--no-header", "--tb=no", "-p", "no:randomly", f"@{names}"]
        environment = {**os.environ, "KOBLING_SEEDS": SEEDS, "KOBLING_DATA": folder}
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Verdict(mutant, "killed")
    failed = FAILED.search(done.stdout)
    return Verdict(mutant, "survived" if done.returncode == 0 else "killed", failed[1] if failed else "")


def main() -> int:
    """Judge a sample and tell."""
    asked = argparse.ArgumentParser(prog="python -m tools.mutants")
    asked.add_argument("--number", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="")
    asked.add_argument("--keep", action="store_true")
    asked.add_argument("--tests", default=",".join(TESTS))
    options = asked.parse_args()
    look(options.keep, options.tests.split(","))
    lines, took = covering.read(CACHE)
    drawn = sample(options.number, options.seed, options.only)
    told = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text(encoding="utf-8"))["survivors"]
    known = {each["name"]: each["reason"] for each in told}

    done: list[Verdict] = []
    noticed: dict[str, Counter[str]] = defaultdict(Counter)

    def verdict(mutant: Mutant) -> Verdict:
        path = _file(mutant.module)
        killers = noticed[mutant.module]
        tests = tests_of(mutant, lines.get(str(path), {}), took, killers)
        made = judge(mutant, tests, START + SLOWER * sum(took.get(each, 0.0) for each in tests))
        done.append(made)
        killers[made.by] += 1
        if made.said != "killed":
            print(f"{made.said}: {mutant.name} ({path.relative_to(ROOT)}:{mutant.lines[0]})", flush=True)
        if len(done) % EVERY == 0:
            print(f"{len(done)} of {len(drawn)} ...", flush=True)
        return made

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        verdicts = list(pool.map(verdict, drawn))
    return report(verdicts, known)


def report(verdicts: Sequence[Verdict], known: dict[str, str]) -> int:
    """The last lines: how many were noticed, and which survivors nobody has explained."""
    left = [each for each in verdicts if each.said != "killed"]
    unknown = [each for each in left if each.mutant.name not in known]
    noticed = len(verdicts) - len(left)
    count = noticed + len(unknown)
    rate = noticed / count if count else 1.0
    aside = len(left) - len(unknown)
    print(f"{noticed} of {count} wrong lines were noticed ({rate:.1%}); {aside} that change nothing are not counted")
    for each in left:
        print(f"- {each.mutant.name}: {known.get(each.mutant.name, 'NOT EXPLAINED')}")
    return 0 if rate >= WANTED and not unknown else 1


if __name__ == "__main__":
    raise SystemExit(main())
