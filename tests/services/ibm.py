"""A loopback stand-in for IBM Quantum Platform and the identity and catalogue services that its client needs.

It runs the compiled circuits that the unmodified client sends and keeps what it measured. Every request
is logged, faults are put in by method and path, and jobs move on when looked at, or when a test says so.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from services.ibm_catalogue import API, Catalogue
from services.ibm_faults import Fault, Faults
from services.ibm_jobs import Job, Jobs


@dataclass
class Reply:
    """An HTTP reply."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: object, status: int = 200) -> Reply:
        """Makes a JSON reply."""
        return cls(status, json.dumps(content).encode())

    @classmethod
    def error(cls, status: int, message: str) -> Reply:
        """Makes an error as the service does."""
        return cls.of({"errors": [{"code": status, "message": message}]}, status)


@dataclass(frozen=True)
class Request:
    """One request: what it asks for and what it carries."""

    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str
    body: bytes


class IBMService:
    """Serves on 127.0.0.1 until closed; `key` is the one API key that it takes."""

    def __init__(self, key: str = "loopback-key-5f2c9a") -> None:
        self.key = key
        self.catalogue = Catalogue()
        self.jobs = Jobs()
        self.faults = Faults()
        self.ahead = timedelta()
        """How far the clock that dates its tokens is ahead of this machine's."""
        self.requests: list[str] = []
        """Every request, as "METHOD path"."""
        self.authorizations: set[str] = set()
        """Every credential that a request carried in its header."""
        self._tokens: set[str] = set()
        self._issued = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """The environment that leads the client here."""
        return {
            "IAM_URL": self.url,
            "GLOBAL_SEARCH_URL": self.url,
            "GLOBAL_CATALOG_URL": f"{self.url}/catalog/api/v1",
            "USAGE_DATA_OPT_OUT": "True",
        }

    @property
    def runtime_url(self) -> str:
        """The base of the service's own API."""
        return self.url + API

    def close(self) -> None:
        """Stops serving."""
        self.faults.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def expire_tokens(self) -> None:
        """Takes no token any more that was given out before now."""
        self._tokens.clear()

    def posts(self) -> int:
        """Counts the requests that asked for a new job."""
        return self.requests.count(f"POST {API}/jobs")

    def reply(self, request: Request) -> Reply:
        """Answers a request."""
        if request.path == "/identity/token":
            return self._token(request)
        if request.path == "/v3/resources/search":
            return Reply.of({"items": self.catalogue.instances(), "limit": 100})
        if request.path.startswith("/catalog/api/v1/"):
            return Reply.of(self.catalogue.plan(request.path.rpartition("/")[2]))
        if request.authorization.removeprefix("Bearer ") not in self._tokens:
            return Reply.error(401, "the token is not valid")
        parts = request.path.removeprefix(API).strip("/").split("/")
        if parts[0] == "jobs":
            return self._jobs(request, parts[1:])
        found = self.catalogue.reply(parts)
        return Reply.error(404, f"there is no {request.path}") if found is None else Reply.of(found)

    def _token(self, request: Request) -> Reply:
        if parse_qs(request.body.decode()).get("apikey") != [self.key]:
            error = {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
            return Reply.of(error, 400)
        self._issued += 1
        now = int(time.time() + self.ahead.total_seconds())
        claims = {"iat": now, "exp": now + 3600, "number": self._issued}
        token = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims)) + ".c2ln"
        self._tokens.add(token)
        expiry = {"expires_in": 3600, "expiration": now + 3600}
        return Reply.of({"access_token": token, "refresh_token": "none", "token_type": "Bearer", **expiry})

    def _jobs(self, request: Request, parts: list[str]) -> Reply:
        if not parts:
            return self._make(request) if request.method == "POST" else self._list(request)
        job = self.jobs.all.get(parts[0])
        if job is None:
            return Reply.error(404, f"there is no job {parts[0]}")
        match request.method, parts[1:]:
            case "GET", []:
                return self._shown(job)
            case "DELETE", []:
                del self.jobs.all[job.id]
                return Reply(204)
            case "GET", ["metrics"]:
                return Reply.of(job.metrics())
            case "GET", ["results"]:
                return self._results(job)
            case "POST", ["cancel"]:
                return Reply(204) if self.jobs.cancel(job) else Reply.error(409, "the job is over")
        return Reply.error(404, f"there is no {request.path}")

    def _make(self, request: Request) -> Reply:
        if self.catalogue.usage_reached:
            return Reply.error(409, "the usage limit of the instance is reached")
        job = self.jobs.make(json.loads(request.body))
        return Reply.of({"id": job.id, "backend": job.request["backend"]})

    def _list(self, request: Request) -> Reply:
        query = request.query
        found = self.jobs.listed(query.get("tags", []), query.get("created_after", [None])[0])
        offset, limit = int(query.get("offset", ["0"])[0]), min(int(query.get("limit", ["20"])[0]), 200)
        page = found[offset : offset + limit]
        entries = [job.entry() for job in page]
        for job in page:
            self.jobs.looked_at(job)
        return Reply.of({"jobs": entries, "count": len(found), "limit": limit, "offset": offset})

    def _shown(self, job: Job) -> Reply:
        entry = job.entry()
        self.jobs.looked_at(job)
        return Reply.of(entry)

    def _results(self, job: Job) -> Reply:
        if job.status != "Completed":
            return Reply(200, job.reason.encode())
        if job.read and job.request.get("private"):
            return Reply(204)
        job.read = True
        return Reply(200, job.results().encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _carry_out(service: IBMService, request: Request, fault: Fault) -> Reply | None:
    """Answers a request as the fault allows; None is no answer."""
    if fault.hold and not fault.done:
        service.faults.release.wait(20)
    reply = service.reply(request) if fault.done or not (fault.status or fault.lost) else Reply()
    if fault.hold and fault.done:
        service.faults.release.wait(20)
    if fault.lost:
        return None
    return Reply(fault.status, fault.body.encode(), fault.headers) if fault.status else reply


def _handler(service: IBMService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # unbuffered writes cost 44 ms a request

        def handle_any(self) -> None:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.requests.append(f"{self.command} {split.path}")
            authorization = self.headers.get("Authorization") or ""
            service.authorizations.add(authorization)
            request = Request(self.command, split.path, parse_qs(split.query), authorization, body)
            fault = service.faults.next(self.command, split.path) or Fault("")
            reply = _carry_out(service, request, fault)
            if reply is None:
                self.close_connection = True
            else:
                self._send(reply, fault)

        def _send(self, reply: Reply, fault: Fault) -> None:
            half = reply.body[: len(reply.body) // 2]
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(half if fault.cut else reply.body)))
            self.end_headers()
            self.wfile.write(half if fault.cut or fault.broken else reply.body)
            self.wfile.flush()
            self.close_connection = self.close_connection or fault.broken

        do_GET = do_POST = do_DELETE = do_PUT = handle_any  # noqa: N815 - the names that the base class asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            """Prints nothing: `service.requests` is the log."""

    return Handler
