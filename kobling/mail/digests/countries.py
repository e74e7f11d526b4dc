"""The country of a firm, whose holidays its people have."""

from __future__ import annotations

from kobling.access.models import Client, Firm
from kobling.access.policy import Actor, InFirm, NotFound, require_in_firm
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.mail.digests.times import COUNTRIES, HOME
from kobling.mail.models import FirmCountry
from kobling.records import N_, SettingsError


def set_country(actor: Actor, firm: Firm, country: str) -> str:
    """Say where a firm is. Raises SettingsError for a country that we know no holidays of."""
    require_in_firm(actor, InFirm.ASSIGN, firm)
    if actor.only is not None:
        # Who acts for one client alone has no say over its firm.
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    chosen = country.strip().upper()
    if chosen not in COUNTRIES:
        raise SettingsError(
            N_("There is no country “%(country)s”. Known: %(known)s."),
            field="country",
            code="no_country",
            country=country,
            known=", ".join(COUNTRIES),
        )
    with sql.together():
        before = _kept(firm.pk)
        FirmCountry.objects.update_or_create(firm=firm, defaults={"country": chosen})
        record(actor, None, What.COUNTRY_SET, firm.name, before=before, after=chosen)
    return chosen


def country_of(person: int, client: Client | None) -> str:
    """Of the client's firm; without a client, of the person's."""
    if client is not None:
        return _kept(client.firm_id)
    return _kept(Firm.objects.filter(members__person=person).order_by("pk").values_list("pk", flat=True).first())


def _kept(firm: int | None) -> str:
    return FirmCountry.objects.filter(firm=firm).values_list("country", flat=True).first() or HOME
