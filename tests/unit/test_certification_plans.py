"""What it takes to certify bits on a backend, held against the bounds and against a run of that size."""

import math
import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from game_device import GameDevice, hub, winning
from qrng_hub import Hub
from qrng_hub.certificates.planning import METHODS, Method, Prospect, expected_score, parts_of, rounds_needed
from qrng_hub.errors import RequestError
from qrng_hub.records import Backend, CertificationPlan, QubitCalibration
from qrng_hub.reports.charts.certified_bits import certified_bits_svg
from qrng_hub.testing import FrozenClock


def planned(
    prospect: Prospect, bits: float = 5000, backend: str = "cirq:simulator", qubits: int = 60
) -> CertificationPlan:
    with Hub.open() as opened:
        return opened.certification(backend, prospect, bits, qubits=qubits)


@pytest.mark.parametrize("method", METHODS)
def test_a_plan_takes_the_fewest_rounds_that_certify_what_is_asked(method: Method) -> None:
    prospect = Prospect(method, 5e-10, sharing=1 if method in ("eat", "df19") else 8)
    plan = planned(prospect)
    unit = plan.sites * plan.shots_each
    ideal = {"mermin": 4.0, "source-independent": 0.0}.get(method, (2 + math.sqrt(2)) / 4)
    assert plan.expected_score == pytest.approx(ideal)
    assert plan.sites == 60 // parts_of(prospect.method)
    assert plan.rounds == plan.circuits * unit
    reached = prospect.expecting(plan.expected_score)
    assert reached.bits(plan.rounds) == plan.certified_bits >= 5000 > reached.bits(plan.rounds - unit)
    assert plan.first_bit_rounds <= plan.rounds
    assert plan.cost_low == plan.cost_high == Decimal(0)
    assert plan.jobs == 1


def test_the_break_even_is_where_more_is_certified_than_settings_use_up() -> None:
    plan = planned(Prospect("pef", 5e-10, sharing=8))
    prospect = Prospect("pef", 5e-10, sharing=8).expecting(plan.expected_score)
    unit = plan.sites * 8
    assert plan.break_even_rounds is not None
    assert prospect.bits(plan.break_even_rounds) > plan.break_even_rounds / 4
    assert prospect.bits(plan.break_even_rounds - unit) <= (plan.break_even_rounds - unit) / 4 + 1
    assert planned(Prospect("pef", 5e-10, sharing=1)).break_even_rounds is None  # 2 bits a round are never certified


def test_readout_errors_lower_what_is_expected() -> None:
    """Of each correlation 1 - P(1 | 0) - P(0 | 1) is left for each qubit."""
    assert expected_score("pef", [[0.02, 0.03]]) == pytest.approx(0.5 + 0.98 * 0.97 * math.sqrt(2) / 4)
    assert expected_score("mermin", [[0.1, 0.0, 0.0], [0.0, 0.0, 0.0]]) == pytest.approx(3.8)
    assert expected_score("source-independent", [[0.02], [0.04]]) == pytest.approx(0.015)


def test_a_noisy_backend_takes_more_rounds_and_what_no_rounds_certify_is_said() -> None:
    clean = Prospect("pef", 1e-9, sharing=4).expecting(0.85)
    noisy, classical = clean.expecting(0.8), clean.expecting(0.74)
    assert rounds_needed(noisy.bits, 1000, 4) > 3 * rounds_needed(clean.bits, 1000, 4)
    with pytest.raises(RequestError, match="rounds do not certify 1,000 bits"):
        rounds_needed(classical.bits, 1000, 4)


def test_a_run_of_the_planned_size_is_accepted_and_certifies_what_was_planned() -> None:
    device = GameDevice(winning((2 + math.sqrt(2)) / 4, 1), FrozenClock())
    with hub([device], "chsh", {}) as opened:
        plan = opened.certification("scripted:qpu", Prospect("pef", 5e-10, sharing=2), 1000, qubits=160)
    assert plan.cost_high == Decimal("0.30") * plan.jobs
    options = {"circuits": plan.circuits, "shots": 2, "score": plan.threshold_score, "epsilon": 1e-9}
    with hub([device], "chsh", options) as opened:
        certificate = opened.run().receipt.sources[0].certified[0].certificate
    assert certificate.certified_bits == pytest.approx(plan.certified_bits, rel=1e-6)
    assert plan.certified_bits >= 1000


def test_the_best_qubits_by_their_calibration_are_planned_with() -> None:
    class Uneven(GameDevice):
        def describe(self, name: str) -> Backend:
            errors = [QubitCalibration(qubit=q, flip_0_to_1=q / 2000, flip_1_to_0=q / 2000) for q in range(192)]
            return super().describe(name).model_copy(update={"calibration": tuple(errors)})

    with hub([Uneven(winning(0.85, 1), FrozenClock())], "chsh", {}) as opened:
        plan = opened.certification("scripted:qpu", Prospect("pef", 5e-10, sharing=2), 1000, qubits=4)
    assert plan.expected_score == pytest.approx(0.5 + (1 * 0.999 + 0.998 * 0.997) / 2 * math.sqrt(2) / 4)


def test_the_chart_shows_the_curve_the_cost_of_settings_and_the_break_even(tmp_path: Path) -> None:
    plan = planned(Prospect("pef", 5e-10, sharing=8))
    svg = certified_bits_svg(plan)
    root = ET.fromstring(svg)  # noqa: S314 - made above
    space = {"s": "http://www.w3.org/2000/svg"}
    kinds = [one.get("class") for one in root.findall("s:polyline", space)]
    words = [one.text for one in root.findall("s:text", space)]
    assert kinds == ["cost", "curve"]
    assert {"break-even", "5,000 bits"} <= set(words)
    ys = [float(y) for y in re.findall(r",([\d.]+)", root.findall("s:polyline", space)[1].get("points") or "")]
    assert ys == sorted(ys, reverse=True)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
