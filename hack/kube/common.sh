# shellcheck shell=bash
# shellcheck disable=SC2034  # constants that the other scripts use
# What the scripts of this folder share: where things live, which process is ours, and bounded waits.
# Sourced, never run. Every file of the cluster is under $KUBE_DIR; what cannot be (links, addresses, firewall chains)
# carries a name of ours, so that it is found again even when $KUBE_DIR was lost.

KUBE_DIR=$(realpath -m "${KUBE_DIR:-${TMPDIR:-/tmp}/proglog-kube}")
KUBE_VERSION=v1.20.2
KUBE_BIN=${KUBE_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/proglog/kube/$KUBE_VERSION}

NODE=node0
BRIDGE=proglog0                       # the pods' bridge; its address is the node's
NODE_IP=10.244.0.1
POD_CIDR=10.244.0.0/24
SERVICE_CIDR=10.96.0.0/16
API_SERVICE_IP=10.96.0.1              # the first address of SERVICE_CIDR: Service `kubernetes`
LOAD_BALANCER_PREFIX=10.250.0         # /24: one address for each Service of type LoadBalancer
ADDRESS_LABEL=lo:proglog              # the label that our addresses on `lo` carry
CNI_NETWORK=proglog-kube
CONTAINERD_SOCKET=$KUBE_DIR/containerd.sock

# In the order in which they stop.
COMPONENTS=(addons kube-proxy kube-scheduler kube-controller-manager kubelet kube-apiserver containerd etcd)

# PROTOCOL:ADDRESS:PORT of everything that listens. 0.0.0.0 means that any address of the machine would collide.
PORTS=(
  tcp:127.0.0.1:2379 tcp:127.0.0.1:2380     # etcd
  tcp:0.0.0.0:6443                          # kube-apiserver
  tcp:127.0.0.1:10257 tcp:127.0.0.1:10259   # kube-controller-manager, kube-scheduler
  tcp:0.0.0.0:10250 tcp:127.0.0.1:10248     # kubelet
  tcp:127.0.0.1:10249 tcp:127.0.0.1:10256   # kube-proxy
  "udp:$NODE_IP:53"                         # cluster DNS
)

log() { printf 'kube: %s\n' "$*" >&2; }
die() { printf 'kube: error: %s\n' "$*" >&2; exit 1; }

# Prints the comment at the head of the calling script: its manual.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//;t print;q;:print;p}' "$0"; exit "${1:-0}"; }

require_root() { [ "$(id -u)" = 0 ] || die "this needs root (network links, mounts, containers): run 'sudo -E $0'"; }

# Two calls of `up` and `down` at a time would undo each other's work, whatever their KUBE_DIR: ports and links belong to
# the machine. Children must not inherit the descriptor.
take_lock() {
  exec 9>/run/lock/proglog-kube
  flock --wait 120 9 || die "another up or down has held /run/lock/proglog-kube for 2 minutes"
}

# wait_until SECONDS COMMAND...: runs COMMAND every 0.1 s until it succeeds; fails after SECONDS.
wait_until() {
  local deadline=$((SECONDS + $1)); shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

# A process id alone may have been given to a stranger since: the time of its start tells them apart.
start_time() { # field 22 of /proc/PID/stat, counted after the name, which may hold spaces
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "$1" != Z ] && printf '%s\n' "${20}"
}

# Prints the id of a component that `up` started and that still runs; fails otherwise.
component_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$KUBE_DIR/pids/$1" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && printf '%s\n' "$pid"
}

stopped() { ! component_pid "$1" >/dev/null; }

# Who holds one of our ports and was not started by `up`: one line each, empty when nobody.
strangers_on_ports() {
  local own=" " name entry protocol address port found pid
  for name in "${COMPONENTS[@]}"; do own+="$(component_pid "$name" || true) "; done
  for entry in "${PORTS[@]}"; do
    IFS=: read -r protocol address port <<<"$entry"
    found=$(ss -Hnap "--$protocol" state "$([ "$protocol" = tcp ] && echo listening || echo unconnected)" \
      "( sport = :$port )" 2>/dev/null || true)
    while read -r line; do
      [ -n "$line" ] || continue
      local bound=${line%:"$port" *}; bound=${bound##* }
      case $address:$bound in
        0.0.0.0:* | *:0.0.0.0 | *:'*' | *:'[::]' | "$address:$address") ;;
        *) continue ;;
      esac
      pid=$(sed -n 's/.*pid=\([0-9]*\).*/\1/p' <<<"$line")
      [[ $own == *" ${pid:-none} "* ]] && continue
      echo "$protocol port $port is held by process ${pid:-of another user}: $(
        [ -n "$pid" ] && tr '\0\n' '  ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-120)"
    done <<<"$found"
  done
}

api_ready() { [ "$(kubectl --kubeconfig "$KUBE_DIR/admin.kubeconfig" --request-timeout=2s get --raw /readyz 2>/dev/null)" = ok ]; }

# node_ready [SINCE]: with SINCE (UTC, RFC 3339) only when the kubelet has said so since then, not before a restart.
node_ready() {
  local status heartbeat
  read -r status heartbeat < <(kubectl --kubeconfig "$KUBE_DIR/admin.kubeconfig" --request-timeout=2s get node "$NODE" \
    -o 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{"\n"}{end}' 2>/dev/null) || return 1
  [ "$status" = True ] && [[ ! $heartbeat < ${1:-} ]]
}
