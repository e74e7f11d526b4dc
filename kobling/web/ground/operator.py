"""The person who runs the installation, on the pages that are for nobody else."""

from __future__ import annotations

from kobling.access.policy import Actor, NotFound
from kobling.records import N_
from kobling.web.ground.asking import Asking


def operator_of(request: Asking) -> Actor:
    """Who runs the installation acts as its operator here. Raises NotFound for everybody else."""
    if not request.user.is_superuser:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")
    return Actor.operator(request.user.get_username())
