# What the steps of the action share. They run in bash 3.2 too, which macOS has.
# shellcheck shell=bash
set -euo pipefail

say() { printf '%s\n' "$*"; }

# Ends the step with an error at the job. The words are the action's own: nothing that others may write goes into them.
fail() {
    printf '::error title=amgctl::%s\n' "$*" >&2
    exit 1
}

# Writes an output of the step. A value of several lines could begin another output.
output() {
    case "$2" in
    *$'\n'* | *$'\r'*) fail "the output $1 would have several lines" ;;
    esac
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Refuses an input that is neither true nor false, so that a typo does not mean one of them.
boolean() {
    case "$2" in
    true | false) ;;
    *) fail "the input $1 is true or false" ;;
    esac
}

# The SHA-256 of a file.
digest() {
    local sum
    if command -v sha256sum >/dev/null; then
        sum=$(sha256sum <"$1")
    else
        sum=$(shasum -a 256 <"$1")
    fi
    printf '%s\n' "${sum%% *}"
}

# Refuses a URL that others could listen to or answer for; loopback is for tests.
secure() {
    case "$2" in
    https://?*) ;;
    http://127.0.0.1:* | http://localhost:*) ;;
    *) fail "$1 is not https" ;;
    esac
}
