DROP TABLE alm.bin_entries;
