from __future__ import annotations

import pytest

from intake.sealing.cipher import Cipher, SealBroken, new_key, pad, unpad

PLACE = b"conversation 1, seq 1"


@pytest.mark.parametrize("text", [b"", b"a", b"a" * 251, b"a" * 252, b"a" * 253, "æøå 🌧".encode() * 300])
def test_sealed_text_opens_again(text: bytes) -> None:
    cipher = Cipher(new_key())

    assert cipher.open(cipher.seal(text, place=PLACE), place=PLACE) == text


def test_short_and_longer_texts_look_alike() -> None:
    cipher = Cipher(new_key())

    lengths = {len(cipher.seal(b"x" * size, place=PLACE)) for size in range(252)}

    assert len(lengths) == 1


def test_same_text_is_never_sealed_alike() -> None:
    cipher = Cipher(new_key())

    assert len({cipher.seal(b"ja", place=PLACE) for _ in range(50)}) == 50


def test_sealed_text_does_not_open_elsewhere() -> None:
    cipher = Cipher(new_key())

    with pytest.raises(SealBroken):
        cipher.open(cipher.seal(b"hei", place=PLACE), place=b"conversation 2, seq 1")


def test_sealed_text_does_not_open_with_another_key() -> None:
    with pytest.raises(SealBroken):
        Cipher(new_key()).open(Cipher(new_key()).seal(b"hei", place=PLACE), place=PLACE)


@pytest.mark.parametrize("position", [0, 11, 12, 100, -1])
def test_changed_byte_is_noticed(position: int) -> None:
    cipher = Cipher(new_key())
    sealed = bytearray(cipher.seal(b"hei", place=PLACE))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        cipher.open(bytes(sealed), place=PLACE)


def test_padding_is_whole_blocks() -> None:
    assert len(pad(b"x" * 252)) == 256
    assert len(pad(b"x" * 253)) == 512
    assert unpad(pad(b"\x00\x00")) == b"\x00\x00"
