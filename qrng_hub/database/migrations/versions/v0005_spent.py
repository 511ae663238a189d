"""What is used up: bytes of earlier draws that were seeds, and outcomes that were delivered."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_DRAWS = sa.table("draws", sa.column("draw_id"), sa.column("receipt"))


def upgrade() -> None:
    """Makes the tables, and enters the outcomes of all receipts."""
    op.create_table(
        "spent",
        sa.Column("draw_id", sa.Text, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    blocks = op.create_table(
        "blocks",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("draw_id", sa.Text, nullable=False),
    )
    connection = op.get_bind()
    delivered: dict[str, str] = {}
    for draw_id, text in connection.execute(sa.select(_DRAWS)).all():
        for source in json.loads(text)["sources"]:
            delivered |= dict.fromkeys(source.get("block_sha256", ()), draw_id)
    if delivered:
        op.bulk_insert(blocks, [{"sha256": digest, "draw_id": draw_id} for digest, draw_id in delivered.items()])
