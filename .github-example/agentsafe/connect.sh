#!/usr/bin/env bash
# Gives a job of a protected environment what it signs and pushes with.
#
# SIGNING_KEY and DEPLOY_KEY are the texts of two private keys; REMOTE_URL is the address to push to (default: this
# repository at github.com, over ssh).
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
keys=$RUNNER_TEMP/agentsafe-keys
mkdir -p "$keys"
[[ -n ${SIGNING_KEY:-} ]] || { echo "::error title=agentsafe::this environment has no signing key"; exit 1; }
printf '%s\n' "$SIGNING_KEY" > "$keys/signing"
git config user.signingkey "$keys/signing"
if [[ -n ${DEPLOY_KEY:-} ]]; then
    printf '%s\n' "$DEPLOY_KEY" > "$keys/deploy"
    git config core.sshCommand \
        "ssh -i '$keys/deploy' -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile='$here/known_hosts'"
fi
git remote set-url origin "${REMOTE_URL:-git@github.com:$GITHUB_REPOSITORY.git}"
git config user.email "${GITHUB_JOB:-agentsafe}@agentsafe.invalid"
