#!/usr/bin/env bash
# Compares the two pins of the genesis, tells git about it, and brings `agentsafe` into PATH:
#   - what is in PATH already (an image of your own), or
#   - a released binary, if it has the pinned digest, or
#   - a build from source, at the pinned commit.
#
# AGENTSAFE_GENESIS is the repository variable; AGENTSAFE_BIN is where the program goes (default: /usr/local/bin).
set -euo pipefail

fail() { printf '::error title=agentsafe setup::%s\n' "$*"; exit "${code:-1}"; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=pins.sh
. "$here/pins.sh"
bin=${AGENTSAFE_BIN:-/usr/local/bin}

check_genesis() {
    [[ $genesis =~ ^[0-9a-f]{40}$ ]] || fail "no genesis is pinned in .github/agentsafe/pins.sh"
    # One pin lies in the repository, the other in its settings: who can change one of them changes nothing.
    if [[ ${AGENTSAFE_GENESIS:-} != "$genesis" ]]; then
        code=30 fail "the variable AGENTSAFE_GENESIS is not the genesis that .github/agentsafe/pins.sh pins; find out which is right"
    fi
    git config agentsafe.genesis "$genesis"
}

place() {
    if [[ -d $bin && -w $bin ]]; then install -m 755 "$1" "$bin/agentsafe"; else sudo install -m 755 "$1" "$bin/agentsafe"; fi
}

download() {
    [[ $release_sha256 =~ ^[0-9a-f]{64}$ ]] || fail "release_url is pinned without its release_sha256"
    curl --fail --silent --show-error --location --retry 3 --output "$scratch/agentsafe" "$release_url" \
        || fail "cannot download the pinned release"
    printf '%s  %s\n' "$release_sha256" "$scratch/agentsafe" | sha256sum --check --status \
        || code=30 fail "the downloaded release does not have the pinned digest"
    if [[ -n $release_repository ]]; then
        gh attestation verify "$scratch/agentsafe" --repo "$release_repository" \
            || code=30 fail "the release carries no attestation of $release_repository"
    fi
    place "$scratch/agentsafe"
}

build() {
    [[ $source_commit =~ ^[0-9a-f]{40}$ ]] || fail "source_url is pinned without its source_commit"
    command -v swift >/dev/null || fail "building from source needs Swift 6.1 or newer"
    if command -v apt-get >/dev/null; then
        local root_command=()
        (( EUID == 0 )) || root_command=(sudo)
        "${root_command[@]}" apt-get update -q
        "${root_command[@]}" apt-get install -y -q --no-install-recommends \
            libgit2-dev libssl-dev libyaml-dev libcurl4-openssl-dev pkg-config
    fi
    git init -q "$scratch/source"
    # Git checks that what it fetched has the name that was asked for.
    git -C "$scratch/source" fetch -q --depth 1 "$source_url" "$source_commit" || fail "cannot fetch the pinned source"
    git -C "$scratch/source" checkout -q --detach "$source_commit"
    swift build --package-path "$scratch/source" -c release --product agentsafe
    place "$scratch/source/.build/release/agentsafe"
}

check_genesis
if ! command -v agentsafe >/dev/null; then
    scratch=$(mktemp -d "${RUNNER_TEMP:-/tmp}/agentsafe.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    if [[ -n $release_url ]]; then download; elif [[ -n $source_url ]]; then build; else
        fail "neither a release nor a source commit is pinned in .github/agentsafe/pins.sh"
    fi
fi
agentsafe --version
