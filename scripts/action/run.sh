#!/usr/bin/env bash
# Runs amgctl: plans, applies, or checks for drift; gives files and exit status as outputs of the step.
# shellcheck source=scripts/action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

boolean require-review "$INPUT_REQUIRE_REVIEW"
boolean comment "$INPUT_COMMENT"
boolean summary "$INPUT_SUMMARY"
boolean page "$INPUT_PAGE"

files=$RUNNER_TEMP/$ARTIFACT
mkdir -p "$files"
rm -f "$files/plan.json" "$files/plan.html"

case "$INPUT_DIRECTORY" in
# Otherwise it would be a flag, or what is piped in.
-*) directory=./$INPUT_DIRECTORY ;;
*) directory=$INPUT_DIRECTORY ;;
esac
words=()
case "$COMMAND" in
plan | drift) words+=(plan "$directory" --detailed-exitcode "--out=$files/plan.json") ;;
apply)
    words+=(apply "$directory" --auto-approve)
    if [ -n "$REVIEWED" ]; then
        words+=("--reviewed=$REVIEWED")
    elif [ "$INPUT_REQUIRE_REVIEW" = true ]; then
        output exitcode 4
        fail "nothing is applied: there is no reviewed plan, and require-review is true"
    else
        say "applying what the directory says, by the guards of an apply: there is no reviewed plan to compare with"
    fi
    ;;
*) fail "there is no command to run" ;;
esac
[ -z "$INPUT_WORKSPACE" ] || words+=("--workspace=$INPUT_WORKSPACE")
[ -z "$INPUT_URL" ] || words+=("--url=$INPUT_URL")
[ -z "$INPUT_STACK" ] || words+=("--stack=$INPUT_STACK")
words+=(--report=github)
[ "$INPUT_PAGE" = false ] || words+=("--report=html=$files/plan.html")

# One argument a line where there are several lines, else one a word. Nothing is expanded, and quotes mean nothing.
args=${INPUT_ARGS%$'\n'}
case "$args" in
*$'\n'*) separator=$'\n' ;;
*) separator=$' \t' ;;
esac
set -f
IFS=$separator
for word in $args; do
    words+=("$word")
done
unset IFS
set +f
# Two merges one after the other: the second waits for the first.
case "$COMMAND ${words[*]}" in
apply*-lock-timeout*) ;;
apply*) words+=(--lock-timeout=10m) ;;
esac

[ -z "$INPUT_GRAFANA_TOKEN" ] || export GRAFANA_TOKEN=$INPUT_GRAFANA_TOKEN
if [ "$INPUT_COMMENT" = true ]; then
    export GITHUB_TOKEN=$INPUT_TOKEN
else
    unset GITHUB_TOKEN
fi
# Whoever reads a variable of the program's finds none that is only the action's.
unset INPUT_TOKEN INPUT_GRAFANA_TOKEN
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
[ "$INPUT_SUMMARY" = true ] || summary=/dev/null

# What the program prints holds titles and texts of dashboards, which could be commands to the runner. So the runner is told
# to take none until it hears a word that nobody can know; the program's annotations are given to it afterwards. Everything
# goes through one stream, or the word could overtake what it comes after.
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
pid=$files/pid errors=$files/errors
rm -f "$pid"
# The runner tells this shell alone that a job is cancelled; the program ends its writes and gives its lease back.
trap 'kill -TERM "$(cat "$pid")" 2>/dev/null || true' INT TERM
say "::stop-commands::$word"
{
    # shellcheck disable=SC2016
    GITHUB_STEP_SUMMARY=$summary bash -c 'echo "$$" >"$0" && exec "$@"' "$pid" "$AMGCTL" "${words[@]}" 2>&1 >&3 |
        tee "$errors"
} 3>&1 &
job=$!
code=0
wait "$job" || code=$?
# A signal ends the waiting, not the program.
while kill -0 "$job" 2>/dev/null; do
    code=0
    wait "$job" || code=$?
done
say "::$word::"
grep -E '^::(error|warning|notice)( [A-Za-z]+=[^:]*)?::' "$errors" || true

output exitcode "$code"
if [ -s "$files/plan.json" ]; then
    output plan "$files/plan.json"
    output digest "sha256:$(digest "$files/plan.json")"
fi
[ ! -s "$files/plan.html" ] || output page "$files/plan.html"

case "$COMMAND-$code" in
# Changes, and what a token that may only read cannot see, are what a plan is for.
plan-0 | plan-2 | plan-9) code=0 ;;
drift-0) say "the workspace is as the directory says" ;;
drift-2) say "::error title=amgctl drift::the workspace is not as the directory says: changed by hand, or merged and not applied" ;;
drift-9) say "::error title=amgctl drift::the token may not read all that this check depends on" ;;
apply-4) [ -z "$REVIEWED" ] || say "::error title=amgctl apply::not applied as reviewed: plan again in a pull request, or run this workflow with command: apply" ;;
esac
exit "$code"
