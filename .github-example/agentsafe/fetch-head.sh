#!/usr/bin/env bash
# Fetches main anew, and what is to be judged, as objects alone: refs/agentsafe/head. Nothing is checked out.
#
# HEAD is the commit that the event names, NUMBER the request's number (empty for a merge queue), TOKEN may read.
set -euo pipefail

fail() { printf '::error title=agentsafe::%s\n' "$*"; exit 1; }
[[ ${HEAD:-} =~ ^[0-9a-f]{40}$ ]] || fail "the event names no commit"
[[ ${NUMBER:-} =~ ^[0-9]{0,10}$ ]] || fail "the event's number is none"

# By the environment, so that the token stands in no file and no process list. Only ever sent to where main came from.
if [[ -n ${TOKEN:-} ]]; then
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader"
    GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$TOKEN" | base64 -w 0)"
    export GIT_CONFIG_VALUE_0
fi
fetch() { git fetch --quiet --no-tags --no-recurse-submodules --no-write-fetch-head origin "$@"; }

fetch --prune '+refs/heads/*:refs/remotes/origin/*'
if [[ -n ${NUMBER:-} ]]; then fetch "+refs/pull/$NUMBER/head:refs/agentsafe/head"; fi
# A verdict counts for one commit. If the branch moved on meanwhile, that very commit is judged, or nothing.
if [[ $(git rev-parse --quiet --verify refs/agentsafe/head) != "$HEAD" ]]; then
    git cat-file -e "$HEAD^{commit}" 2>/dev/null || fetch "$HEAD" \
        || fail "the branch moved on, and $HEAD cannot be fetched; its new head has a run of its own"
    git update-ref refs/agentsafe/head "$HEAD"
fi
