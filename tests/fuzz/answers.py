"""The loopback services of the vendors, one of whose answers is damaged on its way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

import qrng_hub_cirq.client
from fuzz.mutating import mutate
from services import braket, google, ibm, ibm_jobs
from services.braket_storage import Storage
from services.braket_tasks import Tasks

_STATUSES = (201, 204, 206, 400, 401, 403, 404, 409, 429, 500)
Answers = Callable[[Random], None]


class Damage:
    """Damages one of the answers to a command: the first, or with falling chance a later one."""

    def __init__(self) -> None:
        self.begin(Random(0), at=-1)

    def begin(self, random: Random, at: int | None = None) -> None:
        """Begins a command; the answer damaged is number `at`, by default any of the first 24."""
        self._random, self._left = random, random.randrange(24) if at is None else at

    def is_next(self) -> bool:
        """Counts an answer and says whether it is the one."""
        self._left -= 1
        return self._left == -1

    def of_http(self, reply: Any) -> Any:
        """Damages the body of a reply, or changes its status."""
        if not self.is_next():
            return reply
        if self._random.random() < 0.1:
            return dataclasses.replace(reply, status=self._random.choice(_STATUSES))
        return dataclasses.replace(reply, body=mutate(reply.body, (b"{}", b"[]", b"<html>busy</html>"), self._random))

    def of_message(self, message: Any) -> Any:
        """Damages a field of a protocol buffer."""
        if self.is_next():
            _alter(getattr(type(message), "pb", lambda one: one)(message), self._random)
        return message


def _alter(message: Any, random: Random) -> None:
    """Drops, repeats or changes a field that is set, somewhere in a message."""
    fields = message.ListFields()
    if not fields:
        return
    field, value = random.choice(fields)
    if random.random() < 0.2:
        message.ClearField(field.name)
    elif field.is_repeated and not hasattr(value, "items") and len(value):
        _alter_repeated(value, random)
    elif hasattr(value, "ListFields"):
        _alter(value, random)
    elif not field.is_repeated:
        setattr(message, field.name, _odd(value, random))


def _alter_repeated(values: Any, random: Random) -> None:
    match random.randrange(3):
        case 0:
            del values[random.randrange(len(values))]
        case 1:
            values.extend(list(values)[:1])
        case 2 if hasattr(values[0], "ListFields"):
            _alter(random.choice(values), random)


def _odd(value: Any, random: Random) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return random.choice((0, 1, 3, 9, 99, 2**31 - 1))
        case float():
            return random.choice((0.0, -1.0, float("nan"), float("inf"), 1e300))
        case bytes():
            return mutate(value, (b"", b"{}"), random)
    return random.choice(("", "x" * 10_000, "\x1b[31m", "a/b/c", value[: len(value) // 2], value + "é", value + "/x"))


def _serve_ibm(patch: pytest.MonkeyPatch, damage: Damage) -> Iterator[Callable[[], None]]:
    class Service(ibm.IBMService):
        def reply(self, request: ibm.Request) -> ibm.Reply:
            reply: ibm.Reply = damage.of_http(super().reply(request))
            return reply

    service = Service()
    for name, value in service.environment.items():
        patch.setenv(name, value)
    patch.setenv("QISKIT_IBM_TOKEN", service.key)
    patch.setenv("FUZZ_IBM_URL", service.runtime_url)

    def anew() -> None:
        service.jobs = ibm_jobs.Jobs()
        service.requests.clear()

    yield anew
    service.close()


def _serve_braket(patch: pytest.MonkeyPatch, damage: Damage) -> Iterator[Callable[[], None]]:
    class Service(braket.BraketService):
        def answer(self, request: braket.Request) -> braket.Reply:
            reply: braket.Reply = damage.of_http(super().answer(request))
            return reply

    service = Service().start()
    for name, value in service.environment.items():
        patch.setenv(name, value)

    def anew() -> None:
        service.storage = Storage()
        service.tasks = Tasks(service.catalogue, service.storage)
        service.log.clear()

    yield anew
    service.stop()


def _serve_google(patch: pytest.MonkeyPatch, damage: Damage) -> Iterator[Callable[[], None]]:
    class Service(google.GoogleService):
        def _handler(self, method: str) -> Callable[[Any, Any], Any]:
            handle = super()._handler(method)
            return lambda request, context: damage.of_message(handle(request, context))

    service = Service()
    patch.setattr(qrng_hub_cirq.client, "open_engine", service.open_engine)

    def anew() -> None:
        for kept in (service.programs, service.jobs, service.results, service.requests):
            kept.clear()

    yield anew
    service.close()


_SERVICES = {"ibm": _serve_ibm, "braket": _serve_braket, "google": _serve_google}


@contextmanager
def serving(vendor: str) -> Iterator[Answers]:
    """Serves a vendor; yields what is to be called before each command."""
    damage = Damage()
    with pytest.MonkeyPatch.context() as patch:
        serve = contextmanager(_SERVICES[vendor])
        with serve(patch, damage) as anew:

            def begin(random: Random) -> None:
                anew()
                damage.begin(random)

            yield begin
