#!/usr/bin/env bash
# Records what is owed: trust commits and votes on what waits on main, then decisions and votes on every open proposal. With
# AGENTSAFE_LAND=true, proposals that may run by now are landed.
set -euo pipefail

# A flood of branches must not keep a round from its end; what is left comes next time.
most=200
options=(--trust-remote --record)
land=()
[[ ${AGENTSAFE_LAND:-} != true ]] || land=(--land)

# Allowed (0), waiting (10) and denied (20) are results, and recorded. A key without the right to record ends with 20 as well,
# and prints no result.
gate() {
    local output
    code=0
    output=$(agentsafe gate "${options[@]}" "$@") || code=$?
    printf '%s\n' "$output"
    case $code in
        0 | 10 | 20) [[ -n $output ]] && return 0; code=1 ;;
    esac
    return 1
}

gate --head refs/remotes/origin/main || exit "$code"

worst=0 count=0
while read -r branch; do
    [[ $branch != refs/remotes/origin/change/withdrawn/* ]] || continue
    (( count += 1 ))
    if (( count > most )); then
        echo "::warning title=agentsafe gate::more than $most open branches; the rest waits"
        break
    fi
    gate "${land[@]}" --head "$branch" && continue
    echo "::warning title=agentsafe gate::exit $code for $branch"
    # A branch that is not authentic is its author's trouble, and red on its own request; anything else is ours.
    [[ $code -eq 30 ]] || worst=$code
done < <(git for-each-ref --sort=refname --format='%(refname)' refs/remotes/origin/change/)
exit "$worst"
