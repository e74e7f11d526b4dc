"""Writes docs/commands.md from the commands themselves, so that it cannot lag behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "commands.md"
INTRO = """# Commands

Made by `make docs` from the commands themselves; do not edit.

Options before the command: `--client NAME` (or `KOBLING_CLIENT`) says for which client, by its name, its number or `#`
and its id; the command then sees that client alone. `--as PERSON` (or `KOBLING_AS`) says as whom; without, you are the
operator of this machine. A client or person that there is not is an error in every command. [access.md](access.md) says
who may do what. `--json` prints one JSON document.

| exit code | means |
|---|---|
| 0 | fine; for `verify`: in step |
| 1 | not in step, or something waits for a person |
| 2 | settings or arguments are wrong, or not yours |
| 3 | stopped on purpose: look, then confirm |
| 4 | try later: a vendor cannot be reached or its limit is used up |
| 5 | a fault: a vendor's answer that nobody understands |
| 130 | interrupted; what was done stays done |

| environment | means |
|---|---|
| `KOBLING_DATA` | the data folder (default `data`) |
| `KOBLING_DATABASE_URL` | `postgresql://…` instead of SQLite |
| `KOBLING_ALLOW_HOSTS` | other hosts for connectors: `host` or `host:port`, commas between |
| `KOBLING_LANGUAGE` | da, sv, nb or en |
"""


def render() -> str:
    """The whole document."""
    os.environ.setdefault("KOBLING_DATA", tempfile.mkdtemp(prefix="kobling-docs-"))
    from typer.main import get_command

    from kobling.cli.main import app, load_commands

    load_commands("help")
    return INTRO + "".join(_sections(get_command(app), "kobling"))


def _sections(command: Any, path: str) -> Iterator[str]:
    subcommands = getattr(command, "commands", None)
    if subcommands:
        for name in sorted(subcommands):
            yield from _sections(subcommands[name], f"{path} {name}")
        return
    yield f"\n## {path}\n\n{(command.help or '').strip()}\n\n"
    for each in command.params:
        if each.name == "help":
            continue
        names = ", ".join(f"`{name}`" for name in each.opts) if each.param_type_name == "option" else f"`{each.name}`"
        text = getattr(each, "help", "") or ""
        default = each.default
        shown = f" Default: `{default}`." if default not in (None, "", False, 0) and not callable(default) else ""
        yield f"- {names} {text}{shown}\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
