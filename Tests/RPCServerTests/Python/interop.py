"""Calls an echo server through grpcio's generic byte API: interop.py PORTS SCENARIO [CA CERTIFICATE KEY].

PORTS are separated by commas: servers of which the first that answers is taken. With files in PEM it speaks TLS.
"""

import sys
import threading
import time

import grpc

OPTIONS = [
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.enable_http_proxy", 0),
]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def failure(function):
    """The RpcError that function must raise."""
    try:
        function()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded, and should have failed")


def unary(channel):
    echo = channel.unary_unary("/test.Echo/Unary")
    for size in (0, 1, 5000, 100_000):
        check(echo(b"x" * size) == b"x" * size, f"echo of {size} bytes")


def server_stream(channel):
    stream = channel.unary_stream("/test.Echo/Stream")
    messages = list(stream(b"1000 1000"))
    check(len(messages) == 1000 and all(m == b"x" * 1000 for m in messages), "1000 messages of 1000 bytes")
    check(list(stream(b"0 0")) == [], "an empty stream")


def bidi_stream(channel):
    bidi = channel.stream_stream("/test.Echo/Bidi")
    sent = [b"%d" % i * (i % 100) for i in range(2000)]
    check(list(bidi(iter(sent))) == sent, "2000 messages in order")


def deadline(channel):
    start = time.monotonic()
    error = failure(lambda: channel.unary_unary("/test.Echo/Hang")(b"", timeout=0.2))
    check(error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error)
    check(time.monotonic() - start < 5, "the deadline came late")
    wait_for_cancellation(channel)


def wait_for_cancellation(channel):
    seen = channel.unary_unary("/test.Echo/Cancellations")
    limit = time.monotonic() + 5
    while not seen(b""):
        check(time.monotonic() < limit, "the handler was not cancelled")


def cancellation(channel):
    call = channel.unary_unary("/test.Echo/Hang").future(b"")
    channel.unary_unary("/test.Echo/Unary")(b"after the hanging call")
    call.cancel()
    wait_for_cancellation(channel)


def binary_metadata(channel):
    data = bytes(range(256))
    sent = [("x-data-bin", data), ("x-data-bin", b""), ("x-data-bin", b"a"), ("x-text", "t e x t")]
    _, call = channel.unary_unary("/test.Echo/Unary").with_call(b"", metadata=sent)
    for received in (call.initial_metadata(), call.trailing_metadata()):
        values = [value for key, value in received if key == "x-data-bin"]
        check(data in values and b"a" in values, f"{received}")
        check(("x-text", "t e x t") in [tuple(pair) for pair in received], f"{received}")


def status_details(channel):
    from google.protobuf import any_pb2

    error = failure(lambda: channel.unary_unary("/test.Echo/Fail")(b""))
    check(error.code() == grpc.StatusCode.OUT_OF_RANGE, error)
    check(error.details() == "100% späť\n", error.details())
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    # google.rpc.Status: field 3 is the Any; its tag is 0x1a.
    packed = any_pb2.Any.FromString(details[details.index(b"\x1a") + 2 :])
    check(packed.type_url == "type.googleapis.com/google.rpc.LocalizedMessage", packed.type_url)
    check(b"no such offset" in packed.value, packed.value)


def unknown_method(channel):
    for path in ("/test.Echo/Nothing", "/no.Service/Nothing"):
        error = failure(lambda: channel.unary_unary(path)(b""))
        check(error.code() == grpc.StatusCode.UNIMPLEMENTED and path in error.details(), error)


def oversize(channel):
    for kind in (None, grpc.Compression.Gzip):
        error = failure(lambda: channel.unary_unary("/test.Echo/Unary")(b"x" * (5 << 20), compression=kind))
        check(error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error)
    unary(channel)


def gzip(channel):
    echo = channel.unary_unary("/test.Echo/Unary")
    for size in (0, 10, 100_000, 1 << 20):
        check(echo(b"x" * size, compression=grpc.Compression.Gzip) == b"x" * size, f"gzip of {size} bytes")
    bidi = channel.stream_stream("/test.Echo/Bidi")
    sent = [b"%d" % i * i for i in range(500)]
    check(list(bidi(iter(sent), compression=grpc.Compression.Gzip)) == sent, "500 messages in gzip")


def large_messages(channel):
    message = bytes(range(256)) * (2 << 12)
    check(channel.unary_unary("/test.Echo/Unary")(message) == message, "2 MiB")
    sent = [message] * 10
    check(list(channel.stream_stream("/test.Echo/Bidi")(iter(sent))) == sent, "ten times 2 MiB")


