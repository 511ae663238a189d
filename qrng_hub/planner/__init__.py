"""From a request and what backends ask for it to a plan: who runs what, what it costs, and why the others do not."""

from qrng_hub.planner.candidates import RunTimes, Wanted, quote_of, terms_of
from qrng_hub.planner.model import Demand, Plan, PlanLine, Tariff, Terms, wave
from qrng_hub.planner.plan import make_plan

__all__ = [
    "Demand",
    "Plan",
    "PlanLine",
    "RunTimes",
    "Tariff",
    "Terms",
    "Wanted",
    "make_plan",
    "quote_of",
    "terms_of",
    "wave",
]
