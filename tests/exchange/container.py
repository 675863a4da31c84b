#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Independent programs look at the containers, signatures, timestamps and sealed evidence that we make, and our reader looks
at theirs: openssl cms and ts, unzip, BouncyCastle, and containers of another system where they are present.

usage: container.py CONTAINER_TOOL SOURCE_ROOT ROGATORY_VERIFY ROGATORY
"""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

TOOL, ROOT, VERIFY, ROGATORY = (os.path.abspath(word) for word in sys.argv[1:5])
HERE = os.path.dirname(os.path.abspath(__file__))
JARS = ["/usr/share/java/%s.jar" % name for name in ("bcpkix", "bcprov", "bcutil")]
failed = []


def run(*words, expect=0, input=None):
    done = subprocess.run(words, capture_output=True, input=input)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if expect is not None and done.returncode != expect:
        raise SystemExit("%s\nexit %d, expected %s\n%s" % (" ".join(words), done.returncode, expect, text))
    return text


def check(holds, what, more=""):
    print("%s %s" % ("ok  " if holds else "FAIL", what))
    if not holds:
        failed.append(what)
        if more:
            print(more)


def issue(name, kind, extensions, issuer=None):
    """name.key and name.pem, issued by issuer or by itself."""
    new = ["-newkey", "rsa:3072"] if kind == "RSA" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + kind]
    with open(name + ".cnf", "w") as file:
        file.write("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=e\n[dn]\nCN=%s\nO=Test\n[e]\n%s\n"
                   % (name, "\n".join(extensions)))
    by = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else []
    run("openssl", "req", "-config", name + ".cnf", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-new", *new)
    if issuer:
        run("openssl", "x509", "-req", "-in", name + ".csr", *by, "-days", "30", "-out", name + ".pem", "-extfile",
            name + ".cnf", "-extensions", "e")
    else:
        run("openssl", "req", "-x509", "-config", name + ".cnf", "-key", name + ".key", "-days", "30", "-out", name + ".pem")


def make_parties():
    leaf = ["basicConstraints=critical,CA:FALSE"]
    issue("root", "P-256", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                            "subjectKeyIdentifier=hash"])
    for name, kind in (("seal", "P-256"), ("rsaseal", "RSA")):
        issue(name, kind, leaf + ["keyUsage=critical,digitalSignature,nonRepudiation"], "root")
    issue("ecreceiver", "P-256", leaf + ["keyUsage=critical,keyAgreement"], "root")
    issue("rsareceiver", "RSA", leaf + ["keyUsage=critical,keyEncipherment"], "root")
    issue("relay", "P-256", leaf + ["keyUsage=critical,keyAgreement"], "root")
    issue("tsa", "P-256", leaf + ["keyUsage=critical,digitalSignature", "extendedKeyUsage=critical,timeStamping"], "root")
    with open("serial", "w") as file:
        file.write("01\n")
    with open("tsa.conf", "w") as file:
        file.write("[tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\n"
                   "signer_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\nordering=no\ntsa_name=no\n"
                   "ess_cert_id_alg=sha256\n")


def make(out, party, stamped):
    run(TOOL, "make", out, party + ".key", party + ".pem", "tsa.conf" if stamped else "-",
        "letter.json=application/json=letter.json", "evidence/answer.json.p7m=application/pkcs7-mime=answer.p7m")


def extract(path, folder):
    os.makedirs(folder, exist_ok=True)
    run("unzip", "-oq", path, "-d", folder)
    return folder + "/META-INF/ASiCManifest001.xml", folder + "/META-INF/signature001.p7s"


def unzip_agrees(path):
    listing = run("unzip", "-lv", path)
    first = listing.splitlines()[3]
    check("Stored" in first and first.endswith("mimetype"), path + ": unzip lists mimetype first and stored", listing)
    check("No errors detected" in run("unzip", "-t", path), path + ": unzip -t")
    with open(path, "rb") as file:
        begin = file.read(69)
    check(begin[30:38] == b"mimetype" and begin[38:] == b"application/vnd.etsi.asic-e+zip" and
          struct.unpack("<H", begin[28:30]) == (0,), path + ": bytes at 30 and 38, no extra field")
    with zipfile.ZipFile(path) as archive:
        check(archive.testzip() is None, path + ": Python's zipfile")


def openssl_agrees(path, stamped):
    manifest, signature = extract(path, path + ".d")
    common = ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-cades", "-in", signature, "-CAfile", "root.pem",
              "-purpose", "any", "-out", os.devnull]
    check("successful" in run(*common, "-content", manifest), path + ": openssl cms -verify")
    with open(manifest, "rb") as file:
        changed = file.read().replace(b"letter.json", b"better.json")
    with open("changed", "wb") as file:
        file.write(changed)
    check("failure" in run(*common, "-content", "changed", expect=None).lower(), path + ": openssl refuses another manifest")
    if not stamped:
        return
    printed = run("openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", signature, "-noout")
    check("id-smime-aa-timeStampToken" in printed, path + ": openssl sees the timestamp as unsigned attribute")
    run("openssl", "ts", "-verify", "-in", path + ".tsr", "-queryfile", path + ".tsq", "-CAfile", "root.pem")
    check(True, path + ": openssl ts -verify")


def our_reader_agrees(path, stamped):
    text = run(TOOL, "open", path, "root.pem", "root.pem" if stamped else "-", "strict", expect=None)
    check(text.rstrip().endswith("opened") and "refused" not in text, path + ": our reader", text)
    text = run(TOOL, "open", path, "relay.pem", "-", "strict", expect=1)
    check("certificate-not-trusted" in text, path + ": our reader refuses where somebody else is pinned", text)


def foreign_signature(path):
    """A container with a signature by openssl cms -sign -cades, packed by Python: other programs' are read too."""
    manifest, _ = extract(path, path + ".d")
    run("openssl", "cms", "-sign", "-cades", "-binary", "-in", manifest, "-signer", "rsaseal.pem", "-inkey", "rsaseal.key",
        "-outform", "DER", "-out", "foreign.p7s", "-nosmimecap", "-md", "sha256")
    with zipfile.ZipFile("foreign.asice", "w") as out, zipfile.ZipFile(path) as old:
        for name in old.namelist():
            content = open("foreign.p7s", "rb").read() if name.endswith(".p7s") else old.read(name)
            out.writestr(name, content, zipfile.ZIP_DEFLATED if name == "letter.json" else zipfile.ZIP_STORED)
    text = run(TOOL, "open", "foreign.asice", "root.pem", "-", "tolerant", expect=None)
    check(text.rstrip().endswith("opened") and "signature-pkcs1" in text, "a container by others is read, with remarks", text)
    text = run(TOOL, "open", "foreign.asice", "root.pem", "-", "strict", expect=1)
    check("packaging-deviates" in text, "and is refused between nodes", text)
    run("openssl", "cms", "-sign", "-binary", "-noattr", "-in", manifest, "-signer", "seal.pem", "-inkey", "seal.key",
        "-outform", "DER", "-out", "foreign.p7s", "-md", "sha256")
    accepted = run("openssl", "cms", "-verify", "-cades", "-inform", "DER", "-binary", "-in", "foreign.p7s", "-content", manifest,
                   "-CAfile", "root.pem", "-purpose", "any", "-out", os.devnull, expect=None)
    print("     (openssl cms -verify -cades on a signature without signed attributes: %s)" % accepted.strip().splitlines()[-1])
    with zipfile.ZipFile("bare.asice", "w") as out, zipfile.ZipFile(path) as old:
        for name in old.namelist():
            out.writestr(name, open("foreign.p7s", "rb").read() if name.endswith(".p7s") else old.read(name))
    text = run(TOOL, "open", "bare.asice", "root.pem", "-", "tolerant", expect=1)
    check("signed-attributes-missing" in text, "a signature without signed attributes is refused", text)


