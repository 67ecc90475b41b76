DROP FUNCTION refresh_statistics(regclass);
DROP TABLE audit_log;
