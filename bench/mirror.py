"""``python -m bench.mirror``: a mirror of a million records, filled, walked and looked up; the memory that takes."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from typing import Any

PAGE = 5000


def peak() -> float:
    """Peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def record(number: int) -> Any:
    """The n-th customer, as a connector delivers it."""
    from kobling.records import Record

    fields = {
        "number": f"D{number:07d}",
        "displayName": f"Firma {number:07d} Handel & Håndværk ApS",
        "addressLine1": f"Søndergade {number % 200 + 1}",
        "postalCode": "8000",
        "city": "Aarhus C",
        "email": f"post@firma{number:07d}.example",
        "phoneNumber": f"+45 {20_000_000 + number}",
    }
    return Record("customers", f"{number:08d}-0000-4000-8000-000000000000", fields, f'W/"{number}"', NOW)


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def main() -> None:
    """Fill, walk, look up; print."""
    parser = argparse.ArgumentParser(prog="python -m bench.mirror", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kobling-bench-") as folder:
        os.environ["KOBLING_DATA"] = folder
        from kobling.cli.start import start_django

        start_django()
        from kobling.access.models import Client
        from kobling.hub.models import Connection, Feed
        from kobling.hub.store import mirror

        client = Client.objects.create(name="Bench")
        connection = Connection.objects.create(client=client, connector="memory", name="bench")
        feed = Feed.objects.create(connection=connection, resource="customers").pk
        began, filled = time.monotonic(), 0
        for start in range(0, given.records, PAGE):
            filled += mirror.put(feed, [record(n) for n in range(start, min(start + PAGE, given.records))], [], NOW)
        print(f"filled {filled:,} in {time.monotonic() - began:.0f} s, peak {peak():.0f} MB")
        began, walked, after = time.monotonic(), 0, 0
        while rows := mirror.changed_between(feed, after, given.records * 2, 1000):
            walked, after = walked + len(rows), rows[-1].rev
        print(f"walked {walked:,} in {time.monotonic() - began:.0f} s, peak {peak():.0f} MB")
        ids = [record(n).external_id for n in range(0, given.records, max(1, given.records // 1000))]
        found = mirror.by_ids(feed, ids)
        print(
            f"looked up {len(found):,} of {mirror.count(feed):,}, peak {peak():.0f} MB, Python {sys.version.split()[0]}"
        )
        assert walked == given.records and len(found) == len(ids)


if __name__ == "__main__":
    main()
