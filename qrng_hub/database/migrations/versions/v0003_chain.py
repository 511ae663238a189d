"""A chain of hashes over the events: each bears the hash of what it says and of the one before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the hash; earlier events have none."""
    op.add_column("events", sa.Column("hash", sa.Text))
