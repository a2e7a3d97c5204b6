"""Leads connections on to a TCP port of this machine, from where the permissions of the tests let no Deno listen.

    forwarder.py unix:PATH PORT                     from a socket file
    forwarder.py vsock:CID PORT                     from a vsock
    forwarder.py tls:CERT:KEY:AUTHORITY PORT        from TLS, for clients with a certificate of the authority's alone

Prints where it listens, and then a line for each TLS client: its name, or that it was refused.
"""
import os, socket, ssl, sys, threading


def tell(line):
    # In one call: `print` writes the end of a line by itself, behind what another thread writes in between.
    os.write(1, f"{line}\n".encode())


kind, _, where = sys.argv[1].partition(":")
context = None
if kind == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where)
    tell(where)
elif kind == "vsock":
    listener = socket.socket(socket.AF_VSOCK)
    listener.bind((int(where), socket.VMADDR_PORT_ANY))
    tell(listener.getsockname()[1])
else:
    cert, key, authority = where.split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    tell(listener.getsockname()[1])
listener.listen()


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(near):
    if context:
        try:
            near = context.wrap_socket(near, server_side=True)
        except OSError:
            return tell("refused")
        tell(dict(part[0] for part in near.getpeercert()["subject"])["commonName"])
    far = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=carry, args=(far, near), daemon=True).start()
    carry(near, far)


while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
