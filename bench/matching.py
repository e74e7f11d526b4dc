"""Matching of two sides by a chosen field: ``python -m bench.matching [records]``."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from datetime import UTC, datetime
from time import perf_counter


def main() -> None:
    """Fill a mirror with records of both sides, preview and apply a match by e-mail address."""
    os.environ["KOBLING_DATA"] = tempfile.mkdtemp(prefix="kobling-bench-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "kobling.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from kobling.access.policy import Actor
    from kobling.hub.couplings.matcher import Rule
    from kobling.hub.services import matching
    from kobling.hub.store import mirror
    from kobling.mapping import Side
    from kobling.records import Record
    from tests.engine.bench import Bench

    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    bench, now = Bench(), datetime(2026, 11, 23, tzinfo=UTC)
    work = bench.opener.benches(bench.pair)["customers"]
    for side, name, mail in ((Side.LEFT, "title", "mail"), (Side.RIGHT, "Name", "Email")):
        for start in range(0, number, 1000):
            ids = range(start, min(start + 1000, number))
            made = [
                Record(work.mapping.resource(side), f"{side}{n}", {name: f"Firma {n}", mail: f"post@{n}.example"})
                for n in ids
            ]
            mirror.put(work.feeds[side], made, [], now)
    began = perf_counter()
    found = matching.preview(Actor.operator(), bench.pair, "customers", [Rule(("email",))], bench.opener)
    seen = perf_counter()
    done = matching.apply(Actor.operator(), bench.pair, "customers", [Rule(("email",))], bench.opener, now)
    ended = perf_counter()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{number} x {number}: {found.hits} hits in {seen - began:.1f} s, {done.coupled} coupled in ", end="")
    print(f"{ended - seen:.1f} s, at most {most} MB")
    bench.close()


if __name__ == "__main__":
    main()
