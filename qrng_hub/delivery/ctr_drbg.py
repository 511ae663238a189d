"""CTR_DRBG with AES-256 and a counter of 128 bits: SP 800-90A Rev. 1, section 10.2.1.

The sharp tool: it draws no entropy itself and knows nothing of threads and forks. `drbg.Drbg` does.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

from qrng_hub.bits import xor_bytes
from qrng_hub.errors import InsufficientEntropyError, RequestError

#: The most bytes of one request: 2^19 bits (SP 800-90A, table 3).
MAX_REQUEST_BYTES = 65_536
#: The most requests of one seed (SP 800-90A, table 3).
MAX_REQUESTS = 2**48
#: The security strength of AES-256.
STRENGTH_BYTES = 32
#: A key and a block, `seedlen`.
SEED_BYTES = 48

_KEY_BYTES = 32
_BLOCK_BYTES = 16
_ZEROS = memoryview(bytes(MAX_REQUEST_BYTES))
_NO_INPUT = bytes(SEED_BYTES)
_DERIVATION_KEY = bytes(range(_KEY_BYTES))


class CtrDrbg:
    """The mechanism without derivation function: an entropy input is 48 bytes of full entropy.

    Other inputs are of 48 bytes at most; a nonce is not used. Raises `InsufficientEntropyError` for an
    entropy input of another length, `RequestError` for one of the others (sections 10.2.1.3.1 to 10.2.1.5.1).
    """

    def __init__(self, entropy: bytes, *, nonce: bytes = b"", personalization: bytes = b"") -> None:
        self._state = bytearray(SEED_BYTES)
        self._update(self._seed(entropy, nonce, personalization))
        self.requests = 0
        """The requests since the last entropy input."""

    def reseed(self, entropy: bytes, additional_input: bytes = b"") -> None:
        """Takes in a new entropy input."""
        self._update(self._seed(entropy, b"", additional_input))
        self.requests = 0

    def generate(self, count: int, additional_input: bytes = b"") -> bytes:
        """Returns `count` bytes, 1 to 65,536.

        Raises `RequestError` for another count, `InsufficientEntropyError` after 2^48 requests.
        """
        if not 1 <= count <= MAX_REQUEST_BYTES:
            raise RequestError(f"a request is of 1 to {MAX_REQUEST_BYTES:,} bytes, not {count!r}")
        if self.requests >= MAX_REQUESTS:
            raise InsufficientEntropyError(f"the seed has served {MAX_REQUESTS:,} requests: reseed the generator")
        provided = _NO_INPUT
        if additional_input:
            provided = self._condition(additional_input)
            self._update(provided)
        stream = self._stream()
        output = stream.update(_ZEROS[:count])
        stream.update(_ZEROS[: -count % _BLOCK_BYTES])
        self._advance(stream, provided)
        self.requests += 1
        return output

    def wipe(self) -> None:
        """Overwrites key and V with zeros, as far as Python lets one: copies that the cipher made are its own."""
        self._state[:] = _NO_INPUT

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.requests} requests since it was seeded>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a copy of a generator would repeat its output: make another one, with a seed of its own")

    def _stream(self) -> CipherContext:
        """Opens the cipher at V + 1; the counter goes round at 2^128, as the standard's does."""
        state = memoryview(self._state)
        counter = (int.from_bytes(state[_KEY_BYTES:], "big") + 1) % 2**128
        return Cipher(AES(state[:_KEY_BYTES]), CTR(counter.to_bytes(_BLOCK_BYTES, "big"))).encryptor()

    def _update(self, provided: bytes) -> None:
        """CTR_DRBG_Update, section 10.2.1.2."""
        self._advance(self._stream(), provided)

    def _advance(self, stream: CipherContext, provided: bytes) -> None:
        """Ends CTR_DRBG_Update on a stream that stands where it begins: the next blocks XOR `provided`."""
        stream.update_into(provided, self._state)

    def _seed(self, entropy: bytes, _nonce: bytes, other_input: bytes) -> bytes:
        if len(entropy) != SEED_BYTES:
            raise InsufficientEntropyError(
                f"without derivation function an entropy input is of {SEED_BYTES} bytes, not {len(entropy)}"
            )
        return xor_bytes(entropy, self._condition(other_input))

    def _condition(self, other_input: bytes) -> bytes:
        if len(other_input) > SEED_BYTES:
            raise RequestError(
                f"without derivation function an input is of {SEED_BYTES} bytes at most, not {len(other_input)}"
            )
        return other_input.ljust(SEED_BYTES, b"\0")


class DerivedCtrDrbg(CtrDrbg):
    """The mechanism with derivation function: inputs of any length, whose entropy may be spread over them.

    An entropy input is of 32 bytes or more and carries 256 bits of min-entropy, else
    `InsufficientEntropyError`; a nonce is of 16 bytes (sections 10.2.1.3.2 to 10.2.1.5.2).
    """

    def _seed(self, entropy: bytes, nonce: bytes, other_input: bytes) -> bytes:
        if len(entropy) < STRENGTH_BYTES:
            raise InsufficientEntropyError(
                f"an entropy input is of {STRENGTH_BYTES} bytes at least, not {len(entropy)}"
            )
        return self._condition(entropy + nonce + other_input)

    def _condition(self, other_input: bytes) -> bytes:
        return block_cipher_df(other_input)


def block_cipher_df(data: bytes) -> bytes:
    """Condenses `data` to 48 bytes: Block_Cipher_df of section 10.3.2, with AES-256."""
    message = len(data).to_bytes(4, "big") + SEED_BYTES.to_bytes(4, "big") + data + b"\x80"
    message += bytes(-len(message) % _BLOCK_BYTES)
    chained = b"".join(_bcc(index.to_bytes(4, "big").ljust(_BLOCK_BYTES, b"\0") + message) for index in range(3))
    # Encrypting a block over and over is chaining zeros to it.
    return _chain(chained[:_KEY_BYTES], chained[_KEY_BYTES:], _NO_INPUT)


def _bcc(message: bytes) -> bytes:
    """The last block of a chain of cipher blocks that begins at zero: BCC of section 10.3.3."""
    return _chain(_DERIVATION_KEY, bytes(_BLOCK_BYTES), message)[-_BLOCK_BYTES:]


def _chain(key: bytes, start: bytes, message: bytes) -> bytes:
    return Cipher(AES(key), CBC(start)).encryptor().update(message)
