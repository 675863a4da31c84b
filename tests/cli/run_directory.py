# SPDX-License-Identifier: EUPL-1.2
"""Keys and the directory on the command line: a set is made, shown, checked and signed; what is forged, rolled back or changed
is refused; openssl agrees with the certificates."""

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

from cases import Folder, check, expect, finish

LIST = """\
# two organisations in a State that is not known
fr-juge      issuing-authority,validating-authority  judge  https://juge.example:8443  +33123456789  Juge d'instruction
fr-operateur provider                                -      https://[2001:db8::7]      +33123456780  Op\u00e9rateur   # nobody
state FR Europe/Paris 2026-12-25 2027-01-01
"""


def mask(run):
    """Keys, digests and instants are others at every run."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", run.stdout)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "INSTANT", text)
    text = re.sub(r"\d+ holidays from \d{4}-01-01 to \d{4}-12-31", "N holidays from DATE to DATE", text)
    text = re.sub(r"\bversion \d+", "version N", text)
    run.stdout = re.sub(r'"version": ?\d+', '"version": N', text)
    run.stderr = re.sub(r"\bversion \d+", "version N", run.stderr)
    run.stderr = re.sub(r"was \d{9,}", "was N", run.stderr)
    return run


def rights(folder, path):
    for root, folders, files in os.walk(folder.file(path)):
        for name in folders + files:
            mode = stat.S_IMODE(os.stat(os.path.join(root, name)).st_mode)
            check(mode & 0o077 == 0, "%s/%s has mode %o" % (root, name, mode))


def made(folder):
    expect("pki.txt", folder.run("pki", "trial"), 0)
    again = folder.run("pki", "trial")
    again.stderr = re.sub(r"\(\S+ \.\.\.\)", "(FILE ...)", again.stderr)
    expect("pki-again.txt", again, 1)
    rights(folder, "trial")
    expect("directory-show.txt", mask(folder.run("directory", "show", "trial/directory/directory.json")), 0)
    said = json.loads(folder.run("directory", "show", "--json", "trial/directory/directory.json").stdout)
    check([o["name"] for o in said["organisations"]] == ["at-court-vienna", "at-oversight", "at-prosecution-vienna",
                                                         "de-enforcement-berlin", "de-provider"], "organisations: %s" % said)
    check(said["organisations"][2]["roles"][0]["production"] == ["subscriber", "identify-only"], "a prosecutor's data")
    check(said["expired"] is False and said["organisations"][0]["certificates"]["seal"][0]["in_use"], "what is in use")
    written = json.loads(folder.run("pki", "--json", "--days", "1", "other").stdout)
    check(written["for_tests_only"] and len(written["files"]) == 9 + 5 * 10, "files: %s" % written)
    for name in written["files"]:
        check(os.path.exists(folder.file("other/" + name)), name)


def from_a_list(folder):
    folder.write("list.txt", LIST)
    check(folder.run("pki", "--organisations", "list.txt", "french").returncode == 0, "a set from a list")
    said = json.loads(folder.run("directory", "show", "--json", "french/directory/directory.json").stdout)
    check(said["organisations"][1]["display_name"] == "Op\u00e9rateur", "names: %s" % said["organisations"])
    for line, name in (("xx-a provider - https://a.example +431234567 A", "pki-country.txt"),
                       ("at-a provider", "pki-line.txt")):
        folder.write("bad.txt", line + "\n")
        expect(name, folder.run("pki", "--organisations", "bad.txt", "bad"), 1)
        check(not os.path.exists(folder.file("bad")), "nothing is left of a set that could not be made")


def checked(folder):
    file, key = "trial/directory/directory.json", "trial/directory/operator.pub"
    expect("directory-check.txt", mask(folder.run("directory", "check", file, "--key", key)), 0)
    expect("directory-check-json.txt", mask(folder.run("directory", "check", file, "--key", key, "--json")), 0)
    expect("directory-forged.txt", mask(folder.run("directory", "check", file, "--key", "other/directory/operator.pub")), 1)
    expect("directory-no-key.txt", folder.run("directory", "check", file), 2)
    expect("directory-not-known.txt", folder.run("directory", "shwo", file), 2)
    # Changed, under the same signature.
    with open(folder.file(file), encoding="utf-8") as text:
        changed = text.read().replace("+4930000004", "+4930000666")
    folder.write("changed.json", changed)
    expect("directory-changed.txt", mask(folder.run("directory", "check", "changed.json", "--key", key, "--signature", file + ".sig")), 1)


def rolled_back(folder):
    key, secret = "trial/directory/operator.pub", "trial/directory/operator.key"
    with open(folder.file("trial/directory/directory.json"), encoding="utf-8") as file:
        content = json.load(file)
    for name, version in (("older.json", content["version"] - 1), ("newer.json", content["version"] + 1)):
        folder.write(name, json.dumps(dict(content, version=version)))
        expect("directory-sign.txt" if name == "newer.json" else "directory-sign-older.txt",
               mask(folder.run("directory", "sign", name, "--key", secret)), 0)
    last = ("--last", "trial/directory/directory.json")
    expect("directory-sign-refused.txt", mask(folder.run("directory", "sign", "older.json", "--key", secret, *last)), 1)
    expect("directory-rolled-back.txt", mask(folder.run("directory", "check", "older.json", "--key", key, *last)), 1)
    check(folder.run("directory", "check", "newer.json", "--key", key, *last).returncode == 0, "a newer one is accepted")
    folder.write("same.json", json.dumps(dict(content, signer="Somebody else")))
    folder.run("directory", "sign", "same.json", "--key", secret)
    expect("directory-same-version.txt", mask(folder.run("directory", "check", "same.json", "--key", key, *last)), 1)
    # Expired: accepted, and said.
    folder.write("expired.json", json.dumps(dict(content, issued="2026-01-01T00:00:00Z", expires="2026-01-02T00:00:00Z")))
    folder.run("directory", "sign", "expired.json", "--key", secret)
    expect("directory-expired.txt", mask(folder.run("directory", "check", "expired.json", "--key", key)), 0)
    # What a node would refuse is not signed, and a key that others can read does not sign.
    folder.write("wrong.json", json.dumps(dict(content, admin=True)))
    expect("directory-wrong.txt", folder.run("directory", "sign", "wrong.json", "--key", secret), 1)
    os.chmod(folder.file(secret), 0o640)
    expect("directory-open-key.txt", folder.run("directory", "sign", "newer.json", "--key", secret), 1)


def signed_by_operator(folder, trial):
    """The signature as the document of signed notes says: Ed25519 over the text, behind four bytes of the key's id."""
    with open(trial + "/directory/operator.pub", encoding="ascii") as file:
        key = base64.b64decode(file.read().strip().split("+", 2)[2])
    with open(trial + "/directory/directory.json.sig", encoding="utf-8") as file:
        text, line = file.read().split("\n\n")
    with open(trial + "/directory/directory.json", "rb") as file:
        check(text.split("\n")[2] == hashlib.sha256(file.read()).hexdigest(), "the digest that is signed")
    paths = [folder.file(name) for name in ("key.der", "text", "signature")]
    contents = (bytes.fromhex("302a300506032b6570032100") + key[1:], text.encode() + b"\n", base64.b64decode(line.split(" ")[2])[4:])
    for path, content in zip(paths, contents):
        with open(path, "wb") as file:
            file.write(content)
    run = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-in", paths[1],
                          "-sigfile", paths[2]], capture_output=True, text=True, check=False)
    return run.returncode == 0


