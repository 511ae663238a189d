"""How outcomes become entropy that may be counted on: what to run, and what its outcomes are worth."""

from qrng_hub.errors import UnknownNameError
from qrng_hub.protocols.certified import CertifiedProtocol
from qrng_hub.protocols.games import Chsh, Mermin
from qrng_hub.protocols.protocol import Chances, Protocol, Recipe, Work
from qrng_hub.protocols.seeds import OSSeeds, SeedSource
from qrng_hub.protocols.setting_bits import BitRange, FileBits, OperatingSystemBits, SettingBits
from qrng_hub.protocols.source_independent import SourceIndependent
from qrng_hub.protocols.superposition import CERTAIN, MIN_SHOTS, Superposition, published_readout

__all__ = [
    "CERTAIN",
    "MIN_SHOTS",
    "BitRange",
    "CertifiedProtocol",
    "Chances",
    "Chsh",
    "FileBits",
    "Mermin",
    "OSSeeds",
    "OperatingSystemBits",
    "Protocol",
    "Recipe",
    "SeedSource",
    "SettingBits",
    "SourceIndependent",
    "Superposition",
    "Work",
    "certified_protocol_of",
    "protocol_of",
    "published_readout",
]
_CERTIFIED: dict[str, CertifiedProtocol] = {one.name: one for one in (SourceIndependent(), Chsh(), Mermin())}
_PROTOCOLS: dict[str, Protocol] = {Superposition.name: Superposition(), **_CERTIFIED}


def protocol_of(name: str) -> Protocol:
    """Returns the protocol of a name; raises `UnknownNameError` if there is none."""
    if name not in _PROTOCOLS:
        raise UnknownNameError(f"there is no protocol {name!r}; there are {', '.join(_PROTOCOLS)}")
    return _PROTOCOLS[name]


def certified_protocol_of(name: str) -> CertifiedProtocol:
    """Returns the certified protocol of a name; raises `UnknownNameError` if there is none."""
    if name not in _CERTIFIED:
        raise UnknownNameError(f"there is no certified protocol {name!r}; there are {', '.join(_CERTIFIED)}")
    return _CERTIFIED[name]
