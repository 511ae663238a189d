"""Names each shipped price that is stale or soon will be, with its source; exits 1 if there is one."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from qrng_hub.pricing import shipped_book, stale_within

DAYS = 30


def main() -> int:
    """Prints one line a price."""
    today = datetime.now(UTC).date()
    soon = stale_within(shipped_book(), today, DAYS)
    for price in soon:
        days = (price.stale_after - today).days
        when = f"goes stale in {days} days" if days >= 0 else f"has been stale for {-days} days"
        print(f"{price.vendor}:{price.device}: {when}: {price.source}, {price.dated}, {price.confidence}")
    print(f"{len(soon)} of {len(shipped_book().prices)} shipped prices are stale within {DAYS} days")
    return bool(soon)


if __name__ == "__main__":
    sys.exit(main())
