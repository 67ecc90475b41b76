#!/bin/sh
# Ends the test server that EmbeddedPostgres::start_for_tests left running for the next tests, and removes its data.
# stop-test-postgres.sh [DATA_DIR...]   without DATA_DIR: this project's, under the names that test_data_dir() gives
set -u
if [ $# = 0 ]; then
    cd "$(dirname "$0")/.." || exit 1
    inode=$(ls -di . | awk '{print $1}')
    name=sweep-test-$(id -u)-$inode
    set -- "/dev/shm/$name" "${TMPDIR:-/tmp}/$name"
fi

# Whether process $1 is the server of the data in $2: a number alone may be anybody's.
serves() {
    if [ -d /proc/self ]; then
        [ "$(readlink "/proc/$1/cwd" 2>/dev/null)" = "$2" ]
    else
        ps -o command= -p "$1" 2>/dev/null | grep -qF "$2"
    fi
}

status=0
for folder; do
    pgdata=$(cd "$folder/postgres" 2>/dev/null && pwd -P) || continue
    pid=$(head -n 1 "$pgdata/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ] && serves "$pid" "$pgdata"; then
        kill -INT "$pid"
        tries=0
        while serves "$pid" "$pgdata"; do
            tries=$((tries + 1))
            if [ "$tries" -gt 300 ]; then
                echo "The test server (process $pid) does not stop: end it with \`kill -QUIT $pid\`." >&2
                status=1
                continue 2
            fi
            sleep 0.1
        done
    fi
    rm -rf "$folder" || status=1
done
exit $status
