# shellcheck shell=bash
# For scripts that take a while, to be sourced: says what is being done, how long it has taken, and
# shows the end of the log when it failed.

# Copies standard input to the log, and shows its last line while it comes: on a terminal in place,
# elsewhere every ten seconds.
steps_follow() {
    local title=$1 log=$2 started=$SECONDS told=$SECONDS last='' line width
    width=$(($(tput cols 2>/dev/null || echo 80) - ${#title} - 14))
    ((width > 0)) || width=0
    while :; do
        if IFS= read -r -t 1 line; then
            printf '%s\n' "$line" >>"$log"
            last=${line//[^[:print:]]/}
        elif (($? <= 128)); then
            break
        fi
        if [[ -t 2 ]]; then
            printf '\r\033[K  %s (%d s) %s' "$title" $((SECONDS - started)) "${last:0:width}" >&2
        elif ((SECONDS - told >= 10)); then
            told=$SECONDS
            printf '  %s (%d s) %s\n' "$title" $((SECONDS - started)) "${last:0:120}" >&2
        fi
    done
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# steps_run TITLE LOG COMMAND...: true when the command is.
steps_run() {
    local title=$1 log=$2 started=$SECONDS
    shift 2
    if (set -o pipefail && "$@" </dev/null 2>&1 | steps_follow "$title" "$log"); then
        printf '✓ %s (%d s)\n' "$title" $((SECONDS - started)) >&2
        return 0
    fi
    printf '✗ %s failed after %d s. The end of %s:\n' "$title" $((SECONDS - started)) "$log" >&2
    tail -n 25 "$log" | sed 's/^/    /' >&2
    return 1
}