def async_handler(channel):
    echo = channel.unary_unary("/test.Echo/Async")
    check(echo(b"hello") == b"hello", "async echo")
    error = failure(lambda: echo(b""))
    check(error.code() == grpc.StatusCode.INVALID_ARGUMENT and error.details() == "empty", error)


def concurrent(channel):
    echo = channel.unary_unary("/test.Echo/Unary")
    calls = [(b"%d" % i, echo.future(b"%d" % i)) for i in range(1000)]
    for sent, call in calls:
        check(call.result() == sent, sent)


def health_check(channel):
    method = channel.unary_unary("/grpc.health.v1.Health/Check")
    check(method(b"") == b"\x08\x01", "SERVING")
    check(method(b"\x0a\x09test.Echo") == b"\x08\x01", "SERVING")
    error = failure(lambda: method(b"\x0a\x07unknown"))
    check(error.code() == grpc.StatusCode.NOT_FOUND, error)


def health_watch(channel):
    method = channel.unary_stream("/grpc.health.v1.Health/Watch")
    known = method(b"")
    check(next(known) == b"\x08\x01", "SERVING")
    unknown = method(b"\x0a\x07unknown")
    check(next(unknown) == b"\x08\x03", "SERVICE_UNKNOWN")
    known.cancel()
    unknown.cancel()


def trailers_only(channel):
    call = channel.unary_stream("/test.Echo/Fail")(b"")
    error = failure(lambda: list(call))
    check(error.code() == grpc.StatusCode.OUT_OF_RANGE, error)
    check(len(call.initial_metadata()) == 0, call.initial_metadata())


def keepalive(channel):
    """The server pings many times while nothing else is sent, and this client answers."""
    bidi = channel.stream_stream("/test.Echo/Bidi")
    go_on = threading.Event()

    def messages():
        yield b"x"
        go_on.wait()
        yield b"y"

    stream = bidi(messages())
    check(next(stream) == b"x", "x")
    channel.unary_unary("/test.Echo/Pause")(b"500")
    go_on.set()
    check(list(stream) == [b"y"], "y")


def drain(channel):
    """Calls in loops that must all succeed, whatever happens to servers and connections meanwhile."""
    echo = channel.unary_unary("/test.Echo/Unary")
    failures = []

    def caller(number):
        for index in range(150):
            sent = b"%d %d" % (number, index)
            try:
                check(echo(sent) == sent, sent)
            except Exception as error:
                failures.append(error)

    callers = [threading.Thread(target=caller, args=(number,)) for number in range(16)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    check(not failures, f"{len(failures)} calls failed, the first with {failures[:1]}")


def reflection(channel):
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    database = ProtoReflectionDescriptorDatabase(channel)
    services = database.get_services()
    check("log.v1.Log" in services and "grpc.reflection.v1.ServerReflection" in services, services)
    pool = DescriptorPool(database)
    for service in services:
        check(len(pool.FindServiceByName(service).methods) > 0, service)
    check(pool.FindMessageTypeByName("google.rpc.Status").fields_by_name["details"].message_type is not None, "Status")
    try:
        pool.FindServiceByName("log.v1.Nothing")
        raise AssertionError("a service that is not there was found")
    except KeyError:
        pass
    # v1, which this library does not speak, has the same messages.
    from grpc_reflection.v1alpha import reflection_pb2

    request = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
    method = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    answers = [reflection_pb2.ServerReflectionResponse.FromString(answer) for answer in method(iter([request] * 2))]
    check([[s.name for s in a.list_services_response.service] for a in answers] == [list(services)] * 2, answers)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def connect(ports, files):
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports.split(","))
    if not files:
        return grpc.insecure_channel(target, options=OPTIONS)
    authority, certificate, key = (read(path) for path in files)
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.secure_channel(target, credentials, options=OPTIONS + [("grpc.ssl_target_name_override", "localhost")])


def main():
    ports, scenario, *files = sys.argv[1:]
    with connect(ports, files) as channel:
        # Deadlines are for calls, not for a busy machine that is slow to connect.
        grpc.channel_ready_future(channel).result(timeout=30)
        globals()[scenario](channel)


# A scenario that hangs must fail with its stack, not with the patience of the caller.
watchdog = threading.Timer(40, lambda: (__import__("faulthandler").dump_traceback(), __import__("os")._exit(3)))
watchdog.daemon = True
watchdog.start()
main()
