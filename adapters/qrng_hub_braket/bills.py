"""What Braket's tasks cost, from the price book: a fee a task and a shot, simulators by their run time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from qrng_hub.pricing import Price, price_book
from qrng_hub.records import JobSpec, JobState, Origin, Quote
from qrng_hub_braket.names import origin_of, price_name

#: A simulation of up to 20 qubits is taken to last a minute at most, and twice as long for each qubit more.
_MOST_SECONDS, _QUBITS = Decimal(60), 20


def price_of(name: str) -> Price | None:
    """Finds the price of a device, by its ARN or its short name."""
    return price_book().find("braket", price_name(name))


def quote(spec: JobSpec, today: date) -> Quote:
    """Quotes a job, which is one task; an unknown price stays unknown."""
    name, price = spec.backend_name, price_of(spec.backend_name)
    if price is None:
        return Quote(low=None, high=None, source=f"no price of {name} in the price book")
    if origin_of(name) is Origin.HARDWARE:
        return price.quote_tasks(1, spec.shots * len(spec.circuits), today)
    width = max((len(circuit.qubits) for circuit in spec.circuits), default=0)
    most = _MOST_SECONDS * 2 ** max(0, width - _QUBITS)
    quoted = price.quote_seconds(Decimal(0), most, today)
    return quoted.model_copy(update={"source": f"{quoted.source}; at most {most} s are assumed"})


def billed(arn: str, state: JobState, shots: int, seconds: Decimal | None) -> Decimal | None:
    """Returns what a finished task costs: nothing unless it is done; None where that is not known."""
    if state in (JobState.FAILED, JobState.CANCELLED):
        return Decimal(0)
    price = price_of(arn)
    if price is None or state is not JobState.DONE:
        return None
    if origin_of(arn) is Origin.HARDWARE:
        return price.task_cost(1, shots)
    return None if seconds is None else price.time_cost(seconds)
