"""The face of the library: opens everything a run file names and hands out bytes with their receipts."""

from qrng_hub.hub.face import Hub
from qrng_hub.hub.opening import check_run_file, open_registry
from qrng_hub.hub.schema import run_file_schema

__all__ = ["Hub", "check_run_file", "open_registry", "run_file_schema"]
