# shellcheck shell=bash
# The parts of the tests that need no Kubernetes; hack/test and hack/sanitize source it.
#
# Tests begin all at once. What only computes has a part of its own, for it would keep the threads from the tests that wait for
# sockets; and so have real processes, which would keep the processors from both, and nodes that watch each other by the clock.
computing='^(SimulationTests|FuzzCorpusTests|RaftTests|CommitLogTests|CompressionTests|OperatorTests|AuthorizationTests|GossipTests)'
processes='^ClusterTests'
# Half of what speaks over sockets: all of it at once would keep each other waiting for longer than a client waits.
servers='^(RPCServerTests|KubernetesClientTests|LogdTests)'
gossip='^GossipTests\.(GossipNodeTests|RefusalTests|SerfInteroperationTests)'

# each_part RUN: calls RUN with a part's name and the arguments that choose its tests, part after part. Ends where one fails.
# With FILTER in the environment, the tests that match it are one part.
each_part() {
  if [ -n "${FILTER:-}" ]; then
    "$1" unit --skip '^KubernetesTests' --filter "$FILTER"
    return
  fi
  say "unit tests, over sockets too"
  "$1" unit --skip '^KubernetesTests' --skip "$computing" --skip "$processes" --skip "$servers" &&
    "$1" servers --filter "$servers" &&
    say "real processes" &&
    "$1" processes --filter "$processes" &&
    say "gossip, and agents of Serf" &&
    "$1" gossip --filter "$gossip" &&
    say "logic, simulations and the corpus of the fuzzers" &&
    "$1" logic --filter "$computing" --skip "$gossip"
}
