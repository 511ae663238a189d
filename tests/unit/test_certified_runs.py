"""Certified protocols in runs: what is judged, what is on record, what is handed out and what the receipt says.

The devices are seeded, and settings are the operating system's: an honest device is asked for less than it is worth by
five standard deviations or more, so that it fails in fewer than one of a million runs.
"""

import contextlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from game_device import Bits, GameDevice, Strategy, constant, hub, never_losing, winning
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    CertificateMissedError,
    ConfigError,
    ReceiptError,
    ReconstructedMeasurementsError,
    RequestError,
    VendorError,
)
from qrng_hub.records import Draw, Job, Origin, RawBlock, Receipt, ShotOrder
from qrng_hub.signing import signed
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter
from qrng_hub.verification import verify
from signing import KEY, resigned

CHSH = {"circuits": 100, "shots": 2, "score": 0.82}
MERMIN = {"circuits": 100, "shots": 2, "score": 3.5, "source_rate": 0.95}
BASES = {"circuits": 400, "shots": 8, "x_error_rate": 0.01}
LEVELS = {"chsh": "L4", "mermin": "L5", "source-independent": "L3"}
HOST = (KEY.fingerprint,)


def device(strategy: Strategy, script: Script | None = None, parts: int = 2) -> GameDevice:
    return GameDevice(strategy, FrozenClock(), script, parts)


def chsh_run(script: Script | None = None, **options: Any) -> Draw:
    with hub([device(winning(0.85, 1), script)], "chsh", CHSH | options) as opened:
        return opened.run()


def mermin_run(script: Script | None = None, **options: Any) -> Draw:
    with hub([device(never_losing(2), script, 3)], "mermin", MERMIN | options) as opened:
        return opened.run()


def two_bases_run(script: Script | None = None, **options: Any) -> Draw:
    adapter = ScriptedAdapter({"qpu": script or Script()}, FrozenClock())
    with hub([adapter], "source-independent", BASES | options, [{"address": "scripted:qpu", "qubits": 16}]) as opened:
        return opened.run()


@cache
def receipt_of(protocol: str) -> str:
    """Runs each protocol once; what tests do to its receipt is done to a copy."""
    return RUNS[protocol]().receipt.model_dump_json()


RUNS: dict[str, Callable[..., Draw]] = {"chsh": chsh_run, "mermin": mermin_run, "source-independent": two_bases_run}


@pytest.mark.parametrize("protocol", RUNS)
def test_hardware_is_credited_with_what_its_run_certifies_and_its_receipt_holds(protocol: str) -> None:
    draw = RUNS[protocol]()
    receipt, source = draw.receipt, draw.receipt.sources[0]
    (run,) = source.certified
    assert receipt.bound is not None
    assert (receipt.bound.level, receipt.protocol) == (LEVELS[protocol], protocol)
    assert receipt.bound.certified_bits == run.certificate.certified_bits == source.credited_bits > 256
    assert receipt.credit.bits == 8 * len(draw.data) == 256
    assert sum(run.counts) == run.terms.rounds == len(run.terms.sites) * source.shots
    assert source.health is None
    verified = verify(signed(receipt.model_dump_json(), KEY).text(), host=HOST)
    assert verified.certified_bits == receipt.bound.certified_bits
    assert any("reckoned anew" in line for line in verified.proved)


@pytest.mark.parametrize("protocol", RUNS)
def test_a_simulator_has_a_bound_and_no_credit(protocol: str) -> None:
    receipt = RUNS[protocol](Script(origin=Origin.SIMULATOR)).receipt
    assert receipt.bound is not None
    assert receipt.bound.certified_bits > 256
    assert "if they came from hardware" in receipt.bound.reason
    assert (receipt.origin, receipt.credit.bits, receipt.sources[0].credited_bits) == ("simulator", 0, 0)
    assert verify(signed(receipt.model_dump_json(), KEY).text(), host=HOST).credited_bits == 0


@pytest.mark.parametrize("protocol", RUNS)
def test_the_output_is_never_longer_than_the_bound_and_its_epsilon_counts_the_smoothing(protocol: str) -> None:
    receipt = Receipt.model_validate_json(receipt_of(protocol))
    (source,), (run,) = receipt.sources, receipt.sources[0].certified
    assert source.extraction is not None
    assert receipt.bound is not None
    assert 256 <= source.extraction.output_bits <= receipt.bound.certified_bits
    assert receipt.epsilon == pytest.approx(1e-12 + 2e-9)  # of all attempts that may be made
    assert run.terms.epsilon == 1e-9 / 2  # the first has half of it


