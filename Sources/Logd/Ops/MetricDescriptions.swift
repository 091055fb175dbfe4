import Telemetry

/// What every metric of a node means, as Prometheus shows it; docs/operations.md says what to do about them.
enum MetricDescriptions {
  static let all: [PrometheusRegistry.Description] = [
    .init("proglog_log_appended_records_total", "Records that became durable."),
    .init("proglog_log_appended_batches_total", "Batches that became durable."),
    .init("proglog_log_appended_bytes_total", "Encoded bytes that became durable."),
    .init("proglog_log_rejected_records_total", "Records refused: too large, overloaded, no space or shutting down."),
    .init("proglog_log_flush_duration_seconds", "Time of one write and fdatasync."),
    .init("proglog_log_queued_bytes", "Encoded bytes that wait for the disk."),
    .init("proglog_log_start_offset", "The first offset that can be read."),
    .init("proglog_log_end_offset", "The offset that the next record gets."),
    .init("proglog_log_bytes", "Bytes of all segments."),
    .init("proglog_log_segments", "Segments."),
    .init("proglog_log_removed_bytes_total", "Bytes of segments that retention removed."),
    .init("proglog_log_rebuilt_indexes_total", "Indexes of segments that were missing or wrong, and made anew."),
    .init("proglog_log_tail_cache_hits_total", "Reads that were answered from memory."),
    .init("proglog_log_tail_cache_misses_total", "Reads that went to the segments' files."),
    .init("proglog_peer_connections", "Open connections to other nodes, by lane and by who dialed."),
    .init("proglog_peer_sent_messages_total", "Messages handed to the sockets to other nodes."),
    .init("proglog_peer_sent_bytes_total", "Bytes of these."),
    .init("proglog_peer_received_messages_total", "Messages that came from other nodes."),
    .init("proglog_peer_received_bytes_total", "Bytes of these."),
    .init("proglog_peer_dropped_messages_total", "Messages not sent: no connection, or too much waits for one."),
    .init(
      "proglog_peer_refused_handshakes_total", "Hellos refused, by reason; dialed: by others, accepted: by this node."),
    .init(
      "proglog_peer_failed_greetings_total",
      "Connections of nodes that were not greeted in time, or with bytes that are none."),
    .init("proglog_peer_bad_frames_total", "Connections of nodes closed for bytes that are no frame."),
    .init("proglog_peer_failed_dials_total", "Attempts to connect to a member that failed."),
    .init("proglog_port_silent_connections_total", "Connections closed because they said nothing."),
    .init("proglog_port_refused_connections_total", "Connections closed because there were too many, or at the end."),
    .init("grpc_server_connections", "Open gRPC connections."),
    .init("grpc_server_started_total", "Calls begun."),
    .init("grpc_server_handled_total", "Calls ended, by status code."),
    .init("grpc_server_handling_seconds", "Time from a call's headers to its end."),
    .init("grpc_server_msg_received_total", "Request messages."),
    .init("grpc_server_msg_sent_total", "Response messages."),
  ]
}
