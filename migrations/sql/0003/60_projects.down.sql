DROP INDEX alm.artifacts_bin;
DROP TABLE alm.bin_entries;
