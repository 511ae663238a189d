"""Certificates: lower bounds on min-entropy that hold on stated assumptions, for anybody's numbers.

Every level trusts something else, see `Level` and docs/certificates.md. The bounds are pure functions of counts, scores
and errors; a threshold and a method are fixed before the data that they judge.
"""

from qrng_hub.certificates.certificate import Certificate, Epsilons, Level

__all__ = ["Certificate", "Epsilons", "Level"]
