"""What libraries print past Python does not get into a document on the standard output."""

import subprocess
import sys

PROGRAM = """
import ctypes
from qrng_hub.cli.opening import native_output_to_stderr
print("before", flush=True)
with native_output_to_stderr():
    ctypes.CDLL(None).printf(b"stray\\n")
print("after")
"""


def test_what_c_prints_and_buffers_goes_to_stderr() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr, done.returncode) == ("before\nafter\n", "stray\n", 0)
