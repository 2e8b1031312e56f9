"""The first comgmt.toml: from answers, and from what a first look at the environment shows (``comgmt-audit init``)."""
