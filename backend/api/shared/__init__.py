"""What every surface shares: mechanism only, never a wire shape. `surface.py` is the way in."""
