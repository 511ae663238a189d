"""Valid inputs of every kind, and the commands that read them."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from braket.circuits import Circuit as BraketCircuit
from braket.devices import LocalSimulator
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import StatevectorSampler
from qiskit_ibm_runtime import RuntimeEncoder

from qrng_hub.bits import pack_shots
from qrng_hub.config import example
from qrng_hub.signing import SigningKey, signed
from services.prices import price_list
from vectors import braket_vendors
from vectors.braket_devices import capabilities

VECTORS = Path(__file__).parents[1] / "vectors"
UNFINISHED, CERTIFIED = "20261129T223620-63801963f27f", "20261129T223632-f02299b0cc2f"
_RNG = np.random.default_rng(12)
_KEY = SigningKey.from_seed(bytes(range(32)))
_SMALL = 'version = 1\n[request]\nbytes = 8\n[policy]\nfallback = "simulator-only"\n'
_LOCAL = '[[backend]]\naddress = "local:stim"\nqubits = 8\nshots = 2048\n'


@dataclass(frozen=True)
class Kind:
    """A kind of input: what files lie about, which of them are damaged, and what commands read them."""

    files: Mapping[str, bytes]
    """The contents of a working folder, by path."""
    targets: Sequence[str]
    """Which of them are damaged, one in a case."""
    commands: Sequence[str]
    """Their arguments, parted by spaces; `@` is the file that is damaged."""
    share: float
    """Its part in all cases, beside that of the others."""
    serving: str = ""
    """The vendor, or "files", that a loopback service stands in for."""
    finish: Callable[[bytes, Random], bytes] | None = None
    """What is done to a damaged file, as to sign it anew."""


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _state() -> dict[str, bytes]:
    """Returns the files that version 0.1.0 left behind, the state folder among them."""
    with tarfile.open(VECTORS / "state-0.1.0" / "state.tar.gz") as archive:
        files = [one for one in archive.getmembers() if one.isfile()]
        return {one.name.removeprefix("./"): _content(archive, one) for one in files}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    assert opened is not None
    return opened.read()


def _signed_anew(data: bytes, random: Random) -> bytes:
    """Signs what may be no receipt any more, as whoever has the key can."""
    if random.random() < 0.3:
        return data
    try:
        document = json.loads(data)
        return signed(json.dumps(document.get("receipt", document)), _KEY, document["signature"]["domain"]).text()
    except Exception:  # noqa: BLE001 - what cannot be signed is verified as it is
        return data


def _run_files() -> dict[str, bytes]:
    names = ("batch", "certified-mermin", "certified-source-independent", "certified", "compare", "embedded", "plan")
    return {f"{name}.toml": example(name).encode() for name in (*names, "open-plan", "quickstart", "readout-noise")}


def _small_run_files() -> dict[str, bytes]:
    state, more = _state(), '[ledger]\nurl = "sqlite:///own.db"\n[budget]\nusd = 1.5\nusd_per_job = 1\nwarn_at = 0.5\n'
    pool = '[pool]\nfolder = "pool"\nkey_file = "pool.key"\nlow_water_bytes = 64\nhigh_water_bytes = 128\n'
    files = {"small": _SMALL + _LOCAL, "more": _SMALL + more + _LOCAL, "pool": _SMALL + pool + _LOCAL}
    each = 'bytes = 8\nmode = "each"\ncalibrate = true\nretain_raw = true'
    files["each"] = _SMALL.replace("bytes = 8", each) + _LOCAL
    return {f"{name}.toml": text.encode() for name, text in files.items()} | {
        "planned.toml": state["plan.toml"],
        "si.toml": state["si.toml"],
    }


def _devices() -> dict[str, bytes]:
    text = json.dumps(capabilities())
    whole = {"deviceName": "Toy", "deviceType": "QPU", "providerName": "None", "deviceStatus": "ONLINE"}
    made = {
        "iqm.json": text,
        "string.json": json.dumps(text),
        "got.json": json.dumps(whole | {"deviceArn": "arn:aws:braket:::device/qpu/a/b", "deviceCapabilities": text}),
        "rigetti.json": json.dumps(braket_vendors.rigetti("CZ")),
        "ionq.json": json.dumps(braket_vendors.ionq()),
        "aqt.json": json.dumps(braket_vendors.aqt()),
    }
    run_files = {
        f"{name}.toml": _SMALL + f'[adapters.braket]\nemulators = ["{name}"]\n[[backend]]\naddress = '
        f'"braket:emulator/{Path(name).stem}"\nqubits = 2\nshots = 1024\n'
        for name in made
    }
    return {name: content.encode() for name, content in (made | run_files).items()}


def _records() -> dict[str, bytes]:
    shots = _RNG.integers(0, 2, (1500, 4), np.uint8)
    lines = ["".join(map(str, row)) for row in shots.tolist()]
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.measure_all()
    sampled = StatevectorSampler(seed=1).run([circuit], shots=1500).result()
    braket = LocalSimulator().run(BraketCircuit().h(range(4)), shots=1500).result()
    made = {
        "record.npy": _npy(pack_shots(shots)),
        "record.txt": "\n".join(lines).encode(),
        "cells.csv": ("q0,q1,q2,q3\n" + "\n".join(",".join(line) for line in lines)).encode(),
        "strings.csv": ("shot,bitstring\n" + "\n".join(f"{n},{line}" for n, line in enumerate(lines))).encode(),
        "ibm.json": json.dumps(sampled, cls=RuntimeEncoder).encode(),
        "braket.json": _braket_result(braket).encode(),
    }
    claim = 'device = "a device"\nclaimed_bits_per_shot = 0.5\nclaimed_by = "a friend"\n'
    for name in list(made):
        files = f'[adapters.replay.files."{name}"]\nqubits = 4\nqubit_0 = "left"\n{claim}'
        small = _SMALL.replace("simulator-only", "simulate-on-failure")
        made[f"{name}.toml"] = f'{small}{files}[[backend]]\naddress = "replay:{name}"\n'.encode()
    return made


def _braket_result(result: Any) -> str:
    header = {"name": "braket.task_result.gate_model_task_result", "version": "1"}
    task = {
        "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
        "id": "1",
        "shots": 1500,
    }
    return json.dumps(
        {
            "braketSchemaHeader": header,
            "measurements": result.measurements.tolist(),
            "measuredQubits": [0, 1, 2, 3],
            "taskMetadata": task | {"deviceId": "a"},
            "additionalMetadata": {
                "action": {
                    "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
                    "source": "OPENQASM 3.0;",
                }
            },
        }
    )


def _bell() -> dict[str, bytes]:
    cells = _RNG.choice(16, 3000, p=[0.107, 0.018, 0.018, 0.107] * 3 + [0.018, 0.107, 0.107, 0.018])
    rounds = np.unpackbits(cells.astype(np.uint8)[:, None], axis=1)[:, 4:]
    text = "x,y,a,b\n" + "".join(",".join(map(str, row)) + "\n" for row in rounds.tolist())
    counts = (np.bincount(cells, minlength=16) * 100).tolist()
    keyed = {f"{key:04b}": count for key, count in enumerate(counts)}
    return {
        "rounds.csv": text.encode(),
        "rounds.npy": _npy(rounds),
        "counts.json": json.dumps(counts).encode(),
        "keyed.json": json.dumps(keyed).encode(),
        "train.json": json.dumps([count + 1 for count in counts]).encode(),
        "rcs.csv": ("bitstring,probability\n" + f"{'01' * 10},{1.9 / 2**20}\n" * 50).encode(),
    }


def _prices() -> dict[str, bytes]:
    shipped = (Path(__file__).parents[2] / "qrng_hub" / "pricing" / "prices.toml").read_bytes()
    devices = [one for one in tomllib.loads(shipped.decode())["prices"] if one["vendor"] == "braket"]
    rows: list[str] = []
    for device in devices:
        name = device["device"]
        if "per_second" in device:
            rows.append(f'"Simulator Task","","{name}","CompleteTask","0.075","minutes","USD","us-east-1"')
        else:
            rows.append(f'"Quantum Task","{name}","","","0.3","Task","USD","us-east-1"')
            rows.append(f'"Quantum Task-Shot","{name}","","","{device["per_shot"]}","Shot","USD","us-east-1"')
    return {"state/prices.toml": shipped, "index.csv": price_list(*rows).encode(), "run.toml": example("plan").encode()}


def _vendor(lines: str) -> dict[str, bytes]:
    return {"run.toml": (_SMALL.replace("simulator-only", "hardware-only") + lines).encode()}


_PAID = "[budget]\nusd_per_job = 10\n"
_IBM = (
    f'{_PAID}[adapters.ibm]\nruntime_url = "$FUZZ_IBM_URL"\ntimeout_seconds = 5\n'
    '[[backend]]\naddress = "ibm:ibm_guadalupe"\nqubits = 4\n'
    "shots = 1024\noptions.rep_delay = 0.0001\n"
)
_BRAKET = (
    f'{_PAID}[adapters.braket]\nregion = "eu-north-1"\ns3 = "s3://amazon-braket-test/hub"\n[[backend]]\n'
    'address = "braket:garnet"\nqubits = 4\nshots = 1024\n'
)
_GOOGLE = (
    '[budget]\nusd_per_job = 10\n[adapters.cirq]\nproject_id = "loopback-project"\ntimeout_seconds = 10\n[[backend]]\n'
    'address = "cirq:engine/rainbow"\nqubits = 2\nshots = 1024\n'
)
_GOOGLE_PRICE = b"""version = 1
[[prices]]
vendor = "google"
device = "rainbow"
source = "x"
dated = 2026-11-01
confidence = "official"
"""
_VENDOR_COMMANDS = (
    *["run run.toml --yes"] * 9, "run run.toml --yes --json", *["check run.toml"] * 5, "backends --config run.toml",
    "jobs --config run.toml reconcile", *["compare run.toml --yes --out compared"] * 3,
)  # fmt: skip


def kinds() -> dict[str, Kind]:
    """Makes every kind."""
    run_files, small, devices, records, bell, used = (
        _run_files(), _small_run_files(), _devices(), _records(), _bell(), _state(),
    )  # fmt: skip
    quick = ["batch.toml", "embedded.toml", "open-plan.toml", "plan.toml", "readout-noise.toml"]
    certified = f"state/receipts/{CERTIFIED}.json"
    receipts = {
        "receipt.json": used["receipt.json"],
        "key.receipt.json": used["key.receipt.json"],
        "version-1.json": (VECTORS / "receipts" / "version-1.json").read_bytes(),
        "parts.json": b"\n".join(used[name].replace(b"\n", b"") for name in ("receipt.json", certified)),
    }
    compared = [name for name in used if name.startswith("comparison/") and not name.endswith(".html")]
    kept = [name for name in used if name.startswith("state/")]
    symbols = _RNG.integers(0, 4, 4200, np.uint8)
    samples = {"samples.npy": _npy(symbols), "samples.bin": symbols.tobytes()}
    claim, named = "--min-entropy-per-bit 0.5 --epsilon 1e-6 --out o --force", f"--key {_KEY.fingerprint}"
    seed = {"seed.bin": _RNG.bytes(4096)}
    return {
        "run-file": Kind(run_files, quick, ("config check @",), 60),
        "large-run-file": Kind(run_files, sorted(run_files.keys() - quick), ("config check @",), 0.5),
        "small-run-file": Kind(
            small, [*small],
            ("run @ --yes", "run @ --yes --json --out out", "plan @", "check @",
             "jobs --config @", "report costs --config @", "bytes 4 --config @ --yes", "pool fill 64 --config @ --yes",
             "keygen aes-256 --allow-simulated --out k --config @ --yes"),
            4,
        ),
        "device-file": Kind(
            devices, [name for name in devices if name.endswith(".json")],
            ("check @.toml", "config check @.toml", "run @.toml --yes", "run @.toml --yes --json"), 3,
        ),
        "receipt": Kind(
            used | receipts, [*receipts],
            ("verify @", "verify @ --json", f"verify @ {named}", f"verify @ --data key {named}"),
            40, finish=_signed_anew,
        ),
        "public-key": Kind(
            used, ["key.pub", "state/receipt-key.pem", *(name for name in used if "receipt-keys" in name)],
            ("verify key.receipt.json --data key.pub", "verify receipt.json --key key.pub", "keys show",
             "verify receipt.json", "keys rotate"),
            5,
        ),
        "rounds": Kind(
            bell, ["rounds.csv", "rounds.npy"],
            ("certify bell-data @ --train-rounds 1000 --epsilon 1e-3",
             "certify bell-data @ --method eat --score 0.8 --epsilon 1e-3 --json"),
            8,
        ),
        "counts": Kind(
            bell, ["counts.json", "keyed.json", "train.json"],
            ("certify chsh --counts @ --score 0.8 --method eat --epsilon 1e-3",
             "certify chsh --counts counts.json --train @ --epsilon 1e-3",
             "certify chsh --rounds 9000 --train @ --epsilon 1e-3"),
            5,
        ),
        "bitstrings": Kind(
            bell, ["rcs.csv"],
            ("certify rcs @ --epsilon 1e-3", "certify rcs @ --adversary-fidelity 0.1 --epsilon 1e-3 --json"),
            4,
        ),
        "samples": Kind(
            samples | seed, [*samples],
            ("assess @ --bits-per-symbol 2", "assess @ --bits --json",
             "extract --in @ --method von-neumann --out o --force",
             f"extract --in @ --seed seed.bin {claim} --block-bits 4096",
             f"extract --in seed.bin --seed @ {claim} --block-bits 1024"),
            6,
        ),
        "record": Kind(
            records, [name for name in records if not name.endswith(".toml")],
            ("run @.toml --yes", "bytes 4 --config @.toml --yes", "check @.toml"), 5,
        ),
        "comparison": Kind(
            used, compared,
            ("compare comparison --out again", "compare comparison --out again --against comparison",
             "compare compare.toml --resume comparison", "compare comparison --out again --json --by cost"),
            3,
        ),
        "prices": Kind(
            _prices(), ["state/prices.toml"],
            ("report prices", "config check run.toml", "report prices --json", "bytes 4"), 4,
        ),
        "price-list": Kind(_prices(), ["index.csv"], ("report prices --refresh",), 3, serving="files"),
        "state": Kind(
            used, kept,
            ("jobs", "jobs audit", "jobs --runs", "pool status", "pool take 8", "pool salvage", "receipt",
             "report costs", "report queue", "bytes 4", f"run plan.toml --resume {UNFINISHED}", "jobs show d41b"),
            5,
        ),
        "ibm": Kind(_vendor(_IBM), [], _VENDOR_COMMANDS, 0.5, serving="ibm"),
        "braket": Kind(_vendor(_BRAKET), [], _VENDOR_COMMANDS, 0.7, serving="braket"),
        "google": Kind(
            _vendor(_GOOGLE) | {"state/prices.toml": _GOOGLE_PRICE}, [], _VENDOR_COMMANDS, 0.7, serving="google"
        ),
    }  # fmt: skip


def lay(files: Mapping[str, bytes], folder: Path) -> None:
    """Empties a folder and lays files in it, for their owner alone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