def program_agrees():
    """rogatory-verify: words, JSON, exit codes."""
    text = run(VERIFY, "--pinned", "root.pem", "--timestamps", "root.pem", "--timestamp-required", "--strict", "stamped.asice")
    check(text.rstrip().endswith("VERIFIED: the files are what was signed.") and "by a timestamp" in text and
          "letter.json (application/json)" in text and "timestamp service O=Test,CN=tsa, which is pinned" in text, "rogatory-verify says each step and the verdict", text)
    report = json.loads(run(VERIFY, "--json", "--pinned", "root.pem", "plain.asice"))
    check(report["verdict"] == "verified" and report["signers"][0]["subject"] == "O=Test,CN=seal" and
          report["signers"][0]["proven"] is None and [one["name"] for one in report["files"]] ==
          ["letter.json", "evidence/answer.json.p7m"] and not any(one["weight"] == "refused" for one in report["findings"]),
          "rogatory-verify --json", json.dumps(report))
    for words in (["--timestamp-required", "--timestamps", "root.pem", "plain.asice"], ["--strict", "foreign.asice"],
                  ["bare.asice"], ["--at", "2031-01-01T00:00:00Z", "plain.asice"], ["letter.json"]):
        report = json.loads(run(VERIFY, "--json", "--pinned", "root.pem", *words, expect=1))
        check(report["verdict"] == "refused" and report["files"] == [] and report["reasons"] > 0, "refused: " + " ".join(words))
    done = subprocess.run([VERIFY, "--pinned", "root.pem", "--object", "letter.json", "plain.asice"], capture_output=True)
    check(done.stdout == open("letter.json", "rb").read() and done.returncode == 0, "rogatory-verify --object")
    done = subprocess.run([VERIFY, "--pinned", "relay.pem", "--object", "letter.json", "plain.asice"], capture_output=True)
    check(done.stdout == b"" and done.returncode == 1, "and nothing of a container that is refused")
    run(VERIFY, "plain.asice", expect=2)
    run(VERIFY, "--pinned", "root.pem", expect=2)
    run(VERIFY, "--at", "2031-01-01T00:00:00", "--pinned", "root.pem", "plain.asice", expect=2)
    run(VERIFY, "--pinned", "root.pem", "nothing.asice", expect=3)
    run(VERIFY, "--pinned", "seal.key", "plain.asice", expect=3)
    run(VERIFY, "--directory", "letter.json", "plain.asice", expect=3)
    check(run(VERIFY, "--version").startswith("rogatory-verify "), "rogatory-verify: exit codes")


