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
    .init("grpc_server_connections", "Open gRPC connections."),
    .init("grpc_server_started_total", "Calls begun."),
    .init("grpc_server_handled_total", "Calls ended, by status code."),
    .init("grpc_server_handling_seconds", "Time from a call's headers to its end."),
    .init("grpc_server_msg_received_total", "Request messages."),
    .init("grpc_server_msg_sent_total", "Response messages."),
  ]
}
