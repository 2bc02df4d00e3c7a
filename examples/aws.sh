#!/usr/bin/env bash
# Plays a change on AWS from the proposal to the way back, in a fresh folder: an engineer proposes to stop an instance, policy
# asks for approval, a person approves, a runner stops it with keys that STS gives for this step alone, the recorded pair starts
# it again, and the record is proved.
#
#   examples/aws.sh [FOLDER]     FOLDER must not exist; without one a temporary folder is used and kept.
#
# AWS is moto's server on loopback, from PyPI: nothing leaves this machine, and no account is needed.
# AGENTSAFE_BUILD=release builds with optimisation; AGENTSAFE_AWS_PYTHON names a Python that has moto and boto3.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
configuration=${AGENTSAFE_BUILD:-debug}

say() { printf '\n# %s\n' "$*"; }
fail() { printf 'aws: %s\n' "$*" >&2; exit 1; }
show() {
    printf '$ %s\n' "$*"
    "$@" || fail "\`$*\` ended with $?"
}

install_packages() {
    command -v swift >/dev/null || fail "no \`swift\` in PATH; install Swift 6.1 or newer from https://www.swift.org/install"
    command -v dpkg >/dev/null || return 0
    local package missing=() root_command=()
    for package in libgit2-dev libssl-dev libyaml-dev libcurl4-openssl-dev pkg-config git openssh-client python3 python3-venv; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$package")
    done
    (( ${#missing[@]} )) || return 0
    if (( EUID != 0 )); then
        command -v sudo >/dev/null || fail "missing packages, and no sudo to install them: ${missing[*]}"
        root_command=(sudo)
    fi
    say "installing ${missing[*]}"
    "${root_command[@]}" apt-get update -q
    "${root_command[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

install_packages
say "building agentsafe ($configuration)"
swift build --package-path "$root" -c "$configuration" --product agentsafe
binaries=$(swift build --package-path "$root" -c "$configuration" --show-bin-path)

if [[ $# -ge 1 ]]; then
    [[ ! -e $1 ]] || fail "\`$1\` exists already; name a new folder"
    mkdir -p "$1"
    play=$(cd "$1" && pwd -P)
else
    play=$(mktemp -d)
fi
cd "$play"
python=${AGENTSAFE_AWS_PYTHON:-}
if [[ -z $python ]]; then
    say "moto's server, from PyPI"
    python3 -m venv aws-python
    aws-python/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.1' boto3==1.43.11
    python=$play/aws-python/bin/python
fi

# A home and a PATH of its own, and nothing of the user's AWS settings.
mkdir -p home bin
export HOME=$play/home GIT_CONFIG_NOSYSTEM=1 AWS_EC2_METADATA_DISABLED=true
for name in $(compgen -e | grep '^AWS_' | grep -v METADATA_DISABLED); do unset "$name"; done
unset XDG_STATE_HOME XDG_CONFIG_HOME AGENTSAFE_KEY AGENTSAFE_GENESIS AGENTSAFE_STATE_HOME AGENTSAFE_CLUSTER AGENTSAFE_PROFILE SSH_AUTH_SOCK
ln -s "$binaries/agentsafe" bin/agentsafe
export PATH=$play/bin:$PATH
git config --global user.name aws
git config --global user.email aws@example.com
git config --global init.defaultBranch main

say "an account with one instance"
mkfifo moto.in moto.out
"$python" "$root/examples/aws-account.py" < moto.in > moto.out 2> moto.log &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
exec 8> moto.in 9< moto.out
read -r -u 9 port instance || { cat moto.log; fail "moto's server does not start"; }
printf 'instance %s at http://127.0.0.1:%s\n' "$instance" "$port"
mkdir home/.aws
printf '[profile runner]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:%s\n' "$port" > home/.aws/config
printf '[runner]\naws_access_key_id = test\naws_secret_access_key = test\n' > home/.aws/credentials

say "a governance repository, with a bare remote that stands for a forge"
for name in alice bob carol sam runner; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$play/$name.key"; done
git init -q --bare remote.git
show agentsafe init governance --admin alice --key alice.key --remote "$play/remote.git" --push
cd governance
show agentsafe identity add bob --kind person --role approver --key-file ../bob.key.pub --push
show agentsafe identity add carol --kind person --role approver --key-file ../carol.key.pub --push
show agentsafe identity add sam --kind person --role sre --key-file ../sam.key.pub --push
show agentsafe identity add runner --kind service --role runner --key-file ../runner.key.pub --push

say "the inventory pins the account and the instance, and the runner's keys may do no more than each step needs; admins sign that"
cat >> agentsafe.yaml <<'END'
credentials:
  required: true
  backends:
    - name: roles
      kind: sts
      types: [aws]
      role_arn: "arn:aws:iam::{{ target.account }}:role/agentsafe"
END
sed -i.old -e "s/i-0a1b2c3d4e5f60718/$instance/" -e 's/111122223333/123456789012/' inventory.yaml
rm inventory.yaml.old
show agentsafe trust commit -m "Name the batch worker's instance" --push

say "sam proposes; the risk is critical, so two people must approve: bob, who lands it, and carol"
change=$(agentsafe propose ec2-stop-instance --target prod/batch-worker --reason 'Nothing to do at night' --key ../sam.key \
    --push --output json | field id)
printf '$ agentsafe propose ec2-stop-instance --target prod/batch-worker --reason … --push\n%s\n' "$change"
show agentsafe approve "$change" --merge --yes --key ../bob.key
show agentsafe approve "$change" --yes --key ../carol.key
show agentsafe credential resolve "$change" --profile runner
show agentsafe run --profile runner --key ../runner.key
echo state >&8; read -r -u 9 state; printf 'boto3 sees the instance: %s\n' "$state"
[[ $state == stopped ]] || fail "the instance is $state"

say "and back, by the recorded pair"
back=$(agentsafe rollback "$change" --key ../sam.key --push --output json | field id)
printf '$ agentsafe rollback %s --push\n%s\n' "$change" "$back"
show agentsafe approve "$back" --merge --yes --key ../bob.key
show agentsafe run --profile runner --key ../runner.key
echo state >&8; read -r -u 9 state; printf 'boto3 sees the instance: %s\n' "$state"
[[ $state == running ]] || fail "the instance is $state"

say "anybody can check it"
show agentsafe verify
printf '\ndone; everything is in %s\n' "$play"
