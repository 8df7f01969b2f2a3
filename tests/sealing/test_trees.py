"""The trees and the chain, held to their definitions: whatever the sizes, and whatever is claimed."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.sealing import chain, merkle, sumtree
from verno.sealing.sumtree import Node
from verno.sealing.types import Stretch

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROGRAM = "01900000-0000-7000-8000-000000000001"
LANES = 3

hashes = st.binary(min_size=32, max_size=32)
figures = st.tuples(*[st.integers(0, 10**18)] * LANES)
members = st.lists(st.tuples(hashes, figures), max_size=40, unique_by=lambda one: one[0])


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1: split at the largest power of two below the count."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


@given(st.lists(hashes, max_size=70))
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == by_definition(leaves)


def test_the_root_of_the_rfcs_own_example() -> None:
    """The seven leaves of RFC 6962, 2.1.3 in the test data of Certificate Transparency, hashed as leaves."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [sha256(b"\x00" + bytes.fromhex(one)).digest() for one in data]
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(hashes, min_size=1, max_size=20), st.data())
def test_no_other_leaves_have_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.sampled_from(leaves) | hashes, max_size=21))
    assert (merkle.root(other) == merkle.root(leaves)) == (other == leaves)


@given(members)
def test_the_sums_at_the_root_are_the_sums(people: list[tuple[bytes, tuple[int, ...]]]) -> None:
    root = sumtree.root(tree(people))
    assert sumtree.unpack(root.sums, LANES) == tuple(sum(own[lane] for _, own in people) for lane in range(LANES))


@given(members.filter(bool), st.data())
def test_every_leaf_climbs_to_the_root_and_a_richer_one_does_not(
    people: list[tuple[bytes, tuple[int, ...]]], data: st.DataObject
) -> None:
    built = tree(people)
    index = data.draw(st.integers(0, len(people) - 1))
    steps = sumtree.path(built, index)
    assert sumtree.climb(built[0][index], steps, LANES) == sumtree.root(built)
    richer = Node(built[0][index].hash, built[0][index].sums + 1)
    assert sumtree.climb(richer, steps, LANES) != sumtree.root(built)


@given(members.filter(lambda people: len(people) > 1), st.data())
def test_what_is_taken_from_a_neighbours_sum_shows(
    people: list[tuple[bytes, tuple[int, ...]]], data: st.DataObject
) -> None:
    built = tree(people)
    index = data.draw(st.integers(0, len(people) - 1))
    steps = sumtree.path(built, index)
    which = data.draw(st.integers(0, len(steps) - 1))
    on_left, node = steps[which]
    lane = data.draw(st.integers(0, LANES - 1))
    lower = list(sumtree.unpack(node.sums, LANES))
    lower[lane] = data.draw(st.integers(0, 10**18).filter(lambda other: other != lower[lane]))
    steps[which] = (on_left, Node(node.hash, sumtree.pack(lower)))
    assert sumtree.climb(built[0][index], steps, LANES).hash != sumtree.root(built).hash


@given(hashes, figures, hashes, figures)
def test_two_neighbours_cannot_be_told_different_sums(
    digest: bytes, own: tuple[int, ...], other_digest: bytes, others: tuple[int, ...]
) -> None:
    """The known flaw of sum trees whose nodes hash their own total alone.

    The program owes both, and claims the larger of the two: to each it shows as the neighbour's what is missing.
    """
    left, right = Node(digest, sumtree.pack(own)), Node(other_digest, sumtree.pack(others))
    claimed = [max(pair) for pair in zip(own, others, strict=True)]
    shown_left = Node(right.hash, sumtree.pack([all_ - mine for all_, mine in zip(claimed, own, strict=True)]))
    shown_right = Node(left.hash, sumtree.pack([all_ - mine for all_, mine in zip(claimed, others, strict=True)]))
    seen_left = sumtree.climb(left, [(False, shown_left)], LANES)
    seen_right = sumtree.climb(right, [(True, shown_right)], LANES)
    honest = not any(map(min, zip(own, others, strict=True)))
    assert (seen_left == seen_right) == honest


def test_a_sum_never_wraps_into_the_next_lane() -> None:
    most = Node(bytes(32), sumtree.pack([0, 2**128 - 1, 0]))
    with pytest.raises(OverflowError):
        sumtree.climb(most, [(True, Node(bytes(32), sumtree.pack([0, 1, 0])))], LANES)
    with pytest.raises(OverflowError):
        sumtree.pack([-1, 0, 0])


@given(st.integers(0, 3 * chain.BLOCK), st.integers(0, 3 * chain.BLOCK))
def test_a_stretch_is_cut_into_blocks_that_follow_one_another(first: int, second: int) -> None:
    made = chain.extend(chain.GENESIS, PROGRAM, stretch(0, first), AT)
    tip = chain.end_of(made[-1]) if made else chain.GENESIS
    made += chain.extend(tip, PROGRAM, stretch(first, second), AT)
    assert [block.number for block in made] == list(range(1, len(made) + 1))
    assert b"".join(block.ids for block in made) == stretch(0, first + second).ids
    assert [chain.flaws(block) for block in made] == [[]] * len(made)
    before = chain.GENESIS
    for block in made:
        assert (block.previous, block.total) == (before.hash, before.total + block.count)
        assert 0 < block.count <= chain.BLOCK
        before = chain.end_of(block)


CHANGES = {
    "program_id": "01900000-0000-7000-8000-000000000002",
    "number": 2,
    "total": 4,
    "position": chain.GENESIS.position,
    "ids": bytes(48),
    "leaves": bytes(96),
    "root": bytes(32),
    "previous": bytes(range(32)),
    "hash": bytes(32),
    "sealed_at": AT + timedelta(microseconds=1),
    "count": 2,
    "evidence": bytes(96),
}


def test_every_field_of_a_block_is_under_its_hash() -> None:
    (block,) = chain.extend(chain.GENESIS, PROGRAM, stretch(7, 3), AT)
    assert set(CHANGES) == set(block.__struct_fields__)
    for name, value in CHANGES.items():
        assert chain.flaws(msgspec.structs.replace(block, **{name: value})), name


def test_a_leaf_of_a_consent_is_of_what_stays_and_of_the_evidence() -> None:
    """And a block of consents covers the evidence: what it holds has to serve once the evidence is gone."""
    kept = stretch(0, 3)
    evidence = b"".join(sha256(bytes([n])).digest() for n in range(3))
    (block,) = chain.extend(chain.GENESIS, PROGRAM, msgspec.structs.replace(kept, evidence=evidence), AT)
    first = sha256(b"\x00" + kept.leaves[:32] + evidence[:32]).digest()
    assert (block.leaves[:32], block.evidence) == (first, evidence)
    assert not chain.flaws(block)
    for other in (b"", bytes(96)):
        assert chain.flaws(msgspec.structs.replace(block, evidence=other))


def tree(people: list[tuple[bytes, tuple[int, ...]]]) -> list[list[Node]]:
    return sumtree.levels([Node(digest, sumtree.pack(own)) for digest, own in people], LANES)


def stretch(start: int, count: int) -> Stretch:
    """Transfers named by their numbers, three to a transaction."""
    numbers = range(start, start + count)
    return Stretch(
        b"".join((n // 3).to_bytes(8) for n in numbers),
        b"".join(n.to_bytes(16) for n in numbers),
        b"".join(sha256(n.to_bytes(4)).digest() for n in numbers),
    )
