#!/usr/bin/env bash
# Protects the branches of a governance project on GitLab, by its REST API. Needs `curl`; GITLAB_TOKEN is a token with scope
# `api` of a maintainer. GITLAB_URL defaults to https://gitlab.com.
#
#   protect.sh PROJECT [PEOPLE_GROUP] [GATE_DEPLOY_KEY RUNNER_DEPLOY_KEY]
#
# PROJECT is a number or `group/name`, the others are numbers. PEOPLE_GROUP (GitLab Premium) is the group of those who vote;
# without it maintainers alone may push votes and resolutions. A `-` leaves an argument out.
set -euo pipefail

fail() { printf 'protect.sh: %s\n' "$*" >&2; exit 1; }
[[ $# -ge 1 && $# -le 4 ]] || fail "usage: protect.sh PROJECT [PEOPLE_GROUP] [GATE_DEPLOY_KEY RUNNER_DEPLOY_KEY]"
: "${GITLAB_TOKEN:?set GITLAB_TOKEN to a token with scope api}"
project=${1//\//%2F} people=${2:--} keys=()
[[ $1 =~ ^[A-Za-z0-9_./-]+$ ]] || fail "\`$1\` is no project"
for number in "$people" "${@:3}"; do
    [[ $number == - || $number =~ ^[0-9]+$ ]] || fail "\`$number\` is no number"
done
for key in "${@:3}"; do [[ $key == - ]] || keys+=("$key"); done
api=${GITLAB_URL:-https://gitlab.com}/api/v4/projects/$project

developers=30 maintainers=40 nobody=0

# protect NAME FIELD=VALUE…: existing rules stay, and are said.
protect() {
    local name=$1 field arguments=() status
    shift
    for field in "name=$name" "allow_force_push=false" "$@"; do arguments+=(--data-urlencode "$field"); done
    # The token goes by a file descriptor: no process list shows it.
    status=$(curl --silent --show-error --output /dev/null --write-out '%{http_code}' --request POST \
        --header @<(printf 'PRIVATE-TOKEN: %s\n' "$GITLAB_TOKEN") "${arguments[@]}" "$api/protected_branches") \
        || fail "cannot reach $api"
    case $status in
        201) echo "protected $name" ;;
        409) echo "$name is protected already; compare it with what this script says" ;;
        *) fail "GitLab answered $status for $name; check the token, the project and its tier" ;;
    esac
}

by_keys=() by_people=("push_access_level=$maintainers")
for key in "${keys[@]}"; do by_keys+=("allowed_to_push[][deploy_key_id]=$key"); done
[[ $people == - ]] || by_people=("allowed_to_push[][group_id]=$people")

# main moves by merge requests; the gate's key may land (`AGENTSAFE_LAND`), if one was given.
protect main "merge_access_level=$developers" "push_access_level=$nobody" "${by_keys[@]:0:1}"
# The ledger: gate and runner, and people for `agentsafe resolve`.
protect ledger "merge_access_level=$nobody" "${by_people[@]}" "${by_keys[@]}"
# Votes are people's. Protected branches are neither rewritten nor deleted by a push.
protect 'vote/*' "merge_access_level=$nobody" "${by_people[@]}"
# Agents propose and withdraw here.
protect 'change/*' "merge_access_level=$nobody" "push_access_level=$developers"
# Admins collect their statements.
protect 'trust/*' "merge_access_level=$nobody" "push_access_level=$maintainers"
