#!/usr/bin/env bash
# Decides what is run for the event that started the job, and what the artefacts are called.
# shellcheck source=scripts/action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

for tool in curl jq tar; do
    command -v "$tool" >/dev/null || fail "the runner has no $tool"
done

# Of the event only the name of the default branch is read.
default_branch() {
    jq -r '.repository.default_branch // "" | strings' "${GITHUB_EVENT_PATH:-/dev/null}" 2>/dev/null || true
}

case "$INPUT_COMMAND" in
plan | apply | drift) command=$INPUT_COMMAND ;;
auto)
    case "${GITHUB_EVENT_NAME:-}" in
    pull_request_target | workflow_run)
        # Such a job has the repository's secrets, and may have checked out what a stranger wrote.
        fail "the event $GITHUB_EVENT_NAME is not planned by itself: use pull_request, or say command: plan"
        ;;
    push)
        branch=$(default_branch)
        if [ -n "$branch" ] && [ "${GITHUB_REF:-}" = "refs/heads/$branch" ]; then
            command=apply
        else
            command=plan
        fi
        ;;
    schedule) command=drift ;;
    *) command=plan ;;
    esac
    ;;
*) fail "the input command is auto, plan, apply or drift" ;;
esac

# The pull request's job and the one of the merge have to find the same name, whatever else they are given.
artifact=$INPUT_ARTIFACT
if [ -z "$artifact" ]; then
    names=${INPUT_STACK:-$INPUT_DIRECTORY}
    word=$(printf '%s' "$names" | LC_ALL=C tr -cs 'A-Za-z0-9' '-')
    word=${word#-}
    word=${word%-}
    seed=${RUNNER_TEMP:-/tmp}/amgctl-name
    printf '%s\n%s\n' "$INPUT_DIRECTORY" "$INPUT_STACK" >"$seed"
    sum=$(digest "$seed")
    artifact=amgctl-${word:+${word:0:40}-}${sum:0:8}
fi
[[ $artifact =~ ^[A-Za-z0-9._-]{1,100}$ ]] ||
    fail "the input artifact has other characters than letters, digits, dots, - and _, or more than 100"

# Whoever starts a workflow by hand has decided; a push only brings what was decided in a pull request.
review=no
[ "$command-${GITHUB_EVENT_NAME:-}" != apply-push ] || review=yes

say "amgctl $command, for the event ${GITHUB_EVENT_NAME:-of nobody}"
output command "$command"
output artifact "$artifact"
output review "$review"
