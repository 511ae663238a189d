"""`qrng certify`: how many bits anybody's numbers certify, by which bound, and on which assumptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from qrng_hub.certificates import Certificate, Epsilons, Level
from qrng_hub.cli import tables
from qrng_hub.cli.certify_plan import plan_command
from qrng_hub.errors import RequestError

if TYPE_CHECKING:
    from qrng_hub.certificates.chsh.plan import SettingsDrawn

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_EPSILON = click.option(
    "--epsilon",
    type=float,
    metavar="E",
    help="Sets the smoothing error and the smallest probability of acceptance to E.",
)
_SHARING = click.option(
    "--shots-per-setting",
    type=click.IntRange(1),
    metavar="S",
    help="How many shots of a circuit have the same settings, which costs of the bound (pef, mermin).",
)
_SCORE_HELP = "The share of rounds that has to be won, fixed before they were played."


def _errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that set the two errors."""
    smooth = click.option("--epsilon-smooth", type=float, metavar="E", help="Sets the smoothing error apart.")
    kappa = click.option("--kappa", type=float, metavar="K", help="Sets the smallest probability of acceptance apart.")
    return _EPSILON(smooth(kappa(command)))


def _game(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a CHSH game."""
    score = click.option("--score", type=float, metavar="W", help=_SCORE_HELP)
    method = click.option("--method", type=click.Choice(["pef", "eat", "df19"]), default="pef", show_default=True)
    bias = click.option(
        "--settings-bias",
        type=float,
        default=0.0,
        metavar="B",
        help="How far from 1/2 the probability of a setting may be (pef).",
    )
    drawn = click.option(
        "--settings-drawn",
        type=click.Choice(["round", "circuit"]),
        default="round",
        show_default=True,
        help="Whether settings were drawn for each round, or one for all shots of a circuit.",
    )
    return score(method(bias(drawn(_SHARING(_errors(_JSON(command)))))))


@click.group("certify")
def certify_command() -> None:
    """Compute what scores and counts certify, whoever measured them.

    A score is a threshold that was fixed before the data: what is printed holds of a run that reaches it. Nothing is
    certified of a simulator, whatever its score, and no device that others run can be certified without trusting
    something about it: read the assumptions, which are printed.
    """


certify_command.add_command(plan_command)


@certify_command.command("chsh")
@click.option("--rounds", type=int, metavar="N", help="How many rounds are played.  [default: as many as are counted]")
@click.option(
    "--counts", "counts_path", type=click.Path(), help="16 counts to certify (JSON), by settings and answers."
)
@click.option(
    "--train", "train_path", type=click.Path(), help="16 counts of other rounds, to choose factors from (pef)."
)
@_game
def chsh(rounds: int | None, counts_path: str | None, train_path: str | None, as_json: bool, **options: Any) -> None:
    """Rounds of the CHSH game, by a threshold score or by counts and training counts."""
    from qrng_hub.certificates.counts import JudgedCounts, TrainingCounts
    from qrng_hub.certificates.reading import read_counts

    judged = JudgedCounts(read_counts(counts_path)) if counts_path else None
    training = TrainingCounts(read_counts(train_path)) if train_path else None
    if rounds is None:
        if judged is None:
            raise RequestError("the number of rounds is missing: give --rounds N, or --counts FILE")
        rounds = judged.rounds
    plan = _plan(rounds, training, Level.CHSH, options)
    _show(plan.certificate() if judged is None else plan.judge(judged), as_json)


@certify_command.command("bell-data")
@click.argument("path", metavar="FILE", type=click.Path())
@click.option("--train-rounds", type=int, metavar="N", help="Choose factors from the first N rounds; certify the rest.")
@_game
def bell_data(path: str, train_rounds: int | None, as_json: bool, **options: Any) -> None:
    """The recorded rounds of a Bell test: CSV with the header x,y,a,b, or .npy, uint8 of shape (n, 4)."""
    from qrng_hub.certificates.counts import JudgedCounts, split_rounds, tally
    from qrng_hub.certificates.reading import read_rounds

    cells = read_rounds(path)
    training, judged = (None, JudgedCounts(tally(cells))) if train_rounds is None else split_rounds(cells, train_rounds)
    plan = _plan(judged.rounds, training, Level.BELL_DATA, options)
    _show(plan.judge(judged), as_json)


@certify_command.command("mermin")
@click.option(
    "--rounds", type=int, required=True, metavar="N", help="How many rounds are played, valid settings or not."
)
@click.option("--score", type=float, required=True, metavar="M", help="The Mermin value, up to 4, fixed beforehand.")
@click.option(
    "--source-rate", type=float, required=True, metavar="R", help="The source's min-entropy per bit, up to 1."
)
@_SHARING
@_errors
@_JSON
def mermin(
    rounds: int, score: float, source_rate: float, shots_per_setting: int | None, as_json: bool, **errors: float | None
) -> None:
    """Rounds of a three-party Mermin game with settings from a weak source."""
    from qrng_hub.certificates.mermin import certify_mermin

    drawn, sharing = _sharing("round", shots_per_setting)
    _show(certify_mermin(rounds, score, source_rate, _epsilons(**errors), sharing=sharing, drawn=drawn), as_json)


@certify_command.command("source-independent")
@click.option("--z", type=int, required=True, metavar="N", help="How many systems were measured in Z, for the bits.")
@click.option("--x", type=int, required=True, metavar="N", help="How many, chosen at random, in X, for the test.")
@click.option("--x-errors", type=int, required=True, metavar="K", help="How many of the latter gave a one, at most.")
@click.option("--z-groups", type=int, metavar="N", help="The groups of equal size in Z, if a basis was drawn for each.")
@click.option("--x-groups", type=int, metavar="N", help="The same in X.")
@click.option("--epsilon", type=float, required=True, metavar="E", help="The smoothing error.")
@_JSON
def source_independent(epsilon: float, as_json: bool, **counts: Any) -> None:
    """Two bases, of a device whose measurement is trusted and whose preparation is not."""
    from qrng_hub.certificates.source_independent import BasisCounts, certify_source_independent

    _show(certify_source_independent(BasisCounts(**counts), epsilon), as_json)


@certify_command.command("rcs")
@click.argument("path", metavar="FILE", type=click.Path())
@click.option(
    "--score", type=float, metavar="X", help="The cross-entropy fixed beforehand.  [default: that of the file]"
)
@click.option(
    "--adversary-fidelity", type=float, metavar="F", help="The best fidelity of a simulation, in the time given."
)
@_errors
@_JSON
def rcs(
    path: str, score: float | None, adversary_fidelity: float | None, as_json: bool, **errors: float | None
) -> None:
    """Bitstrings of random circuits with their ideal probabilities (JSON or CSV); nothing up to 30 qubits."""
    from qrng_hub.certificates.rcs import certify_random_circuits, read_samples

    epsilons = _epsilons(**errors)
    _show(certify_random_circuits(read_samples(path), epsilons, adversary_fidelity, score), as_json)


def _plan(rounds: int, training: Any, level: Level, options: dict[str, Any]) -> Any:
    """Makes the plan that options ask for: by a threshold score, or by factors from training."""
    from qrng_hub.certificates.chsh import Circumstances, Settings, plan_for_score, plan_from_training

    score, method, bias = (options.pop(name) for name in ("score", "method", "settings_bias"))
    drawn, sharing = _sharing(options.pop("settings_drawn"), options.pop("shots_per_setting"))
    epsilons = _epsilons(**options)
    if (score is None) == (training is None):
        raise RequestError("give either a threshold --score W that was fixed beforehand, or rounds to train with")
    settings = Settings.biased(bias) if bias else Settings.uniform()
    circumstances = Circumstances(settings, drawn, level, sharing=sharing)
    if training is None:
        return plan_for_score(method, rounds, score, epsilons, circumstances)
    if method != "pef":
        raise RequestError(f"the method {method} takes a threshold --score W; only pef can be trained")
    return plan_from_training(rounds, training, epsilons, circumstances)


def _sharing(drawn: SettingsDrawn, shots: int | None) -> tuple[SettingsDrawn, int]:
    """Reads how many shots share a setting: with one for a circuit the frequencies of settings stray further."""
    if drawn == "circuit" and shots is None:
        raise RequestError(
            "settings that are drawn for a circuit are shared by its shots, which the bound has to allow for: give "
            "--shots-per-setting S"
        )
    return ("round" if shots is None else "circuit"), shots or 1


def _epsilons(epsilon: float | None, epsilon_smooth: float | None, kappa: float | None) -> Epsilons:
    smooth = epsilon if epsilon_smooth is None else epsilon_smooth
    acceptance = epsilon if kappa is None else kappa
    if smooth is None or acceptance is None:
        raise RequestError("an error is missing: give --epsilon E, or both --epsilon-smooth and --kappa")
    return Epsilons(smooth, acceptance)


def _show(certificate: Certificate, as_json: bool) -> None:
    if as_json:
        click.echo(certificate.model_dump_json(indent=2))
    else:
        tables.show_certificate(certificate)
