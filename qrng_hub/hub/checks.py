"""What `qrng check` looks at: the ledger, the way to the network, and whatever each adapter checks itself."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from qrng_hub.config import RunFile
from qrng_hub.ledger import Ledger
from qrng_hub.records import Check
from qrng_hub.registry import Registry

#: the variables in which the vendors' clients, and the libraries below them, look for certificates
_CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def checks(run_file: RunFile, registry: Registry, ledger: Ledger) -> Iterator[Check]:
    """Checks line by line; spends nothing."""
    yield Check(subject="ledger", verdict="ok", detail=ledger.shown_url)
    names: defaultdict[str, list[str]] = defaultdict(list)
    for backend in run_file.backends:
        adapter, _, name = backend.address.partition(":")
        names[adapter].append(name)
    if any(registry.adapter(adapter).is_remote(name) for adapter, own in names.items() for name in own):
        yield _proxies()
        yield _certificates(os.environ)
    for adapter, own in names.items():
        yield from registry.adapter(adapter).preflight(own)


def _proxies() -> Check:
    """Shows the proxies that the environment names, without what may be a password."""
    from urllib.request import getproxies_environment  # takes 30 ms, which no other command should wait for

    proxies = {kind: re.sub(r"//[^/@]*@", "//***@", url) for kind, url in sorted(getproxies_environment().items())}
    detail = ", ".join(f"{kind}: {url}" for kind, url in proxies.items()) or "none"
    return Check(subject="proxy", verdict="ok", detail=detail)


def _certificates(environment: Mapping[str, str]) -> Check:
    """Checks that the certificates that the environment names are there: else every connection fails."""
    named = {name: environment[name] for name in _CERTIFICATES if environment.get(name)}
    missing = [f"{name}={path}" for name, path in named.items() if not Path(path).exists()]
    if missing:
        detail = f"{', '.join(missing)} does not exist: unset it, or name a file of certificates in PEM form"
        return Check(subject="certificates", verdict="failed", detail=detail)
    detail = ", ".join(f"{name}={path}" for name, path in named.items()) or "those of each client"
    return Check(subject="certificates", verdict="ok", detail=detail)
