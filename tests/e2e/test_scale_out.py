"""Outcomes are collected, credited and conditioned by other processes, and by a Dask cluster over TLS."""

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.errors import ConfigError, InsufficientEntropyError, PolicyStopError
from qrng_hub.runner import require_private
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter
from services import braket_jobs
from services.braket import BraketService

VALUES: dict[str, Any] = {
    "version": 1,
    "request": {"bytes": 2048, "mode": "plan", "mix_os_entropy": False},
    "policy": {"fallback": "hardware-only"},
    "budget": {"usd": 20},
    "adapters": {"braket": {"region": "eu-north-1", "s3": "s3://amazon-braket-test/hub"}},
    "backend": [{"address": "braket:garnet", "shots": 1024}],
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BraketService]:
    with braket_jobs.serving(monkeypatch) as service:
        yield service


@pytest.fixture
def processes(service: BraketService) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def draw_on(executor: Executor, **sections: Any) -> bytes:
    with Hub.open(VALUES | sections, executor=executor) as hub:
        draw = hub.run()
        (source,) = draw.receipt.sources
        assert len(source.job_keys) == len(source.block_sha256)
        assert source.shots == 1024 * len(source.job_keys)
        assert draw.receipt.credit.bits == 8 * 2048
        assert hub.audit() == ()
    return draw.data


def test_processes_collect_credit_and_condition(
    processes: ProcessPoolExecutor, service: BraketService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers' own clients fetch the outcomes: once they run, this process could not."""
    assert os.getpid() not in set(processes.map(_pid, range(8)))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert len(draw_on(processes)) == 2048


def test_with_raw_outcomes_kept_threads_process_what_is_kept(service: BraketService, state: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        request = VALUES["request"] | {"retain_raw": True}
        with Hub.open(VALUES | {"request": request}, executor=threads) as hub:
            (source,) = hub.run().receipt.sources
    for digest in source.block_sha256:
        outcomes = np.load(state / "raw" / f"{digest}.npy", allow_pickle=False)
        assert (len(outcomes), hashlib.sha256(outcomes.data).hexdigest()) == (1024, digest)


def test_an_error_of_another_process_is_the_same_error_here(processes: ProcessPoolExecutor) -> None:
    vendor = ScriptedAdapter({"device": Script(p_one=0.0)}, FrozenClock())
    backends = [{"address": "scripted:device", "shots": 1024}]
    values = VALUES | {"request": {"bytes": 64}, "backend": backends, "budget": {"usd": 1}}
    with (
        Hub.open(values, clock=vendor.clock, adapters=[vendor], executor=processes) as hub,
        pytest.raises(InsufficientEntropyError, match="carry 0 bits that can be counted on"),
    ):
        hub.run()


@contextmanager
def dask_over_tls(**settings: Any) -> Iterator[Executor]:
    """Two workers of a cluster over TLS, in processes of their own, with these settings of Dask's."""
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, security=Security.temporary(), dashboard_address=None
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        client.get_executor(pure=False) as executor,
    ):
        assert client.scheduler.address.startswith("tls://")
        yield executor


IN_MEMORY = {"distributed.worker.memory.target": False, "distributed.worker.memory.spill": False}


def test_a_dask_cluster_over_tls_collects_credits_and_conditions(service: BraketService) -> None:
    with dask_over_tls(**IN_MEMORY) as executor:
        assert len(draw_on(executor)) == 2048


def test_workers_that_may_spill_get_no_outcomes(service: BraketService) -> None:
    with dask_over_tls() as executor, pytest.raises(ConfigError, match=r"may write outputs.*memory\.spill"):
        Hub.open(VALUES, executor=executor)


def test_workers_that_keep_dying_leave_a_run_to_resume(service: BraketService, tmp_path: Path) -> None:
    deadly = tmp_path / "deadly.py"
    deadly.write_text(
        "import os\nfrom qrng_hub.runner import processing\nprocessing.collected = lambda *_: os._exit(1)\n"
    )
    settings = {"distributed.worker.preload": [str(deadly)], "distributed.scheduler.allowed-failures": 1}
    with dask_over_tls(**IN_MEMORY, **settings) as executor, Hub.open(VALUES, executor=executor) as hub:
        with pytest.raises(PolicyStopError, match=r"KilledWorker.*--resume"):
            hub.run()
        (run,) = hub.unfinished_runs()
        paid = {job.key for job in hub.jobs()}
    with Hub.open(VALUES) as hub:
        (source,) = hub.resume(run.draw_id).receipt.sources
    assert paid <= set(source.job_keys)


class _Client:
    """What Dask's client says of a cluster."""

    def __init__(self, *addresses: str) -> None:
        self.scheduler = self
        self.address, *workers = addresses
        self._workers = dict.fromkeys(workers)

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": self._workers}

    def run(self, _call: Callable[..., bool], workers: list[str]) -> dict[str, bool]:
        return dict.fromkeys(workers, False)


class _DaskExecutor(ThreadPoolExecutor):
    def __init__(self, *addresses: str) -> None:
        super().__init__(1)
        self._client = _Client(*addresses)


@pytest.mark.parametrize(
    ("addresses", "is_private"),
    [
        (["tls://10.0.0.5:8786", "tls://10.0.0.6:4000"], True),
        (["tcp://127.0.0.1:8786", "tcp://127.0.0.1:4000"], False),
        (["tcp://[::1]:8786"], False),
        (["inproc://10.0.0.5/1/1"], True),
        (["tcp://10.0.0.5:8786"], False),
        (["tls://10.0.0.5:8786", "tcp://10.0.0.6:4000"], False),
        (["tcp://node.example.org:8786"], False),
        (["ucx://10.0.0.5:8786"], False),
    ],
)
def test_raw_outcomes_cross_no_network_in_the_clear(addresses: list[str], is_private: bool) -> None:
    with _DaskExecutor(*addresses) as executor:
        if is_private:
            require_private(executor)
        else:
            with pytest.raises(ConfigError, match="does not use TLS, and raw outcomes are secrets"):
                Hub.open(VALUES, executor=executor)


class _Elsewhere(Executor):
    """Dask's executor as this process sees it; nothing may be handed over."""

    def __init__(self, *addresses: str) -> None:
        self._client = _Client(*addresses)

    def submit(self, call: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        raise AssertionError("outcomes were handed over")


def test_a_worker_that_joins_later_without_tls_gets_no_outcomes() -> None:
    vendor = ScriptedAdapter({"device": Script()}, FrozenClock())
    values = VALUES | {"request": {"bytes": 64}, "backend": [{"address": "scripted:device"}], "budget": {"usd": 1}}
    with (
        _Elsewhere("tls://10.0.0.5:8786") as executor,
        Hub.open(values, clock=vendor.clock, adapters=[vendor], executor=executor) as hub,
    ):
        executor._client._workers["tcp://10.0.0.7:4000"] = None
        with pytest.raises(ConfigError, match=r"tcp://10\.0\.0\.7:4000 does not use TLS"):
            hub.run()


def _pid(_number: int) -> int:
    return os.getpid()
