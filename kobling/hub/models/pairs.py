"""Pairs of connections, their tables and schedules."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models

from kobling.hub.models.connections import Connection


class Pair(models.Model):
    """Two connections of one client kept in step. ``options`` are what a person chose; see ``pairs``.

    ``direction`` is where what the pair is for flows to (both, to_right, to_left), noted whenever its options change.
    """

    uid = models.UUIDField(default=uuid4, unique=True)
    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="pairs")
    pair_type = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    left = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="left_of")
    right = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="right_of")
    options = models.JSONField(default=dict)
    direction = models.CharField(max_length=10, default="both")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "name"], name="pair_name")]


class Table(models.Model):
    """One table mapping of one pair: how far planning has come on each side, and when its numbers were compared."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=50)
    cursor_left = models.BigIntegerField(default=0)
    cursor_right = models.BigIntegerField(default=0)
    indexed_left = models.BigIntegerField(default=0)
    indexed_right = models.BigIntegerField(default=0)
    compared_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pair", "name"], name="table_once")]


class Schedule(models.Model):
    """When a pair runs by itself. ``cron`` has five fields in the time zone named.

    ``on_since``: it has stood so, switched on, since then. ``paused_by``: the key of who switched it off, empty where
    it never was on.
    """

    pair = models.OneToOneField(Pair, on_delete=models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=100, default="0 */3 * * *")
    time_zone = models.CharField(max_length=50, default="Europe/Copenhagen")
    enabled = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True)
    on_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=200, default="")
