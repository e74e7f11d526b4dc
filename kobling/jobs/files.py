"""A job's file: given when it was asked for, or made by its worker. In the database, where every worker and page is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kobling.jobs.models import FilePart, Job

GIVEN = 0
"""The claim of a file that came with the asking; a file that was made has the claim that made it."""
KEPT = timedelta(hours=1)
"""So long after the job has ended; then it is dropped."""
AT_ONCE = 256 * 1024
DROPPED_AT_ONCE = 1000


def keep(job: int, parts: Iterable[bytes], claim: int = GIVEN) -> None:
    """Keep a file, part by part: one of another claim is not touched, so that a worker of the past changes nothing."""
    for number, content in enumerate(parts):
        FilePart.objects.create(job_id=job, claim=claim, number=number, content=content)


def parts_of(path: Path) -> Iterator[bytes]:
    """A file on disk, part by part."""
    with path.open("rb") as file:
        while part := file.read(AT_ONCE):
            yield part


def parts(job: int, claim: int = GIVEN) -> Iterator[bytes]:
    """A kept file, one query a part. Raises DoesNotExist where it is dropped meanwhile, so that none is cut."""
    file = FilePart.objects.filter(job=job, claim=claim)
    for number in range(file.count()):
        yield bytes(file.values_list("content", flat=True).get(number=number))


def lay_down(job: int, path: Path, now: datetime) -> bool:
    """Write what was given with a job to a file that is not there yet; False where it is kept no longer."""
    if not is_kept(Job.objects.get(pk=job), now):
        return False
    with path.open("xb") as file:
        for part in parts(job):
            file.write(part)
    return True


def is_kept(job: Job, now: datetime) -> bool:
    """Whether its file can still be had."""
    return job.ended_at is None or now < job.ended_at + KEPT


def tidy(now: datetime) -> int:
    """Drop files whose time is over, and what claims of the past left, a few parts at a time. Returns how many."""
    old = FilePart.objects.filter(job__ended_at__lte=now - KEPT).values_list("pk", flat=True)[:DROPPED_AT_ONCE]
    return FilePart.objects.filter(pk__in=list(old)).delete()[0]
