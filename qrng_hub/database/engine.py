"""Opens the database, brings its schema up to date, and gives transactions of two kinds.

A fast one survives the end of the process (SQLite: WAL, synchronous = NORMAL); a durable one also
survives the end of the power (FULL), and is for what must be on record before money is spent.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from qrng_hub.database.repeating import passes, repeated
from qrng_hub.errors import ConfigError, LedgerError, LedgerSchemaError
from qrng_hub.mounts import warn_of_network

_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_MILLISECONDS = 30_000
_SUPPORTED = ("sqlite", "postgresql")
#: Begins what writes to PostgreSQL. Of such transactions one runs after the other, as with SQLite: whatever they lock,
#: they lock it in turn. 7713 is any number, the same for all. What the server or the role says of commits, or a pool
#: between them and us forgets, does not count; and a host that is gone keeps nobody waiting for longer than a minute.
_TURN = (
    "SELECT set_config('synchronous_commit', '{}', true),"
    " set_config('idle_in_transaction_session_timeout', '60s', true), pg_advisory_xact_lock(7713), txid_current()"
)
_STATUS = text("SELECT txid_status(:number)")
_STATUS_SECONDS = 0.05
#: what SQLite calls an I/O error when the file that its connections share finds no space
_FULL_NAMES, _FULL = ("SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN"), "database or disk is full"
#: where a connection keeps the number of its transaction
_NUMBER = "qrng_transaction"


class Database:
    """An open database with an up-to-date schema, for use by any number of threads."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._fast = _engine(url, durable=False)
        self._durable = _engine(url, durable=True)
        self._reader = self._fast.execution_options(qrng_begin="BEGIN")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Opens a transaction that only reads."""
        with self._translated(), self._reader.begin() as connection:
            yield connection

    def writing(self) -> AbstractContextManager[Connection]:
        """Opens a fast transaction; it is undone if the block raises."""
        return self._transaction(self._fast)

    def durable(self) -> AbstractContextManager[Connection]:
        """Opens a durable transaction; it is undone if the block raises.

        Where the connection is lost while it is committed, the server is asked whether it was.
        """
        return self._transaction(self._durable)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._translated(), engine.connect() as connection, connection.begin() as transaction:
            yield connection
            number = connection.info.get(_NUMBER)
            try:
                transaction.commit()
            except DBAPIError as error:
                if number is None or not passes(error) or not self._was_committed(number):
                    raise

    @repeated
    def _was_committed(self, number: int) -> bool:
        """Asks about a transaction whose commit was not answered; one that is still under way is waited for."""
        with self.reading() as connection:
            while True:
                status = connection.execute(_STATUS, {"number": number}).scalar()
                if status != "in progress":
                    return bool(status == "committed")
                time.sleep(_STATUS_SECONDS)

    @repeated
    def forget_connections(self) -> None:
        """Lets go of connections that belong to the parent of a forked process, without closing them."""
        self._fast.dispose(close=False)
        self._durable.dispose(close=False)

    def close(self) -> None:
        """Closes every connection."""
        self._fast.dispose()
        self._durable.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._fast.dialect.loaded_dbapi.Error) as error:
            orig = error.orig if isinstance(error, DBAPIError) else error
            cause = _FULL if getattr(orig, "sqlite_errorname", "") in _FULL_NAMES else str(orig)
            for secret in _secrets(self.url):
                cause = cause.replace(secret, "***")
            raise LedgerError(f"the ledger {self.shown_url} cannot be used: {cause}") from error

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None of a server."""
        return Path(str(self.url.database)) if self.url.get_backend_name() == "sqlite" else None

    @property
    def shown_url(self) -> str:
        """The URL without its password and its query, which may hold others."""
        return self.url.set(query={}).render_as_string(hide_password=True)


