"""Records as backends: drawn from, compared, used once, and credited nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Circuit, Hub
from qrng_hub.bits import pack_shots
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    BackendLimitError,
    ConfigError,
    QRNGError,
    UnsupportedCircuitError,
)
from qrng_hub.records import Origin, claim_of
from qrng_hub.reports.comparison_page import page
from qrng_hub.testing import FaultyShots
from qrng_hub.testing.faults import Period
from qrng_hub.verification import contradictions, verify

FAIR = FaultyShots(np.full(16, 0.5), (), 11)


def a_hub(folder: Path, shots: np.ndarray[Any, Any], said: dict[str, Any] | None = None, **sections: Any) -> Hub:
    """Opens a hub whose only backend is a record of these shots."""
    path = folder / "record.npy"
    np.save(path, pack_shots(shots))
    files = {str(path): {"qubits": shots.shape[1], "qubit_0": "left"} | (said or {})}
    run_file = {"version": 1, "adapters": {"replay": {"files": files}}, "backend": [{"address": f"replay:{path}"}]}
    return Hub.open(run_file_from(run_file | sections))


def test_a_record_is_drawn_from_and_credited_nothing(tmp_path: Path) -> None:
    with a_hub(tmp_path, FAIR.sample(0, 4096), {"device": "a device of a friend"}) as hub:
        receipt = hub.draw(64).receipt
        (job,) = hub.jobs()
    (source,) = receipt.sources
    assert (receipt.origin, source.origin, receipt.credit.bits) == ("recorded", Origin.RECORDED, 0)
    assert source.bound_bits > 8 * 64
    assert source.source.startswith("the shots of record.npy (SHA-256 ")
    assert source.source.endswith("said to be of a device of a friend")
    assert (job.origin, job.shots) == (Origin.RECORDED, source.shots)


def test_each_shot_is_given_out_once_and_in_order(tmp_path: Path) -> None:
    shots = FAIR.sample(0, 3000)
    with a_hub(tmp_path, shots) as hub:
        (address,) = (one.address for one in hub.run_file.backends)
        every, some = Circuit().h(*range(16)).measure(*range(16)), Circuit().h(1, 9).measure(1, 9)
        (first,) = hub.raw(address, every, 1000)
        second, third = hub.raw(address, [every, some], 900)
        assert (first.outcomes == pack_shots(shots[:1000])).all()
        assert (second.outcomes == pack_shots(shots[1000:1900])).all()
        assert (third.outcomes == pack_shots(shots[1900:2800][:, [1, 9]])).all()
        with pytest.raises(BackendLimitError, match="has 200 of its 3,000 shots left, and 201 are asked for"):
            hub.raw(address, every, 201)
        assert hub.raw(address, every, 200)[0].shots == 200


@pytest.mark.parametrize("circuit", [Circuit().measure(0), Circuit().h(0, 0).measure(0), Circuit().h(0).measure(0, 1)])
def test_a_record_answers_no_other_circuit(tmp_path: Path, circuit: Circuit) -> None:
    with (
        a_hub(tmp_path, FAIR.sample(0, 1024)) as hub,
        pytest.raises(UnsupportedCircuitError, match="a Hadamard gate on each qubit"),
    ):
        hub.raw(hub.run_file.backends[0].address, circuit, 10)


def test_a_record_is_compared_like_a_device(tmp_path: Path) -> None:
    faulty = FaultyShots(np.full(16, 0.5), [Period(3, (1.0, 0.0, 0.0))], 11)
    with a_hub(tmp_path, faulty.sample(0, 4096), compare={"shots": 2048, "repeats": 2}) as hub:
        (row,) = hub.compare().backends
    assert (row.failure, row.origin) == ("", Origin.RECORDED)
    assert row.measures is not None and row.totals is not None
    assert row.totals.credited_bits == 0
    assert any((3,) in finding.qubits for finding in row.measures.findings)


def test_a_record_that_is_too_short_delivers_nothing(tmp_path: Path) -> None:
    with pytest.raises(QRNGError, match=r"1,?000 shots of replay:.* are too few"):
        a_hub(tmp_path, FAIR.sample(0, 1000)).draw(32)
    with a_hub(tmp_path, FAIR.sample(0, 1500)) as hub, pytest.raises(QRNGError, match=r"record\.npy"):
        hub.draw(100_000)


def test_qubits_that_a_file_does_not_name_are_out_of_use(tmp_path: Path) -> None:
    rows = FAIR.sample(0, 1500)[:, :3].tolist()
    path = tmp_path / "named.csv"
    path.write_text("q1,q5,q3\n" + "\n".join(",".join(map(str, row)) for row in rows))
    with Hub.open(run_file_from({"version": 1, "backend": [{"address": f"replay:{path}"}]})) as hub:
        receipt = hub.draw(64).receipt
    assert receipt.sources[0].qubits == (1, 3, 5)


def test_a_claim_needs_a_name_and_no_more_bits_than_qubits(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="go together"):
        a_hub(tmp_path, FAIR.sample(0, 1024), {"claimed_bits_per_shot": 3})
    said = {"claimed_bits_per_shot": 16.5, "claimed_by": "its maker"}
    with pytest.raises(ConfigError, match=r"claimed to have 16\.5 bits a shot of 16 qubits"):
        a_hub(tmp_path, FAIR.sample(0, 1024), said).draw(32)


def test_a_claim_is_a_third_figure_with_its_name_and_never_credit(tmp_path: Path) -> None:
    said = {"claimed_bits_per_shot": 15.2, "claimed_by": "its maker"}
    with a_hub(tmp_path, FAIR.sample(0, 4096), said) as hub:
        draw = hub.draw(64)
        signed = hub.signed_receipt(draw.receipt.draw_id)
    receipt, (source,) = draw.receipt, draw.receipt.sources
    assert source.claimed_bits == pytest.approx(15.2 * source.shots)
    assert source.claimed_by == "its maker"
    assert (receipt.claimed_bits, receipt.claimed_by, receipt.credit.bits) == (512, "its maker", 0)
    verified = verify(signed.text(), host=[signed.signature.fingerprint])
    assert (verified.claimed_bits, verified.claimed_by, verified.credited_bits) == (512, "its maker", 0)
    assert "the 512.0 bits that 'its maker' vouches for, none of them credited" in verified.not_proved
    assert "claimed by its maker: 512 bits, of which none are credited" in draw._repr_html_()


@pytest.mark.parametrize(
    ("qubits", "claimed"), [((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), 13.2), ((0, 1, 2, 3, 4, 5, 6, 7), 7.2)]
)
def test_a_claim_on_all_qubits_says_less_of_some(tmp_path: Path, qubits: tuple[int, ...], claimed: float) -> None:
    said = {"claimed_bits_per_shot": 15.2, "claimed_by": "its maker"}
    with a_hub(tmp_path, FAIR.sample(0, 4096), said) as hub:
        (block,) = hub.raw(hub.run_file.backends[0].address, Circuit().h(*qubits).measure(*qubits), 10)
        (none,) = hub.raw(hub.run_file.backends[0].address, Circuit().h(0).measure(0), 10)
    assert block.claim is not None and block.claim.bits_per_shot == pytest.approx(claimed)
    assert none.claim is not None and none.claim.bits_per_shot == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("changes", "of_source", "complaint"),
    [
        ({"claimed_bits": 500.0}, {}, "500 bits, claimed by 'its maker', are not the 512 claimed by 'its maker'"),
        ({"claimed_by": "nobody"}, {}, "claimed by 'nobody', are not the 512 claimed by 'its maker'"),
        ({}, {"claimed_by": ""}, "claimed by '', are nobody's"),
        ({}, {"claimed_bits": 1e9}, "1e+09 bits, claimed by 'its maker', are nobody's, or not between 0 and"),
        ({"claimed_bits": 0.0, "claimed_by": ""}, {"claimed_bits": -1.0}, "-1 bits, claimed by 'its maker'"),
    ],
)
def test_a_claim_that_does_not_agree_with_the_receipt_does_not_hold(
    tmp_path: Path, changes: dict[str, Any], of_source: dict[str, Any], complaint: str
) -> None:
    said = {"claimed_bits_per_shot": 15.2, "claimed_by": "its maker"}
    with a_hub(tmp_path, FAIR.sample(0, 4096), said) as hub:
        receipt = hub.draw(64).receipt
    assert list(contradictions(receipt)) == []
    source = receipt.sources[0].model_copy(update=of_source)
    changed = receipt.model_copy(update=changes | {"sources": (source,)})
    assert any(complaint in problem for problem in contradictions(changed))


def test_the_claims_of_several_sources_are_taken_as_their_credit_is(tmp_path: Path) -> None:
    said = {"claimed_bits_per_shot": 15.2, "claimed_by": "its maker"}
    with a_hub(tmp_path, FAIR.sample(0, 4096), said) as hub:
        (source,) = hub.draw(64).receipt.sources
    parts = [
        source.model_copy(update={"claimed_bits": bits, "claimed_by": by, "bytes_delivered": 32})
        for bits, by in ((100.0, "one"), (300.0, "other"), (0.0, ""))
    ]
    assert claim_of(parts, 768, "plan") == (100.0 + 256.0, "one and other")
    assert claim_of(parts, 768, "each") == (300.0, "other")
    assert claim_of(parts[2:], 768, "first") == (0.0, "")


def test_a_claim_is_said_in_a_comparison(tmp_path: Path) -> None:
    said = {"claimed_bits_per_shot": 15.25, "claimed_by": "its <maker>"}
    with a_hub(tmp_path, FAIR.sample(0, 4096), said, compare={"shots": 1024, "repeats": 2}) as hub:
        comparison = hub.compare()
    (row,) = comparison.backends
    assert row.totals is not None and row.totals.claimed_bits == pytest.approx(15.25 * 2048)
    assert row.claim == "its <maker> claims 15.25 bits a shot, of which none are credited"
    assert "its &lt;maker&gt; claims 15.25 bits a shot" in page(comparison)


def test_shots_that_were_used_are_refused_and_can_be_skipped(tmp_path: Path) -> None:
    shots = FAIR.sample(0, 3000)
    with a_hub(tmp_path, shots) as hub:
        used = hub.draw(64).receipt.sources[0].shots
    with a_hub(tmp_path, shots) as hub, pytest.raises(QRNGError, match="outcomes that an earlier job"):
        hub.draw(64)
    with a_hub(tmp_path, shots, {"skip": used}) as hub:
        (source,) = hub.draw(64).receipt.sources
        (block,) = hub.raw(source.address, Circuit().h(*range(16)).measure(*range(16)), 5)
    assert source.source.startswith("the shots from number 1,024 on of record.npy (SHA-256 ")
    assert (block.outcomes == pack_shots(shots[2 * used : 2 * used + 5])).all()
    with a_hub(tmp_path, shots, {"skip": 3000}) as hub, pytest.raises(ConfigError, match="3,000 are to be skipped"):
        hub.draw(64)


def test_a_check_reads_every_record(tmp_path: Path) -> None:
    backends = [{"address": f"replay:{tmp_path / name}"} for name in ("record.npy", "gone.txt")]
    with a_hub(tmp_path, FAIR.sample(0, 1024), backend=backends) as hub:
        found = [check for check in hub.preflight() if check.subject.startswith("replay:")]
    assert [(check.verdict, check.detail.split(":")[0]) for check in found] == [
        ("ok", "1,024 shots of 16 qubits"),
        ("failed", f"replay has no record '{tmp_path / 'gone.txt'}'"),
    ]
