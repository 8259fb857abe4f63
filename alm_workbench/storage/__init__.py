"""PostgreSQL: the system of record. Contexts meet it only in their tables.py and repository.py.

Rooms:
    embedded    life cycle of the embedded server (binaries, osuser, leases, postmaster are its parts)
    bootstrap   roles, database and DSNs, embedded or external (`open_database`)
    migrate     Alembic, run from code; the revisions live in migrations/
    engine      SQLAlchemy engine and `begin()`: one transaction with its tenant, actor and command
    units       the Mediator's transactions, made of engine and outbox
    tables      the shared MetaData and column helpers of every table
    types       column types that SQLAlchemy does not know
    bulk        COPY through a staging table
    outbox      append events in a transaction, publish them after it
    rls_check   is every table isolated? (`alm db check-rls`)
    backup      dump and restore
    errors      StorageError: one sentence and one hint
"""
