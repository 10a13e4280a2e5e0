#!/usr/bin/env bash
# Finds the plan that was reviewed: the artefact of the pull request whose merge this commit is.
#
# Only pull requests of the same repository count: whoever may push a branch there wrote it. Where there is none that is
# said, and the guards of an apply are all there is. A forge that does not answer is no such case: the step fails, or an
# outage would be a way around the review.
# shellcheck source=scripts/action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

api=${GITHUB_API_URL:-https://api.github.com}
secure GITHUB_API_URL "$api"
[[ ${GITHUB_REPOSITORY:-} =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail "GITHUB_REPOSITORY is not OWNER/NAME"
[[ ${GITHUB_SHA:-} =~ ^[0-9a-f]{40,64}$ ]] || fail "GITHUB_SHA is no commit"
[[ $INPUT_TOKEN =~ ^[A-Za-z0-9._=+/~-]+$ ]] || fail "the input token is empty, or holds what no token has"
work=$(mktemp -d "$RUNNER_TEMP/amgctl-reviewed.XXXXXX")

# Ends the step where nothing was reviewed.
none() {
    say "no reviewed plan: $1"
    output plan ""
    exit 0
}

# Asks the API for a path; the answer is in $work/answer. The token stands in no argument, where others could read it.
ask() {
    local status
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$INPUT_TOKEN" |
        curl --config - --silent --show-error --location --proto-redir =https --retry 3 --connect-timeout 20 \
            --max-time 120 --max-filesize 268435456 --header "Accept: application/vnd.github+json" \
            --header "X-GitHub-Api-Version: 2022-11-28" --output "$work/answer" --write-out '%{http_code}' \
            "$api/repos/$GITHUB_REPOSITORY/$1") || status=000
    case $status in
    200) ;;
    401 | 403 | 404)
        fail "GitHub's API does not show $2 to this token ($status): the job needs actions: read and pull-requests: read"
        ;;
    *) fail "GitHub's API did not answer about $2 ($status): run the job again" ;;
    esac
}

# A value of the last answer: none, a number, numbers, or a commit, so that it can stand in a path and in the log.
value() {
    local found
    found=$(jq -r "$@" "$work/answer" 2>/dev/null) || fail "GitHub's API answered with what it should not: run the job again"
    [[ $found =~ ^[0-9a-f\ ]*$ ]] || fail "GitHub's API answered with what it should not: run the job again"
    printf '%s' "$found"
}

ask "commits/$GITHUB_SHA/pulls?per_page=100" "the pull requests of a commit"
# shellcheck disable=SC2016
merged='if type == "array" then . else error end
    | [.[] | select(.merged_at != null and .merge_commit_sha == $sha)] | first // {}'
number=$(value --arg sha "$GITHUB_SHA" "$merged | .number // \"\"")
[ -n "$number" ] || none "no pull request was merged as this commit"
# shellcheck disable=SC2016
same=$(value --arg sha "$GITHUB_SHA" --arg here "$GITHUB_REPOSITORY" \
    "$merged"' | if (.head.repo.full_name // "" | ascii_downcase) == ($here | ascii_downcase) then 1 else "" end')
[ -n "$same" ] || none "pull request $number is from a fork, whose plan is not trusted"
head=$(value --arg sha "$GITHUB_SHA" "$merged | .head.sha // error")

ask "actions/runs?event=pull_request&head_sha=$head&per_page=100" "runs"
# shellcheck disable=SC2016
of_head='[.workflow_runs[] | select(.event == "pull_request" and .head_sha == $head
    and .head_repository.id == .repository.id) | .id] | sort | reverse | .[:20] | map(tostring) | join(" ")'
runs=$(value --arg head "$head" "$of_head")
id='' expired=''
for run in $runs; do
    ask "actions/runs/$run/artifacts?name=$ARTIFACT&per_page=100" "artefacts"
    # shellcheck disable=SC2016
    named='[.artifacts[] | select(.name == $name)]'
    id=$(value --arg name "$ARTIFACT" "$named | map(select(.expired | not) | .id) | max // \"\"")
    [ -z "$id" ] || break
    expired=$expired$(value --arg name "$ARTIFACT" "$named | if length > 0 then 1 else \"\" end")
done
if [ -z "$id" ]; then
    [ -z "$expired" ] || none "the artefact $ARTIFACT of pull request $number has expired"
    none "pull request $number has no artefact $ARTIFACT at its last commit"
fi

ask "actions/artifacts/$id/zip" "an artefact"
mv "$work/answer" "$work/plan.zip"
# One file by its name, to where this says: names in an archive may lead anywhere.
if command -v unzip >/dev/null; then
    unzip -p "$work/plan.zip" plan.json >"$work/plan.json" || fail "the artefact $ARTIFACT holds no plan.json"
else
    tar -xOf "$work/plan.zip" plan.json >"$work/plan.json" || fail "the artefact $ARTIFACT holds no plan.json"
fi
say "the reviewed plan is that of pull request $number (sha256:$(digest "$work/plan.json"))"
output plan "$work/plan.json"
output pull-request "$number"