@pytest.mark.parametrize("protocol", RUNS)
def test_an_edited_count_fails_even_if_it_is_signed_again(protocol: str) -> None:
    """A round moved from a cell that wins to one that loses makes another score."""
    receipt = json.loads(receipt_of(protocol))
    counts = receipt["sources"][0]["certified"][0]["counts"]
    text = resigned(receipt)
    assert verify(text, host=HOST).certified_bits
    won, lost = {"chsh": (0, 1), "mermin": (0, 1), "source-independent": (2, 3)}[protocol]
    counts[won], counts[lost] = counts[won] - 1, counts[lost] + 1
    with pytest.raises(ReceiptError, match="do not agree"):
        verify(resigned(receipt), host=HOST)
    document = json.loads(text)
    document["receipt"] = receipt
    with pytest.raises(ReceiptError, match="the signature does not fit the receipt"):
        verify(json.dumps(document).encode(), host=HOST)


@pytest.mark.parametrize(
    ("steps", "value", "says"),
    [
        (("bound", "certified_bits"), 9999.0, "its bound is 9,999.0 bits"),
        (("bound",), None, "it has no bound"),
        (("sources", 0, "certified"), [], "has no certificate"),
        (("sources", 0, "certified", 0, "certificate", "certified_bits"), 9999.0, "do not agree"),
        (("sources", 0, "certified", 0, "certificate", "assumptions"), [], "assumptions do not agree"),
        (("sources", 0, "certified", 0, "terms", "options", "score"), 0.79, "do not agree"),
        (("sources", 0, "certified", 0, "terms", "options", "epsilon"), 0.1, "do not agree"),
        (("sources", 0, "certified", 0, "terms", "options", "shots"), 1, "rounds in all"),
        (("sources", 0, "certified", 0, "terms", "attempt"), 7, "do not agree"),
        (("sources", 0, "certified", 0, "terms", "factors", "won"), 1.9, "do not agree"),
        (("sources", 0, "certified", 0, "terms", "factors"), None, "have no factors"),
        (("sources", 0, "credited_bits"), 9000.0, "9,000.0 bits are credited"),
        (("sources", 0, "bytes_delivered"), 5000, "bits are delivered"),
        (("sources", 0, "bound_bits"), 1.0, "bound_bits is not what its certificate says"),
        (("sources", 0, "bound_epsilon"), 0.0, "bound_epsilon is not what its certificate says"),
        (("sources", 0, "assumptions"), [], "assumptions is not what its certificate says"),
        (("sources", 0, "side_information"), "quantum", "side_information is not what its certificate says"),
        (("sources", 0, "method"), "", "method is not what its certificate says"),
        (("epsilon",), None, "its epsilon is None"),
        (("epsilon",), 1e-12, "its epsilon is 1e-12, and extraction and smoothing make it 2.001e-09 or more"),
        (("sources", 0, "certified", 0, "counts", 0), 2**53 - 1, "rounds in all"),
        (("sources", 0, "certified", 0, "counts", 0), -1, "greater than or equal to 0"),
        (("sources", 0, "certified", 0, "counts", 0), "5", "valid integer"),
        (("protocol",), "mermin", "a mermin draw has the certificate of a chsh run"),
    ],
)
def test_whatever_else_does_not_follow_from_the_counts_fails(steps: tuple[Any, ...], value: Any, says: str) -> None:
    receipt = json.loads(receipt_of("chsh"))
    place = receipt
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    with pytest.raises(ReceiptError, match=says):
        verify(resigned(receipt), host=HOST)


def test_factors_made_bolder_certify_no_more() -> None:
    """They are scaled until they are valid before anything is reckoned with them."""
    from qrng_hub.certificates.runs import promised

    terms = Receipt.model_validate_json(receipt_of("chsh")).sources[0].certified[0].terms
    assert terms.factors is not None
    honest = promised(terms).certified_bits
    for share in (1.01, 1.5, 10.0):
        bolder = terms.factors.model_copy(update={"won": terms.factors.won * share, "lost": terms.factors.lost * share})
        assert promised(terms.model_copy(update={"factors": bolder})).certified_bits <= honest * (1 + 1e-6)


