#!/bin/sh
# Brings what the build and the private PostgreSQL need, if it is missing: a C compiler, libpq to link with, and
# PostgreSQL's server with its contrib modules. Never makes or starts a system-wide database cluster.
# With DATABASE_URL set no server is needed, and none is installed.
set -u
cd "$(dirname "$0")/.." || exit 1

# The oldest PostgreSQL that Sweep works with; the newest of Homebrew's to install.
oldest=15
brew_postgresql=postgresql@17

fail() {
    echo "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The folders where PostgreSQL's programs may be, as src/embedded_postgres/binaries.rs searches them.
binary_folders() {
    if [ -n "${SWEEP_POSTGRES_BIN:-}" ]; then
        echo "$SWEEP_POSTGRES_BIN"
        return
    fi
    echo "$PATH" | tr ':' '\n'
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
        /usr/local/opt/postgresql@*/bin /Applications/Postgres.app/Contents/Versions/*/bin; do
        echo "$folder"
    done
}

has_server() {
    binary_folders | while IFS= read -r folder; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] || continue
        major=$("$folder/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
        [ "${major:-0}" -ge "$oldest" ] && echo found
    done | grep -q found
}

# Whether the linker finds libpq where the build will look for it.
has_libpq() {
    libdir=${PQ_LIB_DIR:-$(pg_config --libdir 2>/dev/null)}
    probe=$(mktemp -d) || return 1
    echo 'int main(void) { return 0; }' >"$probe/probe.c"
    cc "$probe/probe.c" ${libdir:+"-L$libdir"} -lpq -o "$probe/probe" >/dev/null 2>&1
    found=$?
    rm -rf "$probe"
    return $found
}

missing() {
    if ! has cc; then echo compiler; fi
    if ! has cc || ! has_libpq; then echo libpq; fi
    if [ -z "${DATABASE_URL:-}" ] && ! has_server; then echo server; fi
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

need_root() {
    [ "$(id -u)" = 0 ] && return
    has sudo || fail "Missing: $wanted. There is no sudo to install it with: run \`$1\` as root, then try again."
    sudo -n true 2>/dev/null && return
    [ -t 0 ] || fail "Missing: $wanted. sudo asks for a password and there is no terminal to type it: run \`sudo $1\`, then try again."
    echo "sudo may ask for your password, to install: $wanted"
}

apt_packages() {
    for part in $wanted; do
        case $part in
        compiler) echo build-essential ;;
        libpq) echo libpq-dev ;;
        server) echo postgresql ;;
        esac
    done
}

# Debian's packages make a cluster and start it unless told otherwise; this tells them, for as long as they install.
no_cluster=/etc/postgresql-common/createcluster.d/sweep-setup.conf

remove_no_cluster() {
    as_root rm -f "$no_cluster"
    as_root rmdir /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null
    return 0
}

install_with_apt() {
    # shellcheck disable=SC2046 # names of packages are words
    set -- $(apt_packages)
    need_root "apt-get install $*"
    echo "Installing with apt-get: $*"
    log=$(mktemp) || exit 1
    as_root apt-get -q update >"$log" 2>&1 || fail_with_log "apt-get update failed: put it right, then try again."
    case $wanted in *server*)
        offered=$(apt-cache show postgresql 2>/dev/null | sed -n 's/^Version: \([0-9]*\).*/\1/p' | sort -n | tail -n 1)
        [ "${offered:-0}" -ge "$oldest" ] || fail "This system offers PostgreSQL ${offered:-nowhere}, and Sweep needs $oldest or newer: add PostgreSQL's own packages (https://www.postgresql.org/download/linux/), or set DATABASE_URL."
        trap remove_no_cluster EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        as_root mkdir -p "$(dirname "$no_cluster")"
        echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null || fail "Cannot write $no_cluster."
        ;;
    esac
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" >"$log" 2>&1 </dev/null ||
        fail_with_log "apt-get install $* failed: put it right, then try again."
    rm -f "$log"
}

fail_with_log() {
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "$*"
}

install_with_dnf() {
    set --
    for part in $wanted; do
        case $part in
        compiler) set -- "$@" gcc make ;;
        libpq) set -- "$@" libpq-devel ;;
        server) set -- "$@" postgresql-server postgresql-contrib ;;
        esac
    done
    need_root "dnf install $*"
    echo "Installing with dnf: $*"
    as_root dnf -qy install "$@" </dev/null || fail "dnf install $* failed: put it right, then try again."
}

install_with_brew() {
    set --
    for part in $wanted; do
        case $part in
        compiler) fail "A C compiler is missing: run \`xcode-select --install\`, then try again." ;;
        libpq) set -- "$@" libpq ;;
        server) set -- "$@" "$brew_postgresql" ;;
        esac
    done
    echo "Installing with Homebrew: $*"
    brew install --quiet "$@" </dev/null || fail "brew install $* failed: put it right, then try again."
}

has cargo || fail "Rust is missing: install it from https://rustup.rs, open a new terminal, then try again."
wanted=$(missing | tr '\n' ' ' | sed 's/ *$//')
[ -n "$wanted" ] || exit 0
if has apt-get; then
    install_with_apt
elif has dnf; then
    install_with_dnf
elif has brew; then
    install_with_brew
elif [ "$(uname)" = Darwin ]; then
    fail "Missing: $wanted. Install Homebrew from https://brew.sh, then try again."
else
    fail "Missing: $wanted. Install a C compiler, libpq's headers and PostgreSQL $oldest or newer with its contrib modules by your system's packages, then try again."
fi

wanted=$(missing | tr '\n' ' ' | sed 's/ *$//')
[ -z "$wanted" ] || fail "Still missing after the installation: $wanted. Install it by your system's packages, then try again."
