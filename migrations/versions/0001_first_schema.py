"""The first schema: people, projects, artifacts, audit, outbox; isolated, audited and granted from the start.

The statements lie in migrations/sql/0001, one file per theme, run in the order of their names.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql" / revision
DOWN = "99_down.sql"


def upgrade() -> None:
    for file in sorted(SQL.glob("*.sql")):
        if file.name != DOWN:
            run(file)


def downgrade() -> None:
    run(SQL / DOWN)


def run(file: Path) -> None:
    """Run a whole file as it stands (several statements, no parameters) on the driver's own connection."""
    op.get_bind().connection.driver_connection.execute(file.read_text(encoding="utf-8"))
