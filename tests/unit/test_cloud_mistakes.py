"""What people get wrong with a cloud account: each is a hub error that says what to fix, and nothing is submitted."""

from typing import Any

import pytest

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import AuthenticationError, BackendLimitError, ConfigError, QRNGError, UnknownBackendError
from qrng_hub.records import JobSpec
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.settings import BraketSettings
from services.braket import BraketService
from services.braket_faults import Fault
from services.ibm import IBMService
from services.ibm_hub import DEVICE, adapter_for, spec_for, submit

CIRCUIT = Circuit().h(0).measure(0)


def braket_job(name: str = "garnet", shots: int = 100, region: str = "eu-north-1", **settings: Any) -> None:
    """Submits a job."""
    values = {"region": region, "s3": "s3://amazon-braket-test/hub"} | settings
    adapter = BraketAdapter(BraketSettings.model_validate(values), SystemClock())
    list(adapter.submit([JobSpec(key="k", address=f"braket:{name}", circuits=(CIRCUIT,), shots=shots)]))


def test_ibm_a_wrong_token(ibm: IBMService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "wrong")
    with pytest.raises(AuthenticationError, match=r"check the API key in the variable that adapters.ibm.token_env"):
        submit(adapter_for(ibm), spec_for())


@pytest.mark.parametrize("instance", [None, "nosuch", "crn:v1:bluemix:public:quantum-computing:us-east:a/0:1::"])
def test_ibm_an_instance_that_is_not_there(ibm: IBMService, instance: str | None) -> None:
    if instance is None:
        ibm.catalogue.owned = {}
    with pytest.raises(ConfigError, match=r"set adapters.ibm.instance to the name or the CRN"):
        submit(adapter_for(ibm, instance=instance), spec_for())
    assert ibm.posts() == 0


def test_ibm_an_instance_without_a_known_plan_has_no_known_price(ibm: IBMService) -> None:
    (crn,) = ibm.catalogue.owned
    ibm.catalogue.owned = {crn: ("hub-tests", "plan-dedicated")}
    quote = adapter_for(ibm).quote(spec_for())
    assert (quote.high, "no price for IBM's plan 'dedicated'" in quote.source) == (None, True)


def test_ibm_an_unknown_device(ibm: IBMService) -> None:
    with pytest.raises(UnknownBackendError, match=f"IBM has no device 'ibm_nowhere' .*it has: .*{DEVICE}"):
        submit(adapter_for(ibm), spec_for(name="ibm_nowhere"))


@pytest.mark.parametrize("shots", [0, 10**7])
def test_ibm_shots_out_of_range(ibm: IBMService, shots: int) -> None:
    with pytest.raises(BackendLimitError, match=r"takes 1 to .* shots, not"):
        submit(adapter_for(ibm), spec_for(shots=shots))


@pytest.mark.parametrize(
    ("code", "status", "cure"),
    [
        ("UnrecognizedClientException", 403, "check AWS_ACCESS_KEY_ID"),
        ("InvalidSignatureException", 403, "the clock of this machine is right"),
        ("RequestTimeTooSkewed", 403, "the clock of this machine is right"),
        ("AccessDeniedException", 403, "give these credentials the permissions"),
        ("ExpiredTokenException", 403, "renew the credentials"),
    ],
)
def test_aws_a_refusal_says_what_to_check(braket: BraketService, code: str, status: int, cure: str) -> None:
    braket.faults.add("CreateQuantumTask", Fault(code=code, status=status))
    with pytest.raises(AuthenticationError, match=cure):
        braket_job()
    assert braket.tasks.all == {}


def test_aws_a_wrong_region_and_an_unknown_device(braket: BraketService) -> None:
    with pytest.raises(UnknownBackendError, match=r"no device 'garnet' in us-east-1; it has: .*A full ARN will do"):
        braket_job(region="us-east-1")
    with pytest.raises(UnknownBackendError, match=r"no device 'granet' in eu-north-1; it has: .*garnet"):
        braket_job("granet")


@pytest.mark.parametrize("shots", [0, 10**6])
def test_aws_shots_out_of_range(braket: BraketService, shots: int) -> None:
    with pytest.raises(BackendLimitError, match="shots"):
        braket_job(shots=shots)


def test_aws_a_bucket_that_is_not_there_or_may_not_be_read(braket: BraketService) -> None:
    with pytest.raises(QRNGError, match="bucket does not exist"):
        braket_job(s3="s3://amazon-braket-nosuch/hub")
    settings = BraketSettings.model_validate({"region": "eu-north-1", "s3": "s3://amazon-braket-test/hub"})
    adapter = BraketAdapter(settings, SystemClock())
    braket.faults.add("HeadBucket", Fault(code="AccessDenied", status=403))
    (check,) = (one for one in adapter.preflight(["garnet"]) if one.subject.startswith("braket results"))
    assert check.verdict == "failed"
    assert braket.tasks.all == {}
