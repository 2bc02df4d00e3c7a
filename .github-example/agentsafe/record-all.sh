#!/usr/bin/env bash
# Records what is owed: trust commits and votes on what waits on main, then decisions and votes on every open proposal. With
# AGENTSAFE_LAND=true, proposals that may run by now are landed.
set -euo pipefail

# A flood of branches must not keep a round from its end; what is left comes next time.
most=200
options=(--trust-remote --record)
land=()
[[ ${AGENTSAFE_LAND:-} != true ]] || land=(--land)

# Allowed, waiting, denied: results, and recorded.
is_result() { [[ $1 -eq 0 || $1 -eq 10 || $1 -eq 20 ]]; }

code=0
agentsafe gate "${options[@]}" --head refs/remotes/origin/main || code=$?
is_result "$code" || exit "$code"

worst=0 count=0
while read -r branch; do
    [[ $branch != refs/remotes/origin/change/withdrawn/* ]] || continue
    (( count += 1 ))
    if (( count > most )); then
        echo "::warning title=agentsafe gate::more than $most open branches; the rest waits"
        break
    fi
    code=0
    agentsafe gate "${options[@]}" "${land[@]}" --head "$branch" || code=$?
    is_result "$code" && continue
    echo "::warning title=agentsafe gate::exit $code for $branch"
    # A branch that is not authentic is its author's trouble, and red on its own request; anything else is ours.
    [[ $code -eq 30 ]] || worst=$code
done < <(git for-each-ref --sort=refname --format='%(refname)' refs/remotes/origin/change/)
exit "$worst"