def open_database(url: str) -> Database:
    """Opens the database at a SQLAlchemy URL, making or migrating its tables.

    Raises `ConfigError` for a URL that is none, `LedgerError` if it cannot be opened, and
    `LedgerSchemaError` if a newer release wrote it.
    """
    parsed = parse_url(url)
    database = Database(parsed)
    try:
        _prepare_folder(database)
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def parse_url(url: str) -> URL:
    """Reads a database URL; raises `ConfigError`, which quotes nothing of it: there may be a password in it."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() in _SUPPORTED:
            parsed.get_dialect()
    except (ArgumentError, ValueError, NoSuchModuleError):
        raise ConfigError(
            "ledger.url is not a database URL; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"ledger.url needs the package {error.name!r}: pip install it, or use sqlite:///FILE"
        ) from error
    if parsed.get_backend_name() not in _SUPPORTED:
        raise ConfigError(f"ledger.url is of {parsed.get_backend_name()}, and the ledger is SQLite or PostgreSQL")
    if parsed.get_backend_name() == "sqlite":
        return _file_of(parsed)
    return parsed


def _file_of(url: URL) -> URL:
    """Returns the URL with its ~ replaced by the home folder; raises `ConfigError` unless it names a file."""
    if not url.database or ":memory:" in url.database:
        raise ConfigError("ledger.url must name a file: a ledger in memory forgets jobs that were paid for")
    if url.host or "\0" in url.database:
        raise ConfigError("ledger.url must name a file as sqlite:///FILE, with three slashes, or four before /")
    file = os.path.expanduser(url.database)  # noqa: PTH111 - it leaves ~ where there is no home, and does not raise
    if file.startswith("~"):
        raise ConfigError(f"ledger.url names {url.database}, and there is no such home folder: write the whole path")
    return url.set(database=file)


def _secrets(url: URL) -> Iterator[str]:
    """Lists the passwords in a URL, which servers and drivers may quote."""
    if url.password:
        yield str(url.password)
    yield from (value for name, values in url.normalized_query.items() if "password" in name for value in values)


def _prepare_folder(database: Database) -> None:
    if database.url.get_backend_name() != "sqlite" or _is_read_only(database.url):
        return
    path = Path(str(database.url.database))
    cure = "set ledger.url to a file on a local disk, or to a PostgreSQL server"
    warn_of_network(path.parent, f"the ledger {database.shown_url}", cure)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise LedgerError(
            f"the ledger {database.shown_url} cannot be made: {error}. Set ledger.url in the run file, or the"
            " environment variable QRNG_STATE_DIR, to a place you may write"
        ) from error


def _engine(url: URL, *, durable: bool) -> Engine:
    is_read_only = _is_read_only(url)
    try:
        engine = create_engine(
            _read_only(url) if is_read_only else url, pool_pre_ping=url.get_backend_name() != "sqlite"
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"ledger.url needs the package {error.name!r}: pip install it, or use sqlite:///FILE"
        ) from error
    if url.get_backend_name() == "sqlite":
        written = ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'NORMAL'}")
        _configure_sqlite(engine, (f"busy_timeout={_BUSY_MILLISECONDS}", *(() if is_read_only else written)))
    else:
        _configure_postgresql(engine, "on" if durable else "off")
    return engine


def _is_read_only(url: URL) -> bool:
    """Whether the URL is of a file that this process may read and not write, on a read-only file system say."""
    file = str(url.database)
    return url.get_backend_name() == "sqlite" and os.access(file, os.R_OK) and not os.access(file, os.W_OK)


def _read_only(url: URL) -> URL:
    """Returns the URL by which SQLite opens a file that it cannot write."""
    path = Path(str(url.database)).absolute()
    changes = Path(f"{path}-wal").exists()  # without such a file SQLite wants to make one, unless nobody writes
    mode = "ro" if changes else "ro&immutable=1"
    return url.set(database=f"file:{quote(str(path))}?mode={mode}", query={"uri": "true"})


def _configure_sqlite(engine: Engine, pragmas: Sequence[str]) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in (*pragmas, "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("qrng_begin", "BEGIN IMMEDIATE")
        connection.connection.cursor().execute(begin)


def _configure_postgresql(engine: Engine, synchronous_commit: str) -> None:
    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("qrng_begin") is None:
            cursor = connection.connection.cursor()
            cursor.execute(_TURN.format(synchronous_commit))
            row = cursor.fetchone()
            connection.info[_NUMBER] = row[-1] if row else None


def _bring_up_to_date(database: Database) -> None:
    known = sorted(path.stem[1:5] for path in (_MIGRATIONS / "versions").glob("v*.py"))
    with database.reading() as connection:
        found = _version(connection)
    if found is not None and found not in known:
        raise LedgerSchemaError(
            f"the ledger {database.shown_url} has schema {found}, written by a newer release; this one knows up to"
            f" {known[-1]}: upgrade qrng-hub, or point ledger.url at another file"
        )
    if found != known[-1] and _is_read_only(database.url):
        raise LedgerError(
            f"the ledger {database.shown_url} is of an earlier release and cannot be written, so it cannot be"
            " brought up to date: copy it to where you may write"
        )
    if found != known[-1]:
        with database.durable() as connection:
            _migrate(connection)  # one process, and the others find it done


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version


def _migrate(connection: Connection) -> None:
    """Runs the numbered migrations; alembic takes 0.2 s to import, so only here."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
