#!/bin/sh
# Measures what finding trashed twins costs a delete: run.sh [RUNS] [VARIANT...], by default 3 runs of all in variants/.
#
# PGHOST, PGUSER and so on name a server on this machine, and a superuser (it reads /proc for the processor time). In it
# the database `account` holds what is deleted: tables by `sweep migrate`, rows by importing what `sweep demo-data` writes
# into the account below; autovacuum and what else runs on the machine disturb. Each run works on a fresh copy of it.
# Prints: variant, then microseconds of the session's processor time for each deleted contact (lock, blockers, stamp, all)
# and bytes of write-ahead log; where a GIN index has a pending list, also what it takes to merge it.
set -eu
cd "$(dirname "$0")"
export PGOPTIONS='-c client_min_messages=warning'
account=0193a000-0000-7000-8000-000000000001
runs=${1:-3}
[ $# = 0 ] || shift
[ $# != 0 ] || set -- $(basename -s .sql variants/*.sql)

for _ in $(seq "$runs"); do
    for variant; do
        psql -qX postgres -c 'DROP DATABASE IF EXISTS twin_bench WITH (FORCE)' \
            -c 'CREATE DATABASE twin_bench TEMPLATE account STRATEGY file_copy'
        psql -qX twin_bench -v ON_ERROR_STOP=1 -o /dev/null \
            -c 'ALTER TABLE contacts SET (autovacuum_enabled = false)' -f delete.sql -f "variants/$variant.sql" \
            -c 'CREATE EXTENSION IF NOT EXISTS pg_prewarm' \
            -c "SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace" \
            -c CHECKPOINT
        psql -qXAt -F ' ' twin_bench -v ON_ERROR_STOP=1 -c "CALL delete_in_chunks('$account', 'true')" \
            -c "SELECT rpad('$variant', 40), round((lock_us / records)::numeric, 2), round((blockers_us / records)::numeric, 2),
                round((stamp_us / records)::numeric, 2), round((all_us / records)::numeric, 2), wal / records FROM measured" \
            -c "CREATE TEMP TABLE before AS SELECT cpu_us() AS us" \
            -c "SELECT '  merging took ' || round(((cpu_us() - us) / records)::numeric, 2) || ' us a record'
                FROM (SELECT sum(gin_clean_pending_list(oid)) AS pages FROM pg_class
                    WHERE relname IN ('contacts_twin', 'binned_keys_all') AND relam = (SELECT oid FROM pg_am WHERE amname = 'gin')
                ) AS merged, before, measured WHERE pages > 0"
    done
done
psql -qX postgres -c 'DROP DATABASE IF EXISTS twin_bench WITH (FORCE)'
