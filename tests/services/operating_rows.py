"""The rows of ``rows.py`` for jobs and the operator's view."""

from __future__ import annotations

from datetime import UTC

from kobling.jobs import checkup
from kobling.jobs import services as jobs
from kobling.jobs.checkup import CHECK_UP
from kobling.operating import showing
from tests.services.house import NOW
from tests.services.rows import EVERYBODY, GIVEN, OPERATOR, PURE, Row

OPERATING = {
    "jobs.services.ask": Row(OPERATOR, lambda who, h: jobs.ask(who, CHECK_UP.name, {}, NOW)),
    "jobs.services.told": Row(OPERATOR, lambda who, h: jobs.told(who, h.job.pk)),
    "jobs.services.file_of": Row(OPERATOR, lambda who, h: jobs.file_of(who, h.exported.pk, NOW)),
    "jobs.services.latest": Row(OPERATOR, lambda who, h: jobs.latest(who, CHECK_UP.name, {})),
    "jobs.checkup.checks": Row(EVERYBODY, lambda who, h: list(checkup.checks(who))),
    "operating.showing.installation": Row(OPERATOR, lambda who, h: showing.installation(who, NOW, UTC)),
}

WORKERS = "a worker's own, which serves nobody in particular"
NUMBERS = "numbers of the whole installation, for showing.installation, which has asked"
OPERATING_WITHOUT_ACTOR: dict[str, str] = {
    "jobs.checkup.left_out": "names extensions of the installation, for commands",
    "jobs.checkup.plain": PURE,
    "jobs.checkup.read": GIVEN,
    "jobs.files.is_kept": GIVEN,
    "jobs.files.keep": WORKERS,
    "jobs.files.lay_down": WORKERS,
    "jobs.files.parts": "for services.file_of, which has asked, and for workers",
    "jobs.files.parts_of": PURE,
    "jobs.files.tidy": WORKERS,
    "jobs.kind.Going.job": WORKERS,
    "jobs.kind.Going.keep": WORKERS,
    "jobs.kind.Going.tell": WORKERS,
    "jobs.moving.export_params": PURE,
    "jobs.moving.import_params": PURE,
    "jobs.moving.look_params": PURE,
    "jobs.moving.read_look": GIVEN,
    "jobs.queue.claim": WORKERS,
    "jobs.queue.done": WORKERS,
    "jobs.queue.failed": WORKERS,
    "jobs.queue.give_back": WORKERS,
    "jobs.queue.is_due": WORKERS,
    "jobs.queue.nobody_else_works": WORKERS,
    "jobs.queue.renew": WORKERS,
    "jobs.queue.tidy": WORKERS,
    "jobs.services.JobTold.is_over": GIVEN,
    "jobs.services.JobTold.of": GIVEN,
    "jobs.working.Hearing.job": WORKERS,
    "jobs.working.Hearing.keep": WORKERS,
    "jobs.working.Hearing.tell": WORKERS,
    "jobs.working.work": WORKERS,
    "operating.keys.keys": NUMBERS,
    "operating.keys.sign_ins": NUMBERS,
    "operating.queues.queues": NUMBERS,
    "operating.queues.runs_since": NUMBERS,
    "operating.showing.Installation.oldest_at": GIVEN,
    "operating.showing.Installation.waiting": GIVEN,
    "operating.showing.Installation.working": GIVEN,
    "operating.space.space": NUMBERS,
    "operating.workers.workers": NUMBERS,
}
