"""Replays shots that somebody recorded on a quantum computer, from a file."""

from qrng_hub_replay.adapter import ReplayAdapter

__all__ = ["ReplayAdapter"]
