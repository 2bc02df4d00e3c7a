# shellcheck shell=bash
# What the scripts of this project share. To be sourced by one that has `say` and `fail`.

check_swift() {
    command -v swift >/dev/null || fail "no \`swift\` in PATH; install Swift 6.1 or newer from https://www.swift.org/install"
    local line version
    line=$(swift --version 2>/dev/null | grep -m 1 -o 'Swift version [0-9]*\.[0-9]*') \
        || fail "\`swift --version\` does not name its version; install Swift 6.1 or newer"
    version=${line##* }
    if (( ${version%%.*} < 6 || (${version%%.*} == 6 && ${version##*.} < 1) )); then
        fail "Swift $version is too old; install Swift 6.1 or newer from https://www.swift.org/install"
    fi
}

# install_packages PACKAGE...: what building takes, and these, as far as they are missing.
install_packages() {
    command -v dpkg >/dev/null || { say "no dpkg here: expecting libgit2, OpenSSL 3, libyaml and libcurl to be there"; return; }
    local package missing=() root_command=()
    for package in libgit2-dev libssl-dev libyaml-dev libcurl4-openssl-dev pkg-config git openssh-client python3 "$@"; do
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

# build_agentsafe ROOT: sets `binaries`, the folder that has the program.
build_agentsafe() {
    local configuration=${AGENTSAFE_BUILD:-debug}
    say "building agentsafe ($configuration)"
    swift build --package-path "$1" -c "$configuration" --product agentsafe
    binaries=$(swift build --package-path "$1" -c "$configuration" --show-bin-path)
}

# enter_playground NAME [FOLDER]: a fresh folder, named by `play`, with a home and a PATH of its own: nothing of the user's settings
# plays along, and nothing of theirs is touched.
enter_playground() {
    if [[ $# -ge 2 ]]; then
        [[ ! -e $2 ]] || fail "\`$2\` exists already; name a new folder"
        mkdir -p "$2"
        play=$(cd "$2" && pwd -P)
    else
        play=$(mktemp -d)
    fi
    cd "$play" || exit
    mkdir -p home bin
    export HOME=$play/home GIT_CONFIG_NOSYSTEM=1
    local name
    for name in $(compgen -e | grep '^AGENTSAFE_' | grep -v '_BUILD$'); do unset "$name"; done
    unset XDG_STATE_HOME XDG_CONFIG_HOME SSH_AUTH_SOCK
    ln -s "$binaries/agentsafe" bin/agentsafe
    ln -s "$binaries/agentsafe" bin/git-agentsafe
    export PATH=$play/bin:$PATH
    git config --global user.name "$1"
    git config --global user.email "$1@example.com"
    git config --global init.defaultBranch main
}

# One member of the JSON object on standard input.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
