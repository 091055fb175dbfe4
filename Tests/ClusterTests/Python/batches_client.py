"""Uses what this log's API has beside proglog's: grpcio with stubs generated from Proto/, and batches encoded here by what
docs/formats.md says.

usage: batches_client.py HOST:PORT STUBS_DIRECTORY
The node takes records of 64 KiB and batches of 128 KiB. Prints one line per check; the first that fails ends it.
"""
import gzip
import struct
import sys
import threading
import time

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from google.rpc import error_details_pb2

address, stubs = sys.argv[1:]
sys.path.insert(0, stubs)
from log.v1 import log_pb2 as pb  # noqa: E402
from log.v1 import log_pb2_grpc as rpc  # noqa: E402

TIMEOUT = 60  # seconds: a call that takes longer has hung


def main():
    with grpc.insecure_channel(address) as channel:
        log = rpc.LogStub(channel)
        for check in (
            empty_log, records, limited_reads, stored_batches, invalid_batches, limits, stream_order, stream_reads,
            waiting, find_offset, numbered_records,
        ):
            check(log)
            print("ok", check.__name__, flush=True)
        reflection(channel)
        print("ok reflection", flush=True)


def reflection(channel):
    """What the server tells of itself is what it was built with: methods, messages and their fields."""
    def shape(file):
        return (
            {service.name: sorted(service.methods_by_name) for service in file.services_by_name.values()},
            {message.name: {field.name: field.number for field in message.fields}
             for message in file.message_types_by_name.values()},
        )
    told = DescriptorPool(ProtoReflectionDescriptorDatabase(channel)).FindServiceByName("log.v1.Log").file
    assert shape(told) == shape(pb.DESCRIPTOR), shape(told)


# The batch format.

def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def leb128(number):
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def encode(values, codec=0, kind=0, count=None, producer=(0, 0, 0), payload=None):
    if payload is None:
        payload = b"".join(leb128(len(value) + 1) + b"\x00" + value for value in values)
    if codec == 1:
        payload = gzip.compress(payload)
    identity, epoch, sequence = producer
    body = struct.pack(
        "<HHIQQqq", codec | kind << 4, epoch, len(values) if count is None else count, identity, sequence, 1_000, 2_000
    ) + payload
    # Stamped with nonsense: the server's to replace.
    stamped = struct.pack("<QQQqII", 99, 98, 97, 96, len(body), crc32c(body))
    return struct.pack("<II", 0x01424C50, crc32c(stamped)) + stamped + body


HEADER = 48


# The checks.

def end(log):
    return log.FindOffset(pb.FindOffsetRequest(latest=True), timeout=TIMEOUT).offset


def produce_batch(log, batch):
    return log.Produce(pb.ProduceRequest(batch=batch), timeout=TIMEOUT)


def consume(log, **fields):
    return log.Consume(pb.ConsumeRequest(**fields), timeout=TIMEOUT)


def refusal(call, *codes):
    try:
        call()
        raise AssertionError("it was taken")
    except grpc.RpcError as error:
        assert error.code() in codes, error
        info = error_details_pb2.ErrorInfo()
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            detail.Unpack(info)
        return error.details(), info.reason


