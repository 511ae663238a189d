"""A loopback service that serves one text, as AWS serves its price list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = '"Product Family","DeviceName","Version","operation","PricePerUnit","Unit","Currency","Region Code"'


def price_list(*rows: str) -> str:
    """Writes the CSV of the AWS Price List Bulk API: five lines on the file, a header, one line a product."""
    metadata = (
        '"FormatVersion","v1.0"',
        '"Disclaimer","x"',
        '"Publication Date","x"',
        '"Version","x"',
        '"OfferCode","x"',
    )
    return "\n".join([*metadata, HEADER, *rows]) + "\n"


@contextmanager
def serving(text: str, status: int = 200) -> Iterator[str]:
    """Serves `text` at the address it yields while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.csv"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
