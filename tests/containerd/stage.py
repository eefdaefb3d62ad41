"""What a case runs on: a fresh containerd, one pod, and a folder /sync shared with its containers.

Programs and cases meet at states: a program waits on the FIFO /sync/go or /sync/finish until the
case releases it, and says what it has done by making a file there.
"""

import contextlib
import errno
import http.client
import os
import shutil
import socket

from cri import RpcError
from daemon import containerd
from expect import equal
from image import host_mounts, LINECAP, PATH, PAUSE, TOOLS
from places import LIBRARY
from wait import until

WARM_UP = 1300  # log lines of 50 kB: the heap's first growth is not the endless line's
LAST_WORDS = 300  # bytes

IMAGE_VOLUME = "image volume"  # how linecap comes into a pod, where it isn't one file from here
INIT_CONTAINER = "init container"


class Stage:
    def __init__(self, daemon, pod, folder, linecap, max_line):
        self.daemon = daemon
        self.pod = pod
        self.sync = os.path.join(folder, "sync")
        self.linecap = linecap
        self.max_line = max_line
        self.containers = []
        os.mkdir(self.sync)
        os.chmod(self.sync, 0o777)  # for programs that change their uid
        self.fifo("go")
        self.fifo("finish")

    def start(self, command, host=False, name="program", **options):
        mounts = [("/sync", self.sync, False)]
        env = {"PATH": PATH}
        if host:
            mounts += host_mounts()
        volumes = []
        if self.linecap:
            env["LD_PRELOAD"] = "/linecap/liblinecap.so"
        if self.linecap == IMAGE_VOLUME:
            volumes.append(("/linecap", LINECAP))
        elif self.linecap == INIT_CONTAINER:
            mounts.append(("/linecap", self.installed(), True))
        elif self.linecap:
            mounts.append(("/linecap/liblinecap.so", LIBRARY, True))
        self.containers.append(self.pod.start(name, TOOLS, command, mounts, env, volumes, **options))
        return self.containers[-1]

    def installed(self):
        """A folder that the image's own command has filled, as its own user."""
        folder = self.path("linecap")
        if not os.path.exists(folder):
            os.mkdir(folder)
            os.chmod(folder, 0o777)
            self.await_end(self.pod.start("init", LINECAP, [], [("/volume", folder, False)]))
        return folder

    def warm_up(self):
        """Lets containerd log ordinary lines until its heap has the size that this takes."""
        self.give("payload", b"x" * 50_000 + b"\n")
        container = self.start(["/programs/endless", "write", str(WARM_UP)], name="warm-up")
        self.release("go")
        self.release("finish")
        self.await_end(container)
        os.remove(self.path("printed"))

    def fifo(self, name):
        os.mkfifo(self.path(name))
        os.chmod(self.path(name), 0o666)

    def path(self, name):
        return os.path.join(self.sync, name)

    def give(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)
        return content

    def take(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def release(self, fifo):
        path = self.path(fifo)

        def opened():
            self.check_running()
            try:
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nobody waits there yet
                    raise

        os.close(until(f"the program to wait on /sync/{fifo}", opened))

    def await_file(self, name):
        def made():
            return os.path.exists(self.path(name)) or self.check_running()

        until(f"the program to make /sync/{name}", made)

    def check_running(self):
        if self.containers[-1].has_ended():
            raise AssertionError("the program has ended before its time")

    def await_end(self, container):
        """All of the container's output is in its log then."""
        until("the container to end", container.has_ended)
        until("the log to be complete", lambda: not self.daemon.holds_open(container.log))
        equal("status of the program", container.status().exit_code, 0)

    def last_words(self):
        """Of the container that was started last, for a case that failed."""
        if not self.containers:
            return "none"
        path = self.containers[-1].log
        with open(path, "rb") as log:
            log.seek(max(0, os.stat(path).st_size - LAST_WORDS))
            return log.read().decode(errors="backslashreplace")


def http_get(path, url, agent):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    with contextlib.closing(connection):
        until(f"a server on {path}", lambda: connection.sock.connect_ex(path) == 0)
        connection.request("GET", url, headers={"User-Agent": agent})
        return connection.getresponse().status


@contextlib.contextmanager
def stage(home, name, linecap=False, max_line=-1, shared_pid=False):
    if linecap and not os.path.exists(LIBRARY):
        raise AssertionError(f"{LIBRARY} is not there: make it first")
    folder = os.path.join(home.path, "pods", name)
    os.mkdir(folder)
    os.chmod(folder, 0o711)
    with containerd(home, max_line, PAUSE) as daemon:
        try:
            pod = daemon.cri.run_pod(name, folder, home.cgroup, shared_pid)
            ready = Stage(daemon, pod, folder, linecap, max_line)
            try:
                yield ready
            except Exception as error:
                raise AssertionError(f"{error}; last words: {ready.last_words()}") from error
        finally:
            remove_pods(home, daemon)
            shutil.rmtree(folder)


def remove_pods(home, daemon):
    """If containerd is gone, then by a successor: it takes over the pods of its predecessor."""
    if daemon.runs():
        with contextlib.suppress(RpcError):
            daemon.cri.remove_all_pods()
            return
    daemon.end()
    with containerd(home, -1, PAUSE) as successor:
        successor.cri.remove_all_pods()
