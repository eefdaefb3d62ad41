"""sbom.py RELEASE VERSION AMD64 ARM64 PACKAGES: the SPDX document of a release, on stdout: its files, the
three files for each machine, and the Debian packages whose code is linked into the program. PACKAGES is a
line "PACKAGE SOURCE VERSION" each. Facts: the SPDX specification 2.3.
"""

import datetime
import hashlib
import json
import os
import sys
from pathlib import Path

LICENSES = {  # of the code that is linked in, not of the whole source
    "libbsd": "BSD-3-Clause AND BSD-2-Clause AND ISC",
    "libmd": "BSD-3-Clause AND BSD-2-Clause AND ISC",
    "glibc": "LGPL-2.1-or-later",
}


def spdx_id(*words):
    text = "-".join(words)
    return "SPDXRef-" + "".join(c if c.isascii() and c.isalnum() or c in ".-" else "-" for c in text)


def sums(path):
    data = path.read_bytes()
    return [
        {"algorithm": name, "checksumValue": hashlib.new(name, data).hexdigest()}
        for name in ("SHA1", "SHA256")
    ]


def file_entry(path, name, kind):
    return {
        "SPDXID": spdx_id("File", name),
        "fileName": f"./{name}",
        "fileTypes": [kind],
        "checksums": sums(path),
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def package(name, version, licence, **more):
    return {
        "SPDXID": spdx_id("Package", name),
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        **more,
    }


def linked_in(line):
    name, source, version = line.split()
    url = f"pkg:deb/debian/{source}@{version}?arch=source"
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": url,
    }
    return package(
        name, version, LICENSES[source], supplier="Organization: Debian", externalRefs=[reference]
    )


def related(element, kind, other):
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def main(release, version, amd64, arm64, packages):
    files = [file_entry(path, path.name, "ARCHIVE") for path in sorted(Path(release).iterdir())]
    parts = [
        file_entry(path, f"linux-{arch}/{path.name}", "BINARY")
        for arch, folder in (("amd64", amd64), ("arm64", arm64))
        for path in sorted(Path(folder).iterdir())
    ]
    linecap = package("linecap", version, "MIT", supplier="Organization: the linecap developers")
    libraries = [linked_in(line) for line in packages.splitlines()]
    programs = [part["SPDXID"] for part in parts if part["fileName"].endswith("/linecap")]
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    created = datetime.datetime.fromtimestamp(
        int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc
    )
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"linecap-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/linecap-{version}-{digest}",
        "creationInfo": {
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: the linecap developers", f"Tool: linecap-sbom-{version}"],
        },
        "packages": [linecap, *libraries],
        "files": [*files, *parts],
        "relationships": [
            related("SPDXRef-DOCUMENT", "DESCRIBES", linecap["SPDXID"]),
            *(related(linecap["SPDXID"], "CONTAINS", file["SPDXID"]) for file in (*files, *parts)),
            *(
                related(program, "STATIC_LINK", library["SPDXID"])
                for program in programs
                for library in libraries
            ),
        ],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


main(*sys.argv[1:])
