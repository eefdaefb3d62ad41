"""Images made on the spot from this machine's files, in the format of `docker save`."""

import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

from places import BUILD, BUILT, LIBRARY, PROGRAMS, PROJECT

PAUSE = "linecap.test/pause:1"
TOOLS = "linecap.test/tools:1"
LINECAP = "localhost/linecap:1"  # as the archive itself says
PATH = "/usr/sbin:/usr/bin"

COPIED = ["sh", "cat", "readlink", "sha256sum", "nginx"]
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
LOGS_OF_NGINX = {
    "var/log/nginx/access.log": "/dev/stdout",
    "var/log/nginx/error.log": "/dev/stderr",
}
ACCOUNTS = {
    "etc/passwd": b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
}

# Languages whose files are too many to copy: the image lends its root, the host its /usr.
HOST_FOLDERS = ["/usr", "/etc/alternatives", *glob.glob("/etc/java-*")]


def host_mounts():
    return [(folder, folder, True) for folder in HOST_FOLDERS if os.path.isdir(folder)]


def build():
    """Compiles our programs and returns the archives to import."""
    compile_program("pause", "-static")
    compile_program("endless")
    pause = Layer()
    pause.file("pause", os.path.join(BUILD, "pause"))
    tools = Layer()
    for link, target in MERGED.items():
        tools.link(link, target)
    tools.program(os.path.join(BUILD, "endless"), "programs/endless")
    for path in filter(None, map(found, COPIED)):
        tools.program(path, path.lstrip("/"))
    tools.libraries_of(LIBRARY)
    for name in sorted(os.listdir(PROGRAMS)):
        tools.file(f"programs/{name}", os.path.join(PROGRAMS, name))
    tools.folder("tmp", 0o1777)
    for link, target in LOGS_OF_NGINX.items():
        tools.link(link, target)
    for name, text in ACCOUNTS.items():
        tools.text(name, text)
    return [archive(PAUSE, pause, ["/pause"]), archive(TOOLS, tools, ["/bin/sh"])]


def released():
    """The image that is published, of what is built here; or None where it can't be made."""
    if not shutil.which("umoci"):
        return None
    built = os.path.relpath(BUILT, PROJECT) if BUILT.startswith(PROJECT + "/") else BUILT
    static, to = os.path.join(BUILT, "static"), os.path.join(BUILD, "released")
    env = {**os.environ, "VERSION": "1", "SOURCE_DATE_EPOCH": "1"}
    lock = os.path.join(BUILT, "lock")
    for command in (
        ["flock", lock, "make", "-s", "-C", PROJECT, f"BUILD={built}", "static"],
        [os.path.join(PROJECT, "docker/release/build"), to, static, static, "image"],
    ):
        subprocess.run(command, check=True, env=env)
    return os.path.join(to, "linecap-1.oci.tar")


def found(program):
    """Where the image will have it, too."""
    return shutil.which(program, path=PATH)


def compile_program(name, *flags):
    source, binary = os.path.join(PROGRAMS, f"{name}.c"), os.path.join(BUILD, name)
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", *flags, "-o", binary, source], check=True)


def libraries(path):
    answer = subprocess.run(["ldd", path], capture_output=True, text=True)
    words = answer.stdout.split()
    return sorted({word for word in words if word.startswith("/")})


class Layer:
    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w")
        self.names = set()

    def file(self, name, path):
        if name not in self.names:
            self.names.add(name)
            self.tar.add(os.path.realpath(path), name)

    def program(self, path, name):
        self.file(name, path)
        self.libraries_of(path)

    def libraries_of(self, path):
        for library in libraries(path):
            folder = os.path.realpath(os.path.dirname(library))
            self.file(os.path.join(folder, os.path.basename(library)).lstrip("/"), library)

    def folder(self, name, mode):
        entry = tarfile.TarInfo(name)
        entry.type = tarfile.DIRTYPE
        entry.mode = mode
        self.tar.addfile(entry)

    def link(self, name, target):
        entry = tarfile.TarInfo(name)
        entry.type = tarfile.SYMTYPE
        entry.linkname = target
        self.tar.addfile(entry)

    def text(self, name, text):
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        entry.mode = 0o644
        self.tar.addfile(entry, io.BytesIO(text))

    def content(self):
        self.tar.close()
        return self.bytes.getvalue()


def archive(name, layer, command):
    content = layer.content()
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {"Entrypoint": command},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    path = os.path.join(BUILD, f"{name.partition('/')[2].partition(':')[0]}.tar")
    with tarfile.open(path, "w") as tar:
        for part, data in [
            ("layer.tar", content),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ]:
            entry = tarfile.TarInfo(part)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path
