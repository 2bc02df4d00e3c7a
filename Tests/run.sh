#!/usr/bin/env bash
# Builds everything and runs every check. Works from any folder; installs what is missing where apt is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
# shellcheck source=../examples/common.sh
source examples/common.sh

say() { printf '== %s\n' "$*"; }
fail() { printf 'Tests/run.sh: %s\n' "$*" >&2; exit 1; }

# What is made here stays here.
check_tracked_files() {
    local git=(git -c "safe.directory=$root") found
    "${git[@]}" rev-parse --git-dir >/dev/null 2>&1 || { say "no Git repository here: tracked files not checked"; return; }
    found=$("${git[@]}" ls-files -- '.build*/*' Package.resolved '*/.build/*' '*/Package.resolved')
    [[ -z $found ]] || fail "built files are tracked; \`git rm --cached\` them: ${found//$'\n'/ }"
    # A path like `/src` says nothing; one with two parts or more is this machine's.
    if [[ $root == /*/* ]] && found=$("${git[@]}" grep -lIF -e "$root/" --); then
        fail "files name a path of this machine: ${found//$'\n'/ }"
    fi
}

# The workflows and scripts that people copy. Nothing here asks the network, but for the two tools themselves.
lint_examples() {
    local tools=$1/lint steps=$1/steps script scripts=() ignored
    python3 -m venv "$tools" || fail "cannot make a virtual environment; install python3-venv"
    "$tools/bin/pip" install --quiet --disable-pip-version-check zizmor==1.32.0 check-jsonschema==0.39.0 \
        || fail "cannot install zizmor and check-jsonschema from PyPI"
    "$tools/bin/zizmor" --offline --no-progress --quiet .github-example/workflows/*.yml
    ignored=$(cat .github-example/workflows/*.yml | grep -c 'zizmor: *ignore')
    [[ $ignored -eq 1 ]] || fail "$ignored findings of zizmor are ignored in the workflows, where there is a reason for one"
    "$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github-example/workflows/*.yml
    "$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci \
        templates/gitlab/.gitlab-ci.yml
    "$tools/bin/check-jsonschema" --quiet --schemafile Tests/Schemas/ruleset.schema.json .github-example/rulesets/*.json
    mkdir "$steps"
    Tests/workflow-steps.py "$steps" .github-example/workflows/*.yml templates/gitlab/.gitlab-ci.yml
    # By their first line: not every script has an ending.
    while IFS= read -r -d '' script; do
        if [[ $script == *.sh ]] || head -n 1 "$script" | grep -q '^#!.*\bbash$'; then scripts+=("$script"); fi
    done < <(find .ci .github-example templates examples Tests -type f ! -name '*.swift' -print0)
    shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}" "$steps"/*.sh
    say "${#scripts[@]} scripts and $(find "$steps" -name '*.sh' | wc -l) steps of workflows"
}

# Other people's code that reads and writes the same tokens.
install_token_readers() {
    python3 -m venv "$1" || fail "cannot make a virtual environment; install python3-venv"
    "$1/bin/pip" install --quiet --disable-pip-version-check PyJWT==2.15.1 cryptography==50.0.2 agent-safe==0.14.0 \
        || fail "cannot install PyJWT, cryptography and agent-safe from PyPI"
    export AGENTSAFE_TEST_PYTHON=$1/bin/python
}

# moto's server, and the AWS tools that ours must agree with.
install_aws_peers() {
    python3 -m venv "$1" || fail "cannot make a virtual environment; install python3-venv"
    "$1/bin/pip" install --quiet --disable-pip-version-check 'moto[server]==5.2.1' boto3==1.43.11 botocore==1.43.11 \
        || fail "cannot install moto and boto3 from PyPI"
    export AGENTSAFE_TEST_AWS_PYTHON=$1/bin/python
}

# A real API server, where it can be had: built once, kept in the user's cache. The tests find it by a variable.
start_kubernetes() {
    local status=0
    Tests/kubernetes-server.sh start "$1" || status=$?
    case $status in
        0) export AGENTSAFE_TEST_KUBERNETES=$1 ;;
        69) say "SKIPPED: every test against a real API server, for the reason above" ;;
        *) fail "the API server does not start" ;;
    esac
}

# Whatever was started stops, and its folder goes.
clean_up() {
    [[ ! -d $scratch/kubernetes/pids ]] || Tests/kubernetes-server.sh stop "$scratch/kubernetes"
    rm -rf "$scratch"
}

check_swift
install_packages gitolite3 python3-yaml python3-venv shellcheck openssl nghttp2-server
say "tracked files"
check_tracked_files
say "imports"
Tests/check-imports.py --self-test
Tests/check-imports.py
say "build"
swift build --build-tests
# Nothing of the user's settings plays along. Memory is the better disk for thousands of short-lived repositories.
scratch=$(mktemp -d "$([[ -d /dev/shm && -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/agentsafe.XXXXXX")
trap clean_up EXIT
mkdir "$scratch/home" "$scratch/tmp"
say "workflows and scripts"
lint_examples "$scratch"
say "readers of tokens"
install_token_readers "$scratch/tokens"
say "AWS peers"
install_aws_peers "$scratch/aws"
say "quickstart"
examples/quickstart.sh "$scratch/quickstart" > "$scratch/quickstart.log" 2>&1 \
    || { tail -n 40 "$scratch/quickstart.log"; fail "examples/quickstart.sh failed"; }
tail -n 1 "$scratch/quickstart.log"
say "Kubernetes API server"
start_kubernetes "$scratch/kubernetes"
say "tests"
# As many races, walks and crashes as the protocol is to withstand; a plain `swift test` makes do with fewer.
export AGENTSAFE_RACES=${AGENTSAFE_RACES:-200} AGENTSAFE_WALKS=${AGENTSAFE_WALKS:-1000} AGENTSAFE_TEST_CRASHES=1
HOME=$scratch/home TMPDIR=$scratch/tmp GIT_CONFIG_NOSYSTEM=1 swift test --parallel --skip-build --disable-xctest
say "all passed"
