"""Blocks that must be refused, each for its own reason, and good ones that must pass.

At alpha = 2^-30 a good block of these sizes is refused with the probability that its report states: at most 4 x 10^-4
for 12 qubits x 16,384 shots. The outcomes are seeded, so these tests give one verdict.
"""

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.bits import pack_shots
from qrng_hub.errors import EntropyError, HealthTestError, ReconstructedMeasurementsError
from qrng_hub.health import ALPHA, HealthReport, check_health
from qrng_hub.records import Origin, RawBlock, ShotOrder

Outcomes = npt.NDArray[np.uint8]
QUBITS, SHOTS = 12, 16_384
CLAIM = 0.95
REPETITIONS, PROPORTION = 33, 627  # the cut-offs at 0.95 bits and 2^-30


def good(seed: int = 1, shots: int = SHOTS, qubits: int = QUBITS) -> Outcomes:
    return np.random.default_rng(seed).integers(0, 2, (shots, qubits), dtype=np.uint8)


def block(outcomes: Outcomes, order: ShotOrder = ShotOrder.MEASURED) -> RawBlock:
    """Makes a block of the physical qubits 3, 5, 7, ..."""
    return RawBlock(
        address="ibm:ibm_fez",
        vendor_id="j1",
        origin=Origin.HARDWARE,
        source="ibm_fez",
        shot_order=order,
        qubits=tuple(3 + 2 * column for column in range(outcomes.shape[1])),
        outcomes=pack_shots(outcomes),
    )


def refusal(outcomes: Outcomes, claims: npt.ArrayLike = CLAIM) -> HealthTestError:
    with pytest.raises(HealthTestError) as refused:
        check_health(block(outcomes), claims)
    return refused.value


def alternating(length: int) -> Outcomes:
    return (np.arange(length) % 2).astype(np.uint8)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("claim", [1.0, CLAIM, 0.3])
def test_good_blocks_pass(seed: int, claim: float) -> None:
    check_health(block(good(seed)), claim)


def test_good_biased_blocks_pass_at_the_claims_of_their_biases() -> None:
    probabilities = np.linspace(0.3, 0.7, QUBITS)
    outcomes = np.random.default_rng(5).random((SHOTS, QUBITS)) < probabilities
    check_health(block(outcomes.astype(np.uint8)), -np.log2(np.maximum(probabilities, 1 - probabilities)))


@pytest.mark.parametrize("value", [0, 1])
def test_refuses_a_stuck_qubit_and_names_it(value: int) -> None:
    outcomes = good()
    outcomes[:, 4] = value
    error = refusal(outcomes)
    assert error.qubits == (11,)
    assert str(error) == (
        "ibm:ibm_fez, job j1: qubit 11 gave one value 16384 times in a row, and the cut-off is 33 (repetition count"
        " test, SP 800-90B section 4.4.1). Nothing of this block may be used. Run the circuit again, without these"
        " qubits if they fail again, and make sure that the shots stand in the order measured"
    )
    assert isinstance(error, EntropyError)


def test_every_failed_qubit_is_named() -> None:
    outcomes = good()
    outcomes[:, [0, 4, 11]] = 1
    error = refusal(outcomes)
    assert error.qubits == (3, 11, 25)
    assert "; 2 more fail it too" in str(error)


@pytest.mark.parametrize("start", [0, 5000, SHOTS - REPETITIONS])
def test_a_run_fails_at_the_cutoff_and_passes_one_below(start: int) -> None:
    outcomes = good()
    outcomes[:, 2] = alternating(SHOTS) ^ (np.random.default_rng(9).random(SHOTS) < 0.5)
    outcomes[max(0, start - 1) : start + REPETITIONS + 1, 2] = 0
    outcomes[start : start + REPETITIONS, 2] = 1
    assert "qubit 7 gave one value 33 times in a row, and the cut-off is 33" in str(refusal(outcomes))
    outcomes[start, 2] = 0
    report = check_health(block(outcomes), CLAIM)
    assert (report.tests[0].worst_value, report.tests[0].worst_cutoff) == (REPETITIONS - 1, REPETITIONS)
    assert report.tests[0].worst_qubits == (7,)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("window", [0, 7, 15])
def test_a_window_fails_at_the_cutoff_and_passes_one_below(window: int, value: int) -> None:
    outcomes = good()
    outcomes[1024 * window : 1024 * (window + 1), 6] = with_so_many_first_values(PROPORTION, value)
    error = refusal(outcomes)
    assert "qubit 15 gave one value 627 times in a window of 1024, and the cut-off is 627 (adaptive" in str(error)
    outcomes[1024 * window : 1024 * (window + 1), 6] = with_so_many_first_values(PROPORTION - 1, value)
    report = check_health(block(outcomes), CLAIM)
    assert (report.tests[1].worst_value, report.tests[1].worst_qubits) == (PROPORTION - 1, (15,))


