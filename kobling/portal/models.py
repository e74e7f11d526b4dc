"""One row a client of what a list of clients shows, and what people enter for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

SORTED_BY = (
    "urgency",
    "open_issues",
    "oldest_issue_at",
    "last_good_run_at",
    "missing_receipts",
    "ready_count",
    "ready_sum",
    "wallet",
    "sign_in_until",
    "next_deadline",
)
"""Columns that a list of clients may be sorted by."""


class ClientFigures(models.Model):
    """How a client stands, as last reckoned from our own tables.

    ``state`` is a key of ``portal.states``; ``urgency`` its place, most pressing first. ``state_at`` is since when,
    ``state_until`` until when (a limit's end, the next run planned), ``state_by`` the key of who paused, ``run`` the
    one that goes on. None of a figure means that the client does not use it. ``ready_more``: more waits to be exported,
    in other currencies than ``ready_currency``. ``expected_at`` is when the next good run is due; ``changes_at`` when
    the row changes by time alone.
    """

    client = models.OneToOneField("access.Client", on_delete=models.CASCADE, primary_key=True, related_name="figures")
    state = models.CharField(max_length=10, default="never")
    urgency = models.SmallIntegerField(default=99)
    state_at = models.DateTimeField(null=True)
    state_until = models.DateTimeField(null=True)
    state_by = models.CharField(max_length=200, default="")
    run = models.BigIntegerField(null=True)
    open_issues = models.IntegerField(default=0)
    oldest_issue_at = models.DateTimeField(null=True)
    last_good_run_at = models.DateTimeField(null=True)
    expected_at = models.DateTimeField(null=True)
    missing_receipts = models.IntegerField(null=True)
    ready_count = models.IntegerField(null=True)
    ready_sum = models.DecimalField(max_digits=24, decimal_places=5, null=True)
    ready_currency = models.CharField(max_length=3, default="")
    ready_more = models.BooleanField(default=False)
    wallet = models.DecimalField(max_digits=24, decimal_places=5, null=True)
    wallet_currency = models.CharField(max_length=3, default="")
    wallet_threshold = models.DecimalField(max_digits=24, decimal_places=5, null=True)
    low_balance = models.BooleanField(default=False)
    figures_at = models.DateTimeField(null=True)
    sign_in_until = models.DateTimeField(null=True)
    next_deadline = models.DateField(null=True)
    next_deadline_kind = models.CharField(max_length=20, default="")
    systems = models.JSONField(default=list)
    changes_at = models.DateTimeField(null=True)
    renewed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            *(models.Index(fields=[name, "client"], name=f"figures_{name}") for name in SORTED_BY),
            models.Index(fields=["changes_at"], name="figures_changes_at"),
        ]


class ClientMonth(models.Model):
    """How many entries of a month a client's systems have, and how many of them were exported. ``month``: its first
    day.
    """

    client = models.ForeignKey("access.Client", on_delete=models.CASCADE, related_name="months", db_index=False)
    month = models.DateField()
    submitted = models.IntegerField()
    exported = models.IntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "month"], name="client_month_once")]
        indexes: ClassVar = [models.Index(fields=["month", "client", "exported", "submitted"], name="client_month_sum")]


class Wallet(models.Model):
    """From which balance on a client's wallet is low, as a person entered it."""

    client = models.OneToOneField("access.Client", on_delete=models.CASCADE, primary_key=True, related_name="wallet")
    threshold = models.DecimalField(max_digits=24, decimal_places=5)


class Deadline(models.Model):
    """A day by which something of a client must be done; ``kind`` is a key of ``portal.entered``."""

    client = models.ForeignKey("access.Client", on_delete=models.CASCADE, related_name="deadlines", db_index=False)
    kind = models.CharField(max_length=20)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "day", "kind"], name="deadline_once")]


class Mine(models.Model):
    """What one person has said of one client: a favourite, not before tomorrow, and when they last opened it.

    ``snoozed_at_urgency``: how pressing it was when it was put off; what gets more pressing comes back by itself.
    """

    person = models.ForeignKey("access.Person", on_delete=models.CASCADE, related_name="+", db_index=False)
    client = models.ForeignKey("access.Client", on_delete=models.CASCADE, related_name="+")
    favourite = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True)
    snoozed_at_urgency = models.SmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "client"], name="mine_once")]
        indexes: ClassVar = [models.Index(fields=["person", "-opened_at"], name="mine_opened")]
