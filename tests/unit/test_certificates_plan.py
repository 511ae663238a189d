"""Plans, counts and the files they come from."""

import json
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.bits import Bits
from qrng_hub.certificates import Certificate, Epsilons, Level
from qrng_hub.certificates.certificate import require_rounds
from qrng_hub.certificates.chsh import Circumstances, Settings, judge_best, plan_for_score, plan_from_training
from qrng_hub.certificates.chsh.factors import likeliest_device
from qrng_hub.certificates.chsh.polytope import isotropic, vertices
from qrng_hub.certificates.counts import JudgedCounts, Rounds, TrainingCounts, count_rounds, split_rounds, tally
from qrng_hub.certificates.reading import read_counts, read_rounds
from qrng_hub.errors import RequestError

NANO = Epsilons.both(1e-9)
RNG = np.random.default_rng(5)
HONEST = RNG.multinomial(10**6, isotropic(0.84), 4)
NESTED = np.arange(16).reshape(2, 2, 2, 2).tolist()


def test_an_honest_device_gets_within_5_percent_of_what_its_score_is_worth() -> None:
    """0.14 % of honest runs miss a threshold from training; these three are seeded."""
    worth = plan_for_score("pef", 10**6, 0.84, NANO).bits
    plan = plan_from_training(10**6, TrainingCounts(HONEST[0]), NANO)
    assert plan.bits > 0.95 * worth
    for counts in HONEST[1:]:
        assert plan.judge(JudgedCounts(counts)).certified_bits == plan.bits


def test_a_threshold_just_below_the_honest_score_is_reached_and_just_above_is_not() -> None:
    counts = JudgedCounts(HONEST[0])
    share = counts.won / counts.rounds
    reached = plan_for_score("pef", 10**6, share, NANO)
    assert reached.judge(counts).certified_bits == reached.bits > 7e5
    missed = plan_for_score("pef", 10**6, share + 1e-6, NANO).judge(counts)
    assert missed.certified_bits == 0
    assert "missed the threshold" in missed.claim
    assert missed.score == share


def test_several_plans_give_the_best_of_them_and_their_errors_add_up() -> None:
    share = Epsilons.both(1e-9)
    plans = [plan_for_score("pef", 10**6, 0.9 * 0.85 + step / 100, share) for step in (3, 5, 7, 8)]
    best = judge_best(plans, JudgedCounts(HONEST[0]))
    assert best.certified_bits == plans[2].bits > plans[1].bits
    assert best.epsilons == pytest.approx({"smooth": 4e-9, "kappa": 4e-9})
    assert best.quantities["plans_tried"] == 4
    with pytest.raises(RequestError, match="no plan to judge by"):
        judge_best([], JudgedCounts(HONEST[0]))


def test_training_counts_do_not_judge_themselves() -> None:
    plan = plan_from_training(10**6, TrainingCounts(HONEST[0]), NANO)
    with pytest.raises(RequestError, match="are the training counts"):
        plan.judge(JudgedCounts(HONEST[0].copy()))


def test_a_plan_judges_the_rounds_it_was_made_for() -> None:
    with pytest.raises(RequestError, match="the plan is for 999,999 rounds, and 1,000,000 were counted"):
        plan_for_score("pef", 999_999, 0.8, NANO).judge(JudgedCounts(HONEST[0]))


def test_a_setting_that_was_never_used_cannot_be_trained_with() -> None:
    cells = HONEST[0].copy()
    cells[:4] = 0
    with pytest.raises(RequestError, match="never used"):
        plan_from_training(1000, TrainingCounts(cells), NANO)


def test_training_that_signals_by_chance_is_read_as_a_device_that_does_not() -> None:
    device = likeliest_device(TrainingCounts(HONEST[0])).reshape(2, 2, 2, 2)
    sigma = device / device.sum(axis=(2, 3), keepdims=True)
    assert np.allclose(sigma.sum(axis=3)[:, 0], sigma.sum(axis=3)[:, 1], atol=1e-6)
    assert np.allclose(device, isotropic(0.84).reshape(device.shape), atol=1e-3)


def test_training_of_a_vertex_gives_factors_that_stay_finite() -> None:
    training = TrainingCounts(np.random.default_rng(1).multinomial(10_000, vertices()[40] / 4))
    assert np.isfinite(plan_from_training(10_000, training, NANO).bits)


def test_only_factors_are_for_settings_that_may_be_biased() -> None:
    with pytest.raises(RequestError, match="take pef"):
        plan_for_score("df19", 1000, 0.8, NANO, Circumstances(Settings.biased(0.01)))


def test_a_setting_fixed_for_a_circuit_is_declared_in_the_certificate() -> None:
    fixed = plan_for_score("eat", 1000, 0.8, NANO, Circumstances(drawn="circuit")).certificate()
    drawn = plan_for_score("eat", 1000, 0.8, NANO).certificate()
    assert "knows in advance" in fixed.setting_origin
    assert "does not know before it" in drawn.setting_origin
    assert [one for one in fixed.assumptions if one not in drawn.assumptions] == [fixed.assumptions[-1]]
    assert "does not use that it knows the settings" in fixed.assumptions[-1]


def test_a_certificate_cannot_claim_what_is_never_claimed() -> None:
    made = plan_for_score("eat", 1000, 0.8, NANO).certificate()
    with pytest.raises(ValueError, match="does not call a device"):
        Certificate.model_validate(made.model_dump() | {"claim": "Device-independent bits"})
    with pytest.raises(ValueError, match="certified_bits"):
        Certificate.model_validate(made.model_dump() | {"certified_bits": -1.0})
    assert Certificate.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize("epsilons", [(0.0, 0.1), (0.1, 1.0), (-1.0, 0.1), (0.1, float("nan"))])
