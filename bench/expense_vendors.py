"""Pleo and Business Central in a process of their own; a line of JSON tells where. ``… N SIZE`` spends N times."""

from __future__ import annotations

import json
import sys
import threading

from kobling_simulators import SimulatorThread


def main() -> None:
    """Listen until the process is killed."""
    number, size = int(sys.argv[1]), int(sys.argv[2])
    with SimulatorThread(["pleo", "business_central"], records=0) as simulators:
        told = {}
        for name in ("pleo", "business_central"):
            running = simulators[name]
            running.simulator.set_limits({"enabled": False})
            told[name] = {**running.credentials, "url": running.url, "control_url": running.control_url}
        pleo = simulators["pleo"].simulator
        for at in range(number):
            wish = {"category": "4010", "tax": "MOMS25", "receipts": 1, "receiptSize": size, "supplier": f"Butik {at}"}
            pleo.create_as_person("entries", {**wish, "amount": 1_000 + at})
        print(json.dumps(told), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
