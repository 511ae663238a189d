"""How long the planner takes for 50 backends, and what plans save from the shipped price book. Prints JSON.

The devices are those of the price book, with the numbers of qubits that their vendors publish, without readout
errors. `one_qubit` runs as many jobs as it takes on one qubit of the planned device, `tasks_of_100_shots` on all of
its qubits, and `always_garnet` everything on one device.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from measuring import machine

from qrng_hub.extractors import OUTPUT_BYTES, overhead_bits
from qrng_hub.planner import Demand, Tariff, Terms, make_plan
from qrng_hub.pricing import price_book
from qrng_hub.protocols import MIN_SHOTS
from qrng_hub.records import Candidate, Origin, Quote

#: address, vendor and device in the price book, qubits, most shots of a job, seconds a shot
DEVICES = (
    ("braket:cepheus", "braket", "Cepheus-1-108Q", 108, 50_000, None),
    ("braket:garnet", "braket", "Garnet", 20, 20_000, None),
    ("braket:emerald", "braket", "Emerald", 54, 20_000, None),
    ("braket:ibex", "braket", "IBEX-Q1", 12, 2_000, None),
    ("braket:forte", "braket", "Forte-1", 36, 5_000, None),
    ("ibm:heron", "ibm", "paygo", 156, 100_000, Decimal("0.00025")),
)
VOLUMES = (256, 10**6, 10**7, 10**8)
_BITS_A_QUBIT, _SECONDS_A_JOB, _ROUNDS = 0.88, 2, 20
#: what the extraction of a job takes, in bits
_LOST = overhead_bits(2.0**-64)


def tariff(vendor: str, device: str, seconds_a_shot: Decimal | None) -> Tariff:
    """Makes the tariff of a device, a job of x shots, from the price book."""
    price = price_book().find(vendor, device)
    assert price is not None
    if seconds_a_shot is None:
        return Tariff(lines=((price.per_task, price.per_shot),))
    return Tariff(lines=((price.per_second * _SECONDS_A_JOB, price.per_second * seconds_a_shot),))


def terms(outputs: int) -> list[Terms]:
    """Makes the terms of every device for so many outputs."""
    made = []
    for address, vendor, device, qubits, most, seconds in DEVICES:
        bits = _BITS_A_QUBIT * qubits
        each, fixed = 8 * OUTPUT_BYTES / bits, _LOST / bits
        one = Terms(
            candidate=Candidate(address=address, origin=Origin.HARDWARE),
            qubits=tuple(range(qubits)),
            shots_each=each,
            shots_fixed=fixed,
            shots_least=MIN_SHOTS,
            outputs_a_job=min(int((most - fixed) / each), outputs),
        )
        made.append(one.model_copy(update={"cost": tariff(vendor, device, seconds).in_outputs(one)}))
    return made


def requote(one: Terms, shots: int) -> Quote:
    """Quotes by the tariff of shots."""
    (row,) = (row for row in DEVICES if row[0] == one.candidate.address)
    cost = tariff(row[1], row[2], row[5]).of(shots)
    return Quote(low=cost, high=cost, source="price book")


def unread(_one: Terms, _shots: int) -> Quote:
    """Quotes nothing where only the time of a plan counts."""
    return Quote(low=Decimal(0), high=Decimal(0), source="not read")


def savings() -> Iterator[dict[str, object]]:
    """Plans each volume and compares the cost with those of three habits."""
    for bits in VOLUMES:
        outputs = math.ceil(bits / (8 * OUTPUT_BYTES))
        listed = terms(outputs)
        plan = make_plan(listed, Demand(outputs=outputs), outputs * OUTPUT_BYTES, requote, datetime.now(UTC))
        by_address = {one.candidate.address: one for one in listed}
        first = by_address[plan.chosen[0].address]
        garnet = by_address["braket:garnet"]
        assert garnet.cost is not None
        yield {
            "credited_bits": bits,
            "planned_usd": round(float(plan.cost_high), 2),
            "planned_on": [line.address for line in plan.chosen],
            "one_qubit_usd": round(habit(first, outputs, qubits=1, shots=None), 2),
            "tasks_of_100_shots_usd": round(habit(first, outputs, qubits=len(first.qubits), shots=100), 2),
            "always_garnet_usd": round(float(garnet.cost.in_all(garnet.jobs_for(outputs), outputs)), 2),
        }


def crossover() -> dict[str, object]:
    """Finds, by bisection, the volume from which the plan is on another device than the one for a little."""

    def planned_on(outputs: int) -> str:
        plan = make_plan(terms(outputs), Demand(outputs=outputs), 64 * outputs, requote, datetime.now(UTC))
        return max(plan.chosen, key=lambda line: line.outputs).address

    little, much = 1, math.ceil(max(VOLUMES) / 512)
    first = planned_on(little)
    while much - little > 1:
        middle = (little + much) // 2
        little, much = (middle, much) if planned_on(middle) == first else (little, middle)
    return {"from": first, "to": planned_on(much), "credited_bits": 512 * much}


def habit(one: Terms, outputs: int, qubits: int, shots: int | None) -> float:
    """Costs so many outputs on some of a device's qubits, with jobs of so many shots, or as many as it takes."""
    address, vendor, device, _, most, seconds = next(row for row in DEVICES if row[0] == one.candidate.address)
    a_shot, bits = _BITS_A_QUBIT * qubits, 8 * OUTPUT_BYTES * outputs
    jobs = math.ceil(bits / (min(shots or most, most) * a_shot - _LOST))
    needed = math.ceil((bits + jobs * _LOST) / a_shot)
    price = price_book().find(vendor, device)
    assert price is not None, address
    if seconds is None:
        return float(price.task_cost(jobs, needed))
    return float(price.per_second * (jobs * _SECONDS_A_JOB + needed * seconds))


def speed(backends: int) -> dict[str, float]:
    """Times plans over backends with tariffs drawn at random, seeded."""
    numbers = random.Random(7)
    listed = [
        Terms(
            candidate=Candidate(address=f"v{number % 5}:d{number}", origin=Origin.HARDWARE),
            qubits=(0,),
            shots_each=512.0,
            outputs_a_job=numbers.randint(5, 500),
            cost=Tariff(lines=((Decimal(numbers.randint(1, 300)) / 100, Decimal(numbers.randint(1, 100)) / 1000),)),
        )
        for number in range(backends)
    ]
    taken = []
    for _ in range(_ROUNDS):
        demand = Demand(outputs=numbers.randint(1000, 20_000), usd=Decimal(10**6), vendors_min=2)
        started = time.perf_counter()
        make_plan(listed, demand, 64, unread, datetime.now(UTC))
        taken.append(time.perf_counter() - started)
    return {"median": round(statistics.median(taken), 4), "p90": round(statistics.quantiles(taken, n=10)[-1], 4)}


def main() -> None:
    """Measures and prints."""
    speed(5)  # imports the solver
    document = {"benchmark": "planning", "machine": machine(), "seconds_of_50_backends": speed(50)}
    print(json.dumps(document | {"savings": list(savings()), "crossover": crossover()}, indent=2))


if __name__ == "__main__":
    main()
