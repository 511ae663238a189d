"""Products of a Toeplitz matrix with blocks of bits over GF(2), by the fast Fourier transform.

Everything here takes an output length as it comes: the functions that call it derive that length.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed
from qrng_hub.errors import ExtractionError

#: Two blocks share one transform, the second 2^20 times as large: no count of the first reaches so far.
_SHIFT = 20
MOST_BITS_OF_SEVERAL_BLOCKS = 2**_SHIFT - 1


class ToeplitzProduct:
    """The m x n matrix with s[i - j + n - 1] in row i, column j, for a seed s of n + m - 1 zeros and ones.

    The seed is transformed once, for all blocks; one may be used by several threads at a time.
    """

    def __init__(self, seed: Packed, block_bits: int, output_bits: int) -> None:
        from scipy import fft

        self._fft, self._first, self._end = fft, block_bits - 1, block_bits + output_bits - 1
        # a cyclic convolution this long wraps around only into the first n - 1 sums, which are not used
        self._length = fft.next_fast_len(self._end, real=True)
        self._spectrum = fft.rfft(seed.astype(np.float64), self._length)

    def __call__(self, blocks: Packed) -> Packed:
        """Multiplies blocks of zeros and ones, uint8 of shape (B, n), to uint8 of shape (B, m).

        One block may be of any length, several of at most `MOST_BITS_OF_SEVERAL_BLOCKS`. Raises
        `ExtractionError` if the sums are not whole numbers beyond doubt.
        """
        odd = blocks[1::2]
        values = blocks[::2].astype(np.float64)
        values[: len(odd)] += odd * float(2**_SHIFT)
        spectra = self._fft.rfft(values, self._length)
        spectra *= self._spectrum
        sums = whole_numbers(self._fft.irfft(spectra, self._length, overwrite_x=True)[:, self._first : self._end])
        output = np.empty((len(blocks), sums.shape[1]), np.uint8)
        output[::2] = sums & 1
        output[1::2] = sums[: len(odd)] >> _SHIFT & 1
        return output


def cyclic_product(bits: Packed, seed: Packed, output_bits: int) -> Packed:
    """Returns y_i = XOR_j x_j s_((i + j) mod n), i < m, of two strings of n zeros and ones: uint8 of shape (m,)."""
    # s repeated is the seed of a Toeplitz matrix that has these rows from right to left
    product = ToeplitzProduct(np.resize(seed, bits.size + output_bits - 1), bits.size, output_bits)
    return product(bits[None, ::-1]).reshape(-1)


def whole_numbers(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Rounds sums that are whole numbers but for the error of floats; raises `ExtractionError` if one may not be."""
    rounded = np.rint(values)
    with np.errstate(invalid="ignore"):  # what is infinite is off by NaN
        off: Any = np.abs(values - rounded).max(initial=0)
    if not off < 0.25:
        raise ExtractionError(
            f"the sums of an extraction are off whole numbers by {off:.2g}, where 0.25 is allowed: "
            "its output is not used; take smaller blocks, and look for a fault in this machine's arithmetic"
        )
    return rounded.astype(np.int64)
