"""What pages of the documentation show, run as it stands there."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "least"), [("delivery.md", 16), ("keys.md", 6)])
def test_the_examples_on_a_page_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, least: int
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, name, str(DOCS / name), 0)
    runner = doctest.DocTestRunner()
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.tries >= least
    assert runner.failures == 0, "".join(said)
