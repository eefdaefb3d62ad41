"""From a bare machine to imported images, and back: whatever ends the session, nothing is left."""

import contextlib
import signal

import image
from cri import RpcError
from daemon import adopt_orphans, CannotStart, containerd, Home

ENDINGS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@contextlib.contextmanager
def session():
    for number in ENDINGS:
        signal.signal(number, end_in_order)
    adopt_orphans()
    home = Home()
    try:
        import_images(home)
        try_a_pod(home)
        yield home
    finally:
        if left := home.remove():
            raise AssertionError(f"left behind: {', '.join(left)}")


def import_images(home):
    with containerd(home, -1, image.PAUSE):
        for archive in image.build():
            home.import_image(archive)
        if released := image.released():
            home.import_image(released)


def try_a_pod(home):
    """A machine may let containerd start, and forbid what a container is made of."""
    with containerd(home, -1, image.PAUSE) as daemon:
        try:
            daemon.cri.run_pod("trial", home.path, home.cgroup)
        except RpcError as error:
            raise CannotStart(f"no pod can be run: {error.details()}") from error
        daemon.cri.remove_all_pods()


def end_in_order(number, _):
    for other in ENDINGS:
        signal.signal(other, signal.SIG_IGN)  # cleaning up is not to be interrupted
    raise SystemExit(128 + number)
