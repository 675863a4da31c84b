# SPDX-License-Identifier: EUPL-1.2
"""Certificates for tests with TLS, made by openssl: an authority, a node, and whoever sends to it."""

import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_authority(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=" + name,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", "%s/%s.key" % (folder, name), "-out", "%s/%s.pem" % (folder, name))


def make_certificate(folder, authority, host):
    """FOLDER/HOST.pem and .key."""
    path = "%s/%s" % (folder, host)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + host,
            "-keyout", path + ".key", "-out", path + ".csr")
    with open(path + ".ext", "w", encoding="ascii") as file:
        file.write("subjectAltName = DNS:%s\nextendedKeyUsage = serverAuth, clientAuth\nkeyUsage = digitalSignature\n" % host)
    openssl("x509", "-req", "-in", path + ".csr", "-CA", "%s/%s.pem" % (folder, authority), "-CAkey", "%s/%s.key" % (folder, authority),
            "-CAcreateserial", "-days", "30", "-extfile", path + ".ext", "-out", path + ".pem")
