"""What no other checker sees: sizes, import circles, translations, lock file, migrations, generated documents.

Run by ``make check``; prints every finding and exits 1 when there is one.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 400
MOST_FUNCTION_LINES = 40
LOCK = ROOT / "requirements.lock"
HOSTS = re.compile(r"https?://|--(extra-)?index-url|--find-links")

os.environ.setdefault("KOBLING_DATA", tempfile.mkdtemp(prefix="kobling-check-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kobling.settings")


def sources() -> Iterator[Path]:
    """Our Python files but for migrations."""
    for folder in ("kobling", "kobling_simulators", "tests", "tools", "bench"):
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def sizes() -> Iterator[str]:
    """Files and functions that have grown too long."""
    for path in sources():
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        if text.count("\n") > MOST_LINES:
            yield f"{name}: {text.count(chr(10))} lines, at most {MOST_LINES}"
        if path.parts[len(ROOT.parts)] not in ("kobling", "kobling_simulators"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MOST_FUNCTION_LINES:
                    yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {MOST_FUNCTION_LINES}"


def imports() -> Iterator[str]:
    """Modules that import each other in a circle, within a room or across rooms."""
    for circle in __import__("circles").circles(ROOT, ("kobling", "kobling_simulators")):
        yield f"import each other in a circle: {', '.join(circle)}"


def lock_file() -> Iterator[str]:
    """The lock file fits pyproject.toml, has hashes, and names no host."""
    text = LOCK.read_text(encoding="utf-8")
    if HOSTS.search(text):
        yield "requirements.lock names a host"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "requirements.lock"
        made.write_text(text, encoding="utf-8")
        command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--universal"]
        command += ["--generate-hashes", "--no-header", "--extra", "dev", "pyproject.toml", "-o", str(made)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"the lock file could not be checked: {done.stderr.strip()[:300]}"
        elif _pins(made.read_text(encoding="utf-8")) != _pins(text):
            yield "requirements.lock is not up to date: run 'make lock'"


def _pins(text: str) -> list[str]:
    return sorted(line.split(" ")[0] for line in text.splitlines() if "==" in line)


def migrations() -> Iterator[str]:
    """No model has changed without its migration."""
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield f"a migration is missing: {done.stdout.strip()[:300]}{done.stderr.strip()[-300:]}"


def translations() -> Iterator[str]:
    """Every text for people is translated into every language, and compiled."""
    yield from __import__("translations").problems()


def documents() -> Iterator[str]:
    """Generated documents are up to date."""
    for name in ("fidelity", "commands", "issues"):
        made = __import__(name)
        if not made.TARGET.exists() or made.TARGET.read_text(encoding="utf-8") != made.render():
            yield f"docs/{name}.md is not up to date: run 'make docs'"


VALUES = ("pairs", "connectors", "mapping", "sync", "hub", "sdk", "engine", "files", "portal")
"""Rooms where a number comes from a vendor, a file or a person."""


def numbers() -> Iterator[str]:
    """Numbers from outside are read by ``exact``, which bounds them: arithmetic with 1e999999 does not end."""
    for room in VALUES:
        for path in sorted((ROOT / "kobling" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Decimal"
                if called and node.args and not isinstance(node.args[0], ast.Constant | ast.UnaryOp):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: read it with kobling.records.exact"


def locks() -> Iterator[str]:
    """A row that is locked together with what it may not have is an error on PostgreSQL, and nothing on SQLite."""
    for path in sorted((ROOT / "kobling").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and {"select_for_update", "select_related"} <= _chained(node):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: lock the row alone"


def _chained(node: ast.AST) -> set[str]:
    """Methods that are called one upon the other, down to what they are called on."""
    if isinstance(node, ast.Call):
        return _chained(node.func)
    return {node.attr} | _chained(node.value) if isinstance(node, ast.Attribute) else set()


ASKING = ("engine", "hub")
"""Rooms that draw conclusions from what a vendor leaves out."""


def asking() -> Iterator[str]:
    """``get_many`` leaves out what is gone and what cannot be read alike; only ``found_of`` tells them apart."""
    for room in ASKING:
        for path in sorted((ROOT / "kobling" / room).rglob("*.py")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if ".get_many(" in line:
                    yield f"{path.relative_to(ROOT)}:{number}: ask with kobling.sdk.reading.found_of"


def machine_paths() -> Iterator[str]:
    """No path of a developer's machine is in the tree."""
    home = str(Path.home())
    for path in sources():
        if home != "/" and f"{home}/" in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(ROOT)} names a folder of this machine"


def main() -> int:
    """Print all findings."""
    sys.path.insert(0, str(ROOT / "tools"))
    found = 0
    for check in (
        sizes,
        imports,
        lock_file,
        migrations,
        translations,
        documents,
        numbers,
        asking,
        locks,
        machine_paths,
    ):
        for finding in check():
            found += 1
            print(f"{check.__name__}: {finding}")
    print("checks: all fine" if not found else f"checks: {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
