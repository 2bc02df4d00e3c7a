#!/usr/bin/env bash
# A real Kubernetes API server for the tests, made of Debian's own source package; Debian 12 only.
#
#   Tests/kubernetes-server.sh build          builds it into the cache, unless it is there; about 8 minutes on two cores
#   Tests/kubernetes-server.sh where          prints the cache's folder
#   Tests/kubernetes-server.sh start FOLDER   starts etcd, API server, controller-manager and a stand-in for kubelet and
#                                             scheduler on loopback; their certificates, data, logs and pids are in FOLDER
#   Tests/kubernetes-server.sh stop FOLDER    stops them
#
# FOLDER/admin.kubeconfig reaches the server with a client certificate, FOLDER/audit.log has one line for each request,
# and FOLDER/bin/kubectl is a kubectl of the same version. Exit 69 (EX_UNAVAILABLE): it cannot be had here; the reason is on
# stderr.
set -eu

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
say() { printf 'kubernetes-server: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
unavailable() { say "$*"; exit 69; }

cache() {
    local recipe
    # What is built follows from the two files here that say how.
    recipe=$(cat "$folder/Kubernetes/standin.go" <(declare -f fetch compile) | sha256sum)
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/agentsafe/kubernetes-1.20-${recipe:0:12}"
}

as_root() {
    if (( EUID == 0 )); then "$@"; return; fi
    command -v sudo >/dev/null || unavailable "needs root to install packages, and there is no sudo"
    sudo "$@"
}

# MARK: Building

build() {
    local place=$1 work
    [[ -d $place ]] && return
    # shellcheck source=/dev/null
    [[ $(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID-}" "${VERSION_ID-}") == "debian 12" ]] \
        || unavailable "built from the source package of Debian 12, and this is another system"
    mkdir -p "${place%/*}"
    exec 9> "${place%/*}/kubernetes.lock"
    flock 9
    [[ -d $place ]] && return
    work=$(mktemp -d "${place%/*}/building.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    fetch "$work" || unavailable "cannot fetch and install what it is built of (no network?)"
    compile "$work" || fail "the build failed"
    mv "$work/done" "$place"
    rm -rf "$work"
    exec 9>&-
}

# The machine's own sources of Debian, with source packages, in a list and a state of our own.
fetch() {
    local work=$1 file apt missing=() package
    mkdir -p "$work/apt/parts" "$work/apt/lists/partial" "$work/packages" "$work/tools"
    : > "$work/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -f $file ]] || continue
        sed -nE 's/^deb(-src)?([[:blank:]].*[[:blank:]]bookworm(-[a-z]+)?[[:blank:]].*)$/deb\2\ndeb-src\2/p' "$file" \
            >> "$work/apt/sources.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -f $file ]] || continue
        grep -qE '^Suites:.*\bbookworm\b' "$file" || continue
        sed -E 's/^Types:.*/Types: deb deb-src/' "$file" > "$work/apt/parts/${file##*/}"
    done
    apt=(-q -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o "Dir::Etc::sourceparts=$work/apt/parts"
        -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root)
    say "fetching the source package"
    apt-get "${apt[@]}" update >&2 || return 1
    for package in golang-1.19-go rsync dpkg-dev make gcc libc6-dev openssl; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$package")
    done
    if (( ${#missing[@]} )); then
        say "installing ${missing[*]}"
        as_root apt-get -q update >&2 || return 1
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 \
            || return 1
    fi
    # Unpacked only: an installed etcd would start itself.
    (cd "$work/packages" && apt-get "${apt[@]}" source --download-only kubernetes \
        && apt-get "${apt[@]}" download etcd-server kubernetes-client golang-github-modern-go-reflect2-dev) >&2 || return 1
    for file in "$work"/packages/*.deb; do dpkg-deb -x "$file" "$work/tools" || return 1; done
    dpkg-source -x "$work"/packages/kubernetes_*.dsc "$work/source" >&2
}

compile() {
    local work=$1 programs=(kube-apiserver kube-controller-manager agentsafe-standin) reflect=github.com/modern-go/reflect2
    # The one in the source knows maps as Go had them before 1.18; with a newer Go it corrupts memory now and then.
    rm -r "$work/source/vendor/$reflect" || return 1
    cp -r "$work/tools/usr/share/gocode/src/$reflect" "$work/source/vendor/$reflect" || return 1
    mkdir "$work/source/cmd/agentsafe-standin" "$work/home" "$work/done"
    cp "$folder/Kubernetes/standin.go" "$work/source/cmd/agentsafe-standin/main.go"
    say "building ${programs[*]}; this takes about 8 minutes on two cores"
    env -i PATH="/usr/lib/go-1.19/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$work/home" GOCACHE="$work/home/cache" \
        GOFLAGS=-mod=vendor GOPROXY=off LC_ALL=C \
        nice -n 5 make -C "$work/source" WHAT="${programs[*]/#/cmd/}" > "$work/make.log" 2>&1 \
        || { tail -n 40 "$work/make.log" >&2; return 1; }
    mv "${programs[@]/#/$work/source/_output/local/go/bin/}" "$work/tools/usr/bin/etcd" "$work/tools/usr/bin/kubectl" \
        "$work/done/"
}

# MARK: Running

# certificate NAME SUBJECT EXTENSIONS: signs FOLDER/pki/NAME.crt
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -subj "$2" \
        -out "$pki/$1.csr" 2>/dev/null
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 \
        -extfile <(printf '%s\n' "$3") -out "$pki/$1.crt" 2>/dev/null
}

# kubeconfig NAME USER: writes FOLDER/NAME.kubeconfig with the client certificate of that name
kubeconfig() {
    local data=(base64 -w 0)
    cat > "$place/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
- name: tests
  cluster:
    server: https://127.0.0.1:$api_port
    certificate-authority-data: $("${data[@]}" "$pki/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $("${data[@]}" "$pki/$1.crt")
    client-key-data: $("${data[@]}" "$pki/$1.key")
contexts:
- name: tests
  context: {cluster: tests, user: $1}
current-context: tests
END
}

make_certificates() {
    local name
    mkdir "$pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/ca.key" -days 30 \
        -subj /CN=tests -addext keyUsage=critical,keyCertSign,digitalSignature -out "$pki/ca.crt" 2>/dev/null
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$pki/service-accounts.key" 2>/dev/null
    openssl pkey -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub"
    for name in server standin; do
        certificate "$name" "/CN=$name" $'extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost'
    done
    certificate kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client" extendedKeyUsage=clientAuth
    certificate admin "/O=system:masters/CN=tests-admin" extendedKeyUsage=clientAuth
    certificate controller-manager "/CN=system:kube-controller-manager" extendedKeyUsage=clientAuth
    # Of no group and no role: what RBAC refuses.
    certificate nobody "/CN=nobody" extendedKeyUsage=clientAuth
    # Admins whose requests the audit log tells apart.
    certificate counted-a "/O=system:masters/CN=counted-a" extendedKeyUsage=clientAuth
    certificate counted-b "/O=system:masters/CN=counted-b" extendedKeyUsage=clientAuth
    certificate counted-c "/O=system:masters/CN=counted-c" extendedKeyUsage=clientAuth
    certificate standin-client "/O=system:masters/CN=standin" extendedKeyUsage=clientAuth
}

# launch NAME PROGRAM ARGUMENT...
launch() {
    local name=$1
    shift
    # It outlives this script, and holds nothing of it open.
    setsid "$@" > "$place/$name.log" 2>&1 < /dev/null 9>&- &
    printf '%s\n' $! > "$place/pids/$name"
}

is_running() { kill -0 "$(cat "$place/pids/$1" 2>/dev/null || echo 0)" 2>/dev/null; }

# await NAME SECONDS CHECK...: until the check holds, as long as that process lives
await() {
    local name=$1 left=$(($2 * 10))
    shift 2
    until "$@" > /dev/null 2>&1; do
        if ! is_running "$name" || (( left-- == 0 )); then
            tail -n 20 "$place/$name.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

kube() { "$bin/kubectl" --kubeconfig "$place/admin.kubeconfig" --request-timeout=5s "$@"; }
has_defaults() { kube get namespace kube-system && kube get serviceaccount default && kube get clusterrole admin; }

start_all() {
    local name ports etcd_port etcd_peer manager_port standin_port
    # Free at this moment: all are held until all are known.
    ports=$(python3 -c '
import socket
held = [socket.socket() for _ in range(5)]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))')
    read -r etcd_port etcd_peer api_port manager_port standin_port <<< "$ports"

    launch etcd "$bin/etcd" --name tests --data-dir "$place/etcd" --log-level warn \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
        --initial-cluster "tests=http://127.0.0.1:$etcd_peer"
    launch kube-apiserver "$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$etcd_port" \
        --bind-address 127.0.0.1 --secure-port "$api_port" --advertise-address 127.0.0.1 --endpoint-reconciler-type none \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" --client-ca-file "$pki/ca.crt" \
        --cert-dir "$place" --authorization-mode RBAC --allow-privileged --service-cluster-ip-range 10.0.0.0/24 \
        --service-account-issuer https://kubernetes.default.svc --api-audiences https://kubernetes.default.svc \
        --service-account-signing-key-file "$pki/service-accounts.key" \
        --service-account-key-file "$pki/service-accounts.pub" \
        --kubelet-client-certificate "$pki/kubelet-client.crt" --kubelet-client-key "$pki/kubelet-client.key" \
        --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP \
        --audit-policy-file "$place/audit.yaml" --audit-log-path "$place/audit.log" --audit-log-mode blocking
    for name in admin controller-manager nobody counted-a counted-b counted-c standin-client; do kubeconfig "$name"; done
    await kube-apiserver 90 kube get --raw /readyz || return 1
    # No node sends heartbeats here: the controllers that look for them would empty every node. Nor does anything here need to be
    # spared requests: a controller that holds itself back makes one rollout pay for the one before it.
    launch kube-controller-manager "$bin/kube-controller-manager" --kubeconfig "$place/controller-manager.kubeconfig" \
        --leader-elect=false --bind-address 127.0.0.1 --secure-port "$manager_port" --port 0 --cert-dir "$place/manager" \
        --use-service-account-credentials --root-ca-file "$pki/ca.crt" \
        --service-account-private-key-file "$pki/service-accounts.key" --controllers '*,-nodelifecycle,-nodeipam,-podgc' \
        --kube-api-qps 1000 --kube-api-burst 1000
    launch standin "$bin/agentsafe-standin" --kubeconfig "$place/standin-client.kubeconfig" --port "$standin_port" \
        --cert "$pki/standin.crt" --key "$pki/standin.key" --client-ca "$pki/ca.crt"
    await kube-controller-manager 60 has_defaults || return 1
    is_running standin || { tail -n 20 "$place/standin.log" >&2; return 1; }
}

start() {
    local attempt
    mkdir -p "$place"
    place=$(cd "$place" && pwd -P)
    pki=$place/pki
    [[ ! -e $pki ]] || fail "\`$place\` was used before; take another folder"
    chmod 700 "$place"
    ln -s "$bin" "$place/bin"
    mkdir "$place/pids"
    printf '%s\n' 'apiVersion: audit.k8s.io/v1' 'kind: Policy' 'omitStages: [RequestReceived, ResponseStarted]' 'rules:' \
        '- level: Metadata' > "$place/audit.yaml"
    make_certificates
    # A port may be taken between the look and the use.
    for attempt in 1 2 3; do
        if start_all; then
            say "started $(kube version --short 2>/dev/null | tail -n 1), folder $place"
            return
        fi
        stop
        rm -rf "$place/etcd"
        say "attempt $attempt failed"
    done
    fail "the API server does not start; its log is in $place"
}

stop() {
    local name left=100
    for name in standin kube-controller-manager kube-apiserver etcd; do
        ! is_running "$name" || kill "$(cat "$place/pids/$name")" 2>/dev/null || true
    done
    for name in standin kube-controller-manager kube-apiserver etcd; do
        while is_running "$name" && (( left-- > 0 )); do sleep 0.1; done
        ! is_running "$name" || kill -9 "$(cat "$place/pids/$name")" 2>/dev/null || true
        rm -f "$place/pids/$name"
    done
}

command=${1-}
bin=$(cache)
case $command:$# in
    build:1) build "$bin" ;;
    where:1) printf '%s\n' "$bin" ;;
    start:2)
        place=$2
        build "$bin"
        start
        ;;
    stop:2)
        place=$2
        [[ -d $place/pids ]] || fail "nothing was started in \`$place\`"
        stop
        ;;
    *)
        sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
