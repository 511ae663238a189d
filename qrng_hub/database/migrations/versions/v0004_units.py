"""Budgets in other units than money, and jobs that hold a different amount of each."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_JOBS = sa.table("jobs", sa.column("key"), sa.column("cost_reserved"), sa.column("budgets"))


def upgrade() -> None:
    """Gives each budget its unit, and writes beside each budget of a job what the job holds of it."""
    op.alter_column("budgets", "usd", new_column_name="most")
    op.add_column("budgets", sa.Column("unit", sa.Text, nullable=False, server_default="USD"))
    connection = op.get_bind()
    for key, reserved, names in connection.execute(sa.select(_JOBS).where(_JOBS.c.budgets.is_not(None))).all():
        held = json.dumps(dict.fromkeys(json.loads(names), reserved))
        connection.execute(sa.update(_JOBS).where(_JOBS.c.key == key), {"budgets": held})
    op.drop_column("jobs", "cost_reserved")
