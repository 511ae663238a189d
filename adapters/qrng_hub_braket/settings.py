"""The settings of `[adapters.braket]` in a run file."""

from __future__ import annotations

from collections.abc import Mapping

from qrng_hub.records import Amount, Record


class BraketSettings(Record):
    """Which devices to emulate here, and how to reach AWS; credentials are never settings.

    `emulators` are paths of capabilities files, as `AwsDevice(arn).properties.json()` or `aws braket
    get-device` writes them, absolute or from the working folder. `s3` is the folder of task results ("s3://bucket/prefix"),
    `region` the AWS region and `profile` a profile of the AWS configuration; each of the three is
    the AWS SDK's own choice if it is not set, and only cloud devices use them. `spending_limits` are the
    USD that AWS itself shall let be spent on devices, by their short names or ARNs: before the first task
    on one, a limit is set there if there is none. `accept_probabilities` names devices, in the same way, that
    may be paid although they may answer with probabilities and no shots, which the hub then refuses.
    """

    emulators: tuple[str, ...] = ()
    s3: str | None = None
    region: str | None = None
    profile: str | None = None
    spending_limits: Mapping[str, Amount] = {}
    accept_probabilities: tuple[str, ...] = ()
