"""Every command, by the modules they stand in; importing this needs Django."""

from __future__ import annotations

from kobling.cli import (
    clients,
    connecting,
    demo,
    doctor,
    files,
    identifying,
    keys,
    matching,
    numbering,
    pairing,
    proving,
    records,
    reviewing,
    selling,
    serving,
    setting_up,
    settling,
    simulate,
    syncing,
    working,
)

ALL = (
    clients.app,
    connecting.app,
    demo.app,
    doctor.app,
    files.app,
    identifying.app,
    keys.app,
    matching.app,
    numbering.app,
    pairing.app,
    proving.app,
    records.app,
    reviewing.app,
    selling.app,
    serving.app,
    setting_up.app,
    settling.app,
    simulate.app,
    syncing.app,
    working.app,
)
