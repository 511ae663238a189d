"""How bytes leave the hub."""

from qrng_hub.delivery.mixing import mix_with_os, xor_all

__all__ = ["mix_with_os", "xor_all"]
