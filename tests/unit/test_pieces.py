"""Outputs of any size: cut into pieces, each with its draw, and written to files that go on after a kill."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from pools import a_draw, drawing, known_bytes
from qrng_hub import Hub
from qrng_hub.cli.output import ENCODERS, encoding_of
from qrng_hub.cli.sizes import Size
from qrng_hub.delivery.ctr_drbg import DerivedCtrDrbg
from qrng_hub.delivery.pieces import PIECE_BYTES, Piece, pieces_of_draws, pieces_of_generator
from qrng_hub.delivery.resumable import Wanted, resumable
from qrng_hub.errors import AuthenticationError, ConfigError, LedgerError, RequestError
from qrng_hub.files import write_private
from qrng_hub.records import Draw
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

WANTED = Wanted(bytes=30, encoding="raw", source="draws")


def drawn_from(data: bytes) -> Callable[[int], Draw]:
    """Returns a function that draws these bytes, in order, under a new id each time."""
    file, ids = io.BytesIO(data), iter(range(1000))
    return lambda count: a_draw(file.read(count), f"draw-{next(ids)}")


def piece(number: int) -> Piece:
    return Piece(data=bytes([number]) * 10, draw_id=f"draw-{number}", origin="hardware", credited_bits=80)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32", 32), ("1_000", 1000), ("0", 0), ("-5", -5), ("10MB", 10**7), ("10mb", 10**7), ("10 MB", 10**7),
        ("1kB", 1000), ("1k", 1000), ("1KiB", 1024), ("1GiB", 2**30), ("10GB", 10**10), ("1.5GiB", 3 * 2**29),
        ("2T", 2 * 10**12), ("1PiB", 2**50), ("7B", 7), ("0.001kB", 1),
    ],
)  # fmt: skip
def test_sizes_are_read_with_their_units(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize(
    "text", ["", "many", "MB", "1 MB extra", "1.5", "0.3B", "1e6", "1iB", "10XB", "1,000", "0x10", "٣", "nan"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="number of bytes"):
        Size().convert(text, None, None)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 30, 35])
def test_pieces_are_the_draws_in_their_order(count: int) -> None:
    pieces = list(pieces_of_draws(drawing(drawn_from(known_bytes(100))), count, 10))
    assert b"".join(one.data for one in pieces) == known_bytes(100)[:count]
    assert [one.draw_id for one in pieces] == [f"draw-{number}" for number in range(-(-count // 10))]
    assert all(one.credited_bits == 8 * len(one.data) for one in pieces)
    assert known_bytes(100)[:10].hex() not in f"{pieces!r}{pieces[0].model_dump_json()}"


def test_no_piece_is_drawn_before_it_is_asked_for() -> None:
    asked: list[int] = []

    def draw(count: int) -> Draw:
        asked.append(count)
        return a_draw(bytes(count))

    pieces = pieces_of_draws(drawing(draw), 10**15)
    assert len(next(pieces).data) == PIECE_BYTES
    assert asked == [PIECE_BYTES]


def test_a_generators_pieces_are_its_stream_and_name_the_draw_that_seeded_it() -> None:
    pieces = list(pieces_of_generator(drawn_from(known_bytes(48)), 150_000, 100_000))
    seed = known_bytes(48)
    drbg = DerivedCtrDrbg(seed[:32], nonce=seed[32:], personalization=b"qrng_hub pieces")
    requests = (65_536, 100_000 - 65_536, 50_000)
    assert b"".join(one.data for one in pieces) == b"".join(drbg.generate(size) for size in requests)
    assert [(one.draw_id, one.credited_bits) for one in pieces] == [("draw-0", 384)] * 2


def test_pieces_in_every_form_are_what_the_whole_is() -> None:
    data = known_bytes(100)
    for name, encoder in ENCODERS.items():
        joined = b"".join(encoder.body(data[start : start + 30]) for start in range(0, 100, 30))
        assert encoder.start(100) + joined + encoder.end == encoder(data), name
    assert PIECE_BYTES % 3 == 0


def test_npy_is_numpys_own_and_chosen_by_the_suffix() -> None:
    loaded = np.load(io.BytesIO(ENCODERS["npy"](known_bytes(100))), allow_pickle=False)
    assert (loaded.dtype, loaded.shape, loaded.tobytes()) == (np.uint8, (100,), known_bytes(100))
    saved = io.BytesIO()
    np.save(saved, np.frombuffer(known_bytes(100), np.uint8))
    assert saved.getvalue() == ENCODERS["npy"](known_bytes(100))
    assert [encoding_of(*pair) for pair in ((None, None), (None, "x.npy"), ("npy", "x.npy"), ("raw", "x.bin"))] == [
        "hex", "npy", "npy", "raw"
    ]  # fmt: skip
    with pytest.raises(click.UsageError, match=r"x\.npy would hold raw"):
        encoding_of("raw", "x.npy")


def test_the_hub_gives_pieces_of_draws_and_of_a_generator() -> None:
    with Hub.open() as hub:
        pieces = list(hub.pieces(PIECE_BYTES + 5))
        assert [len(one.data) for one in pieces] == [PIECE_BYTES, 5]
        assert [hub.receipt(one.draw_id).bytes for one in pieces] == [PIECE_BYTES, 5]
        generated = list(hub.pieces(PIECE_BYTES + 5, source="drbg"))
        assert [len(one.data) for one in generated] == [PIECE_BYTES, 5]
        assert {hub.receipt(one.draw_id).bytes for one in generated} == {48}
        for count in (0, -1, 2**50 + 1):
            with pytest.raises(RequestError, match="1 to 1,125,899,906,842,624 bytes"):
                hub.pieces(count)


def test_where_draws_may_cost_money_there_is_one_draw_and_no_more() -> None:
    clock = FrozenClock()
    values: dict[str, Any] = {
        "version": 1,
        "backend": [{"address": "scripted:device"}],
        "budget": {"usd": 100, "usd_per_job": 1},
    }
    with Hub.open(values, clock=clock, adapters=[ScriptedAdapter({"device": Script()}, clock)]) as hub:
        assert [len(one.data) for one in hub.pieces(PIECE_BYTES + 64)] == [PIECE_BYTES + 64]
        with pytest.raises(RequestError, match="each may cost what the budget of this run file allows one"):
            hub.pieces(2**30 + 1)
        assert len(next(iter(hub.pieces(2**40, source="drbg"))).data) == PIECE_BYTES


def test_a_file_goes_on_after_the_last_piece_that_is_said_to_be_in_it(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with resumable(path, WANTED, b"HEAD") as file:
        file.append(bytes([0]) * 10, piece(0))
    part = tmp_path / "out.part"
    assert [one.stat().st_mode & 0o777 for one in (path, part)] == [0o600, 0o600]
    path.write_bytes(path.read_bytes() + b"half a piece")
    part.write_bytes(part.read_bytes() + b'{"draw_id":"dra')
    with resumable(path, WANTED, b"HEAD") as file:
        assert (file.bytes_done, path.stat().st_size) == (10, 14), "what nobody vouches for is cut off"
        file.append(bytes([1]) * 10, piece(1))
    with resumable(path, WANTED, b"HEAD") as file:
        assert file.bytes_done == 20
        file.append(bytes([2]) * 10, piece(2))
        assert [(one.draw_id, one.position) for one in file.written()] == [
            ("draw-0", 14),
            ("draw-1", 24),
            ("draw-2", 34),
        ]
        file.finish()
    assert path.read_bytes() == b"HEAD" + bytes([0]) * 10 + bytes([1]) * 10 + bytes([2]) * 10
    assert sorted(one.name for one in tmp_path.iterdir() if one.name != "state") == ["out"]


@pytest.mark.parametrize("left", [b"", b'{"version":1,"by', WANTED.model_dump_json().encode() + b"\n"])
def test_a_file_that_was_killed_before_its_first_piece_begins_anew(tmp_path: Path, left: bytes) -> None:
    write_private(tmp_path / "out.part", left)
    write_private(tmp_path / "out", b"HEA")
    with resumable(tmp_path / "out", WANTED, b"HEAD") as file:
        assert file.bytes_done == 0
        file.append(bytes([0]) * 10, piece(0))
    assert (tmp_path / "out").read_bytes() == b"HEAD" + bytes(10)
    with resumable(tmp_path / "out", WANTED, b"HEAD") as file:
        assert file.bytes_done == 10


@pytest.mark.parametrize("laid", ["out", "out.part"])
def test_what_others_may_have_laid_there_is_not_gone_on_with(tmp_path: Path, laid: str) -> None:
    for name in ("out", "out.part"):
        write_private(tmp_path / name, WANTED.model_dump_json().encode() + b"\n" if name == "out.part" else b"")
    (tmp_path / laid).chmod(0o666)
    with pytest.raises(ConfigError, match=f"{laid} has mode 0666"), resumable(tmp_path / "out", WANTED, b"HEAD"):
        pass
    assert (tmp_path / "out").read_bytes() == b""


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out.part").symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigError, match=r"out.part cannot be written"), resumable(tmp_path / "out", WANTED, b""):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


def test_what_does_not_fit_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path, part = tmp_path / "out", tmp_path / "out.part"
    path.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="is there already"), resumable(path, WANTED, b""):
        pass
    assert (path.read_bytes(), part.exists()) == (b"precious", False)
    path.unlink()
    with resumable(path, WANTED, b"") as file:
        file.append(bytes([0]) * 10, piece(0))
    before = path.read_bytes(), part.read_bytes()
    for change in ({"bytes": 31}, {"encoding": "hex"}, {"source": "drbg"}):
        other = WANTED.model_copy(update=change)
        with pytest.raises(ConfigError, match="of another output"), resumable(path, other, b""):
            pass
    assert (path.read_bytes(), part.read_bytes()) == before
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="shorter than"), resumable(path, WANTED, b""):
        pass
    part.write_bytes(part.read_bytes() + b"nonsense\n")
    with pytest.raises(ConfigError, match="damaged"), resumable(path, WANTED, b""):
        pass


def test_an_error_of_a_draw_is_not_taken_for_one_of_the_file(tmp_path: Path) -> None:
    """That of the credentials is a PermissionError, as one of a file is."""
    with pytest.raises(AuthenticationError, match="no"), resumable(tmp_path / "out", WANTED, b"HEAD"):
        raise AuthenticationError("no")
    (tmp_path / "out").unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="out cannot be written"), resumable(tmp_path / "out", WANTED, b"HEAD"):
        pass


def test_two_do_not_write_one_file(tmp_path: Path) -> None:
    with (
        resumable(tmp_path / "out", WANTED, b""),
        pytest.raises(LedgerError, match="another process is working on"),
        resumable(tmp_path / "out", WANTED, b""),
    ):
        pass


def test_a_piece_that_a_kill_left_unrecorded_is_made_anew(tmp_path: Path) -> None:
    path, recorded = tmp_path / "out", {"draw-0"}
    with resumable(path, WANTED, b"") as file:
        for number in (0, 1):
            file.append(piece(number).data, piece(number))
    with resumable(path, WANTED, b"", recorded.__contains__) as file:
        assert (file.bytes_done, [one.draw_id for one in file.written()]) == (10, ["draw-0"])
        file.append(piece(2).data, piece(2))
    assert path.read_bytes() == piece(0).data + piece(2).data
