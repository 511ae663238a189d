"""The loop of a draw: dispatch jobs until there are bytes enough, fall back as the policy says, keep the receipt."""

from qrng_hub.runner.cluster import require_private
from qrng_hub.runner.comparing import Compared, Comparing
from qrng_hub.runner.comparison_jobs import ComparisonJobs
from qrng_hub.runner.comparison_measuring import Measuring
from qrng_hub.runner.comparison_store import Started, Store
from qrng_hub.runner.draw import Runner
from qrng_hub.runner.planned import Replan, Standing
from qrng_hub.runner.processing import Inline, retain
from qrng_hub.runner.rehearsal import highest_costs, rehearse
from qrng_hub.runner.source import Progress

__all__ = [
    "Compared",
    "Comparing",
    "ComparisonJobs",
    "Inline",
    "Measuring",
    "Progress",
    "Replan",
    "Runner",
    "Standing",
    "Started",
    "Store",
    "highest_costs",
    "rehearse",
    "require_private",
    "retain",
]