def test_an_error_lies_between_0_and_1(epsilons: tuple[float, float]) -> None:
    with pytest.raises(RequestError, match="give a number between 0 and 1"):
        Epsilons(*epsilons)


def test_no_rounds_certify_nothing() -> None:
    with pytest.raises(RequestError, match="0 rounds certify nothing"):
        require_rounds(0)


@pytest.mark.parametrize("rounds", [1, 7, 8, 1000, 8 * 2**20 + 3])
def test_packed_rounds_are_counted_as_one_by_one(rounds: int) -> None:
    columns = np.random.default_rng(rounds).integers(0, 2, (4, rounds), np.uint8)
    packed = Rounds(*(Bits.from_array(column) for column in columns))
    expected = np.bincount(np.array([8, 4, 2, 1]) @ columns.astype(np.int64), minlength=16)
    assert count_rounds(packed).tolist() == expected.tolist()


def test_rounds_need_all_four_columns() -> None:
    with pytest.raises(RequestError, match=r"have \[3, 4\] rounds"):
        Rounds(*(Bits.from_array([0] * length) for length in (4, 4, 4, 3)))


def test_a_split_keeps_every_round_once_and_the_parts_apart() -> None:
    cells = np.random.default_rng(2).integers(0, 16, 5000, np.uint8)
    training, judged = split_rounds(cells, 1000)
    assert (training.rounds, judged.rounds) == (1000, 4000)
    assert (training.cells + judged.cells).tolist() == tally(cells).tolist()
    assert judged.cells.tolist() == np.bincount(cells[1000:], minlength=16).tolist()
    for wrong in (0, 5000):
        with pytest.raises(RequestError, match="leave some to certify"):
            split_rounds(cells, wrong)


@pytest.mark.parametrize("cells", [range(15), [0.5] * 16, [-1] * 16])
def test_counts_are_16_whole_numbers(cells: list[float]) -> None:
    with pytest.raises(RequestError, match="counts are 16 whole numbers"):
        JudgedCounts(np.array(cells))


def test_counts_of_which_the_sum_would_wrap_around_are_refused() -> None:
    """Four of 2^62 add up to 0 in 64 bits, and two more to the rounds of a plan."""
    with pytest.raises(RequestError, match="more than can be counted"):
        JudgedCounts(np.array([2**62] * 4 + [500] * 2 + [0] * 10))


@pytest.mark.parametrize(
    "document",
    [list(range(16)), NESTED, {f"{cell:04b}": cell for cell in reversed(range(16))}, [[0, 1], list(range(2, 16))]],
)
def test_counts_are_read_in_the_order_of_settings_and_answers(tmp_path: Path, document: object) -> None:
    (tmp_path / "counts.json").write_text(json.dumps(document))
    assert read_counts(tmp_path / "counts.json").tolist() == list(range(16))


@pytest.mark.parametrize(
    "text", ["[1, 2]", "no", "{}", "[" * 10**5, "[" + "1.5, " * 15 + "1]", "[" + "true, " * 15 + "1]"]
)
def test_other_files_of_counts_are_refused_with_their_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "counts.json").write_text(text)
    with pytest.raises(RequestError, match=r"counts\.json does not hold 16 counts"):
        read_counts(tmp_path / "counts.json")
    with pytest.raises(RequestError, match="cannot be read"):
        read_counts(tmp_path / "none.json")


ROUNDS = np.random.default_rng(3).integers(0, 2, (1000, 4), np.uint8)
CELLS = (ROUNDS @ np.array([8, 4, 2, 1])).tolist()


def test_rounds_are_read_from_text_and_from_an_array(tmp_path: Path) -> None:
    lines = "\n".join(",".join(map(str, row)) for row in ROUNDS)
    (tmp_path / "rounds.csv").write_text(f"x,y,a,b\n{lines}\n")
    (tmp_path / "unended.csv").write_text(f"x,y,a,b\n{lines}")
    np.save(tmp_path / "rounds.npy", ROUNDS)
    for name in ("rounds.csv", "unended.csv", "rounds.npy"):
        assert read_rounds(tmp_path / name).tolist() == CELLS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x,y,a,b\n",
        "a,b,x,y\n0,0,0,0\n",
        "x,y,a,b\n0,0,0,2\n",
        "x,y,a,b\n0,0,0\n",
        "x,y,a,b\n00,0,0\n",
        "x,y,a,b\n0,0,0,0\n0",
    ],
)
def test_text_that_is_not_rounds_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rounds.csv").write_text(text)
    with pytest.raises(RequestError, match=r"rounds\.csv"):
        read_rounds(tmp_path / "rounds.csv")


def test_an_array_that_is_not_rounds_is_refused(tmp_path: Path) -> None:
    for number, wrong in enumerate([ROUNDS[:, :3], ROUNDS.astype(np.int64), ROUNDS + np.uint8(1), ROUNDS[:0]]):
        np.save(tmp_path / f"{number}.npy", wrong)
        with pytest.raises(RequestError, match=rf"{number}\.npy has"):
            read_rounds(tmp_path / f"{number}.npy")
    (tmp_path / "no.npy").write_bytes(b"no array")
    with pytest.raises(RequestError, match=r"no\.npy is no \.npy file"):
        read_rounds(tmp_path / "no.npy")


def test_recorded_rounds_carry_the_level_of_recorded_rounds() -> None:
    certificate = plan_for_score("eat", 1000, 0.8, NANO, Circumstances(level=Level.BELL_DATA)).certificate()
    assert certificate.level == "L7"
    assert any("those who ran the experiment say" in one for one in certificate.assumptions)
