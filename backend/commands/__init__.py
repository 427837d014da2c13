"""The commands, one file per subject. `instance` finds the instance they act on, `output` prints what they did."""
