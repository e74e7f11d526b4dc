"""When pairs run by themselves: one table of due times, looked at by every worker's tick."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from croniter import croniter

from kobling.access.actors import SCHEDULE
from kobling.hub import runs
from kobling.hub.models import Schedule
from kobling.hub.store import sql, stale
from kobling.records import N_, SettingsError

log = structlog.get_logger("kobling.due")


def next_time(cron: str, time_zone: str, after: datetime) -> datetime:
    """The next instant (UTC) a schedule is due, right across daylight-saving changes. Raises SettingsError."""
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(
            N_("“%(zone)s” is not a time zone. Write it like Europe/Copenhagen."), zone=time_zone
        ) from None
    try:
        if len(cron.split()) != 5:
            raise ValueError(cron)
        found = croniter(cron, after.astimezone(zone)).get_next(datetime)
    except (KeyError, ValueError):
        raise SettingsError(
            N_("“%(cron)s” is not a schedule. Write five fields: minute, hour, day, month, weekday."), cron=cron
        ) from None
    moment: datetime = found.astimezone(UTC)
    return moment


def _ask(each: Schedule, now: datetime) -> int:
    red = each.pair.left.healthy is False or each.pair.right.healthy is False
    coming = next_time(each.cron, each.time_zone, now)
    with sql.together():
        mine = Schedule.objects.filter(pk=each.pk, next_at=each.next_at).update(next_at=coming)
        stale.mark([each.pair.client_id] if mine else ())
    if not mine or red or each.pair.runs.filter(state__in=[runs.QUEUED, runs.RUNNING]).exists():
        return 0
    runs.ask(each.pair, SCHEDULE.key, now, why=each.cron)
    return 1


def ask_due(now: datetime) -> int:
    """Queue runs for all due schedules; each due time is claimed by exactly one worker.

    A pair with a connection that shows red waits for a person: asking on with a dead key may get us locked out. One
    pair that is not switched on, or whose schedule is none any more, does not keep the others waiting.
    """
    asked = 0
    for each in Schedule.objects.filter(enabled=True, next_at__lte=now).select_related("pair__left", "pair__right"):
        try:
            asked += _ask(each, now)
        except SettingsError as error:
            log.info("not asked", pair=each.pair_id, reason=str(error))
    return asked
