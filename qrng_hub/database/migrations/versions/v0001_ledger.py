"""The first ledger: jobs, draws and append-only events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)
_MESSAGE = "the events of the ledger are append-only"
_SQLITE = """
CREATE TRIGGER events_{verb}_refused BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""
_POSTGRESQL = """
CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{message}'; END $$;
CREATE TRIGGER events_change_refused BEFORE UPDATE OR DELETE OR TRUNCATE ON events
EXECUTE FUNCTION refuse_change_of_events();
"""


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "jobs",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("draw_id", sa.Text),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("vendor_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("qubits", sa.Integer, nullable=False),
        sa.Column("circuits", sa.Integer, nullable=False),
        sa.Column("shots", sa.Integer, nullable=False),
        sa.Column("cost_estimated_low", sa.Text),
        sa.Column("cost_estimated_high", sa.Text),
        sa.Column("cost_billed", sa.Text),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("native_estimated", sa.Text, nullable=False),
        sa.Column("native_billed", sa.Text, nullable=False),
        sa.Column("recorded_utc", _TIME, nullable=False, index=True),
        sa.Column("queued_utc", _TIME),
        sa.Column("running_utc", _TIME),
        sa.Column("finished_utc", _TIME),
        sa.Column("stamps", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("spec", sa.Text),
    )
    op.create_table(
        "draws",
        sa.Column("draw_id", sa.Text, primary_key=True),
        sa.Column("created_utc", _TIME, nullable=False, index=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at_utc", _TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("detail", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb, message=_MESSAGE))
    else:
        op.execute(_POSTGRESQL.format(message=_MESSAGE))