def with_so_many_first_values(count: int, value: int) -> Outcomes:
    """A window of 1024 shuffled outcomes whose first is `value`, as `count` in all are."""
    rest = np.repeat(np.array([value, 1 - value], np.uint8), [count - 1, 1024 - count])
    return np.concatenate([[np.uint8(value)], np.random.default_rng(3).permutation(rest)])


def test_only_the_first_value_of_a_window_is_counted() -> None:
    outcomes = good()
    window = with_so_many_first_values(PROPORTION, 1)
    window[[0, np.flatnonzero(window == 0)[0]]] = [0, 1]
    outcomes[2048:3072, 6] = window
    assert check_health(block(outcomes), CLAIM).tests[1].worst_value < 600


def test_outcomes_that_fill_no_window_are_reported_as_skipped() -> None:
    outcomes = good(shots=2 * 1024 + 700)
    outcomes[2048:, 0] = np.random.default_rng(4).random(700) < 0.75  # biased, but in no window
    report = check_health(block(outcomes), CLAIM)
    skipped = {test.name: test.outcomes_skipped for test in report.tests}
    assert skipped["adaptive proportion, each qubit"] == 12 * 700
    assert skipped["adaptive proportion, all outcomes in turn"] == 12 * (2 * 1024 + 700) % 1024
    assert skipped["repetition count, each qubit"] == 0


