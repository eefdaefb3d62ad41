"""sbom.py RELEASE VERSION: is the SPDX document there complete and true? Says what isn't, and ends with 1.

What a document must have is taken from the SPDX specification 2.3 (clauses 6 to 8 and 11).
"""

import hashlib
import json
import re
import sys
from pathlib import Path

DOCUMENT = "spdxVersion dataLicense SPDXID name documentNamespace creationInfo".split()
PACKAGE = "SPDXID name versionInfo downloadLocation licenseConcluded copyrightText".split()
FILE = "SPDXID fileName checksums licenseConcluded copyrightText".split()


def lacks(thing, fields):
    return [f"{thing.get('SPDXID')}: no {field}" for field in fields if not thing.get(field)]


def faults(release, document):
    yield from lacks(document, DOCUMENT)
    for package in document["packages"]:
        yield from lacks(package, PACKAGE)
    described = {file["fileName"].removeprefix("./"): file for file in document["files"]}
    for file in described.values():
        yield from lacks(file, FILE)
    things = [document, *document["packages"], *document["files"]]
    known = [thing["SPDXID"] for thing in things]
    for name in known:
        if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) or known.count(name) > 1:
            yield f"{name}: no identifier, or not the only one"
    for relation in document["relationships"]:
        for end in ("spdxElementId", "relatedSpdxElement"):
            if relation[end] not in known:
                yield f"{relation[end]}: related, and unknown"
    for path in release.iterdir():
        if path.name == "SHA256SUMS" or path.suffix == ".json":
            continue
        if path.name not in described:
            yield f"{path.name}: not described"
            continue
        sums = {sum["algorithm"]: sum["checksumValue"] for sum in described[path.name]["checksums"]}
        for algorithm in ("SHA1", "SHA256"):
            if sums.get(algorithm) != hashlib.new(algorithm, path.read_bytes()).hexdigest():
                yield f"{path.name}: another {algorithm}"
    for arch in ("amd64", "arm64"):
        for name in ("linecap", "liblinecap.so", "libways.so"):
            if f"linux-{arch}/{name}" not in described:
                yield f"linux-{arch}/{name}: not described"
    for library in ("libbsd-dev", "libmd-dev", "libc6-dev"):
        if library not in [package["name"] for package in document["packages"]]:
            yield f"{library}: is linked in, and not named"


release = Path(sys.argv[1])
document = json.loads((release / f"linecap-{sys.argv[2]}.spdx.json").read_text(encoding="utf-8"))
found = list(faults(release, document))
print("\n".join(found))
sys.exit(1 if found else 0)
