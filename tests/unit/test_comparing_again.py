"""A comparison that is interrupted, measured again, swept over options, or set against an earlier one."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.config import load_run_file, run_file_from
from qrng_hub.errors import ConfigError, LedgerError
from qrng_hub.files import claimed
from qrng_hub.hub.comparing import Place, measured_again, started_of, with_changes
from qrng_hub.hub.comparison_document import load_comparison
from qrng_hub.hub.opening import open_registry
from qrng_hub.records import Comparison, Job, QubitCalibration, RawBlock
from qrng_hub.reports.comparison_changes import against
from qrng_hub.reports.comparison_files import save_comparison
from qrng_hub.runner import Compared
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Counting(ScriptedAdapter):
    """Fails in a way that ends a comparison once it has handed over so many jobs."""

    ends_after = 10_000
    collected = 0

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        if self.collected == self.ends_after:
            raise LedgerError("the process ends here")
        self.collected += 1
        return super().collect(job)


@pytest.fixture
def adapter() -> Counting:
    return Counting({"a": Script(), "b": Script(p_one=0.45)}, FrozenClock(), seed=1)


def run(
    adapter: ScriptedAdapter, place: Place | None = None,
    on_progress: Callable[[Compared], None] = lambda _compared: None,
    ledger: Path | None = None, **sections: Any,
) -> Comparison:  # fmt: skip
    values: dict[str, Any] = {
        "version": 1,
        "backend": [{"address": f"scripted:{name}"} for name in adapter.scripts],
        "budget": {"usd_per_job": 1},
        "compare": {"shots": 2048, "repeats": 3},
    }
    if ledger:
        values["ledger"] = {"url": f"sqlite:///{ledger}"}
    with Hub.open(run_file_from(values | sections), clock=adapter.clock, adapters=[adapter]) as hub:
        return hub.compare(place=place, on_progress=on_progress)


def outcomes_in(folder: Path) -> int:
    return len(list((folder / "raw").glob("*.npy")))


def test_an_interrupted_comparison_is_gone_on_with_and_nothing_is_paid_twice(adapter: Counting, tmp_path: Path) -> None:
    folder, ledger, one = tmp_path / "results", tmp_path / "ledger.db", [{"address": "scripted:a"}]
    adapter.ends_after = 2
    with pytest.raises(LedgerError, match="ends here"):
        run(adapter, Place(folder), ledger=ledger, backend=one)
    assert outcomes_in(folder) == 2
    assert len(submitted := set(adapter.jobs)) == 3
    adapter.ends_after = 10_000
    (row,) = run(adapter, Place(folder, is_resumed=True), ledger=ledger, backend=one).backends
    assert (row.failure, len(row.repeats)) == ("", 3)
    assert set(adapter.jobs) == submitted == {line.key for line in row.repeats}
    assert adapter.collected == 3
    assert not (folder / "raw").exists()


def test_a_job_that_was_at_the_vendor_is_followed_and_not_submitted_again(adapter: Counting, tmp_path: Path) -> None:
    """All outcomes are lost before they are kept: the vendor still has them."""
    folder, ledger = tmp_path / "results", tmp_path / "ledger.db"
    adapter.ends_after = 0
    with pytest.raises(LedgerError):
        run(adapter, Place(folder), ledger=ledger)
    before = set(adapter.jobs)
    assert before and outcomes_in(folder) == 0
    adapter.ends_after = 10_000
    comparison = run(adapter, Place(folder, is_resumed=True), ledger=ledger)
    assert before < set(adapter.jobs) and len(adapter.jobs) == 6
    assert {one.key for row in comparison.backends for one in row.repeats} == set(adapter.jobs)


def test_only_the_same_comparison_is_gone_on_with(adapter: Counting, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    run(adapter, Place(folder), request={"retain_raw": True})
    with pytest.raises(ConfigError, match="another run file"):
        run(adapter, Place(folder, is_resumed=True), request={"retain_raw": True}, compare={"shots": 4096})
    with pytest.raises(ConfigError, match="holds the outcomes of a comparison"):
        run(adapter, Place(folder))
    with pytest.raises(ConfigError, match="no comparison that was begun"):
        run(adapter, Place(tmp_path / "empty", is_resumed=True))


def test_outcomes_are_kept_only_if_asked_for(adapter: Counting, tmp_path: Path) -> None:
    run(adapter, Place(tmp_path / "gone"))
    assert not (tmp_path / "gone" / "raw").exists()
    run(adapter, Place(tmp_path / "kept"), request={"retain_raw": True})
    assert outcomes_in(tmp_path / "kept") == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept" / "raw").iterdir()} == {0o600}


def test_kept_outcomes_measured_again_say_the_same(adapter: Counting, tmp_path: Path) -> None:
    adapter.scripts["off"] = Script(offline=True)
    folder = tmp_path / "results"
    first = run(adapter, Place(folder), request={"retain_raw": True, "calibrate": True})
    save_comparison(first, "{}", folder)
    again = measured_again(folder, None)
    times = {"vendor_seconds": 0.0, "hub_seconds": 0.0}
    failed = [row.label for row in again.backends if row.failure]
    assert failed == ["scripted:off"]
    seen, new = first.model_copy(update=times), again.model_copy(update=times)
    described = {"backends": {"__all__": {"described", "description", "price"}}}
    assert new.model_dump(exclude=described) == seen.model_dump(exclude=described)


def test_outcomes_that_were_changed_are_not_measured(adapter: Counting, tmp_path: Path) -> None:
    run(adapter, Place(tmp_path), request={"retain_raw": True})
    path = next((tmp_path / "raw").glob("*.npy"))
    table = np.load(path)
    table[0, 0] ^= 1
    np.save(path, table)
    with pytest.raises(ConfigError, match="have the SHA-256"):
        measured_again(tmp_path, None)


@pytest.mark.parametrize("name", ["*.npy", "*.json"])
@pytest.mark.parametrize("text", [b"", b"PK\x03\x04", b"{}", None])
def test_a_damaged_repeat_is_the_reason_of_its_row_and_the_rest_is_finished(
    adapter: Counting, tmp_path: Path, name: str, text: bytes | None
) -> None:
    run(adapter, Place(tmp_path), request={"retain_raw": True}, ledger=tmp_path / "ledger.db")
    path = min((tmp_path / "raw").glob("*.json"))
    if name == "*.npy":
        path = tmp_path / "raw" / f"{json.loads(path.read_bytes())['digests'][0]}.npy"
    if text is None and name == "*.npy":
        path.unlink()
    else:
        path.write_bytes(text or b"\0")
    place = Place(tmp_path, is_resumed=True)
    of = run(adapter, place, request={"retain_raw": True}, ledger=tmp_path / "ledger.db").backends
    assert {row.label: bool(row.failure) for row in of} == {"scripted:a": True, "scripted:b": False}
    (reason,) = (row.failure for row in of if row.failure)
    assert "000-0000.json and its outcomes cannot be read: " in reason and "\n" not in reason


def test_nothing_is_measured_where_nothing_is_kept(adapter: Counting, tmp_path: Path) -> None:
    run(adapter, Place(tmp_path))
    with pytest.raises(ConfigError, match=r"retain_raw = true"):
        measured_again(tmp_path, None)
    with pytest.raises(ConfigError, match=r"cannot be read: No such file .* name the folder of a comparison"):
        load_comparison(tmp_path / "elsewhere")


def test_a_finished_comparison_is_not_run_anew(adapter: Counting, tmp_path: Path) -> None:
    """Its document is there before its outcomes are gone, so that an end in between loses nothing."""
    made, jobs = run(adapter, Place(tmp_path)), len(adapter.jobs)
    assert load_comparison(tmp_path) == made
    assert run(adapter, Place(tmp_path, is_resumed=True)) == made
    assert len(adapter.jobs) == jobs


def test_an_earlier_comparison_in_the_folder_is_not_taken_for_one_that_was_begun_after_it(
    adapter: Counting, tmp_path: Path
) -> None:
    earlier = run(adapter, Place(tmp_path), ledger=tmp_path / "ledger.db")
    adapter.ends_after = adapter.collected
    with pytest.raises(LedgerError, match="ends here"):
        run(adapter, Place(tmp_path, is_replaced=True), ledger=tmp_path / "ledger.db")
    adapter.ends_after = 10_000
    made = run(adapter, Place(tmp_path, is_resumed=True), ledger=tmp_path / "ledger.db")
    assert made.comparison_id != earlier.comparison_id
    assert len(adapter.jobs) == 12


def test_two_processes_do_not_work_in_one_folder(adapter: Counting, tmp_path: Path) -> None:
    with (
        claimed(tmp_path / "comparison.lock", "it"),
        pytest.raises(LedgerError, match="another process is working on the comparison in"),
    ):
        run(adapter, Place(tmp_path))
    assert not adapter.jobs
    assert run(adapter, Place(tmp_path)).backends
    assert not (tmp_path / "comparison.lock").exists()


def edited(document: dict[str, Any], *steps: str | int, value: Any) -> dict[str, Any]:
    changed = json.loads(json.dumps(document))
    place = changed
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return dict(changed)


ROW: tuple[str | int, ...] = ("backends", 0)


@pytest.mark.parametrize(("steps", "value", "says"), [
    ((*ROW, "measures", "qubits", 0, "ones"), 10**9, "scripted:a: the ones of its qubits are not those of the repeats"),
    ((*ROW, "measures", "qubits", 0, "p_one", "value"), 0.5, r"P\(1\) is not the share of ones"),
    ((*ROW, "measures", "qubits"), [], "the ones of its qubits"),
    ((*ROW, "measures", "shots"), -5, "-5 shots are not those of the repeats"),
    ((*ROW, "repeats"), [], "shots are not those of the repeats"),
    ((*ROW, "measures", "alien"), 1, r"backends\[0\]\.measures\.alien: unknown key"),
    (("versions", "qrng_hub"), "9.9", ""),
])  # fmt: skip
def test_a_document_that_was_edited_is_refused_where_that_shows(
    adapter: Counting, tmp_path: Path, steps: tuple[str | int, ...], value: Any, says: str
) -> None:
    run(adapter, Place(tmp_path), backend=[{"address": "scripted:a"}])
    path = tmp_path / "comparison.json"
    document = edited(json.loads(path.read_bytes()), *steps, value=value)
    path.write_text(json.dumps(document))
    if says:
        with pytest.raises(ConfigError, match=says):
            load_comparison(tmp_path)
    else:
        load_comparison(tmp_path)
        path.write_text(json.dumps(document | {"later": 1}))
        with pytest.raises(ConfigError, match=r"that qrng_hub .* reads \(it is of '9.9'\): later: unknown key"):
            load_comparison(tmp_path)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", bytes(range(256)), b'{"versions": []}'])
def test_what_is_no_document_is_refused_in_one_line(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "comparison.json").write_bytes(text)
    with pytest.raises(ConfigError, match="is not the document of a comparison") as raised:
        load_comparison(tmp_path)
    assert "\n" not in str(raised.value) and "http" not in str(raised.value)


def test_a_sweep_is_a_row_for_each_choice() -> None:
    adapter = ScriptedAdapter({"a": Script(price=Decimal("0.01"))}, FrozenClock())
    backend = [{"address": "scripted:a", "sweep": {"shots": [1024, 2048, 4096]}}]
    comparison = run(adapter, backend=backend, compare={"repeats": 2, "by": "cost"})
    shots = {row.label: row.measures.shots for row in comparison.backends if row.measures}
    assert shots == {f"scripted:a (shots = {n})": 2 * n for n in (1024, 2048, 4096)}
    assert [row.setting for row in comparison.backends] == ["shots = 4096", "shots = 2048", "shots = 1024"]
    assert len(comparison.differences) == 3
    assert len({one.key for row in comparison.backends for one in row.repeats}) == 6


def test_which_qubits_are_used_can_be_swept() -> None:
    adapter = ScriptedAdapter({"a": Script(price=Decimal("0.01"))}, FrozenClock())
    backend = [{"address": "scripted:a", "sweep": {"qubits": [[9, 2], 3]}}]
    comparison = run(adapter, backend=backend, compare={"repeats": 1})
    measured = {row.setting: [one.qubit for one in row.measures.qubits] for row in comparison.backends if row.measures}
    assert measured == {"qubits = [9, 2]": [2, 9], "qubits = 3": [0, 1, 2]}
    with pytest.raises(ConfigError, match=r"backend\.sweep\.qubits: \[4, 4\] names a qubit twice"):
        run(adapter, backend=[{"address": "scripted:a", "sweep": {"qubits": [[4, 4]]}}], compare={})


def test_options_that_are_swept_are_those_of_the_jobs_and_are_checked() -> None:

    swept = {"address": "ibm:ibm_fez", "sweep": {"rep_delay": [0.0001, 0.00025], "shots": [1024, 2048]}}
    clock = FrozenClock()
    run_file = run_file_from({"version": 1, "backend": [swept], "compare": {}})
    registry = open_registry(run_file, clock)
    started = started_of(run_file, registry, clock, None)
    asked = [(one.shots, one.options) for one in started.request.candidates]
    assert asked == [(n, {"rep_delay": delay}) for delay in (0.0001, 0.00025) for n in (1024, 2048)]
    assert started.settings[0] == "rep_delay = 0.0001, shots = 1024"
    wrong = run_file_from({"version": 1, "backend": [swept | {"sweep": {"rep_delay": [-1]}}], "compare": {}})
    with pytest.raises(ConfigError, match=r"backend\.sweep"):
        started_of(wrong, registry, clock, None)
    with pytest.raises(ConfigError, match="is to run at several settings"):
        run_file_from({"version": 1, "backend": [swept]})


def test_the_sweep_of_the_documentation_is_read_from_a_file(tmp_path: Path) -> None:
    """In TOML 0.0001 becomes a `Decimal`, which a table that is the adapter's own is not to hold."""
    documentation = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")
    block = next(part for part in documentation.split("```toml\n") if part.startswith("[[backend]]")).split("```")[0]
    path = tmp_path / "run.toml"
    path.write_text(f"version = 1\n{block}\n[compare]\n", encoding="utf-8")
    run_file, clock = load_run_file(path), FrozenClock()
    started = started_of(run_file, open_registry(run_file, clock), clock, None)
    assert len(started.settings) == 2 * 2 * 3
    assert {one.options["rep_delay"] for one in started.request.candidates} == {0.0001, 0.00025}


