"""What a case says must hold."""

SHOWN = 200  # characters


def check(claim, holds):
    if not holds:
        raise AssertionError(f"not so: {claim}")


def equal(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: {found!r:.{SHOWN}}, expected {expected!r:.{SHOWN}}")
