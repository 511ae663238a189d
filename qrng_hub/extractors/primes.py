"""The lengths that two-source extractors take: primes, and primes that have 2 as a primitive root."""

from __future__ import annotations

from collections.abc import Callable

from qrng_hub.errors import RequestError

#: With these bases the test of Miller and Rabin is exact below 3.3e24 (Sorenson and Webster, arXiv:1509.00864).
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
_EXACT_BELOW = 3_317_044_064_679_887_385_961_981


def is_prime(number: int) -> bool:
    """Tells whether a number is prime; raises `ValueError` from 3.3e24 on, where the test is not exact."""
    if number >= _EXACT_BELOW:
        raise ValueError(f"the test for primes is exact only below {_EXACT_BELOW}")
    if number < 2 or any(number % base == 0 for base in _BASES):
        return number in _BASES
    twos = (number - 1 & 1 - number).bit_length() - 1
    return all(_passes(number, base, twos) for base in _BASES)


def _passes(number: int, base: int, twos: int) -> bool:
    """Tells whether an odd number passes for a prime to one base; 2^twos is what divides the number less one."""
    power = pow(base, number - 1 >> twos, number)
    if power in (1, number - 1):
        return True
    return any((power := power * power % number) == number - 1 for _ in range(twos - 1))


def has_primitive_root_2(prime: int) -> bool:
    """Tells whether the powers of 2 run through all residues of an odd prime but 0."""
    return prime > 2 and all(pow(2, (prime - 1) // factor, prime) != 1 for factor in _prime_factors(prime - 1))


def largest_prime(most: int) -> int:
    """Returns the largest prime that is not above a number; raises `RequestError` below 2."""
    return _largest(most, is_prime, "prime")


def largest_prime_with_primitive_root_2(most: int) -> int:
    """Returns the largest prime not above a number that has 2 as a primitive root; raises `RequestError` below 3."""
    return _largest(
        most, lambda number: is_prime(number) and has_primitive_root_2(number), "prime with primitive root 2"
    )


def _largest(most: int, admissible: Callable[[int], bool], what: str) -> int:
    for number in range(most, 1, -1):
        if admissible(number):
            return number
    raise RequestError(f"no {what} is as small as {most}: give longer inputs")


def _prime_factors(number: int) -> set[int]:
    """Finds the prime factors by division."""
    factors, divisor = set[int](), 2
    while divisor * divisor <= number:
        if number % divisor:
            divisor += 1
        else:
            factors.add(divisor)
            number //= divisor
    return factors | ({number} if number > 1 else set())
