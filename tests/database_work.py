"""What a process of many does with one budget of one ledger, and a way to the server that is cut."""

from __future__ import annotations

import socket
import sys
import threading
import uuid
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.ledger import Ledger, Limit, open_ledger
from qrng_hub.records import Job, JobSpec, JobState, Origin, Quote

QUOTE = Quote(low=Decimal(0), high=Decimal("0.07"), source="test")
CIRCUIT = Circuit().h(0).measure(0)


def spec() -> JobSpec:
    """Makes a job that nobody has made before."""
    return JobSpec(key=uuid.uuid4().hex, address="a:b", circuits=(CIRCUIT,), shots=1)


def done(job: JobSpec) -> Job:
    """Says that a job is over, and its bill."""
    return Job(spec=job, vendor_id=job.key, state=JobState.DONE, billed=Decimal("0.06"))


def work(ledger: Ledger, name: str, operations: int) -> None:
    """Writes in each way that locks something: four operations a job."""
    for _ in range(operations // 4):
        job = spec()
        ledger.intend(job, QUOTE, Origin.HARDWARE, None, {name: Limit(most=Decimal(10**6))})
        ledger.acknowledged(done(job).model_copy(update={"state": JobState.QUEUED, "billed": None}))
        ledger.record_event("test", name, {})
        ledger.update(done(job))


class Cut:
    """A TCP way to a server's Unix socket that ends once a word was sent, or before it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.at: tuple[bytes, bool] | None = None
        """The word that cuts the way, once, and whether the server gets it."""
        self.cuts = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Ends every connection and takes no further one."""
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._path))
            self._sockets += (client, server)
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._carry, args=(source, target, source is client), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _carry(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        """Carries what one side says until it ends, which then both do; a server does first what it was told."""
        with suppress(OSError):
            while data := source.recv(65536):
                if is_asking and self.at is not None and self.at[0] in data:
                    arrives, self.at = self.at[1], None
                    self.cuts += 1
                    source.shutdown(socket.SHUT_RDWR)
                    if arrives:
                        target.sendall(data)
                    break
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    opened = open_ledger(sys.argv[1], SystemClock())
    work(opened, sys.argv[2], int(sys.argv[3]))
    opened.close()
