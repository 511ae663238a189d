"""Budgets that jobs are charged to: what is spent or reserved of each, and by which job."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the table of budgets, and to each job what it holds of them."""
    op.create_table(
        "budgets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("usd", sa.Text, nullable=False),
        sa.Column("committed", sa.Text, nullable=False),
    )
    op.add_column("jobs", sa.Column("cost_reserved", sa.Text))
    op.add_column("jobs", sa.Column("budgets", sa.Text))
