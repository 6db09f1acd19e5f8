# Makes the project's own Python environment; read by bin/run, bin/mcp and bin/test.
#
# Rules: nothing outside .venv is changed; the installation is made once and again only when
# pyproject.toml, constraints.txt or the folder's place changed; standard output stays untouched,
# because commands answer programs there; two starts at once wait for each other.
#
# Before reading this file set `root` to the repository's folder.
# shellcheck shell=sh disable=SC2154

venv="$root/.venv"
python="$venv/bin/python"
lock="$root/.venv.lock"

say() { printf '%s\n' "$*" >&2; }

# The key of an installation: what is installed, and where. A copied folder is installed anew.
wanted() {
    { printf '%s %s\n' "$root" "$1"; cat "$root/pyproject.toml" "$root/constraints.txt"; } | cksum
}

# is_ready EXTRAS: the environment is installed with these extras ("" or "dev").
is_ready() {
    [ -x "$python" ] && [ -f "$venv/.installed$1" ] \
        && [ "$(cat "$venv/.installed$1")" = "$(wanted "$1")" ]
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints the first Python that is new enough and can make environments.
find_python() {
    found_old="" found_bare=""
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if ! is_new_enough "$candidate"; then
            # A launcher without a version behind it prints nothing.
            version=$("$candidate" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null) || continue
            found_old="$version"
        elif "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        else
            found_bare="$candidate"
        fi
    done
    if [ -n "$found_bare" ]; then
        say "The Python here ($found_bare) lacks its venv module; on Debian and Ubuntu install it with" \
            "\"apt install python3-venv\", then run this again."
    elif [ -n "$found_old" ]; then
        say "The Python here is $found_old, but 3.11 or newer is needed; install a newer one, then" \
            "run this again."
    else
        say "No Python was found; install Python 3.11 or newer, then run this again."
    fi
    return 1
}

take_lock() {
    waited=0
    while ! mkdir "$lock" 2>/dev/null; do
        if [ ! -w "$root" ]; then
            say "$root cannot be written to, so .venv cannot be made there."
            return 1
        fi
        holder=$(cat "$lock/pid" 2>/dev/null || true)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
            # Whoever held it is gone. Renaming succeeds for one of several that notice.
            mv "$lock" "$lock.$$" 2>/dev/null && rm -rf "$lock.$$"
            continue
        fi
        [ "$waited" -ne 0 ] || say "Another start is installing already; waiting for it ..."
        if [ "$waited" -ge 900 ]; then
            say "It did not end within 15 minutes; if nothing is installing, remove $lock and try again."
            return 1
        fi
        waited=$((waited + 1))
        sleep 1
    done
    printf '%s\n' "$$" >"$lock/pid"
    trap 'rm -rf "$lock"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

leave_lock() {
    rm -rf "$lock"
    trap - EXIT INT TERM HUP
}

# A usable .venv of this folder is there; one that was copied from elsewhere is not.
has_venv() {
    [ -x "$python" ] && is_new_enough "$python" && "$python" -m pip --version >/dev/null 2>&1 \
        && [ "$(cat "$venv/.place" 2>/dev/null || printf '%s' "$root")" = "$root" ]
}

install() {
    target="$root"
    [ -z "$1" ] || target="${root}[$1]"
    say "Installing into .venv (once, about a minute) ..."
    if [ -n "$base" ]; then
        "$base" -m venv --clear "$venv" >"$output" 2>&1 || return 1
    fi
    "$python" -m pip install --quiet --disable-pip-version-check --no-input \
        -c "$root/constraints.txt" -e "$target" >"$output" 2>&1
}

# ensure EXTRAS: installs when something changed; returns 0 when the environment can be used.
ensure() {
    is_ready "$1" && return 0
    take_lock || return 1
    if is_ready "$1"; then # somebody else has just done it
        leave_lock
        return 0
    fi
    output="$lock/output" base="" status=0
    has_venv || base=$(find_python) || status=1
    if [ "$status" -eq 0 ] && ! install "$1"; then
        status=1
        cat "$output" >&2
        say "The installation failed; what pip said stands above. Check the network, then run this again."
    fi
    if [ "$status" -eq 0 ]; then
        printf '%s' "$root" >"$venv/.place"
        [ -z "$1" ] || wanted "" >"$venv/.installed"
        wanted "$1" >"$venv/.installed$1"
    fi
    leave_lock
    [ "$status" -eq 0 ]
}