def test_a_local_device_misses_and_its_next_run_counts_as_a_further_attempt() -> None:
    """Its first run has 1/2 of epsilon, the second 1/6, the third 1/12: together no more than all of it."""
    terms = []
    for strategy in (constant, constant, winning(0.85, 3), winning(0.85, 4)):
        with hub([device(strategy)], "chsh", CHSH | {"circuits": 200}) as opened:
            with contextlib.suppress(CertificateMissedError):
                terms.append(opened.run().receipt.sources[0].certified[0].terms)
            kinds = [event.kind for event in opened._ledger.events() if event.kind.startswith("certificate.")]
    assert [(one.attempt, one.epsilon) for one in terms] == [(3, 1e-9 / 12), (1, 1e-9 / 2)]
    ends = ["certificate.missed", "certificate.missed", "certificate.reached", "certificate.reached"]
    assert kinds == [kind for end in ends for kind in ("certificate.begun", end)]


def test_a_device_that_replays_the_answers_of_an_honest_run_misses() -> None:
    """Its settings are others: to those its answers win half of all rounds."""
    recorded: list[Bits] = []
    honest = winning(0.85, 6)

    def replay(settings: Bits, shots: int) -> Bits:
        if not recorded:
            recorded.append(honest(settings, shots))
        return recorded[0]

    with hub([device(replay)], "chsh", CHSH) as opened:
        assert opened.run().receipt.credit.bits == 256
        with pytest.raises(CertificateMissedError, match=r"reached 0\.[567]"):
            opened.run()


def test_outcomes_of_the_circuits_in_another_order_miss() -> None:
    class Shuffled(GameDevice):
        def collect(self, job: Job) -> tuple[RawBlock, ...]:
            first, *others = super().collect(job)
            return (*others, first)

    run = hub([Shuffled(winning(0.85, 1), FrozenClock())], "chsh", CHSH)
    with run as opened, pytest.raises(CertificateMissedError, match=r"reached 0\.[567]"):
        opened.run()


@pytest.mark.parametrize("share", [0.5, 0.2, 0.1])
def test_a_source_that_sends_known_bits_is_stopped_by_its_errors_in_x(share: float) -> None:
    """Z eigenstates in this share of all systems err in half of the tests that meet them: 5 % or more of all."""
    script = Script(p_one=share / 2)
    with pytest.raises(CertificateMissedError):
        two_bases_run(script)


def test_a_run_that_failed_at_the_vendor_is_an_attempt_as_well() -> None:
    from qrng_hub.records import JobState

    failing = hub([device(winning(0.85, 1), Script(ends=JobState.FAILED))], "chsh", CHSH)
    with failing as opened, pytest.raises(VendorError, match="failed"):
        opened.run()
    with hub([device(winning(0.85, 1))], "chsh", CHSH) as opened:
        assert opened.run().receipt.sources[0].certified[0].terms.attempt == 2


def test_the_terms_are_on_record_before_the_job_is() -> None:
    with hub([device(winning(0.85, 1))], "chsh", CHSH) as opened:
        run = opened.run().receipt.sources[0].certified[0]
        kinds = [event.kind for event in opened._ledger.events()]
        (begun,) = [event for event in opened._ledger.events() if event.kind == "certificate.begun"]
    assert kinds.index("certificate.begun") < kinds.index("job.intended")
    assert begun.detail["terms"] == run.terms.model_dump(mode="json")


def test_every_backend_that_may_be_tried_has_its_share_of_epsilon() -> None:
    class Other(GameDevice):
        name = "other"

    first = device(constant)
    adapters = [first, Other(winning(0.85, 5), first.clock)]
    backends = [{"address": "scripted:qpu", "qubits": 160}, {"address": "other:qpu", "qubits": 160}]
    with hub(adapters, "chsh", CHSH, backends) as opened:
        receipt = opened.run().receipt
    assert receipt.substitutions[0].failed == "scripted:qpu"
    assert "CertificateMissedError" in receipt.substitutions[0].reason
    assert receipt.sources[0].certified[0].terms.epsilon == 1e-9 / 4


def test_more_bytes_than_a_run_can_certify_are_refused_before_a_job_is_submitted() -> None:
    adapter = device(winning(0.85, 1))
    with hub([adapter], "chsh", CHSH, bytes=5000) as opened, pytest.raises(RequestError, match="and not 5,000"):
        opened.run()
    assert not adapter.jobs


