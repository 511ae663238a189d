"""Braket on a loopback service, and adapters for two of its regions."""

from collections.abc import Iterator

import pytest

from qrng_hub.clock import SystemClock
from qrng_hub_braket import BraketAdapter
from services.braket import BraketService
from services.braket_jobs import SETTINGS


@pytest.fixture
def service(braket: BraketService) -> BraketService:
    return braket


@pytest.fixture
def adapter(service: BraketService) -> Iterator[BraketAdapter]:
    yield from _in_region("eu-north-1")


@pytest.fixture
def in_us(service: BraketService) -> Iterator[BraketAdapter]:
    yield from _in_region("us-east-1")


def _in_region(region: str) -> Iterator[BraketAdapter]:
    adapter = BraketAdapter(SETTINGS.model_copy(update={"region": region}), SystemClock())
    yield adapter
    adapter.close()
