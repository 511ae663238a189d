"""Health tests of raw outcomes: those of NIST SP 800-90B, section 4.4, and of correlation; imports scipy."""

from qrng_hub.health.check import ALPHA, START_UP, check_health
from qrng_hub.records import HealthReport, HealthTest

__all__ = ["ALPHA", "START_UP", "HealthReport", "HealthTest", "check_health"]
