"""One installation: its clock, knobs, database, users and sign-ins."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kobling_simulators.clock import Clock
from kobling_simulators.simply_crm.modules import Module, build_modules
from kobling_simulators.simply_crm.numbers import Arithmetic, kept
from kobling_simulators.simply_crm.sessions import Sessions, User
from kobling_simulators.simply_crm.settings import Settings
from kobling_simulators.simply_crm.store import Row, Store, Table
from kobling_simulators.simply_crm.taxes import Currency, NumberedTax

_STAMP = "%Y-%m-%d %H:%M:%S"
_KEY_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Installation:
    """Everything that a reset throws away, and the knobs that it keeps."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.settings = Settings()
        self.local = self.settings.local()
        self.seed = seed
        self.users: list[User] = []
        self.fresh(seed)

    def fresh(self, seed: int) -> None:
        """Empty tables with set-up data only."""
        self.seed = seed
        self.users = _users(seed)
        self.sessions = Sessions(self.clock, self.users, seed)
        self.store = Store(self._modules())
        self.tags: dict[str, dict[str, None]] = {}
        self._set_up()

    def apply(self, settings: Settings) -> None:
        """Use other knobs; records stay."""
        # numbers that cannot be read are refused before anything is changed
        self.local = settings.local()
        self.settings = settings
        for name, module in self._modules().items():
            table = self.store.tables[name]
            self.store.modules[name] = table.module = module
            for column in module.indexed:
                if column not in table.equal:
                    table.equal[column] = {}
        self._set_up_local()

    def time_text(self, at: float | None = None) -> str:
        """An instant as the database writes it: wall-clock time of the server's zone, no zone named.

        Fidelity: known simply_crm §6 – stamps are in the server's default zone, not the user's, and carry no zone
        """
        moment = datetime.fromtimestamp(self.clock.now() if at is None else at, UTC)
        if self.settings.time_zone == "UTC":
            return moment.strftime(_STAMP)
        return moment.astimezone(ZoneInfo(self.settings.time_zone)).strftime(_STAMP)

    def seconds_of(self, text: str) -> int:
        """Unix seconds of a stamp of this server."""
        zone = ZoneInfo(self.settings.time_zone)
        return int(datetime.strptime(text, _STAMP).replace(tzinfo=zone).timestamp())

    def owner_exists(self, full_id: str) -> bool:
        """Whether a record can be assigned to this user or group."""
        parts = self.store.split(full_id)
        return parts is not None and parts[0] in ("Users", "Groups") and parts[1] in self.store.tables[parts[0]].rows

    @property
    def arithmetic(self) -> Arithmetic:
        """How sums treat a text that is no number."""
        return Arithmetic(self.settings.php8)

    def _modules(self) -> dict[str, Module]:
        return build_modules(self.settings.custom_fields, self.local)

    def _set_up(self) -> None:
        for user in self.users:
            self._put("Users", user.number, _user_values(user))
        self._put("Groups", 2, {"groupname": "Salg", "description": "Sælgere"})
        self._put("Groups", 3, {"groupname": "Bogholderi", "description": ""})
        self._put("CompanyDetails", 1, dict(_COMPANY))
        self._set_up_local()

    def _set_up_local(self) -> None:
        """Fidelity: known simply_crm §10.2 – taxes that are switched off are not listed."""
        for name in ("Tax", "Currency"):
            self.store.tables[name] = Table(self.store.modules[name])
        for tax in self.local.taxes:
            if tax.active:
                self._put("Tax", tax.number, _tax_values(tax))
        for number, currency in enumerate(self.local.currencies, 1):
            self._put("Currency", number, _currency_values(currency, is_base=number == 1))

    def _put(self, module: str, number: int, values: dict[str, str]) -> None:
        self.store.tables[module].add(Row(number, values))


_COMPANY = {
    "organizationname": "Kobling Prøvefirma ApS",
    "address": "Prøvevej 1",
    "city": "Aarhus C",
    "state": "",
    "country": "Danmark",
    "code": "8000",
    "phone": "+45 70 00 00 00",
    "fax": "",
    "website": "www.proevefirma.example",
    "logoname": "",
    "logo": "",
    "vatid": "",
}


def _tax_values(tax: NumberedTax) -> dict[str, str]:
    return {
        "taxname": tax.name,
        "taxlabel": tax.label,
        "percentage": tax.percentage,
        "deleted": "0",
        "method": "Simple",
        "type": "Fixed",
        "compoundon": "[]",
        "regions": "[]",
    }


def _currency_values(currency: Currency, *, is_base: bool) -> dict[str, str]:
    return {
        "currency_name": currency.name,
        "currency_code": currency.code,
        "currency_symbol": currency.symbol,
        "conversion_rate": kept(currency.rate, 5),
        "currency_status": "Active",
        "defaultid": "-11" if is_base else "0",
        "deleted": "0",
    }


def _users(seed: int) -> list[User]:
    source = random.Random(f"keys {seed}")
    keys = ["".join(source.choices(_KEY_LETTERS, k=16)) for _ in range(2)]
    return [
        User(1, "admin", keys[0], True, "Prøve", "Administrator", "admin@proevefirma.example"),
        User(5, "saelger", keys[1], False, "Sanne", "Sælger", "saelger@proevefirma.example"),
    ]


def _user_values(user: User) -> dict[str, str]:
    return {
        "user_name": user.name,
        "is_admin": "on" if user.is_admin else "off",
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email1": user.email,
        "status": "Active",
        "accesskey": user.access_key,
        "time_zone": "UTC",
        "date_format": "yyyy-mm-dd",
        "hour_format": "12",
        "currency_id": "21x1",
        "language": "en_us",
        "userlabel": f"{user.first_name} {user.last_name}",
    }
