"""Words that nobody may say of a cloud device or a simulator: not in the documents, and not in what is printed."""

import re
from pathlib import Path

import pytest

from commands import qrng

ROOT = Path(__file__).parents[2]
BANNED = re.compile(
    r"device[ -]independen\w*|tru(e|ly)[ -]random\w*|perfect\w*|unhackable|unbreakable|provably (random|secure)|"
    r"100 ?% random|pass(es|ed)? (the )?(NIST|SP 800-22|Diehard\w*)|NIST[ -](approved|certified|validated)|"
    r"quantum[ -](safe|proof) (key|random)\w*",
    re.IGNORECASE,
)
#: Where a banned word stands in a sentence that denies it: the file, and the whole line.
DENIALS = {
    ("docs/certificates.md", "**No level is device-independent.** That word needs space-like separation, which no"),
    ("qrng_hub/records/certificates.py", '_NEVER_CLAIMED = ("device-independent", "device independent")'),
}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/*.svg"), *ROOT.glob("adapters/*.md")])
SOURCES = sorted([*ROOT.glob("qrng_hub/**/*.py"), *ROOT.glob("adapters/**/*.py"), *ROOT.glob("configs/*")])
OUTPUTS = [
    ("--help",),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3"),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3", "--method", "eat", "--json"),
    ("chsh", "--rounds", "1000", "--score", "0.8", "--epsilon", "1e-3", "--shots-per-setting", "1"),
    ("plan", "--method", "eat", "--bits", "9", "--epsilon", "1e-3", "--backend", "cirq:simulator"),
    ("mermin", "--rounds", "1000", "--score", "3.9", "--source-rate", "1", "--epsilon", "1e-3"),
    ("source-independent", "--z", "1000", "--x", "1000", "--x-errors", "1", "--epsilon", "1e-3"),
    *((name, "--help") for name in ("chsh", "bell-data", "mermin", "source-independent", "rcs", "plan")),
]


def test_the_words_are_found_where_they_stand() -> None:
    for said in (
        "a perfect coin",
        "Device independent!",
        "truly random bits",
        "it passed NIST",
        "passes the NIST tests",
    ):
        assert BANNED.search(said)
    assert not BANNED.search("a quantum-proof extractor, which was tested as NIST says")


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="the source distribution has no docs")
def test_no_document_and_no_source_says_them_but_to_deny_them() -> None:
    said = {
        (str(path.relative_to(ROOT)), line.strip())
        for path in [*DOCUMENTS, *SOURCES]
        for line in path.read_text(encoding="utf-8").splitlines()
        if BANNED.search(line)
    }
    assert said == DENIALS


@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda arguments: " ".join(arguments[:1]))
def test_no_certificate_says_them(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    done = qrng(capsys, "certify", *arguments)
    assert done.stdout
    assert not BANNED.search(done.stdout + done.stderr)


@pytest.mark.parametrize(("protocol", "options"), [("source-independent", ""), ("mermin", "source_rate = 1.0")])
def test_no_certified_run_says_them(
    protocol: str, options: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither as it is printed nor in its receipt, nor when that is verified."""
    path = tmp_path / "run.toml"
    request = f'version = 1\n[request]\nbytes = 16\nprotocol = "{protocol}"\n[request.certificate]\nepsilon = 1e-3'
    backend = '[[backend]]\naddress = "local:stim"\nqubits = 30\n'
    path.write_text(f"{request}\n{options}\n{backend}")
    run = qrng(capsys, "run", str(path))
    receipt = re.findall(r"^receipt (\S+)$", run.stdout, re.MULTILINE)[0]
    verified = qrng(capsys, "verify", receipt)
    assert "certified" in run.stdout
    assert "reckoned anew" in verified.stdout
    for text in (run.stdout, run.stderr, Path(receipt).read_text(), verified.stdout, verified.stderr):
        assert not BANNED.search(text)