def changes(now: Comparison, before: Comparison, kind: str) -> dict[str, tuple[bool, str]]:
    return {one.label: (one.is_real, one.sentence) for one in against(now, before).changes if one.kind == kind}


def test_what_changed_since_is_named_and_what_did_not_is_not() -> None:
    clock = FrozenClock()
    repeats: dict[str, Any] = {"compare": {"shots": 2048, "repeats": 8}}
    before = run(ScriptedAdapter({
        "same": Script(), "worse": Script(), "gone": Script(), "fails": Script(), "busy": Script(queue_seconds=60),
    }, clock, seed=1), **repeats)  # fmt: skip
    now = run(ScriptedAdapter({
        "same": Script(), "worse": Script(p_one=0.45, price=Decimal("0.60")), "new": Script(),
        "fails": Script(offline=True), "busy": Script(queue_seconds=3600),
    }, clock, seed=2), **repeats)  # fmt: skip
    presence = changes(now, before, "presence")
    assert presence["scripted:new"][1].endswith("new: it is not in the earlier comparison")
    assert presence["scripted:gone"][0] and "offline" in presence["scripted:fails"][1]
    price = changes(now, before, "price")
    assert {label for label, (is_real, _) in price.items() if is_real} == {"scripted:worse"}
    assert "at 0.60 USD, before 0.30 USD" in price["scripted:worse"][1]
    entropy = changes(now, before, "entropy")
    assert {label for label, (is_real, _) in entropy.items() if is_real} == {"scripted:worse"}
    assert "before in 5" in entropy["scripted:worse"][1] or "before in 4" in entropy["scripted:worse"][1]
    queue = changes(now, before, "queue")
    assert {label for label, (is_real, _) in queue.items() if is_real} == {"scripted:busy"}
    assert "3,600.0 s in the median, before 60.0 s" in queue["scripted:busy"][1]


