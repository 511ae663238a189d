"""What the ledger can tell: what was spent and how long jobs queued."""

from qrng_hub.reports.costs import CostLine, Grouping, costs
from qrng_hub.reports.queue import QueueLine, queue_times

__all__ = ["CostLine", "Grouping", "QueueLine", "costs", "queue_times"]
