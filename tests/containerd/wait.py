"""Waiting for a state, never for a time."""

import time

BOUND = 60  # seconds after which a state that did not come is a failure
STEP = 0.01


def until(what, reached, bound=BOUND):
    """Returns what `reached` answers once that is true. It may raise when it can't become true."""
    deadline = time.monotonic() + bound
    while not (answer := reached()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {bound} s in vain for {what}")
        time.sleep(STEP)
    return answer
