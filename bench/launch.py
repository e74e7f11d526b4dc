"""Runs one command and writes what it used into a file: ``python -m bench.launch FILE command …``.

A process starts with the peak memory of the one it was made from, so that a big parent would be measured too. This one
is small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

if __name__ == "__main__":
    target, command = sys.argv[1], sys.argv[2:]
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    used = {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - began, "memory": usage.ru_maxrss / 1024}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(used, file)
    sys.exit(process.returncode)