def test_too_few_jobs_say_so_in_place_of_a_claim() -> None:
    clock = FrozenClock()
    before, now = (run(ScriptedAdapter({"a": Script(queue_seconds=wait)}, clock)) for wait in (1, 9999))
    (is_real, sentence) = changes(now, before, "queue")["scripted:a"]
    assert not is_real
    assert "3 and 3 jobs with a queue time are too few" in sentence


def calibrated(comparison: Comparison, flips: Sequence[float]) -> Comparison:
    (row,) = comparison.backends
    assert row.described is not None
    published = tuple(QubitCalibration(qubit=q, flip_0_to_1=f, flip_1_to_0=0.01) for q, f in enumerate(flips))
    described = row.described.model_copy(update={"calibration": published})
    return comparison.model_copy(update={"backends": (row.model_copy(update={"described": described}),)})


def test_a_new_calibration_is_a_change_and_says_of_which_qubit_most() -> None:
    made = run(ScriptedAdapter({"a": Script()}, FrozenClock()))
    old, new = calibrated(made, [0.01, 0.01, 0.01]), calibrated(made, [0.01, 0.02, 0.05])
    is_real, sentence = changes(new, old, "calibration")["scripted:a"]
    assert is_real
    assert "2 of 3 qubits changed, most that of qubit 2, by 4.00%" in sentence
    assert not changes(old, old, "calibration")["scripted:a"][0]


def test_the_same_source_is_said_to_have_changed_no_more_often_than_stated() -> None:
    """Of 20 pairs of comparisons of four qubits at 5 %, more than 5 are claimed with a probability of 0.03 %."""
    claimed, clock = 0, FrozenClock()
    settings: dict[str, Any] = {"compare": {"shots": 1024, "repeats": 1, "alpha": 0.05}}
    settings["backend"] = [{"address": "scripted:a", "qubits": 4}]
    made = [run(ScriptedAdapter({"a": Script()}, clock, seed), **settings) for seed in range(40)]
    for now, before in zip(made[::2], made[1::2], strict=True):
        changed = with_changes(now, before).against
        assert changed is not None
        claimed += any(one.is_real for one in changed.changes)
    assert claimed <= 5
