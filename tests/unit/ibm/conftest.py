"""IBM on a loopback service, and an adapter for it."""

import pytest

from qrng_hub_ibm import IBMAdapter
from services.ibm import IBMService
from services.ibm_hub import adapter_for


@pytest.fixture
def service(ibm: IBMService) -> IBMService:
    return ibm


@pytest.fixture
def adapter(service: IBMService) -> IBMAdapter:
    return adapter_for(service)
