#!/usr/bin/env bash
# Makes or updates the repository's rulesets, by GitHub's REST API. Needs `gh`, signed in as an administrator of it.
#
#   rulesets/apply.sh OWNER/NAME PEOPLE_TEAM ADMINS_TEAM
#
# PEOPLE_TEAM: the slug of the team whose members vote (role `approver`); ADMINS_TEAM: that of the admins.
set -euo pipefail

fail() { printf 'apply.sh: %s\n' "$*" >&2; exit 1; }
[[ $# -eq 3 && $1 == */* ]] || fail "usage: rulesets/apply.sh OWNER/NAME PEOPLE_TEAM ADMINS_TEAM"
command -v gh >/dev/null || fail "no \`gh\` in PATH; install GitHub's command line"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
repository=$1 organisation=${1%%/*}

team() {
    local id
    id=$(gh api "orgs/$organisation/teams/$1" --jq .id) || fail "there is no team $1 in $organisation"
    [[ $id =~ ^[0-9]+$ ]] || fail "the team $1 has no number"
    printf '%s' "$id"
}
people=$(team "$2")
admins=$(team "$3")

# name<tab>id of what is there already: applied again, a ruleset is replaced and not doubled.
known=$(gh api --paginate "repos/$repository/rulesets" --jq '.[] | [.name, (.id | tostring)] | @tsv')
for file in "$here"/*.json; do
    name=$(basename "$file" .json)
    # 900001 and 900002 stand for the two teams, whose numbers only GitHub knows.
    text=$(sed -e "s/\"actor_id\": 900001,/\"actor_id\": $people,/" -e "s/\"actor_id\": 900002,/\"actor_id\": $admins,/" "$file")
    id=$(awk -F '\t' -v name="$name" '$1 == name { print $2 }' <<<"$known")
    if [[ -n $id ]]; then
        gh api --silent --method PUT "repos/$repository/rulesets/$id" --input - <<<"$text"
        echo "replaced $name"
    else
        gh api --silent --method POST "repos/$repository/rulesets" --input - <<<"$text"
        echo "made $name"
    fi
done
