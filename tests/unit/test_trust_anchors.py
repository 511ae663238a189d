"""What others may change is not trusted: the ledger, the keys of receipts, the pool, and the folder of all three."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qrng_hub import Hub
from qrng_hub.delivery.pool import Pool
from qrng_hub.errors import LedgerError, PoolIntegrityError, QRNGError, ReceiptKeyError
from qrng_hub.signing import receipt_keys


def _opened() -> None:
    Hub.open().close()


def _pooled() -> None:
    Pool.open_existing()


CASES: list[tuple[str, Callable[[], object], type[QRNGError]]] = [
    ("ledger.db", _opened, LedgerError),
    ("", _opened, LedgerError),
    ("", receipt_keys, ReceiptKeyError),
    ("receipt-keys", receipt_keys, ReceiptKeyError),
    ("pool", _pooled, PoolIntegrityError),
]


@pytest.mark.parametrize(("name", "use", "error"), CASES)
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_what_others_may_write_to_is_refused(
    state: Path, name: str, use: Callable[[], object], error: type[QRNGError], mode: int
) -> None:
    if use is receipt_keys:
        use = lambda: receipt_keys().known()  # noqa: E731 - it asks the keys, which the fixture's folder decides
    _opened()
    receipt_keys().current()
    Pool.open()
    use()
    (state / name).chmod(mode)
    with pytest.raises(error, match=r"others may change it: chmod go-w it"):
        use()
    (state / name).chmod(0o755)
    use()
