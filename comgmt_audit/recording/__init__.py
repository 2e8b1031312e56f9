"""Recordings: what was seen of an environment at one time, kept so that it can be judged again."""

from comgmt_audit.recording.format import Absence, Form, Manifest, Observation, Reason
from comgmt_audit.recording.reader import Recording
from comgmt_audit.recording.writer import RecordingWriter

__all__ = ["Absence", "Form", "Manifest", "Observation", "Reason", "Recording", "RecordingWriter"]