def test_shots_of_a_backend_are_refused_for_a_run_has_its_own() -> None:
    backend = {"address": "scripted:qpu", "qubits": 160, "shots": 4096}
    run = hub([device(winning(0.85, 1))], "chsh", CHSH, [backend])
    with run as opened, pytest.raises(RequestError, match="leave the backend's out"):
        opened.run()


def test_eat_and_df19_are_refused_where_shots_share_settings() -> None:
    with pytest.raises(RequestError, match="take one shot a setting, or pef"):
        chsh_run(method="eat")
    receipt = chsh_run(method="df19", shots=1, circuits=800, score=0.84).receipt
    assert receipt.sources[0].side_information == "quantum"
    assert verify(signed(receipt.model_dump_json(), KEY).text(), host=HOST).certified_bits


def test_reconstructed_shots_certify_nothing() -> None:
    with pytest.raises(ReconstructedMeasurementsError):
        chsh_run(Script(shot_order=ShotOrder.RECONSTRUCTED))


def test_a_job_with_other_settings_than_those_on_record_is_refused() -> None:
    from qrng_hub.protocols import Chances, Chsh, Recipe
    from qrng_hub.records import Candidate, JobSpec, JobState, Request

    adapter = device(winning(0.85, 1))
    candidate = Candidate(address="scripted:qpu", origin=Origin.HARDWARE, qubits=160)
    options = run_file_from({"version": 1, "request": {"protocol": "chsh", "certificate": CHSH}}).request.options
    request = Request(bytes=32, protocol="chsh", certificate=options, candidates=(candidate,))
    works = [Chsh().work(request, adapter.describe("qpu"), candidate, 32, Chances.first()) for _ in range(2)]
    spec = JobSpec(key="k", address="scripted:qpu", circuits=works[0].circuits, shots=2)
    job = Job(spec=spec, vendor_id="v", state=JobState.DONE)
    with pytest.raises(VendorError, match="not those put on record"):
        Chsh().process(job, (), Recipe(1e-12, 2.0**-30, None, "chsh", works[1].terms))


def weak_source(folder: Path, count: int) -> Path:
    path = folder / "beacon.bin"
    path.write_bytes(np.random.default_rng(7).bytes(count))
    return path


def test_the_bits_of_a_weak_source_are_used_once(tmp_path: Path) -> None:
    """A run of 53 triples in 100 circuits takes 15,900 bits for settings, and a prime number for the extraction."""
    path = weak_source(tmp_path, 12_000)
    origins = []
    with hub([device(never_losing(2), None, 3)], "mermin", MERMIN | {"settings": str(path)}) as opened:
        for _ in range(2):
            run = opened.run().receipt.sources[0].certified[0]
            origins.append(run.certificate.setting_origin)
        drawn = [event.detail for event in opened._ledger.events() if event.kind == "settings.drawn"]
        with pytest.raises(RequestError, match=r"of which 90,074 are used"):
            opened.run()
    assert all("the file beacon.bin" in origin and "rate 0.95" in origin for origin in origins)
    assert drawn[0]["start"] == 0
    assert drawn[1]["start"] == drawn[0]["end"]
    assert drawn[0]["end"] == 3 * 53 * 100 + 21_187


@pytest.mark.parametrize("extractor", ["dodis", "dodis-markov", "circulant"])
def test_a_mermin_run_is_extracted_with_the_weak_source_by_any_two_source_method(extractor: str) -> None:
    receipt = mermin_run(extractor=extractor, circuits=300, source_rate=1.0).receipt
    (source,) = receipt.sources
    assert source.extraction is not None
    assert source.extraction.method == extractor
    assert verify(signed(receipt.model_dump_json(), KEY).text(), host=HOST).certified_bits


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"certificate": {"score": 0.8}}, "superposition certifies nothing"),
        (
            {"protocol": "chsh", "certificate": {"scor": 0.8}},
            "request.certificate.scor: unknown key; did you mean 'score'",
        ),
        ({"protocol": "chsh", "certificate": {"score": 0.9}}, "request.certificate.score: must be less than 0.8536"),
        ({"protocol": "chsh", "certificate": {"protocol": "mermin"}}, "the protocol is set by request.protocol"),
        ({"protocol": "mermin"}, "request.certificate.source_rate: this key is required"),
        ({"protocol": "chsh", "mode": "plan"}, "a certified run has a size fixed before it"),
        ({"protocol": "chsh", "calibrate": True}, "no circuits that calibrate"),
    ],
)
def test_wrong_options_are_answered_in_one_message(request_: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        run_file_from({"version": 1, "request": request_})
