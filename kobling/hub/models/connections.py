"""A client's connections, what is spent of their budgets, and what they last had in stock."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Connection(models.Model):
    """One client's authorised use of a connector. ``secrets`` is encrypted; ``settings`` holds nothing secret.

    ``identity`` is the account's own id, as the system tells it (organisation, company, database): a connection is one
    account for good. ``held_by`` names the run, or the change of settings, that has it to itself.
    ``revoked_at``: its key was taken away, and nothing is asked of the system until somebody connects it again.
    ``health_kind`` is the kind of error that made it red; ``sign_in_until`` when a person must sign in again, where the
    vendor says so.
    """

    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="connections")
    connector = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    secrets = models.TextField(default="")
    grant = models.TextField(default="")
    grant_version = models.IntegerField(default=0)
    described = models.JSONField(default=dict)
    healthy = models.BooleanField(null=True)
    health_text = models.TextField(default="")
    health_params = models.JSONField(default=dict)
    health_kind = models.CharField(max_length=50, default="")
    account_name = models.CharField(max_length=200, default="")
    identity = models.CharField(max_length=300, default="")
    checked_at = models.DateTimeField(null=True)
    held_by = models.CharField(max_length=64, default="")
    revoked_at = models.DateTimeField(null=True)
    sign_in_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    SEALED: ClassVar = ("secrets", "grant")
    """What no service hands out; rows for callers are read without it."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "name"], name="connection_name")]


class Spent(models.Model):
    """What is used of a vendor's budget by one connection in one window, shared by all workers."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="spent")
    window = models.BigIntegerField(default=0)
    used = models.IntegerField(default=0)
    before = models.IntegerField(default=0)
    closed_until = models.FloatField(default=0)


class StockLevel(models.Model):
    """What a system last said was in stock of an item, kept for a short while."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="stock_levels")
    number = models.CharField(max_length=50)
    amount = models.DecimalField(max_digits=24, decimal_places=5, null=True)
    unit = models.CharField(max_length=20, default="")
    asked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "number"], name="stock_once")]
