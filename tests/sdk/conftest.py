"""A vendor made of one function, and the HTTP interface of a connector towards it."""

import pytest

from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock
from kobling.sdk.http import Api, open_transport
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import ErrorTable


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def transport(clock):
    async with open_transport(clock, total=5, connect=2, max_body=200_000) as opened:
        yield opened


@pytest.fixture
def make_api(transport, clock):
    def make(url, **more):
        options = {
            "vendor": "Testvendor",
            "budget": WindowBudget(0, 60, clock),
            "concurrency": 4,
            "errors": ErrorTable(),
            "redact": Redactor(["s3cret-key"]),
        }
        return Api(transport, url, **{**options, **more})

    return make
