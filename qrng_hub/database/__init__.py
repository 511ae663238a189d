"""The database under the ledger: SQLite in WAL mode, or PostgreSQL by its URL."""

from qrng_hub.database.engine import Database, open_database, parse_url
from qrng_hub.database.repeating import repeated
from qrng_hub.database.types import JsonText, MoneyText, UtcDateTime

__all__ = ["Database", "JsonText", "MoneyText", "UtcDateTime", "open_database", "parse_url", "repeated"]
