"""The demo's own data folder, set before anything is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def folder() -> Path:
    """Where the demo keeps its data; never the real data folder."""
    return Path(os.environ.get("KOBLING_DEMO_DATA", "demo-data")).absolute()


def prepare() -> None:
    """Point this process at a fresh demo folder and at simulators on this machine alone."""
    home = folder()
    shutil.rmtree(home, ignore_errors=True)
    os.environ["KOBLING_DATA"] = str(home)
    os.environ["KOBLING_ALLOW_HOSTS"] = "127.0.0.1"
    os.environ["KOBLING_MAIL_FOLDER"] = str(mail_folder())
    os.environ.pop("KOBLING_DATABASE_URL", None)


def mail_folder() -> Path:
    """Where the demo's mail is put instead of being sent."""
    return folder() / "mail"
