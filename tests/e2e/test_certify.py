"""`qrng certify` as its users run it, on real files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import Done, qrng
from qrng_hub.certificates.chsh.polytope import isotropic

FIELDS = {
    "certified_bits", "bits_per_round", "method", "level", "side_information", "assumptions", "epsilons", "adversary",
    "setting_origin", "rounds", "score", "claim", "quantities",
}  # fmt: skip
SCORE = ("chsh", "--rounds", "1000000", "--score", "0.84")
MERMIN = ("mermin", "--rounds", "1000000", "--score", "3.15", "--source-rate", "0.95")
BASES = ("source-independent", "--z", "1000000", "--x", "100000", "--x-errors", "2000")
NANO = ("--epsilon", "1e-9")
RNG = np.random.default_rng(8)
CELLS = RNG.choice(16, 200_000, p=isotropic(0.84))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    halves = {"train.json": CELLS[:100_000], "counts.json": CELLS[100_000:]}
    for name, cells in halves.items():
        (tmp_path / name).write_text(json.dumps(np.bincount(cells, minlength=16).tolist()))
    rounds = np.unpackbits(CELLS.astype(np.uint8)[:, None], axis=1)[:, 4:]
    np.save(tmp_path / "rounds.npy", rounds)
    (tmp_path / "rcs.csv").write_text("bitstring,probability\n" + f"{'01' * 10},{1.9 / 2**20}\n" * 50)
    (tmp_path / "wide.csv").write_text("bitstring,probability\n" + f"{'01' * 25},{2 / 2**50}\n" * 500)
    return tmp_path


class Certify:
    """Runs `qrng certify` in the folder of the files."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Done:
        return qrng(self._capsys, "certify", *arguments)

    def document(self, *arguments: str) -> dict[str, Any]:
        done = self(*arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def certify(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Certify:
    monkeypatch.chdir(folder)
    return Certify(capsys)


@pytest.mark.parametrize(
    ("arguments", "bits", "level", "side_information"),
    [
        (SCORE, 753_000, "L4", "classical"),
        ((*SCORE, "--method", "eat"), 440_000, "L4", "quantum"),
        ((*SCORE, "--method", "df19"), 611_000, "L4", "quantum"),
        (("chsh", "--rounds", "1000", "--score", "0.6"), 0, "L4", "classical"),
        (MERMIN, 423_014, "L5", "classical"),
        (BASES, 780_652.2, "L3", "quantum"),
        (("rcs", "rcs.csv"), 0, "L6", "classical"),
    ],
)
def test_prints_one_document_with_everything_it_rests_on(
    certify: Certify, arguments: tuple[str, ...], bits: float, level: str, side_information: str
) -> None:
    found = certify.document(*arguments, *NANO)
    assert set(found) == FIELDS
    assert found["certified_bits"] == pytest.approx(bits, rel=1e-3)
    assert (found["level"], found["side_information"]) == (level, side_information)
    assert found["epsilons"]["smooth"] == 1e-9
    assert len(found["assumptions"]) >= 4


def test_prints_a_table_and_every_assumption_for_people(certify: Certify) -> None:
    done = certify(*SCORE, *NANO)
    assert (done.returncode, done.stderr) == (0, "")
    assert "752,871" in done.stdout
    assert done.stdout.count("assumed: ") == 6
    assert "without space-like separation this is trusted and not enforced" in done.stdout


def test_the_two_errors_are_set_together_or_apart(certify: Certify) -> None:
    together = certify.document(*SCORE, *NANO)
    apart = certify.document(*SCORE, "--epsilon-smooth", "1e-9", "--kappa", "1e-9")
    assert together == apart
    larger = certify.document(*SCORE, *NANO, "--kappa", "1e-3")
    assert larger["epsilons"] == {"smooth": 1e-9, "kappa": 1e-3}
    assert larger["certified_bits"] > together["certified_bits"]


def test_counts_are_judged_by_factors_from_other_counts(certify: Certify) -> None:
    found = certify.document("chsh", "--counts", "counts.json", "--train", "train.json", *NANO)
    assert found["rounds"] == found["quantities"]["training_rounds"] == 100_000
    assert 40_000 < found["certified_bits"] < 75_000
    assert found["quantities"]["chsh_value"] == pytest.approx(2.72, abs=0.02)


def test_counts_are_judged_by_a_threshold(certify: Certify) -> None:
    by_score = ("chsh", "--counts", "counts.json", *NANO, "--method", "df19", "--score")
    assert certify.document(*by_score, "0.83")["certified_bits"] > 15_000
    assert certify.document(*by_score, "0.85")["certified_bits"] == 0


def test_recorded_rounds_of_a_bell_test_are_certified_by_the_same_bounds(certify: Certify) -> None:
    found = certify.document("bell-data", "rounds.npy", "--train-rounds", "100000", *NANO)
    assert (found["level"], found["rounds"]) == ("L7", 100_000)
    counted = certify.document("chsh", "--counts", "counts.json", "--train", "train.json", *NANO)
    assert found["certified_bits"] == counted["certified_bits"]
    threshold = certify.document("bell-data", "rounds.npy", "--score", "0.83", *NANO)
    assert (threshold["rounds"], threshold["quantities"]["threshold_score"]) == (200_000, 0.83)


def test_more_than_30_qubits_are_certified_against_a_declared_adversary(certify: Certify) -> None:
    assert certify.document("rcs", "wide.csv", *NANO)["certified_bits"] == 0
    found = certify.document("rcs", "wide.csv", *NANO, "--adversary-fidelity", "0.1", "--score", "0.9")
    assert found["certified_bits"] > 1000


ONE_SENTENCE = [
    ((*SCORE[:4], "0.86", *NANO), "a winning probability of 0.86 is none that a quantum device has"),
    ((*SCORE[:4], "nan", *NANO), "a winning probability of nan is none that a quantum device has"),
    ((*SCORE, "--epsilon", "0"), "the smoothing epsilon is 0: give a number between 0 and 1"),
    ((*SCORE, "--epsilon", "1"), "the smoothing epsilon is 1: give a number between 0 and 1"),
    ((*SCORE, *NANO, "--kappa", "2"), "kappa is 2: give a number between 0 and 1"),
    (SCORE, "an error is missing: give --epsilon E"),
    (("chsh", "--score", "0.8", *NANO), "the number of rounds is missing"),
    (("chsh", "--rounds", "0", "--score", "0.8", *NANO), "0 rounds certify nothing"),
    (("chsh", "--rounds", "10", *NANO), "give either a threshold --score W"),
    ((*SCORE, "--train", "train.json", *NANO), "give either a threshold --score W"),
    (("chsh", "--counts", "counts.json", "--train", "counts.json", *NANO), "the counts to certify are the training"),
    (("chsh", "--counts", "counts.json", "--score", "0.8", "--rounds", "5", *NANO), "the plan is for 5 rounds"),
    (("chsh", "--counts", "none.json", "--score", "0.8", *NANO), "none.json cannot be read"),
    (("chsh", "--counts", "rcs.csv", "--score", "0.8", *NANO), "rcs.csv does not hold 16 counts"),
    (("chsh", "--counts", "counts.json", "--train", "train.json", "--method", "eat", *NANO), "the method eat takes"),
    ((*SCORE, *NANO, "--settings-bias", "0.6"), "a bias of 0.6 is none a setting may have"),
    ((*SCORE, *NANO, "--settings-bias", "0.1", "--method", "eat"), "the method eat is for uniform settings"),
    (("bell-data", "none.npy", "--score", "0.8", *NANO), "none.npy cannot be read"),
    (("bell-data", "rounds.npy", "--train-rounds", "200000", *NANO), "of 200,000 rounds, 200,000 cannot be for"),
    (("mermin", "--rounds", "10", "--score", "5", "--source-rate", "1", *NANO), "a Mermin value of 5 is none"),
    (("mermin", "--rounds", "10", "--score", "3", "--source-rate", "2", *NANO), "a source of rate 2 has no settings"),
    ((*BASES, "--epsilon", "2"), "epsilon is 2: give a number between 0 and 1"),
    ((*BASES[:-1], "200000", *NANO), "100000 systems in X cannot give 200000 errors"),
    (("rcs", "none.json", *NANO), "none.json cannot be read"),
]


@pytest.mark.parametrize(("arguments", "sentence"), ONE_SENTENCE)
def test_what_cannot_be_certified_is_said_in_one_sentence(
    certify: Certify, arguments: tuple[str, ...], sentence: str
) -> None:
    done = certify(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"qrng: {sentence}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_solver_is_said_with_the_line_that_installs_it(folder: Path) -> None:
    """A module that fails to import stands where cvxpy would be; what needs none goes on working."""
    (folder / "cvxpy.py").write_text("raise ImportError('not here')\n")

    def run(*method: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "qrng_hub", "certify", *SCORE, *NANO, *method]
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)

    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'qrng-hub[certify]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert run("--method", "df19").returncode == 0


def test_a_plan_is_printed_and_drawn(certify: Certify, folder: Path) -> None:
    options = ("--bits", "1000", *NANO, "--backend", "cirq:simulator", "--qubits", "30")
    document = certify.document("plan", "--method", "mermin", "--source-rate", "0.95", *options, "--plot", "plan.svg")
    assert document["certified_bits"] >= 1000
    assert document["rounds"] == document["sites"] * document["circuits"] * document["shots_each"]
    assert (folder / "plan.svg").read_text().startswith("<svg ")
    printed = certify("plan", "--method", "source-independent", *options).stdout
    for line in ("rounds ", "shots ", "cost        0.00 USD", "break-even  from", "assumed     readout errs"):
        assert line in printed


def test_settings_of_a_circuit_have_to_say_how_many_shots_share_them(certify: Certify) -> None:
    done = certify(*SCORE, *NANO, "--settings-drawn", "circuit")
    assert done.returncode == 2
    assert "give --shots-per-setting S" in done.stderr
    alone, shared = (certify.document(*SCORE, *NANO, "--shots-per-setting", number) for number in ("1", "10"))
    assert shared["certified_bits"] < alone["certified_bits"]
    assert any("told it in advance" in one for one in shared["assumptions"])
    own = certify.document(*MERMIN, *NANO)
    assert certify.document(*MERMIN, *NANO, "--shots-per-setting", "10")["certified_bits"] < own["certified_bits"]


@pytest.mark.parametrize("bits", ["nan", "0", "-1"])
def test_no_plan_is_made_for_no_bits(certify: Certify, bits: str) -> None:
    done = certify("plan", "--method", "eat", "--bits", bits, "--epsilon", "1e-3", "--backend", "cirq:simulator")
    assert done.returncode == 2
    assert "bits need no plan" in done.stderr
