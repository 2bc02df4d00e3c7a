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
# shellcheck source-path=SCRIPTDIR
source "$root/examples/common.sh"

say() { printf '\n# %s\n' "$*"; }
fail() { printf 'aws: %s\n' "$*" >&2; exit 1; }
show() {
    printf '$ %s\n' "$*"
    "$@" || fail "\`$*\` ended with $?"
}

check_swift
install_packages python3-venv
build_agentsafe "$root"
python=${AGENTSAFE_AWS_PYTHON:-}
enter_playground aws "$@"
if [[ -z $python ]]; then
    say "moto's server, from PyPI"
    python3 -m venv aws-python
    aws-python/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.1' boto3==1.43.11
    python=$play/aws-python/bin/python
fi
# Nothing of the user's AWS settings, either.
for name in $(compgen -e | grep '^AWS_'); do unset "$name"; done
export AWS_EC2_METADATA_DISABLED=true

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