def test_refuses_a_qubit_that_becomes_biased_midway() -> None:
    outcomes = good()
    late = np.random.default_rng(6).random(SHOTS // 2) < 0.7
    outcomes[SHOTS // 2 :, 9] = late
    error = refusal(outcomes)
    assert error.qubits == (21,)
    assert "adaptive proportion test" in str(error)


def test_refuses_a_source_that_repeats_a_shot() -> None:
    outcomes = good()
    outcomes[8000:8100] = outcomes[8000]
    assert len(refusal(outcomes).qubits) == QUBITS


@pytest.mark.parametrize("qubits", [2, 5, 12, 40])
def test_refuses_shots_that_stand_in_sorted_order(qubits: int) -> None:
    """Measurements rebuilt from counts come sorted by outcome; where nothing says so, the order itself must."""
    outcomes = good(qubits=qubits)
    rebuilt = outcomes[np.lexsort(outcomes.T[::-1])]
    assert sorted(map(bytes, outcomes)) == [bytes(row) for row in rebuilt]
    assert "make sure that the shots stand in the order measured" in str(refusal(rebuilt, 1.0))
    assert "make sure that the shots stand in the order measured" in str(refusal(rebuilt[:, ::-1], 1.0))


def test_refuses_shots_that_are_said_to_be_reconstructed() -> None:
    with pytest.raises(ReconstructedMeasurementsError, match="ask the vendor for the shots as measured"):
        check_health(block(good(), ShotOrder.RECONSTRUCTED), CLAIM)


@pytest.mark.parametrize("flipped", [0, 1])
def test_refuses_two_qubits_that_are_copies_of_each_other(flipped: int) -> None:
    """What a CNOT does that nobody asked for; each of the two is fair, and they are far apart."""
    outcomes = good()
    outcomes[:, 10] = outcomes[:, 1] ^ flipped
    error = refusal(outcomes)
    assert error.qubits == (5, 23)
    assert "qubit 5 and qubit 23 depend on each other: chance does so with a probability of 2^-16" in str(error)


def test_refuses_crosstalk_that_correlates_two_qubits_by_a_tenth() -> None:
    outcomes = good()
    disturbed = np.random.default_rng(12).random(SHOTS) < 0.1
    outcomes[:, 8] = np.where(disturbed, outcomes[:, 3], outcomes[:, 8])
    assert refusal(outcomes).qubits == (9, 19)


@pytest.mark.parametrize("copied", [0.1, -0.1])
def test_refuses_memory_from_shot_to_shot(copied: float) -> None:
    """One shot in ten repeats the outcome before it, or reverses it."""
    outcomes = good()
    kept = np.random.default_rng(13).random(SHOTS) < abs(copied)
    for shot in range(1, SHOTS):
        if kept[shot]:
            outcomes[shot, 5] = outcomes[shot - 1, 5] ^ (copied < 0)
    error = refusal(outcomes)
    assert error.qubits == (13,)
    assert "the outcomes of qubit 13 depend on those of the shot before" in str(error)


def test_refuses_a_readout_that_drops_whole_shots() -> None:
    """Four shots of zeros: four in a row of each qubit are nothing, 48 in turn are."""
    outcomes = good()
    outcomes[300:304] = 0
    error = refusal(outcomes)
    assert error.qubits == ()
    assert "all qubits in turn gave one value" in str(error)


@pytest.mark.parametrize("shots", [0, 1, 1023])
def test_refuses_fewer_shots_than_the_start_up_test_takes(shots: int) -> None:
    with pytest.raises(HealthTestError, match=rf"{shots} shots are too few .* ask for at least 1024 shots"):
        check_health(block(good(shots=shots)), CLAIM)
    check_health(block(good(shots=1024)), CLAIM)


@pytest.mark.parametrize("claim", [-0.1, 1.01, float("nan")])
def test_refuses_a_claim_that_no_bit_can_have(claim: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1 bits"):
        check_health(block(good()), [CLAIM] * (QUBITS - 1) + [claim])


@pytest.mark.parametrize("alpha", [0.0, 1.0, float("nan")])
def test_refuses_a_false_alarm_rate_that_is_none(alpha: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        check_health(block(good()), CLAIM, alpha)


def test_a_dead_qubit_that_claims_nothing_does_not_fail_the_block_and_may_not_be_credited() -> None:
    outcomes = good()
    outcomes[:, 4:7] = 0
    claims = [CLAIM] * 4 + [0.0, 0.001, 0.029] + [CLAIM] * 5
    report = check_health(block(outcomes), claims)
    assert report.untested_qubits == (11, 13, 15)
    assert report.tested_bits_per_qubit == (CLAIM,) * 4 + (0.0,) * 3 + (CLAIM,) * 5


def test_the_least_claim_that_is_tested_fails_a_dead_qubit_within_the_shots_of_the_start_up_test() -> None:
    outcomes = good(shots=1024)
    outcomes[:, 4] = 0
    claims = [CLAIM] * 4 + [0.0294] + [CLAIM] * 7
    assert refusal(outcomes, claims).qubits == (11,)


def test_a_block_that_claims_nothing_has_nothing_tested() -> None:
    report = check_health(block(good() * 0), 0.0)
    assert (report.tests, report.false_alarm_rate, len(report.untested_qubits)) == ((), 0.0, QUBITS)


def test_the_report_says_what_was_tested_and_how_often_good_blocks_are_refused() -> None:
    tested = block(good(shots=16_385))
    report = check_health(tested, 1.0)
    counts = {test.name: test.trials for test in report.tests}
    assert counts == {
        "repetition count, each qubit": 12 * (16_385 - 31 + 1),
        "adaptive proportion, each qubit": 12 * 16,
        "repetition count, all outcomes in turn": 12 * 16_385 - 31 + 1,
        "adaptive proportion, all outcomes in turn": 12 * 16_385 // 1024,
        "correlation from shot to shot": 12,
        "correlation of two qubits": 66,
    }
    assert report.trials == sum(counts.values())
    runs, windows, _, _, lag, pairs = report.tests
    assert runs.false_alarm_rate == pytest.approx(runs.trials * 2**-30)
    assert windows.false_alarm_rate == pytest.approx(windows.trials * windows.alpha_each)
    assert lag.false_alarm_rate == pytest.approx(2**-30) == pytest.approx(pairs.false_alarm_rate)
    assert pairs.alpha_each == pytest.approx(2**-30 / 66)
    assert pairs.worst_cutoff == pytest.approx(30 + np.log2(66))
    assert report.false_alarm_rate == pytest.approx(sum(test.false_alarm_rate for test in report.tests))
    assert 3e-4 < report.false_alarm_rate < 4e-4
    assert (report.alpha, report.shots, report.block_sha256) == (ALPHA, 16_385, tested.sha256)
    assert HealthReport.model_validate_json(report.model_dump_json()) == report


def test_good_blocks_are_refused_less_often_than_the_union_bound_says_and_not_much_less() -> None:
    """1000 fair blocks at alpha = 2^-14: a run that begins at an outcome must differ from the one before, a half."""
    refused = [is_refused(good(seed, shots=1024, qubits=2)) for seed in range(1000)]
    bound = (2 * 1010 + 2034 + 2 + 2 + 1 + 1) * 2**-14  # 0.248; that half makes 0.12, ten blocks being one sigma
    assert 70 < sum(refused) < 1000 * bound


def is_refused(outcomes: Outcomes) -> bool:
    try:
        check_health(block(outcomes), 1.0, alpha=2**-14)
    except HealthTestError:
        return True
    return False
