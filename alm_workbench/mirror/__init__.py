"""The DuckDB mirror of the Postgres read models: extraction, publishing, querying with rights, reports.

One refresher reads what has been committed since a snapshot watermark and publishes one immutable file version per
tenant (`refresher`, `layout`); a child process answers SQL over it, cut to the caller's rights (`client`, `worker`).
Everything that needs duckdb, pyarrow, adbc or ibis is imported when it is first used.
"""
