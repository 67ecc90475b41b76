#!/bin/sh
# Everything that proves the project: format, lints where clippy is installed, all tests. Leaves nothing running.
# Warnings are errors where CI is set; elsewhere a newer compiler's opinion does not fail the tests.
set -u
cd "$(dirname "$0")/.." || exit 1

trap scripts/stop-test-postgres.sh EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

status=0
step() {
    echo "\$ $*"
    "$@" || status=1
}

if cargo fmt --version >/dev/null 2>&1; then
    step cargo fmt --check
fi
step cargo test --locked
if cargo clippy --version >/dev/null 2>&1; then
    if [ -n "${CI:-}" ]; then
        step cargo clippy --locked --all-targets -- -D warnings
    else
        step cargo clippy --locked --all-targets
    fi
fi
exit $status