def empty_log(log):
    for place in ({"earliest": True}, {"latest": True}, {"time_microseconds": 0}):
        answer = log.FindOffset(pb.FindOffsetRequest(**place), timeout=TIMEOUT)
        assert (answer.offset, answer.start_offset, answer.end_offset) == (0, 0, 0), answer
    text, _ = refusal(lambda: log.FindOffset(pb.FindOffsetRequest(), timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
    assert "place is missing" in text, text


def records(log):
    answer = log.Produce(pb.ProduceRequest(record=pb.Record(value=b"alone")), timeout=TIMEOUT)
    # What a client of proglog gets, to the byte.
    assert (answer.offset, answer.count, answer.term) == (0, 0, 0), answer
    values = [pb.Record(value=b"%d" % number, offset=77) for number in range(1, 10)]
    answer = log.Produce(pb.ProduceRequest(records=values), timeout=TIMEOUT)
    assert (answer.offset, answer.count) == (1, 9) and answer.term >= 1, answer
    plain = consume(log, offset=4)
    assert plain.record.value == b"4" and not plain.records, plain
    assert (plain.next_offset, plain.end_offset) == (0, 0), plain


def limited_reads(log):
    def offsets(**fields):
        answer = consume(log, **fields)
        assert not answer.HasField("record") and answer.end_offset == 10, answer
        found = [record.offset for record in answer.records]
        assert answer.next_offset == found[-1] + 1, answer
        return found

    assert offsets(offset=0, max_records=3) == [0, 1, 2]
    assert offsets(offset=8, max_records=100) == [8, 9]
    assert offsets(offset=1, max_bytes=1) == [1]
    assert offsets(offset=1, max_bytes=1 << 31) == list(range(1, 10))
    first = consume(log, offset=1, max_bytes=30)
    assert len(first.records) > 1 and sum(record.ByteSize() + 2 for record in first.records) <= 30, first
    _, reason = refusal(lambda: consume(log, offset=10, max_records=1), grpc.StatusCode.OUT_OF_RANGE)
    assert reason == "OFFSET_OUT_OF_RANGE", reason


def stored_batches(log):
    sent = []
    for codec in (0, 1):
        batch = encode([b"x" * 1000, b"", b"last"], codec=codec, producer=(7, 2, 3 * codec))
        answer = produce_batch(log, batch)
        assert (answer.offset, answer.count, answer.is_duplicate) == (10 + 3 * codec, 3, False), answer
        sent.append(batch)
    again = produce_batch(log, sent[0])
    assert (again.offset, again.count, again.is_duplicate) == (10, 3, True), again
    answer = consume(log, offset=11, batches=True)
    assert [batch[HEADER:] for batch in answer.batches] == [batch[HEADER:] for batch in sent]
    assert (answer.next_offset, answer.end_offset) == (16, 16), answer
    for number, stored in enumerate(answer.batches):
        checksum, index, term, base = struct.unpack_from("<IQQQ", stored, 4)
        assert checksum == crc32c(stored[8:HEADER]), "the stamp's checksum is wrong"
        assert base == 10 + 3 * number and term >= 1 and index > 0, (base, term, index)
    # A client that knows of no batches, nor of compression.
    values = [consume(log, offset=offset).record.value for offset in range(10, 16)]
    assert values == [b"x" * 1000, b"", b"last"] * 2, values
    answer = consume(log, offset=11, max_records=100)
    assert [record.offset for record in answer.records] == [11, 12], answer


def numbered_records(log):
    """A producer that numbers its records: a retry gets the first offset, and what does not follow is refused."""
    first = end(log)

    def produce(sequence, values, epoch=0):
        producer = pb.Producer(id=99, epoch=epoch, sequence=sequence)
        records = [pb.Record(value=value) for value in values]
        return log.Produce(pb.ProduceRequest(records=records, producer=producer), timeout=TIMEOUT)

    for is_duplicate in (False, True):
        answer = produce(0, [b"a", b"b"])
        assert (answer.offset, answer.count, answer.is_duplicate) == (first, 2, is_duplicate), answer
    assert produce(2, [b"c"]).offset == first + 2
    assert (produce(0, [b"a", b"b"]).offset, produce(2, [b"c"]).offset) == (first, first + 2)
    for call, code, expected in [
        (lambda: produce(4, [b"d"]), grpc.StatusCode.ABORTED, "SEQUENCE_GAP"),
        (lambda: produce(1, [b"b"]), grpc.StatusCode.FAILED_PRECONDITION, "SEQUENCE_TOO_OLD"),
        (lambda: produce(3, [b"d"], epoch=1), grpc.StatusCode.ABORTED, "SEQUENCE_GAP"),
    ]:
        _, reason = refusal(call, code)
        assert reason == expected, (reason, expected)
    assert produce(0, [b"d"], epoch=1).offset == first + 3
    _, reason = refusal(lambda: produce(3, [b"e"]), grpc.StatusCode.FAILED_PRECONDITION)
    assert reason == "PRODUCER_FENCED", reason
    single = pb.ProduceRequest(record=pb.Record(value=b"e"), producer=pb.Producer(id=99, epoch=1, sequence=1))
    answers = [log.Produce(single, timeout=TIMEOUT) for _ in range(2)]
    assert [(answer.offset, answer.is_duplicate) for answer in answers] == [(first + 4, False), (first + 4, True)]
    for request, says in [
        (pb.ProduceRequest(record=pb.Record(value=b"f"), producer=pb.Producer(id=0)), "producer.id is 0"),
        (pb.ProduceRequest(record=pb.Record(value=b"f"), producer=pb.Producer(id=1, epoch=65536)), "above 65535"),
        (pb.ProduceRequest(batch=encode([b"f"]), producer=pb.Producer(id=1)), "producer is set beside batch"),
    ]:
        text, _ = refusal(lambda: log.Produce(request, timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
        assert says in text, (says, text)
    assert end(log) == first + 5


def invalid_batches(log):
    before = end(log)
    good = encode([b"value"])
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    for batch, says in [
        (b"no batch at all" * 10, "not a batch of format version 1"),
        (good[:-1], "incomplete batch"),
        (flipped, "body fails its checksum"),
        (good + b"more", "4 bytes follow it"),
        (encode([], kind=1), "its kind is 1"),
        (encode([], kind=2), "its kind is 2"),
        (encode([]), "it has no records"),
        (encode([b"a"], count=2), "record 1 of the batch is malformed"),
        (encode([b"a"], codec=1, count=2), "record 1 of the batch is malformed"),
        (encode([b"a"], codec=2), "compressed by codec 2, which this version cannot read"),
        (encode([b"a", b"b"], codec=1, count=1), "bytes follow the last record"),
        (encode([b"a"], codec=0, payload=b"\xff" * 20), "record 0 of the batch is malformed"),
    ]:
        text, reason = refusal(lambda: produce_batch(log, batch), grpc.StatusCode.INVALID_ARGUMENT)
        assert says in text and reason == "INVALID_BATCH", (says, text, reason)
    one = pb.Record(value=b"a")
    for request in (pb.ProduceRequest(record=one, records=[one]), pb.ProduceRequest(records=[one], batch=good)):
        text, _ = refusal(lambda: log.Produce(request, timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
        assert "more than one of record, records and batch" in text, text
    assert end(log) == before


def limits(log):
    before = end(log)
    large = b"x" * (64 * 1024 + 1)
    for request, reason in [
        (pb.ProduceRequest(records=[pb.Record(value=b"fits"), pb.Record(value=large)]), "RECORD_TOO_LARGE"),
        (pb.ProduceRequest(batch=encode([b"fits", large])), "RECORD_TOO_LARGE"),
        (pb.ProduceRequest(batch=encode([b"fits", large], codec=1)), "RECORD_TOO_LARGE"),
        (pb.ProduceRequest(records=[pb.Record(value=large[2:])] * 3), "BATCH_TOO_LARGE"),
        (pb.ProduceRequest(batch=encode([large[2:]] * 3)), "BATCH_TOO_LARGE"),
        (pb.ProduceRequest(batch=encode([large[2:]] * 300, codec=1)), "INVALID_BATCH"),
    ]:
        _, found = refusal(lambda: log.Produce(request, timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
        assert found == reason, (found, reason)
    assert end(log) == before


def stream_order(log):
    """What comes after a compressed batch is appended after it, though the batch takes the server longer."""
    first = end(log)
    requests = []
    for number in range(50):
        requests.append(pb.ProduceRequest(batch=encode([b"z%d" % number, b"x" * 500], codec=1)))
        requests.append(pb.ProduceRequest(record=pb.Record(value=b"r%d" % number)))
        requests.append(pb.ProduceRequest(records=[pb.Record(value=b"s%d" % number)] * 2))
    answers = [(answer.offset - first, answer.count) for answer in log.ProduceStream(iter(requests), timeout=TIMEOUT)]
    expected = [(5 * number + place, count) for number in range(50) for place, count in ((0, 2), (2, 0), (3, 2))]
    assert answers == expected, answers
    assert consume(log, offset=first + 2).record.value == b"r0"


def stream_reads(log):
    last = end(log)
    read = []
    for answer in log.ConsumeStream(pb.ConsumeRequest(offset=2, max_bytes=4096), timeout=TIMEOUT):
        assert answer.next_offset == answer.records[-1].offset + 1 and answer.end_offset == last, answer
        read += [record.offset for record in answer.records]
        if read[-1] == last - 1:
            break
    assert read == list(range(2, last)), read
    counts = []
    for answer in log.ConsumeStream(pb.ConsumeRequest(offset=2, batches=True), timeout=TIMEOUT):
        counts += [struct.unpack_from("<I", batch, 52)[0] for batch in answer.batches]
        if answer.next_offset == last:
            break
    assert 1 + sum(counts) == last, counts
    single = log.ConsumeStream(pb.ConsumeRequest(offset=11), timeout=TIMEOUT)
    assert [next(single).record.offset for _ in range(20)] == list(range(11, 31))
    single.cancel()


def waiting(log):
    last = end(log)
    # Nothing comes.
    for fields, deadline in [({"wait_milliseconds": 50}, TIMEOUT), ({"wait_milliseconds": 60_000}, 2)]:
        answer = log.Consume(pb.ConsumeRequest(offset=last, **fields), timeout=deadline)
        assert (answer.next_offset, answer.end_offset) == (last, last), answer
        assert not answer.HasField("record") and not answer.records, answer
    refusal(lambda: consume(log, offset=last + 1, wait_milliseconds=10), grpc.StatusCode.OUT_OF_RANGE)
    # Something comes.
    for fields in ({}, {"max_records": 5}, {"batches": True}):
        received = []
        request = pb.ConsumeRequest(offset=end(log), wait_milliseconds=60_000, **fields)
        reader = threading.Thread(target=lambda: received.append(log.Consume(request, timeout=TIMEOUT)))
        reader.start()
        log.Produce(pb.ProduceRequest(record=pb.Record(value=b"late")), timeout=TIMEOUT)
        reader.join(TIMEOUT)
        answer = received[0]
        assert answer.next_offset == request.offset + 1, answer
        assert (answer.record.value == b"late") + len(answer.records) + len(answer.batches) == 1, answer


def find_offset(log):
    def find(**place):
        return log.FindOffset(pb.FindOffsetRequest(**place), timeout=TIMEOUT).offset

    last = end(log)
    between = int(time.time() * 1_000_000)
    assert (find(earliest=True), find(time_microseconds=0), find(time_microseconds=between)) == (0, 0, last)
    log.Produce(pb.ProduceRequest(record=pb.Record(value=b"since")), timeout=TIMEOUT)
    assert find(time_microseconds=between) == last
    assert find(time_microseconds=2**63 - 1) == last + 1


main()
