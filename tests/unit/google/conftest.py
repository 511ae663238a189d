"""Google's processors on a loopback service, and an adapter for them."""

from collections.abc import Iterator

import pytest

from qrng_hub_cirq import CirqAdapter
from services.google import GoogleService
from services.google_hub import adapter_for


@pytest.fixture
def service() -> Iterator[GoogleService]:
    service = GoogleService()
    yield service
    service.close()


@pytest.fixture
def adapter(service: GoogleService) -> Iterator[CirqAdapter]:
    adapter = adapter_for(service)
    yield adapter
    adapter.close()
