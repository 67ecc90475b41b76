DROP TABLE binned_keys;
