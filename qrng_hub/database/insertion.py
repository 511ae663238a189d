"""An INSERT of a whole row, compiled once, as the database's driver takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Table, insert


class Insertion:
    """The statement for a table and how to write a row's values for it."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        compiled = insert(table).compile(dialect=dialect)
        self.text = f"{compiled} ON CONFLICT DO NOTHING"  # it may be repeated
        self._positions: Sequence[str] | None = getattr(compiled, "positiontup", None)
        types = {column.name: column.type.dialect_impl(dialect) for column in table.columns}
        self._write = {name: one.bind_processor(dialect) for name, one in types.items()}

    def values(self, row: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        """Returns the values of a row, in order or by name as the driver wants them."""
        written = {name: write(row[name]) if write else row[name] for name, write in self._write.items()}
        return written if self._positions is None else tuple(written[name] for name in self._positions)
