"""Connections as no client of ours would make them.

usage: tls_probe.py handshake HOST PORT FIRST_BYTE CA_FILE [CERTIFICATE_FILE KEY_FILE]
       tls_probe.py silence HOST PORT HEXADECIMAL
       tls_probe.py crowd HOST PORT COUNT
FIRST_BYTE, in hexadecimal, goes ahead of TLS; - is none. Prints one line that says what came of it.
"""
import resource
import select
import socket
import ssl
import sys
import time

PATIENCE = 60  # seconds
LATE = 1  # seconds: a refusal in TLS 1.3 comes behind the client's handshake


def connect(host, port):
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def handshake(host, port, first_byte, authorities, *pair):
    context = ssl.create_default_context(cafile=authorities)
    if pair:
        context.load_cert_chain(*pair)
    connection = connect(host, port)
    if first_byte != "-":
        connection.sendall(bytes.fromhex(first_byte))
    try:
        with context.wrap_socket(connection, server_hostname=host) as secured:
            secured.settimeout(LATE)
            try:
                secured.recv(1)
            except TimeoutError:
                pass
            print("accepted", secured.version())
    except (ssl.SSLError, ConnectionError) as error:
        print("refused", getattr(error, "reason", None) or type(error).__name__)


def silence(host, port, beginning):
    """Sends a beginning, and waits until the other end has had enough."""
    connection = connect(host, port)
    connection.sendall(bytes.fromhex(beginning))
    start = time.monotonic()
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    print("closed after", round(time.monotonic() - start), "s")


def crowd(host, port, count):
    """Opens many connections that say nothing, and waits until all are closed by the other end."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    poll = select.poll()
    connections = {}
    for _ in range(int(count)):
        connection = connect(host, port)
        connections[connection.fileno()] = connection
        poll.register(connection, select.POLLIN)
    print("opened", len(connections), flush=True)
    deadline = time.monotonic() + PATIENCE
    while connections and time.monotonic() < deadline:
        for descriptor, _ in poll.poll(1000):
            poll.unregister(descriptor)
            connections.pop(descriptor).close()
    print("left", len(connections))


{"handshake": handshake, "silence": silence, "crowd": crowd}[sys.argv[1]](*sys.argv[2:])
