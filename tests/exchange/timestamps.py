#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""timestamps.py serve FOLDER CERTIFICATE KEY plain|tls: a small timestamp service for tests, `openssl ts -reply` behind HTTP. It writes its
port to FOLDER/port and does with each request what FOLDER/manner says: good, down, wrong-nonce, wrong-imprint, other-signer, huge,
slow. timestamps.py verify FOLDER CONTAINER ROOT: openssl ts -verify of the timestamp in a container; prints the time that it
proves."""

import http.server
import os
import ssl
import subprocess
import sys
import time
import zipfile

CONFIG = ("[tsa]\ndefault_tsa=one\n[one]\nserial={folder}/serial\nsigner_cert={certificate}\nsigner_key={key}\nsigner_digest=sha256\n"
          "default_policy=1.2.3.4.1\ndigests=sha256\nordering=no\ntsa_name=no\ness_cert_id_alg=sha256\n")
TOKEN_ATTRIBUTE = bytes.fromhex("060b2a864886f70d010910020e")  # id-aa-signatureTimeStampToken


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, **more).stdout


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def other_signer(folder):
    """A service of somebody else, made when it is first needed."""
    certificate, key = folder + "/other.crt", folder + "/other.key"
    if not os.path.exists(certificate):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other", "-days",
            "30", "-addext", "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=critical,timeStamping", "-keyout", key,
            "-out", certificate)
    return certificate, key


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = certificate = key = ""

    def do_POST(self):  # the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(self.folder + "/manner", encoding="ascii") as file:
            manner = file.read().strip()
        if self.headers["Content-Type"] != "application/timestamp-query" or manner == "down":
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if manner in ("huge", "slow"):
            self.pour(manner)
            return
        answer = self.reply(body, manner)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def pour(self, manner):
        """A body that does not end: much of it at once, or little of it for long."""
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * (65536 if manner == "huge" else 1))
                if manner == "slow":
                    time.sleep(0.2)
        except OSError:
            self.close_connection = True

    def reply(self, query, manner):
        certificate, key = other_signer(self.folder) if manner == "other-signer" else (self.certificate, self.key)
        write(self.folder + "/query", query)
        if manner in ("wrong-nonce", "wrong-imprint"):
            text = run("openssl", "ts", "-query", "-in", self.folder + "/query", "-text").decode()
            dump = text[text.index("Message data:"):].split("Policy OID")[0].splitlines()[1:]
            digest = "".join(line.split(" - ")[1].split("   ")[0].replace("-", "").replace(" ", "") for line in dump if " - " in line)
            write(self.folder + "/query", run("openssl", "ts", "-query", "-digest", "00" * 32 if manner == "wrong-imprint" else digest[:64],
                                              "-sha256", "-cert"))
        with open(self.folder + "/conf", "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=self.folder, certificate=certificate, key=key))
        return run("openssl", "ts", "-reply", "-config", self.folder + "/conf", "-queryfile", self.folder + "/query", "-section", "one")

    def log_message(self, format, *arguments):  # the library's names
        pass


def serve(folder, certificate, key, manner):
    Service.folder, Service.certificate, Service.key = folder, certificate, key
    write(folder + "/serial", b"01\n")
    server = http.server.HTTPServer(("127.0.0.1", 0), Service)
    if manner == "tls":
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=service", "-days",
            "30", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder + "/tls.key", "-out", folder + "/tls.crt")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/tls.crt", folder + "/tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    write(folder + "/port.new", b"%d\n" % server.server_address[1])
    os.rename(folder + "/port.new", folder + "/port")
    server.serve_forever()


def element(der, at):
    """Tag, where its content begins and where it ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7f
        length = int.from_bytes(der[at + 2:begin], "big")
    return der[at], begin, begin + length


def parts(der, begin, end):
    while begin < end:
        tag, inner, outer = element(der, begin)
        yield tag, begin, inner, outer
        begin = outer


def verify(folder, container, root):
    with zipfile.ZipFile(container) as archive:
        der = archive.read("META-INF/signature001.p7s")
    _, begin, end = element(der, 0)
    signed = list(parts(der, begin, end))[1]
    inside = list(parts(der, *element(der, signed[2])[1:]))
    signers = inside[-1]
    signer = list(parts(der, *element(der, signers[2])[1:]))
    signature = [part for part in signer if part[0] == 0x04][0]
    unsigned = [part for part in signer if part[0] == 0xa1][0]
    attribute = [part for part in parts(der, unsigned[2], unsigned[3]) if der[part[2]:].startswith(TOKEN_ATTRIBUTE)][0]
    values = list(parts(der, attribute[2], attribute[3]))[1]
    write(folder + "/signature", der[signature[2]:signature[3]])
    write(folder + "/token", der[values[2]:values[3]])
    said = run("openssl", "ts", "-verify", "-in", folder + "/token", "-token_in", "-data", folder + "/signature", "-CAfile", root)
    if b"Verification: OK" not in said:
        raise SystemExit("openssl ts -verify: " + said.decode())
    printed = run("openssl", "ts", "-reply", "-in", folder + "/token", "-token_in", "-token_out", "-text").decode()
    print([line for line in printed.splitlines() if line.startswith("Time stamp:")][0])


if __name__ == "__main__":
    {"serve": serve, "verify": verify}[sys.argv[1]](*sys.argv[2:])
