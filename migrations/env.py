"""Alembic environment: always online, on the connection that alm_workbench.storage.migrate hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="alm", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