def directory_decides():
    """With the set of `rogatory pki`: whose seal it is stands in the directory, and what it does not name is nobody's."""
    run(ROGATORY, "pki", "set")
    seal, directory = "set/organisations/at-prosecution-vienna/", "set/directory/"
    with open("set.conf", "w") as file:
        file.write(open("tsa.conf").read().replace("tsa.pem", "set/tsa.crt").replace("tsa.key", "set/tsa.key"))
    run(TOOL, "seal", "set.p7m", "answer.json", seal + "decryption.crt")
    run(TOOL, "make", "set.asice", seal + "seal.key", seal + "seal.crt", "set.conf", "letter.json=application/json=letter.json",
        "evidence/answer.p7m=application/pkcs7-mime=set.p7m")
    by = ["--directory", directory + "directory.json", "--directory-key", directory + "operator.pub"]
    report = json.loads(run(VERIFY, "--json", *by, "--timestamps", "set/tsa.crt", "--timestamp-required", "--strict", "set.asice"))
    check(report["signers"][0]["organisation"] == "at-prosecution-vienna" and report["signers"][0]["proven"],
          "the directory says whose seal it is", json.dumps(report))
    run(TOOL, "make", "tls.asice", seal + "tls.key", seal + "tls.crt", "-", "letter.json=application/json=letter.json")
    check("refused" in run(VERIFY, "--json", *by, "tls.asice", expect=1), "another certificate of the organisation is no seal")
    report = run(VERIFY, "--json", *by, "--pinned", "root.pem", "plain.asice", expect=1)
    check("signer-not-in-directory" in report, "where there is a directory, an authority alone is not enough", report)
    text = open(directory + "directory.json").read()
    open("forged.json", "w").write(text.replace("at-prosecution-vienna", "at-prosecution-vienno"))
    shutil.copy(directory + "directory.json.sig", "forged.json.sig")
    run(VERIFY, "--directory", "forged.json", "--directory-key", directory + "operator.pub", "set.asice", expect=3)
    run(TOOL, "unseal", "opened", "set.p7m", seal + "decryption.key", seal + "decryption.crt")
    check(open("opened", "rb").read() == open("answer.json", "rb").read(), "and evidence opens with the key of the set")


def sealed_evidence():
    for name in ("ecreceiver", "rsareceiver"):
        run("openssl", "cms", "-decrypt", "-inform", "DER", "-binary", "-in", "answer.p7m", "-recip", name + ".pem", "-inkey",
            name + ".key", "-out", "opened")
        check(open("opened", "rb").read() == open("answer.json", "rb").read(), "openssl cms -decrypt as " + name)
    denied = run("openssl", "cms", "-decrypt", "-inform", "DER", "-binary", "-in", "answer.p7m", "-recip", "relay.pem", "-inkey",
                 "relay.key", "-out", "opened", expect=None)
    check("rror" in denied, "requirement 19: openssl cms -decrypt as the relay gets nothing", denied)
    run("openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", "answer.json", "-outform", "DER", "-out", "theirs.p7m",
        "-recip", "ecreceiver.pem")
    run(TOOL, "unseal", "opened", "theirs.p7m", "ecreceiver.key", "ecreceiver.pem")
    check(open("opened", "rb").read() == open("answer.json", "rb").read(), "AuthEnvelopedData of openssl cms -encrypt")
    run("openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-in", "answer.json", "-outform", "DER", "-out", "theirs.p7m",
        "-recip", "ecreceiver.pem")
    os.remove("opened")
    text = run(TOOL, "unseal", "opened", "theirs.p7m", "ecreceiver.key", "ecreceiver.pem", expect=1)
    check("cms-unauthenticated" in text and not os.path.exists("opened"), "EnvelopedData with AES-CBC is refused")
    whole = bytearray(open("answer.p7m", "rb").read())
    whole[-30] ^= 1
    open("changed.p7m", "wb").write(whole)
    text = run(TOOL, "unseal", "opened", "changed.p7m", "ecreceiver.key", "ecreceiver.pem", expect=1)
    check("sealed-not-genuine" in text and not os.path.exists("opened"), "changed evidence is given out by no byte")


