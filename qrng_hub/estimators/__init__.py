"""Min-entropy estimators of NIST SP 800-90B, section 6, one file each."""

from qrng_hub.estimators.most_common_value import most_common_value

__all__ = ["most_common_value"]
