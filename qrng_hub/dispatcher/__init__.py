"""Runs jobs at vendors: submits, polls, and keeps the ledger true on the way."""

from qrng_hub.dispatcher.dispatcher import Dispatcher, Failure, OnChange

__all__ = ["Dispatcher", "Failure", "OnChange"]
