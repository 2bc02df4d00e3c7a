#!/usr/bin/env bash
# Sets up a governance repository on a server of your own: a guarded bare repository, and timers for gate, runner and
# verification. Makes what is missing, and replaces nothing of yours; run it again at will.
#
#   install.sh --repository DIR --genesis COMMIT [--cluster WHERE] [--land] [--cron] [--program PATH] [--root DIR]
#
#   --repository  the bare repository, made if it is missing
#   --genesis     main's first commit, as `agentsafe init` printed it
#   --cluster     what `agentsafe run --cluster` takes
#   --land        the gate lands what may run
#   --cron        /etc/cron.d/agentsafe in place of systemd's timers
#   --program     agentsafe (default: the one in PATH)
#   --root        a folder to install into in place of `/`; no accounts are made then
set -euo pipefail

fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

repository='' genesis='' cluster='' land='' cron='' program='' root=''
while (( $# )); do
    case $1 in
        --repository | --genesis | --cluster | --program | --root)
            [[ $# -ge 2 && -n $2 ]] || fail "$1 takes a value"
            printf -v "${1#--}" '%s' "$2"
            shift 2
            ;;
        --land) land=true; shift ;;
        --cron) cron=true; shift ;;
        -h | --help) usage; exit 0 ;;
        *) fail "unknown argument \`$1\`; see --help" ;;
    esac
done
[[ $repository == /* ]] || fail "--repository takes an absolute path"
[[ $genesis =~ ^[0-9a-f]{40}$ ]] || fail "--genesis takes the commit that \`agentsafe init\` printed, 40 hexadecimal digits"
[[ -z $root || $root == /* ]] || fail "--root takes an absolute path"
# These become words of a shell file and of units.
for word in "$repository" "$cluster" "$root"; do
    [[ $word =~ ^[A-Za-z0-9_./:@%+=-]*$ ]] || fail "\`$word\` holds characters that this script does not take"
done
program=${program:-$(command -v agentsafe || true)}
[[ -x $program ]] || fail "no \`agentsafe\` in PATH; build it, put it into /usr/local/bin, or give --program"
command -v git >/dev/null || fail "no \`git\` in PATH; install it"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
state=$root/var/lib/agentsafe

accounts() {
    [[ -z $root ]] || return 0
    (( EUID == 0 )) || fail "run it as root, or with --root FOLDER to look at what it makes"
    getent group agentsafe >/dev/null || groupadd --system agentsafe
    local name
    for name in gate runner; do
        getent passwd "agentsafe-$name" >/dev/null \
            || useradd --system --gid agentsafe --home-dir "$state/$name" --shell /usr/sbin/nologin "agentsafe-$name"
    done
}

folders() {
    local name
    mkdir -p "$root/etc/agentsafe" "$root/usr/local/lib/agentsafe" "$state"
    for name in gate runner; do
        mkdir -p "$state/$name"
        chmod 700 "$state/$name"
        [[ -n $root ]] || chown "agentsafe-$name:agentsafe" "$state/$name"
    done
}

bare() {
    if [[ ! -e $repository ]]; then
        git init --quiet --bare --shared=group --initial-branch=main "$repository"
        [[ -n $root ]] || chgrp -R agentsafe "$repository"
    fi
    [[ $(git --git-dir="$repository" rev-parse --is-bare-repository 2>/dev/null) == true ]] \
        || fail "$repository is no bare repository"
    local setting
    for setting in \
        receive.denyDeletes=true receive.denyNonFastForwards=true receive.fsckObjects=true transfer.fsckObjects=true \
        core.logAllRefUpdates=always gc.reflogExpire=never gc.reflogExpireUnreachable=never; do
        git --git-dir="$repository" config "${setting%%=*}" "${setting#*=}"
    done
    # What is there already is verified before the hook is put in.
    "$program" hook install --repository "$repository" --genesis "$genesis" --program "$program"
}

configuration() {
    local file=$root/etc/agentsafe/round.conf
    if [[ -e $file ]]; then
        echo "$file stays as it is"
    else
        printf '%s\n' "# Settings of agentsafe's rounds; see templates/server/README.md." \
            "REPOSITORY=$repository" "GENESIS=$genesis" "STATE=$state" "CLUSTER=$cluster" "LAND=$land" > "$file"
    fi
    install -m 755 "$here/round" "$root/usr/local/lib/agentsafe/round"
}

# unit JOB ACCOUNT WHEN WHAT
unit() {
    local folder=$root/etc/systemd/system
    mkdir -p "$folder"
    cat > "$folder/agentsafe-$1.service" <<UNIT
[Unit]
Description=agentsafe: $4
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=agentsafe-$2
Group=agentsafe
UMask=0007
Environment=PATH=$(dirname "$program"):/usr/local/bin:/usr/bin:/bin
ExecStart=$root/usr/local/lib/agentsafe/round $1 $root/etc/agentsafe/round.conf
# A runner that is stopped between \`prepared\` and \`execution\` leaves a change that a person must look into.
TimeoutStopSec=15min
KillMode=mixed
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full
UNIT
    cat > "$folder/agentsafe-$1.timer" <<TIMER
[Unit]
Description=agentsafe: $4

[Timer]
OnCalendar=$3
Persistent=true

[Install]
WantedBy=timers.target
TIMER
}

timers() {
    if [[ -n $cron ]]; then
        mkdir -p "$root/etc/cron.d"
        local round="$root/usr/local/lib/agentsafe/round" conf="$root/etc/agentsafe/round.conf"
        # One at a time: flock gives up at once when the round before still runs.
        printf '%s\n' "PATH=$(dirname "$program"):/usr/local/bin:/usr/bin:/bin" \
            "*/2 * * * * agentsafe-gate flock -n $state/gate/record.lock $round record $conf" \
            "*/2 * * * * agentsafe-runner flock -n $state/runner/run.lock $round run $conf" \
            "41 3 * * * agentsafe-gate flock -n $state/gate/verify.lock $round verify $conf" > "$root/etc/cron.d/agentsafe"
        echo "wrote $root/etc/cron.d/agentsafe"
        return
    fi
    unit record gate '*:0/2' 'record decisions, votes and trust commits'
    unit run runner '*:1/2' 'execute what landed'
    unit verify gate '03:41' 'prove the whole history'
    if [[ -z $root ]] && command -v systemctl >/dev/null && [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi
    echo "wrote the units; enable them when the keys are there:"
    echo "  systemctl enable --now agentsafe-record.timer agentsafe-run.timer agentsafe-verify.timer"
}

accounts
folders
bare
configuration
timers
