"""For which account of a vendor each job was meant, where that is known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the column; of older jobs the account is not known."""
    op.add_column("jobs", sa.Column("account", sa.Text))
