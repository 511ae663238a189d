"""Min-entropy estimators of NIST SP 800-90B, section 6.3, one file each, and the assessment by all of them."""

from qrng_hub.estimators.assessment import (
    ESTIMATES,
    RECOMMENDED_SAMPLES,
    Assessment,
    AssessmentStep,
    assess,
    estimate,
)
from qrng_hub.estimators.most_common_value import most_common_value
from qrng_hub.estimators.samples import Samples

__all__ = [
    "ESTIMATES",
    "RECOMMENDED_SAMPLES",
    "Assessment",
    "AssessmentStep",
    "Samples",
    "assess",
    "estimate",
    "most_common_value",
]
