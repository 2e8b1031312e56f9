"""Drift: what differs between two scans (verdicts), and between two recordings (values)."""
