"""The interpreter's search for circles of garbage, tuned for a process that moves rows by the hundred thousand."""

import gc


def collect_less_often() -> None:
    """Look for circles rarely, and never among what was there at the start.

    Rows hold no circles and go as soon as nobody refers to them; by default a sixth of a sync was spent on looking.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(400_000, 20, 50)
