"""Uses a logd as a client of proglog would: grpcio with stubs generated from proglog's fields.

usage: proglog_client.py HOST:PORT STUBS_DIRECTORY [CA_FILE CERTIFICATE_FILE KEY_FILE]
Prints one line per check; the first that fails ends it with a traceback.
"""
import sys
import threading

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

address, stubs, *tls = sys.argv[1:]
sys.path.insert(0, stubs)
import proglog_pb2 as pb  # noqa: E402
import proglog_pb2_grpc as rpc  # noqa: E402

TIMEOUT = 60  # seconds: a call that takes longer has hung


def request(value):
    return pb.ProduceRequest(record=pb.Record(value=value))


def connect():
    if not tls:
        return grpc.insecure_channel(address)
    authorities, certificate, key = (open(path, "rb").read() for path in tls)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(authorities, key, certificate))


def main():
    with connect() as channel:
        log = rpc.LogStub(channel)
        of_log = (unary, servers, out_of_range, produce_stream, consume_stream, waits_at_the_end, cancel)
        for check in (*of_log, health, reflection):
            check(log if check in of_log else channel)
            print("ok", check.__name__, flush=True)


def unary(log):
    for offset, value in enumerate([b"first", b"", b"\x00\xff" * 1000]):
        assert log.Produce(request(value), timeout=TIMEOUT).offset == offset
        record = log.Consume(pb.ConsumeRequest(offset=offset), timeout=TIMEOUT).record
        assert (record.value, record.offset, record.type) == (value, offset, 0), record
        assert record.term >= 1, record


def servers(log):
    answer = log.GetServers(pb.GetServersRequest(), timeout=TIMEOUT)
    assert [(s.id, s.rpc_addr, s.is_leader) for s in answer.servers] == [("node-1", address, True)], answer


def out_of_range(log):
    try:
        log.Consume(pb.ConsumeRequest(offset=7), timeout=TIMEOUT)
        raise AssertionError("an offset outside of the log was read")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.OUT_OF_RANGE, error
        status = rpc_status.from_call(error)
    details = {detail.TypeName(): detail for detail in status.details}
    localized = error_details_pb2.LocalizedMessage()
    assert details["google.rpc.LocalizedMessage"].Unpack(localized)
    assert localized.locale == "en-US", localized
    assert localized.message == "The requested offset is outside of the log: 7", localized
    info = error_details_pb2.ErrorInfo()
    assert details["google.rpc.ErrorInfo"].Unpack(info)
    assert (info.reason, info.domain) == ("OFFSET_OUT_OF_RANGE", "proglog.io"), info
    assert dict(info.metadata) == {"requested": "7", "start": "0", "end": "3"}, info


def produce_stream(log):
    values = [b"streamed %d" % number for number in range(500)]
    answers = log.ProduceStream((request(value) for value in values), timeout=TIMEOUT)
    assert [answer.offset for answer in answers] == list(range(3, 503))


def consume_stream(log):
    stream = log.ConsumeStream(pb.ConsumeRequest(offset=3), timeout=TIMEOUT)
    for number in range(500):
        record = next(stream).record
        assert (record.offset, record.value) == (3 + number, b"streamed %d" % number), record
    stream.cancel()


def waits_at_the_end(log):
    stream = log.ConsumeStream(pb.ConsumeRequest(offset=503), timeout=TIMEOUT)
    received = []
    reader = threading.Thread(target=lambda: received.append(next(stream).record))
    reader.start()
    assert log.Produce(request(b"late"), timeout=TIMEOUT).offset == 503
    reader.join(TIMEOUT)
    assert [(record.offset, record.value) for record in received] == [(503, b"late")], received
    stream.cancel()


def cancel(log):
    stream = log.ConsumeStream(pb.ConsumeRequest(offset=504), timeout=0.2)
    try:
        next(stream)
        raise AssertionError("a record came from beyond the end")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "log.v1.Log"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, answer


def reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert database.get_services() == [
        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
        "log.v1.Log", "proglog.admin.v1.Admin",
    ], database.get_services()
    service = DescriptorPool(database).FindServiceByName("log.v1.Log")
    assert "ProduceStream" in service.methods_by_name, service.methods_by_name


main()
