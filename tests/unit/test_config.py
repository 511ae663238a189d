from decimal import Decimal
from pathlib import Path

import pytest

from qrng_hub.config import example, ledger_url, load_run_file, run_file_from
from qrng_hub.errors import ConfigError, UnknownNameError
from qrng_hub.hub import check_run_file
from qrng_hub.records import Fallback, Quote


def check(tmp_path: Path, text: str) -> str:
    """Returns what a bad file is answered with."""
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_run_file(path)
    return str(caught.value).replace(str(tmp_path), "")


def test_reads_every_section(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        """
version = 1
[request]
bytes = 100
mode = "each"
retain_raw = true
[policy]
fallback = "hardware-only"
[budget]
usd_per_job = 0.30
[[backend]]
address = "local:stim"
qubits = 5
[backend.options]
flip_0_to_1 = 0.25
[[backend]]
address = "ibm:ibm_fez"
shots = 4096
[adapters.ibm]
instance = "crn"
[ledger]
url = "sqlite:///x.db"
"""
    )
    run_file = load_run_file(path)
    assert (run_file.request.bytes, run_file.request.mode, run_file.request.retain_raw) == (100, "each", True)
    assert run_file.policy.fallback is Fallback.HARDWARE_ONLY
    assert run_file.budget.usd_per_job == Decimal("0.30")
    assert [one.address for one in run_file.backends] == ["local:stim", "ibm:ibm_fez"]
    assert run_file.backends[0].options == {"flip_0_to_1": 0.25}
    assert run_file.adapters == {"ibm": {"instance": "crn"}}
    assert ledger_url(run_file.ledger) == "sqlite:///x.db"


def test_defaults_are_the_embedded_simulator_and_the_state_folder(state: Path) -> None:
    run_file = run_file_from({"version": 1})
    assert [one.address for one in run_file.backends] == ["local:stim"]
    assert ledger_url(run_file.ledger) == f"sqlite:///{state}/ledger.db"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("not toml at all", "/run.toml: this is not TOML: Expected '=' after a key"),
        ("", "/run.toml: version: this key is required"),
        ("version = 2", "/run.toml, line 1: version: this release reads version 1, not 2; upgrade qrng-hub"),
        ("version = 1\n\n[request]\nbites = 1", "/run.toml, line 4: request.bites: unknown key; did you mean 'bytes'?"),
        ("version = 1\n[reqest]\n", "/run.toml, line 2: reqest: unknown key; did you mean 'request'?"),
        (
            'version = 1\n[[backend]]\naddress = "a:b"\n[[backend]]\naddress = "a:c"\nqbits = 3',
            "/run.toml, line 6: backend[1].qbits: unknown key; did you mean 'qubits'?",
        ),
        ("version = 1\n[[backend]]\nqubits = 3", "/run.toml, line 2: backend[0].address: this key is required"),
        ("version = 1\nbackend = []", "/run.toml, line 2: backend: "),
        ("version = 1\n[request]\nbytes = 0", "line 3: request.bytes: must be greater than or equal to 1"),
        ("version = 1\n[request]\nepsilon = 0", "line 3: request.epsilon: must be greater than or equal to 2^-512"),
        ("version = 1\n[request]\nhealth_alpha = 1", "request.health_alpha: must be less than or equal to 2^-20"),
        ("version = 1\n[request]\nbytes = -4", "line 3: request.bytes: must be greater than or equal to 1"),
        ("version = 1\n[request]\nbytes = 99999999999", "request.bytes: must be less than or equal to 1073741824"),
        ("version = 1\n[request]\nbytes = 1.5", "line 3: request.bytes: must be a valid integer"),
        (
            'version = 1\n[request]\nprotocol = "magic"',
            "line 3: request.protocol: must be 'superposition', 'source-independent', 'chsh' or 'mermin'",
        ),
        ('version = 1\n[policy]\nfallback = "never"', "line 3: policy.fallback: must be 'hardware-only', 'simulate-on"),
    ],
)
def test_a_bad_file_is_answered_with_its_line_its_key_and_the_cure(tmp_path: Path, text: str, answer: str) -> None:
    assert answer in check(tmp_path, text)


def test_says_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    assert len(check(tmp_path, "version = 1\nrequests = 1\n[request]\nbytes = 0\nmode = 3").splitlines()) == 3


def test_a_missing_file_and_a_folder_are_not_tracebacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_run_file(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_run_file(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"version = 1 # \xe9")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_run_file(tmp_path / "latin.toml")


def test_ships_examples() -> None:
    assert "version = 1" in example("quickstart")
    with pytest.raises(UnknownNameError, match="did you mean 'quickstart'"):
        example("quickstrat")


def test_a_time_without_a_zone_and_a_probability_that_is_none_are_answered_in_plain_words(tmp_path: Path) -> None:
    zone = check(tmp_path, "version = 1\n[budget]\ndeadline_utc = 2026-12-31T23:00:00\n")
    assert zone == "/run.toml, line 3: budget.deadline_utc: must say its zone, as in 2026-12-31T23:00:00Z"
    text = 'version = 1\n[[backend]]\naddress = "local:stim"\noptions.flip_0_to_1 = VALUE\n'
    for value, says in (
        ("1.5", "backend[0].options.flip_0_to_1: must be less than or equal to 1"),
        ("[0.1, 3]", "backend[0].options.flip_0_to_1[1]: must be less than or equal to 1"),
    ):
        (tmp_path / "run.toml").write_text(text.replace("VALUE", value))
        with pytest.raises(ConfigError) as caught:
            check_run_file(load_run_file(tmp_path / "run.toml"))
        assert str(caught.value).splitlines() == [says]


@pytest.mark.parametrize(("text", "shown"), [("0E+54", "0"), ("3E+2", "300"), ("0.50", "0.50"), ("1e-3", "0.001")])
def test_an_amount_is_shown_without_a_power_of_ten(tmp_path: Path, text: str, shown: str) -> None:
    (tmp_path / "run.toml").write_text(f"version = 1\n[budget]\nusd = {text}\n")
    assert str(load_run_file(tmp_path / "run.toml").budget.usd) == shown
    quote = Quote(low=Decimal(text), high=Decimal(text), source="")
    assert f'"low":"{shown}"' in quote.model_dump_json()
