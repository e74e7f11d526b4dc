"""What the roles of a firm may, as a table: made from what access decides, so that it can say nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from kobling.access.models import FirmRole
from kobling.access.policy import FIRM_MAY, MAY, Doing, InFirm, Role
from kobling.records import N_

TO_CLIENTS = {FirmRole.ADMIN: Role.FIRM_ADMIN, FirmRole.BOOKKEEPER: Role.ASSIGNED}
DOING_WORDS = {
    Doing.SEE: N_("See clients and their figures"),
    Doing.PLAN: N_("Have a dry run made"),
    Doing.SPEND: N_("Ask a client's systems right now"),
    Doing.WORK: N_("Run, settle issues, couple, make files"),
    Doing.SET_UP: N_("Connect systems and change the set-up"),
}
IN_FIRM_WORDS = {
    InFirm.SEE: N_("See the firm"),
    InFirm.ADD_CLIENT: N_("Invite, accept and archive clients"),
    InFirm.ASSIGN: N_("Assign bookkeepers to clients"),
    InFirm.PEOPLE: N_("Invite colleagues, change roles, remove people"),
}


@dataclass(frozen=True, slots=True)
class Right:
    """One thing, and who may do it. ``of_clients``: an administrator to all, a bookkeeper to assigned clients."""

    word: str
    of_clients: bool
    admin: bool
    bookkeeper: bool


def rights() -> tuple[Right, ...]:
    """Every right there is."""
    to_clients = [
        Right(word, True, *(doing in MAY[TO_CLIENTS[role]] for role in FirmRole)) for doing, word in DOING_WORDS.items()
    ]
    in_firm = [
        Right(word, False, *(doing in FIRM_MAY[role] for role in FirmRole)) for doing, word in IN_FIRM_WORDS.items()
    ]
    return (*to_clients, *in_firm)
