"""Where a vendor's SDK begins: loading it late and letting none of its exceptions through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

from qrng_hub.adapter.importing import import_for_good
from qrng_hub.errors import AdapterUnavailableError, QRNGError, RateLimitedError, ServiceUnreachableError, VendorError

Result = TypeVar("Result")


def load_sdk(module: str, extra: str, packages: Sequence[str]) -> ModuleType:
    """Imports the adapter's own `module` that imports the SDK.

    Raises `AdapterUnavailableError` with the cure if one of the SDK's `packages` is missing. Any
    other ImportError is a defect, not a missing package, and is raised as it is.
    """
    try:
        return import_for_good(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        raise AdapterUnavailableError(
            f"{extra} backends need the package that provides {error.name!r}: pip install 'qrng-hub[{extra}]'"
        ) from error


def with_deadline(call: Callable[[], Result], seconds: float, doing: str) -> Result:
    """Returns what `call` returns, or raises `ServiceUnreachableError` if that takes longer than `seconds`.

    For clients that may wait for ever. The call's thread is left behind: what it was doing may yet happen.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again below, in the caller's thread
            done.set_exception(error)

    threading.Thread(target=run, name=f"qrng-{doing}", daemon=True).start()
    try:
        return done.result(seconds)
    except FutureTimeoutError:
        if done.done():
            raise
        raise ServiceUnreachableError(f"{doing}: no answer within {seconds:g} s; it may still have happened") from None


@contextmanager
def before_sending(*, unless: bool = False) -> Iterator[None]:
    """Marks an error of its block as having come before the request that makes a job, `unless` one may be under way."""
    try:
        yield
    except VendorError as error:
        error.may_have_happened = unless
        raise


def named(table: Mapping[str, type[QRNGError]], error: BaseException) -> type[QRNGError] | None:
    """Looks the class of an exception up by its name, or else its nearest base class."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__)
    return next((table[name] for name in names if name in table), None)


def _seconds(retry_after: str) -> float | None:
    """Reads a Retry-After header (RFC 9110, section 10.2.3) that gives seconds; None for a date, or none."""
    return float(retry_after) if retry_after.isdecimal() else None


class VendorErrors:
    """Turns a vendor's exceptions into the hub's, by class name; an unknown one into `VendorError`.

    `table` maps "module.Class" to the hub's error; the nearest base class that is listed counts.
    Names and not classes, so that the SDK need not be imported.
    """

    def __init__(self, vendor: str, table: Mapping[str, type[QRNGError]]) -> None:
        self.vendor = vendor
        self.table = dict(table)

    def translate(self, error: Exception, doing: str) -> QRNGError:
        """Returns the hub's error for `error`, which happened while `doing` something."""
        kind = self.kind_of(error)
        cure = self.cure_of(error, kind)
        message = f"{self.vendor}, {doing}: {type(error).__name__}: {error}"
        translated = kind(f"{message}; {cure}" if cure else message)
        if isinstance(translated, VendorError) and self.was_refused(error):
            translated.may_have_happened = False
        if isinstance(translated, RateLimitedError):
            translated.retry_after_seconds = _seconds(self.headers_of(error).get("retry-after", ""))
        return translated

    def was_refused(self, error: Exception) -> bool:
        """Whether the vendor answered that it did not do what it was asked for: with a status of 4xx, say."""
        return False

    def kind_of(self, error: Exception) -> type[QRNGError]:
        """Chooses the hub's error."""
        return named(self.table, error) or VendorError

    def cure_of(self, error: Exception, kind: type[QRNGError]) -> str:
        """Says what to do about an error that became one of the hub's of this kind; nothing by default."""
        return ""

    def headers_of(self, error: Exception) -> Mapping[str, str]:
        """Returns the headers of the answer that an exception comes from, their names in lower case."""
        return {}

    @contextmanager
    def at_the_border(self, doing: str) -> Iterator[None]:
        """Lets the hub's own errors pass and translates every other exception of the block."""
        try:
            yield
        except QRNGError:
            raise
        except Exception as error:
            raise self.translate(error, doing) from error


def refuses(status: object) -> bool:
    """Whether an HTTP status says that nothing was done: 4xx, but for 408, a time-out."""
    return isinstance(status, int) and 400 <= status < 500 and status != 408
