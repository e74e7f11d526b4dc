"""The marketplace's own rows: what an integration costs, which client has it switched on, and what that allows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.pairs.base import CSV
from kobling.records import N_, SettingsError


class Price(models.Model):
    """What the operator asks for a pair type. ``amount`` in major units; ``per`` is month, year or once."""

    pair_type = models.CharField(max_length=50, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    per = models.CharField(max_length=10, default="month")

    class Meta:
        app_label = "hub"


class Activation(models.Model):
    """A pair type switched on for a client. ``price`` is what was shown when it was; empty: it costs nothing."""

    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="activations")
    pair_type = models.CharField(max_length=50)
    mode = models.CharField(max_length=10)
    departments = models.JSONField(default=list)
    price = models.CharField(max_length=100, default="")
    activated_at = models.DateTimeField()
    activated_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, default="")

    class Meta:
        app_label = "hub"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "pair_type"], condition=models.Q(ended_at__isnull=True), name="active_once"
            )
        ]


def active(client: int, pair_type: str) -> Activation | None:
    """How a pair type is switched on for a client, None when it is not."""
    return Activation.objects.filter(client=client, pair_type=pair_type, ended_at=None).first()


def require_on(client: int, pair_type: str, title: str = "") -> Activation | None:
    """Raises SettingsError unless the client may use the pair type for synchronisation.

    What costs nothing and was never switched off needs no switching on; then None comes back.
    """
    found = active(client, pair_type)
    if found is not None and found.mode == CSV:
        raise SettingsError(
            N_("“%(name)s” is switched on for files (csv): nothing is synchronised. Switch it to full first."),
            code="files_only",
            name=title or pair_type,
        )
    if found is not None:
        return found
    ended = Activation.objects.filter(client=client, pair_type=pair_type).exists()
    if ended or Price.objects.filter(pair_type=pair_type).exists():
        raise SettingsError(
            N_("“%(name)s” is not switched on for this client. Administrators do it in the market."),
            code="switched_off",
            name=title or pair_type,
            type=pair_type,
        )
    return None
