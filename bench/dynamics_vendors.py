"""The vendors' process of the second pair: Sales filled with accounts of the kind customer, Business Central with none.

Says where both listen in one JSON line, then listens until it is killed. A process of its own, so that what the
programs under measure use is theirs alone.
"""

from __future__ import annotations

import json
import sys
import threading

from kobling_simulators import SimulatorThread


def account(number: int) -> dict[str, object]:
    """The n-th customer; names and addresses are all different, so that nothing looks alike."""
    return {
        "name": f"Firma {number:06d} Handel & Håndværk ApS",
        "customertypecode": 3,
        "telephone1": f"+45 {20_000_000 + number}",
        "emailaddress1": f"post@firma{number:06d}.example",
        "address1_line1": f"Søndergade {number % 200 + 1}",
        "address1_postalcode": "8000",
        "address1_city": "Aarhus C",
    }


def main(records: int) -> None:
    """Fill and listen."""
    with SimulatorThread(["dataverse", "business_central"], records=0) as running:
        systems = {"sales": running["dataverse"], "central": running["business_central"]}
        for each in systems.values():
            each.simulator.set_limits({"enabled": False})
        for number in range(records):
            systems["sales"].simulator.create_as_person("accounts", account(number))
        said = {
            name: {**each.credentials, "url": each.url, "control_url": each.control_url}
            for name, each in systems.items()
        }
        print(json.dumps(said), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
