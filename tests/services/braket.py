"""A loopback stand-in for AWS Braket, with the S3 and the STS that it needs, for the unmodified SDK.

It runs the circuits it is sent on the SDK's own simulator and keeps what it measured. Every request is
logged, and faults are put in by operation. A task takes one step each time it is looked at, or when a
test says so.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from services.braket_catalogue import ACCOUNT, Catalogue
from services.braket_faults import Fault, Faults
from services.braket_storage import Storage, xml_error
from services.braket_tasks import ServiceError, Tasks

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Reply:
    """An HTTP reply."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: object, status: int = 200) -> Reply:
        """Makes a JSON reply."""
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    @classmethod
    def error(cls, status: int, code: str, message: str) -> Reply:
        """Makes an error as Braket does, with its code in a header."""
        reply = cls.of({"message": message}, status)
        reply.headers["x-amzn-errortype"] = code
        return reply


@dataclass(frozen=True)
class Request:
    """One request: the operation, the region and key id it is signed for, and what it carries."""

    operation: str
    region: str
    key_id: str
    path: str
    query: dict[str, list[str]]
    body: bytes


class BraketService:
    """The service, from `start` to `stop`; `environment` leads the AWS SDK to it."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.storage = Storage()
        self.tasks = Tasks(self.catalogue, self.storage)
        self.faults = Faults()
        self.log: list[Request] = []
        self.key_ids = {"AKIDLOOPBACK"}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.service = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the AWS SDK here; it tries each request once."""
        return {
            "AWS_ENDPOINT_URL_BRAKET": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ACCESS_KEY_ID": "AKIDLOOPBACK",
            "AWS_SECRET_ACCESS_KEY": "loopback-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }

    def start(self) -> BraketService:
        """Begins to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answers no more."""
        self.faults.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def calls(self, operation: str) -> list[Request]:
        """Lists the requests of one operation, those that met a fault as well."""
        return [request for request in self.log if request.operation == operation]

    def answer(self, request: Request) -> Reply:
        """Does what a request asks for."""
        if request.key_id not in self.key_ids:
            if request.operation in _XML:
                return Reply(403, xml_error("InvalidAccessKeyId", "The key id you provided is not in our records."))
            return Reply.error(403, "UnrecognizedClientException", "The security token included is invalid.")
        try:
            return _ANSWERS[request.operation](self, request)
        except ServiceError as error:
            if request.operation in _XML:
                return Reply(error.status, xml_error(error.code, str(error)))
            return Reply.error(error.status, error.code, str(error))


def _search_devices(service: BraketService, request: Request) -> Reply:
    return Reply.of({"devices": service.catalogue.listed(request.region)})


def _get_device(service: BraketService, request: Request) -> Reply:
    return Reply.of(service.catalogue.device(_last_of(request.path, "/device/"), request.region))


def _create(service: BraketService, request: Request) -> Reply:
    return Reply.of({"quantumTaskArn": service.tasks.create(json.loads(request.body), request.region)}, 201)


def _get(service: BraketService, request: Request) -> Reply:
    return Reply.of(service.tasks.look_at(_last_of(request.path, "/quantum-task/")))


def _search(service: BraketService, request: Request) -> Reply:
    return Reply.of(service.tasks.search(json.loads(request.body), request.region))


def _cancel(service: BraketService, request: Request) -> Reply:
    arn = _last_of(request.path, "/quantum-task/").removesuffix("/cancel")
    service.tasks.cancel(arn)
    return Reply.of({"quantumTaskArn": arn, "cancellationStatus": "CANCELLING"})


def _spending_limits(service: BraketService, request: Request) -> Reply:
    (only,) = json.loads(request.body)["filters"]
    limited = service.catalogue.spent.keys() | service.catalogue.limits.keys()
    limits = [service.catalogue.spending_limit(arn) for arn in limited if arn in only["values"]]
    return Reply.of({"spendingLimits": limits})


def _create_spending_limit(service: BraketService, request: Request) -> Reply:
    asked = json.loads(request.body)
    service.catalogue.limits[asked["deviceArn"]] = asked["spendingLimit"]
    return Reply.of({"spendingLimitArn": service.catalogue.spending_limit(asked["deviceArn"])["spendingLimitArn"]}, 201)


def _get_object(service: BraketService, request: Request) -> Reply:
    return Reply(200, service.storage.get(request.path), {"Content-Type": "application/octet-stream"})


def _list_objects(service: BraketService, request: Request) -> Reply:
    return Reply(200, service.storage.list(request.path, request.query.get("prefix", [""])[0]))


def _delete_objects(service: BraketService, request: Request) -> Reply:
    return Reply(200, service.storage.delete(request.path, request.body))


def _head_bucket(service: BraketService, request: Request) -> Reply:
    service.storage.require_bucket(request.path)
    return Reply(200, headers={"x-amz-bucket-region": request.region})


def _create_bucket(service: BraketService, request: Request) -> Reply:
    service.storage.create(request.path)
    return Reply(200)


def _identity(_service: BraketService, _request: Request) -> Reply:
    result = f"<Account>{ACCOUNT}</Account><UserId>AIDA</UserId><Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn>"
    text = f"<GetCallerIdentityResponse><GetCallerIdentityResult>{result}</GetCallerIdentityResult>"
    return Reply(200, f"{text}</GetCallerIdentityResponse>".encode(), {"Content-Type": "text/xml"})


_ANSWERS: Mapping[str, Callable[[BraketService, Request], Reply]] = {
    "SearchDevices": _search_devices,
    "GetDevice": _get_device,
    "CreateQuantumTask": _create,
    "GetQuantumTask": _get,
    "SearchQuantumTasks": _search,
    "CancelQuantumTask": _cancel,
    "SearchSpendingLimits": _spending_limits,
    "CreateSpendingLimit": _create_spending_limit,
    "GetObject": _get_object,
    "ListObjectsV2": _list_objects,
    "DeleteObjects": _delete_objects,
    "HeadBucket": _head_bucket,
    "CreateBucket": _create_bucket,
    "GetCallerIdentity": _identity,
}
_XML = frozenset({"GetObject", "ListObjectsV2", "DeleteObjects", "HeadBucket", "CreateBucket", "GetCallerIdentity"})
_BRAKET = (
    ("POST", "/devices", "SearchDevices"),
    ("GET", "/device/", "GetDevice"),
    ("POST", "/quantum-tasks", "SearchQuantumTasks"),
    ("POST", "/quantum-task", "CreateQuantumTask"),
    ("GET", "/quantum-task/", "GetQuantumTask"),
    ("PUT", "/quantum-task/", "CancelQuantumTask"),
    ("POST", "/spending-limits", "SearchSpendingLimits"),
    ("POST", "/spending-limit", "CreateSpendingLimit"),
)
_BUCKET = {"POST": "DeleteObjects", "HEAD": "HeadBucket", "PUT": "CreateBucket", "GET": "ListObjectsV2"}


def _operation(service: str, method: str, path: str) -> str:
    if service == "sts":
        return "GetCallerIdentity"
    if service == "s3":
        return "GetObject" if path.count("/") > 1 else _BUCKET[method]
    return next(name for verb, start, name in _BRAKET if verb == method and path.startswith(start))


def _last_of(path: str, start: str) -> str:
    return path.removeprefix(start)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: BraketService


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = self._request(body)
        service = self.server.service
        service.log.append(request)
        fault = service.faults.next(request.operation)
        if fault is not None and fault.hold:
            service.faults.release.wait(30)
        if fault is not None and fault.code:
            self._send(_failed(request, fault), None)
        else:
            self._send(service.answer(request), fault)

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        key_id, region, name = scope.groups() if scope else ("", "", "s3")
        path = unquote(parts.path)
        operation = _operation(name, self.command, path)
        return Request(operation, region, key_id, path, parse_qs(parts.query), body)

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        if fault is not None and fault.lost:
            self.close_connection = True
            return
        body = reply.body[: len(reply.body) // 2] if fault is not None and fault.cut else reply.body
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is not None and fault.broken:
            body, self.close_connection = body[: len(body) // 2], True
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the base class names them so


def _failed(request: Request, fault: Fault) -> Reply:
    if request.operation in _XML:
        reply = Reply(fault.status, xml_error(fault.code, fault.message))
    else:
        reply = Reply.error(fault.status, fault.code, fault.message)
    reply.headers |= fault.headers
    return reply
