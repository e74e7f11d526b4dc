"""Packages of others, really installed: in a folder of their own, with the metadata that pip writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "connector-tutorial.md"
_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def tutorial_files() -> dict[str, str]:
    """The files that the tutorial shows, by their path."""
    return dict(_FILE.findall(TUTORIAL.read_text(encoding="utf-8")))


def write(folder: Path, files: dict[str, str]) -> Path:
    """Files in a folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def install(folder: Path, target: Path) -> None:
    """Install a package beside our own, without any network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(target), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def pretend(target: Path, package: str, entry_points: str, **modules: str) -> None:
    """What pip leaves behind: modules, and a .dist-info folder."""
    told = target / f"{package.replace('-', '_')}-1.0.dist-info"
    files = {f"{name}.py": text for name, text in modules.items()}
    files[f"{told.name}/METADATA"] = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    files[f"{told.name}/entry_points.txt"] = entry_points
    write(target, files)


def run(target: Path, data: Path, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A process that has the installed packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOBLING", "DJANGO", "PYTEST"))}
    environment = {**kept, "PYTHONPATH": str(target), "KOBLING_DATA": str(data), "COLUMNS": "200"}
    told = subprocess.run(
        [sys.executable, "-m", *command], env=environment, cwd=cwd or ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in told.stderr, told.stderr
    return told


def kobling(target: Path, data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A kobling command that has them."""
    return run(target, data, "kobling.cli.main", *command)
