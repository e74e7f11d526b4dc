"""The rows of ``rows.py`` for clients that leave, come, or stand in a list."""

from __future__ import annotations

from kobling.arriving import client_sheets
from kobling.portal import moving
from tests.services.carried import carried
from tests.services.house import NOW
from tests.services.rows import GIVEN, OF_FIRM, SET_UP, WISH_CLIENT, Row

LIST = "Ny ApS;1;;;ny@x.example\nAnden ApS;2"
MOVING = {
    "portal.moving.export_client": Row(
        SET_UP, lambda who, h: moving.export_client(who, h.client.pk, NOW, moving.room()).path.unlink()
    ),
    "portal.moving.find": Row(SET_UP, lambda who, h: moving.find(who, "Test ApS")),
    "portal.moving.exportable": Row(SET_UP, lambda who, h: moving.exportable(who, h.client.pk)),
    "portal.moving.look": Row(OF_FIRM, lambda who, h: moving.look(who, carried(), h.firm)),
    "portal.moving.import_client": Row(OF_FIRM, lambda who, h: moving.import_client(who, carried(), h.firm, NOW)),
    "arriving.client_sheets.read": Row(OF_FIRM, lambda who, h: client_sheets.read(who, h.firm, LIST)),
    "arriving.client_sheets.take_many": Row(
        OF_FIRM, lambda who, h: client_sheets.take_many(who, h.firm, LIST, WISH_CLIENT, NOW, str)
    ),
}
MOVING_WITHOUT_ACTOR: dict[str, str] = {
    "arriving.client_sheets.Clients.good": GIVEN,
    "arriving.client_sheets.Clients.bad": GIVEN,
    "arriving.client_sheets.Clients.left": GIVEN,
    "portal.moving.room": "a folder of this machine, with nothing of anybody's in its name",
}
