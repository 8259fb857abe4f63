"""Trust: sessions, keys, invitations, sagas, quotas, seals, idempotency; the doors to them.

The statements lie in migrations/sql/0002, one file per theme with its way back beside it (`20_x.sql`, `20_x.down.sql`);
they run in the order of their names, and backwards on a downgrade.
"""

from pathlib import Path

from alembic import op

from alm_workbench.storage import job_schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql" / revision
BACK = ".down.sql"


def upgrade() -> None:
    job_schema.ensure(op.get_bind().connection.driver_connection)
    for file in sorted(SQL.glob("*.sql")):
        if not file.name.endswith(BACK):
            run(file)


def downgrade() -> None:
    for file in sorted(SQL.glob(f"*{BACK}"), reverse=True):
        run(file)


def run(file: Path) -> None:
    """Run a whole file as it stands (several statements, no parameters) on the driver's own connection."""
    op.get_bind().connection.driver_connection.execute(file.read_text(encoding="utf-8"))
