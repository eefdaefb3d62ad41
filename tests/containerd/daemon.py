"""A containerd of our own: its folders, its settings, its end, and proof that nothing of it is left."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import machine
from cri import Cri
from wait import until

SETTINGS = """
version = 2
root = "{home}/root"
state = "{home}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
	"io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
	"io.containerd.snapshotter.v1.overlayfs"]
[grpc]
address = "{home}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{home}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
max_container_log_line_size = {max_line}
disable_apparmor = true
restrict_oom_score_adj = true
tolerate_missing_hugetlb_controller = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{home}/cni/bin"
conf_dir = "{home}/cni/conf"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{home}/runc"
"""

# The same for containerd 2, which has the parts of CRI in plugins of their own.
SETTINGS_OF_2 = """
version = 3
root = "{home}/root"
state = "{home}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
	"io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.overlayfs"]
[grpc]
address = "{home}/containerd.sock"
[ttrpc]
address = "{home}/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "{home}/opt"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
platform = "linux"
snapshotter = "native"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{pause}"
[plugins."io.containerd.grpc.v1.cri"]
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.cri.v1.runtime"]
max_container_log_line_size = {max_line}
disable_apparmor = true
restrict_oom_score_adj = true
tolerate_missing_hugetlb_controller = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{home}/cni/bin"]
conf_dir = "{home}/cni/conf"
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
Root = "{home}/runc"
"""

START_BOUND = 60
END_BOUND = 60
SHIMS_BOUND = 10


class CannotStart(Exception):
    """containerd does not run on this machine."""


class Home:
    """The temporary folder that outlives a restart of containerd, and all that must be gone with it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="containerd.")
        os.chmod(self.path, 0o711)  # programs that change their uid reach their folder
        run = os.environ.get("TEST_GUEST", "linecap")
        self.cgroup = f"/{run}.{os.path.basename(self.path)}"
        for folder in ("root", "state", "pods"):
            os.mkdir(os.path.join(self.path, folder))

    def socket(self):
        return os.path.join(self.path, "containerd.sock")

    def messages(self):
        return os.path.join(self.path, "containerd.messages")

    def ctr(self, *arguments):
        command = ["ctr", "--address", self.socket(), "--namespace", "k8s.io", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")

    def import_image(self, archive, *options):
        self.ctr("images", "import", "--snapshotter", "native", *options, archive)

    def mounts(self):
        with open("/proc/self/mounts") as table:
            points = [line.split()[1] for line in table]
        return [point for point in points if point.startswith(self.path + "/")]

    def cgroups(self):
        found = []
        for folder, names, _ in os.walk("/sys/fs/cgroup"):
            if self.cgroup[1:] in names:
                found.append(os.path.join(folder, self.cgroup[1:]))
                names.remove(self.cgroup[1:])
        return found

    def remove(self):
        """Says what had not been taken down by then: an empty list is what a good end looks like."""
        with contextlib.suppress(AssertionError):
            until("the shims to end", lambda: not descendants(), SHIMS_BOUND)
        left = [f"process {pid} ({name_of(pid)})" for pid in descendants()]
        left += [f"mount {point}" for point in self.mounts()]
        end_descendants()
        for point in reversed(self.mounts()):
            subprocess.run(["umount", "--lazy", point], check=False)
        for cgroup in self.cgroups():
            remove_cgroup(cgroup)
        left += [f"cgroup {folder}" for folder in self.cgroups()]
        if self.mounts():  # what is mounted there is not ours to remove
            return [*left, f"folder {self.path}"]
        shutil.rmtree(self.path)
        return left


def remove_cgroup(top):
    for folder, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


class Daemon:
    def __init__(self, home, process, cri):
        self.home = home
        self.process = process
        self.cri = cri

    def runs(self):
        return self.process.poll() is None

    def end(self):
        end(self.process)

    def messages(self):
        with open(self.home.messages(), errors="replace") as lines:
            return lines.read()

    def memory(self):
        return self._status("VmRSS:")

    def peak(self):
        """The most since forget_peak()."""
        return self._status("VmHWM:")

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as clear:
            clear.write("5")

    def _status(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

    def holds_open(self, path):
        folder = f"/proc/{self.process.pid}/fd"
        for fd in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if os.readlink(os.path.join(folder, fd)) == path:
                    return True
        return False


@contextlib.contextmanager
def containerd(home, max_line, pause):
    settings = os.path.join(home.path, "config.toml")
    text = SETTINGS if machine.versions()["containerd"].startswith("1.") else SETTINGS_OF_2
    with open(settings, "w") as out:
        out.write(text.format(home=home.path, max_line=max_line, pause=pause))
    with open(home.messages(), "wb") as out:
        process = subprocess.Popen(
            ["containerd", "--config", settings],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C is for the tests, which then end containerd in order
        )
    try:
        await_start(process, home)
        with contextlib.closing(Cri(home.socket())) as cri:
            until("containerd to be initialized", cri.initialized)
            yield Daemon(home, process, cri)
    finally:
        end(process)


def await_start(process, home):
    def accepts():
        if process.poll() is not None:
            raise CannotStart(f"containerd ended with status {process.returncode}: {last_error(home)}")
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(home.socket()) == 0

    try:
        until("containerd to answer", accepts, START_BOUND)
    except AssertionError as late:
        raise CannotStart(f"{late}: {last_error(home)}") from late


def last_error(home):
    with open(home.messages(), errors="replace") as lines:
        loud = [line.strip() for line in lines if re.search("level=(error|fatal)|containerd:|panic:", line)]
    return loud[-1] if loud else "it gave no reason"


def end(process):
    process.terminate()
    try:
        process.wait(END_BOUND)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def parents():
    """Of all processes, but the dead children that this process has yet to bury: those end here."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{name}/stat") as stat:
                    table[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
    return table


def descendants():
    """Ours alone: adopt_orphans() makes even a shim that left its parent a child of this process."""
    table = parents()
    found, generation = [], {os.getpid()}
    while generation := {pid for pid, parent in table.items() if parent in generation}:
        found += generation
    return found


def end_descendants():
    def killed():
        for pid in descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not descendants()

    until("what is left to end", killed, END_BOUND)


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as comm:
            return comm.read().strip()
    except FileNotFoundError:
        return "gone"


def adopt_orphans():
    import ctypes

    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
