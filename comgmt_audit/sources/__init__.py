"""Reading systems: one module per source, read verbs only; everything read becomes an observation."""
