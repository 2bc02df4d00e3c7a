#!/usr/bin/env bash
# Plays the main job for real, in a fresh folder: an agent proposes, policy decides, a person approves, a runner executes on
# the embedded cluster, the record is rolled back and proved, and a tampering is caught.
#
#   examples/quickstart.sh [FOLDER]     FOLDER must not exist; without one a temporary folder is used and kept.
#
# AGENTSAFE_BUILD=release builds with optimisation (slower to build, faster to run).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR
source "$root/examples/common.sh"

bold='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
fail() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

# Prints a command as a person would type it, and runs it. `expect N COMMAND…` demands the exit code N.
expect() {
    local wanted=$1 status=0
    shift
    printf '$ %s\n' "$*"
    "$@" || status=$?
    [[ $status -eq $wanted ]] || fail "\`$*\` ended with $status instead of $wanted"
    [[ $status -eq 0 ]] || printf '(exit %s)\n' "$status"
}
show() { expect 0 "$@"; }

check_swift
# shellcheck disable=SC2119 # It needs none but those.
install_packages
build_agentsafe "$root"
started=$(date +%s)
enter_playground quickstart "$@"
for name in alice bob agent runner; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$play/$name.key"; done
cp "$root/examples/clusters/demo.json" cluster.json

say "a governance repository, with a bare remote that stands for a forge"
git init -q --bare remote.git
show agentsafe init governance --admin alice --key alice.key --remote "$play/remote.git" --push
cd governance
show git agentsafe identity add bob --kind person --role approver --key-file ../bob.key.pub --push
show git agentsafe identity add deploy-agent-01 --kind agent --role deployer --key-file ../agent.key.pub --push
show git agentsafe identity add runner-1 --kind service --role runner --key-file ../runner.key.pub --push
genesis=$(git config agentsafe.genesis)

say "the agent's clone: it pins the genesis that alice told it"
cd "$play"
git clone -q remote.git agent
cd agent
show git agentsafe setup --genesis "$genesis" --key ../agent.key

say "the agent may scale staging: the policy allows it"
proposal=$(git agentsafe propose scale-deployment --target staging/api-server --param replicas=6 \
    --reason 'Queue depth doubled since 14:00' --push --output json)
staging=$(field id <<<"$proposal")
printf '$ git agentsafe propose scale-deployment --target staging/api-server --param replicas=6 --reason … --push\n%s\n' "$staging"
show git agentsafe gate --head "change/$staging"
show git push -q origin "change/$staging:main"

say "the runner executes it: claim, before-state, mutation, after-state"
cd "$play/governance"
show git agentsafe run --key ../runner.key --cluster embedded:../cluster.json
show git agentsafe status "$staging"

say "production needs an approval"
cd "$play/agent"
proposal=$(git agentsafe propose scale-deployment --target prod/api-server --param replicas=6 \
    --reason 'Launch at 18:00' --ticket INC-42 --push --output json)
prod=$(field id <<<"$proposal")
expect 10 git agentsafe gate --head "change/$prod"

say "bob approves exactly this plan, and lands it by a signed merge"
cd "$play/governance"
show git agentsafe approve "$prod" --key ../bob.key --merge --yes
show git agentsafe run --key ../runner.key --cluster embedded:../cluster.json

say "what the policy denies is not even written"
cd "$play/agent"
expect 20 git agentsafe propose delete-namespace --target prod/namespace --param namespace=prod --reason 'Clean up'

say "rolling back is a change like any other: the recorded pair, through the gate"
rollback=$(git agentsafe rollback "$prod" --push --output json)
rollback=$(field id <<<"$rollback")
cd "$play/governance"
show git agentsafe approve "$rollback" --key ../bob.key --merge --yes
show git agentsafe run --key ../runner.key --cluster embedded:../cluster.json

say "the audit trail is git log; stock git checks every signature"
show git fetch -q
show git --no-pager log --show-signature -n 2 origin/ledger
show git --no-pager log --format='%G? %GS  %s' origin/ledger
show git agentsafe verify

say "the policy has tests, and every recorded decision comes out again from the commits that it names"
show git agentsafe test
show git agentsafe lint
show git agentsafe replay --all
show git agentsafe log --ticket INC-42
show git agentsafe limits --as deploy-agent-01

say "tampering: somebody who holds the runner's key rewrites a recorded before-state, and pushes it"
cd "$play"
git clone -q -b ledger remote.git mallory
cd mallory
sed -i 's/"replicas": [0-9]*/"replicas": 1/' changes/*/*/*/*/"$prod"/*-before.json
git -c gpg.format=ssh -c user.signingkey="$play/runner.key" commit -q --amend --all --no-edit -S
git push -q --force origin ledger
cd "$play"
git clone -q remote.git auditor
cd auditor
say "an auditor who comes anew sees what was changed"
expect 30 env AGENTSAFE_STATE_HOME="$play/auditor-state" git agentsafe setup --genesis "$genesis"
say "alice, who had seen the true ledger, sees that it was replaced"
cd "$play/governance"
git fetch -q
expect 30 git agentsafe verify

say "done in $(($(date +%s) - started)) seconds, after building; everything is in $play"
