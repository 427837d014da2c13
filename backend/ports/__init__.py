"""What the business needs from outside, as Protocols and neutral dataclasses."""
