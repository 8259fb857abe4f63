"""What the tables of all contexts share: one MetaData and the columns that every kind of table has.

    artifacts = Table("artifacts", metadata, *tenant_pk(), Column("key", Text, nullable=False),
                      *std_columns(), *deleted_columns())

The migrations are the truth (constraints, indexes, triggers and policies live there); these declarations are for
queries, and a test compares their columns with the migrated schema.
"""

from __future__ import annotations

from sqlalchemy import Column, DateTime, FetchedValue, Integer, MetaData, Uuid

from alm_workbench.storage.types import XID8

metadata = MetaData(schema="alm")

Timestamp = DateTime(timezone=True)


def tenant_pk() -> list[Column[object]]:
    """`tenant_id, id`: the primary key of a tenant's table."""
    return [Column("tenant_id", Uuid, primary_key=True), Column("id", Uuid, primary_key=True)]


def row_xid() -> Column[object]:
    """The transaction that wrote the row last; set by a trigger."""
    return Column("row_xid", XID8, nullable=False, server_default=FetchedValue())


def std_columns() -> list[Column[object]]:
    """Who and when, version and transaction; all of them kept by triggers."""
    return [
        Column("created_at", Timestamp, nullable=False, server_default=FetchedValue()),
        Column("created_by", Uuid),
        Column("updated_at", Timestamp, nullable=False, server_default=FetchedValue()),
        Column("updated_by", Uuid),
        Column("version", Integer, nullable=False, server_default=FetchedValue()),
        row_xid(),
    ]


def deleted_columns() -> list[Column[object]]:
    """The mark of a soft deletion. To set or clear it, the transaction begins with `include_deleted=True`."""
    return [Column("deleted_at", Timestamp), Column("deleted_by", Uuid)]
