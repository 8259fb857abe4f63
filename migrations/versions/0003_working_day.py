"""The working day: comments, files, planning, bulk changes, saved searches; erasure that leaves nothing behind.

The statements lie in migrations/sql/0003, one file per theme with its way back beside it (`20_x.sql`, `20_x.down.sql`);
they run in the order of their names, and backwards on a downgrade.
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql" / revision
BACK = ".down.sql"


def upgrade() -> None:
    for file in sorted(SQL.glob("*.sql")):
        if not file.name.endswith(BACK):
            run(file)


def downgrade() -> None:
    for file in sorted(SQL.glob(f"*{BACK}"), reverse=True):
        run(file)


def run(file: Path) -> None:
    """Run a whole file as it stands (several statements, no parameters) on the driver's own connection."""
    op.get_bind().connection.driver_connection.execute(file.read_text(encoding="utf-8"))
