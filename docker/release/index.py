"""index.py LAYOUT VERSION ARCH…: of an OCI image layout with an image ARCH for each machine, makes one with
one image that is an index of them. Its tag is VERSION; what loads it calls it localhost/linecap:VERSION.

Facts: image-index.md, image-layout.md and annotations.md of the OCI image format. docker, podman, nerdctl and
ctr take the whole name from containerd's annotation, skopeo the tag from OCI's.
"""

import hashlib
import json
import sys
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
TAG = "org.opencontainers.image.ref.name"
NAME = "io.containerd.image.name"


def add(layout, document):
    """A blob of this JSON, and its descriptor."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(text)
    return {"mediaType": INDEX, "digest": f"sha256:{digest}", "size": len(text)}


def image(descriptor, arch):
    fields = {field: descriptor[field] for field in ("mediaType", "digest", "size")}
    return {**fields, "platform": {"architecture": arch, "os": "linux"}}


def main(layout, version, *machines):
    layout = Path(layout)
    top = json.loads((layout / "index.json").read_text())
    images = {entry["annotations"][TAG]: entry for entry in top["manifests"]}
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [image(images[arch], arch) for arch in machines],
    }
    top = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{**add(layout, index), "annotations": {TAG: version, NAME: f"localhost/linecap:{version}"}}],
    }
    (layout / "index.json").write_text(json.dumps(top, sort_keys=True, separators=(",", ":")))


main(*sys.argv[1:])