def by_openssl(folder):
    """An independent look at what was made: chains, purposes, keys."""
    if not shutil.which("openssl"):
        print("SKIP: no openssl program to look at the certificates")
        return
    trial = folder.file("trial")
    for name in os.listdir(trial + "/organisations"):
        at = "%s/organisations/%s/" % (trial, name)
        for purpose, use in (("seal", "smimesign"), ("tls", "sslserver"), ("tls", "sslclient"), ("decryption", "any")):
            run = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", trial + "/root.crt", "-purpose", use, at + purpose + ".crt"],
                                 capture_output=True, text=True, check=False)
            check(run.returncode == 0, "openssl verify: " + run.stderr)
            of = [subprocess.run(["openssl", *words], capture_output=True, check=False).stdout for words in
                  (("x509", "-in", at + purpose + ".crt", "-noout", "-pubkey"), ("pkey", "-in", at + purpose + ".key", "-pubout"))]
            check(of[0] and of[0] == of[1], "key and certificate of %s belong together" % at)
        run = subprocess.run(["openssl", "verify", "-CAfile", trial + "/root.crt", "-purpose", "sslserver", at + "seal.crt"],
                             capture_output=True, text=True, check=False)
        check(run.returncode != 0, "a seal is no TLS server")
    check(signed_by_operator(folder, trial), "openssl verifies the signature of the directory")
    run = subprocess.run(["openssl", "verify", "-CAfile", trial + "/root.crt", "-purpose", "timestampsign", trial + "/tsa.crt"],
                         capture_output=True, text=True, check=False)
    check(run.returncode == 0, "openssl verify: " + run.stderr)


def main():
    with Folder() as folder:
        made(folder)
        from_a_list(folder)
        checked(folder)
        by_openssl(folder)
        rolled_back(folder)
    finish()


main()
