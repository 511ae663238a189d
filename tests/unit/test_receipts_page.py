"""The pages on receipts and on security, held against what they describe."""

import re
from pathlib import Path

import pytest

from qrng_hub.signing import Signature
from qrng_hub.verification import Verified

ROOT = Path(__file__).parents[2]
PAGE, SECURITY = ROOT / "docs" / "receipts.md", ROOT / "SECURITY.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the source distribution has no docs")


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - running it is the test
    assert isinstance(names["verified"], Verified)


def test_the_file_is_described_with_every_field_of_a_signature() -> None:
    (shown,) = re.findall(r'"signature": \{(.*?)\}', PAGE.read_text(), re.DOTALL)
    assert re.findall(r'^ +"(\w+)":', shown, re.MULTILINE) == list(Signature.model_fields)


@pytest.mark.parametrize("page", [PAGE, SECURITY], ids=lambda page: page.name)
def test_no_device_is_praised(page: Path) -> None:
    praise = r"perfect|true random|truly random|device.independent|passed NIST|unhackable|guaranteed"
    assert re.findall(praise, page.read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize("page", [PAGE, SECURITY], ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
