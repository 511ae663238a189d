"""Moves the clock of every Python process that a test starts by as much as the test's own is moved."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(os.environ["QRNG_TEST_SHIFT_SECONDS"]))).start()
