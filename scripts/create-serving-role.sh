#!/bin/sh
# Makes the role that Sweep serves as, which owns no table and so cannot change the audit log (docs/audit.md).
# The postgres image of docker-compose.yml runs it when it makes its data; sweep itself gives the role what it needs.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$SWEEP_SERVICE_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE sweep_service LOGIN PASSWORD :'password';
SQL
