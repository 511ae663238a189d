"""What is imported in a thread that ends can be used afterwards, also in a forked process."""

import os
import subprocess
import sys

import pytest

IN_A_THREAD_THAT_ENDS = """
import threading
from qrng_hub.adapter import load_sdk

def started(target):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()

def use():
    from qiskit import QuantumCircuit
    from qiskit.converters import circuit_to_dag
    circuit = QuantumCircuit(16, 16)
    circuit.h(range(16))
    for _ in range(20):
        circuit_to_dag(circuit)

started(lambda: load_sdk("qrng_hub_ibm.simulators", "ibm", ("qiskit",)))
for _ in range(20):
    started(use)
print("fine")
"""
IN_A_FORK = """
import os, threading
from qrng_hub.adapter import load_sdk

def in_a_thread(module):
    thread = threading.Thread(target=lambda: load_sdk(module, "x", ()))
    thread.start()
    thread.join(300)
    assert not thread.is_alive()

in_a_thread("wave")
child = os.fork()
if not child:
    in_a_thread("colorsys")
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("fine")
"""


@pytest.mark.parametrize("program", [IN_A_THREAD_THAT_ENDS, IN_A_FORK], ids=["thread", "fork"])
def test_the_importing_thread_may_end(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
