# shellcheck shell=bash
# shellcheck disable=SC2034  # what the sourcing script reads
# The cluster that `hack/run` and `hack/test` work on. Sourced after common.sh.
#
# CLUSTER=auto     Kind where a Docker engine and `kind` are, else the one-node cluster of hack/kube (default)
# CLUSTER=kind     Kind; CLUSTER=kube: hack/kube
# CLUSTER=current  the context that kubectl uses now. Never chosen by itself: these scripts install things.

KIND_NAME=proglog
cluster=''         # kind, kube or current, once chosen
cluster_started='' # yes when start_cluster made it, and it did not run before
cluster_is_new=''  # yes when it had no data either: whoever stops it may delete everything
kind_audit_folder=$PWD/.build/kind

choose_cluster() {
  case ${CLUSTER:-auto} in
    auto) if command -v kind >/dev/null && engine_answers docker; then cluster=kind; else cluster=kube; fi ;;
    kind)
      command -v kind >/dev/null || die "CLUSTER=kind, and kind is not on PATH: install it, or use CLUSTER=kube"
      engine_answers docker || die "CLUSTER=kind needs a Docker engine, and none answers 'docker info': start it, or use CLUSTER=kube"
      cluster=kind
      ;;
    kube | current) cluster=$CLUSTER ;;
    *) die "CLUSTER=$CLUSTER: it is auto, kind, kube or current" ;;
  esac
  if [ "$cluster" = kube ] && [ "$(uname -s)" != Linux ]; then
    die "no Docker engine with kind, and hack/kube needs Linux: start Docker and install kind, or use CLUSTER=current"
  fi
}

start_cluster() {
  case $cluster in
    kind)
      if ! kind get clusters 2>/dev/null | grep -qx "$KIND_NAME"; then
        mkdir -p "$kind_audit_folder"
        kind create cluster --name "$KIND_NAME" --config <(kind_config) --kubeconfig "$kind_audit_folder/kubeconfig" --wait 120s
        cluster_started=yes
      fi
      kind export kubeconfig --name "$KIND_NAME" --kubeconfig "$kind_audit_folder/kubeconfig" >/dev/null 2>&1
      export KUBECONFIG=$kind_audit_folder/kubeconfig
      docker exec "$KIND_NAME-control-plane" chmod -R a+rX /var/log/kubernetes # the tests read the audit log
      export PROGLOG_AUDIT_LOG=$kind_audit_folder/audit.log
      ;;
    kube)
      local folder=${KUBE_DIR:-${TMPDIR:-/tmp}/proglog-kube} before after
      [ -d "$folder/etcd" ] || cluster_is_new=yes
      before=$(cat "$folder/pids/etcd" 2>/dev/null || true)
      cluster_started=yes # also what a failing `up` leaves half done is to be stopped
      hack/kube/up >/dev/null
      after=$(cat "$folder/pids/etcd")
      if [ "$before" = "$after" ]; then cluster_started=''; fi
      export KUBECONFIG=$folder/admin.kubeconfig
      export PROGLOG_AUDIT_LOG=$folder/log/audit.log
      ;;
    current)
      kubectl version --request-timeout=10s >/dev/null 2>&1 ||
        die "CLUSTER=current: the API server of context '$(kubectl config current-context 2>/dev/null)' does not answer"
      ;;
  esac
}

# Kind with the audit log that hack/kube keeps too: one line for each write.
kind_config() {
  cat >"$kind_audit_folder/policy.yaml" <<EOT
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: None, verbs: [get, list, watch]}
  - {level: Metadata}
EOT
  cat <<EOT
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - {hostPath: "$kind_audit_folder/policy.yaml", containerPath: /etc/kubernetes/policies/audit.yaml, readOnly: true}
      - {hostPath: "$kind_audit_folder", containerPath: /var/log/kubernetes}
    kubeadmConfigPatches:
      - |
        kind: ClusterConfiguration
        apiServer:
          extraArgs:
            audit-log-path: /var/log/kubernetes/audit.log
            audit-policy-file: /etc/kubernetes/policies/audit.yaml
          extraVolumes:
            - {name: audit-policies, hostPath: /etc/kubernetes/policies, mountPath: /etc/kubernetes/policies, readOnly: true, pathType: DirectoryOrCreate}
            - {name: audit-logs, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes, readOnly: false, pathType: DirectoryOrCreate}
EOT
}

# load_images ARCHIVE...: into the nodes, so that nothing is pulled.
load_images() {
  local archive
  for archive in "$@"; do
    case $cluster in
      kind) kind load image-archive --name "$KIND_NAME" "$archive" ;;
      kube) hack/kube/load-image "$archive" ;;
    esac
  done
}

stop_cluster() {
  case $cluster in
    kind) kind delete cluster --name "$KIND_NAME" ;;
    kube) hack/kube/down ${1:+"$1"} ;;
  esac
}
