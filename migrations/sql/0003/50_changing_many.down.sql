DROP TABLE alm.bulk_items;
DROP TABLE alm.bulk_runs;
