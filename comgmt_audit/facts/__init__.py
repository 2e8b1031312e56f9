"""Typed facts, one file a subject; read from a recording, never from a system.

A fact is a frozen class with ``read(environment)``. Unknown is ``None``. A fact that cannot be had raises
FactUnavailable with the cure; a check that asked for it becomes *not assessed*.
"""

from comgmt_audit.facts.environment import Environment, Fact, Now

__all__ = ["Environment", "Fact", "Now"]
