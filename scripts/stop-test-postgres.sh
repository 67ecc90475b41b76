#!/bin/sh
# Ends the test server that EmbeddedPostgres::start_for_tests left running for the next tests, and removes its data.
# The folders of single tests, which an interrupted run leaves behind, are beside it: the same name, a dot, anything.
# stop-test-postgres.sh [DATA_DIR...]   without DATA_DIR: this project's, under the names that test_data_dir() gives
set -u
if [ $# = 0 ]; then
    cd "$(dirname "$0")/.." || exit 1
    inode=$(ls -di . | awk '{print $1}')
    name=sweep-test-$(id -u)-$inode
    set -- "/dev/shm/$name" "/dev/shm/$name".* "${TMPDIR:-/tmp}/$name" "${TMPDIR:-/tmp}/$name".*
fi

# Whether process $1 is the server of the data in $2: a number alone may be anybody's.
serves() {
    if [ -d /proc/self ]; then
        [ "$(readlink "/proc/$1/cwd" 2>/dev/null)" = "$2" ]
    else
        ps -o command= -p "$1" 2>/dev/null | grep -qF "$2"
    fi
}

# Stops the server of the data in $1, if it runs.
stop() {
    pgdata=$(cd "$1" 2>/dev/null && pwd -P) || return 0
    pid=$(head -n 1 "$pgdata/postmaster.pid" 2>/dev/null)
    [ -n "$pid" ] && serves "$pid" "$pgdata" || return 0
    kill -INT "$pid"
    tries=0
    while serves "$pid" "$pgdata"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then
            echo "The test server (process $pid) does not stop: end it with \`kill -QUIT $pid\`." >&2
            return 1
        fi
        sleep 0.1
    done
}

status=0
for folder; do
    [ -d "$folder" ] || continue
    for data in "$folder/postgres" "$folder"/*/postgres; do
        stop "$data" || { status=1; continue 2; }
    done
    rm -rf "$folder" || status=1
done
exit $status