def bouncy_castle(paths):
    if not shutil.which("java") or not all(os.path.exists(jar) for jar in JARS):
        print("SKIP BouncyCastle: java or libbcpkix-java is not installed")
        return
    java = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ":".join(JARS), os.path.join(HERE, "CheckContainer.java")]
    for path, stamped in paths:
        text = run(*java, "container", path, "root.pem", expect=None)
        if "compiler" in text and "module" in text:
            print("SKIP BouncyCastle: this java has no compiler (openjdk-17-jdk-headless)")
            return
        check("signature META-INF/signature001.p7s verified" in text and ("timestamp" in text) == stamped,
              path + ": BouncyCastle", text)
    text = run(*java, "sealed", "answer.p7m", "rsareceiver.key", "opened", expect=None)
    check("opened" in text and open("opened", "rb").read() == open("answer.json", "rb").read(),
          "BouncyCastle opens AuthEnvelopedData by RSA-OAEP", text)


# What must be said about each, and about none of the valid ones.
FOREIGN = {
    "attachments": "reference-missing", "invalid-digest": "xades-part-differs",
    "invalid-hashchain-modified-message": "digest-differs", "invalid-incorrect-references": "reference-missing",
    "invalid-not-signed-hashchain": "entry-not-referenced", "invalid-signed-hashchain": "digest-differs",
    "invalid-ts-hashchainresult": "digest-differs", "no-message": "reference-missing", "no-mimetype": "mimetype-missing",
    "no-signature": "no-signature", "not-asic": "not-an-archive", "wrong-message": "digest-differs",
}
FATAL_OF_ALL = {"xades-not-verified", "no-signature", "entry-not-signed"}  # of every container without CAdES


def foreign_containers():
    paths = sorted(glob.glob(os.path.join(ROOT, "..", "shared", "data", "asice", "*.asice")))
    if not paths:
        print("SKIP containers of another system: ../shared/data/asice is not there")
    for path in paths:
        name = os.path.basename(path)[:-6]
        text = run(TOOL, "open", path, "root.pem", "-", "tolerant", expect=1)
        codes = {line[line.rindex("[") + 1:-1] for line in text.splitlines() if line.startswith("refused ")}
        said = {line[line.rindex("[") + 1:-1] for line in text.splitlines() if line.endswith("]")}
        if name.startswith("valid-"):
            check(codes == FATAL_OF_ALL and "foreign-digests" in said and "mimetype-place" in said,
                  name + ": read, its deviations remarked, nothing wrong but that it is XAdES", text)
        else:
            check(FOREIGN.get(name) in said, "%s: %s is said" % (name, FOREIGN.get(name)), text)


def codes_are_documented():
    """Every reason that the sources give stands in the document."""
    with open(os.path.join(ROOT, "doc", "format", "container.md")) as file:
        document = file.read()
    call = re.compile(r'\b(refuse|remark|findings_refuse|findings_add)\(((?:[^"()]|\([^()]*\))*?)"([a-z0-9-]+)"')
    known = {"not-an-archive"}
    for path in glob.glob(os.path.join(ROOT, "src", "container", "*.c")) + glob.glob(os.path.join(ROOT, "src", "crypto", "*.c")):
        if path.endswith("_test.c"):
            continue
        with open(path) as file:
            known |= {code for _, before, code in call.findall(file.read()) if "FINDING_HELD" not in before}
    missing = sorted(code for code in known if "`%s`" % code not in document)
    check(len(known) > 60 and not missing, "all %d codes of findings stand in container.md" % len(known), " ".join(missing))


def main():
    codes_are_documented()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for tool in ("openssl", "unzip"):
            if not shutil.which(tool):
                print("SKIP: %s is not installed" % tool)
                sys.exit(77)
        make_parties()
        open("letter.json", "w").write('{"order":"1"}\r\n\n')
        open("answer.json", "w").write('{"subscriber":"4711"}\n' * 1000)
        run(TOOL, "seal", "answer.p7m", "answer.json", "ecreceiver.pem", "rsareceiver.pem")
        made = [("plain.asice", "seal", False), ("stamped.asice", "seal", True), ("rsa.asice", "rsaseal", True)]
        for path, party, stamped in made:
            make(path, party, stamped)
            unzip_agrees(path)
            openssl_agrees(path, stamped)
            our_reader_agrees(path, stamped)
        foreign_signature("plain.asice")
        program_agrees()
        directory_decides()
        sealed_evidence()
        bouncy_castle([(path, stamped) for path, _, stamped in made])
        foreign_containers()
        os.chdir("/")
    print("%d failed" % len(failed))
    sys.exit(1 if failed else 0)


main()
