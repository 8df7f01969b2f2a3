"""Proofs of balances: that a member is counted in a signed head, and that all members make up its totals.

Making one needs the balances that were kept with the head; checking one needs the head's file alone.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.sealing import balances, heads, queries, sumtree
from verno.sealing.balances import FIGURES
from verno.sealing.sumtree import Node
from verno.sealing.types import HASH_BYTES, Figures, Head, MemberProof, Step, SumProof

Proof = MemberProof | SumProof


class NoProof(StrEnum):
    """Why there is no proof."""

    NO_HEAD = "no-head"
    NOT_KEPT = "not-kept"
    """The head is here, its members' balances are not kept any more."""
    NOT_COUNTED = "not-counted"
    """The member had no account at the head's moment."""
    NOT_AS_SIGNED = "not-as-signed"
    """The head, or the balances kept with it, are not those that were signed: somebody changed them."""


def member(conn: Connection, program_id: str, holder_id: str, *, head: int | None = None) -> MemberProof | NoProof:
    """Prove that a member's balances are counted in a head: the one of that number, or the newest."""
    found = _tree(conn, program_id, head)
    if isinstance(found, NoProof):
        return found
    signed, accounts, tree = found
    units = signed.balances.units
    name = UUID(holder_id).bytes
    own = next((figures for holder, figures in balances.members(accounts, len(units)) if holder == name), None)
    if own is None:
        return NoProof.NOT_COUNTED
    salt, leaf = balances.leaf(program_id, signed.number, name, own, len(units))
    lanes = len(units) * FIGURES
    figures = sumtree.unpack(own, lanes)
    return MemberProof(
        program=program_id,
        head=signed.number,
        date=signed.date,
        member=holder_id,
        balances=tuple(
            Figures(unit.unit, *figures[at * FIGURES : (at + 1) * FIGURES]) for at, unit in enumerate(units)
        ),
        salt=salt.hex(),
        path=tuple(
            Step("left" if on_left else "right", node.hash.hex(), sumtree.unpack(node.sums, lanes))
            for on_left, node in sumtree.path(tree, tree[0].index(leaf))
        ),
    )


def total(conn: Connection, program_id: str, *, head: int | None = None) -> SumProof | NoProof:
    """Sum up all members' balances behind a head anew: the one of that number, or the newest."""
    found = _tree(conn, program_id, head)
    if isinstance(found, NoProof):
        return found
    signed, _, tree = found
    return SumProof(
        program_id, signed.number, signed.date, len(tree[0]), sumtree.root(tree).hash.hex(), signed.balances.units
    )


def parse(text: bytes) -> Proof:
    """Return the proof of a file; raises ``VernoError`` for what is none."""
    try:
        return msgspec.json.decode(text, type=MemberProof | SumProof)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"this is not a proof: {error}"
        raise VernoError(message) from error


def flaws(proof: Proof, head: Head) -> list[str]:
    """Say why a proof does not hold against a head; empty when it does. Needs no database.

    Whether the head's key is the program's own is for the reader to compare by its fingerprint.
    """
    if not heads.is_signed(head):
        return ["the head is not as it was signed: somebody changed the file"]
    if (proof.program, proof.head, proof.date) != (head.program, head.number, head.date):
        return [f"the proof is for head {proof.head} of {proof.date}, this one is head {head.number} of {head.date}"]
    if isinstance(proof, SumProof):
        return _flaws_of_sum(proof, head)
    return _flaws_of_member(proof, head)


def _flaws_of_member(proof: MemberProof, head: Head) -> list[str]:
    units = [unit.unit for unit in head.balances.units]
    if [own.unit for own in proof.balances] != units:
        return ["the proof names other units than the head"]
    lanes = len(units) * FIGURES
    try:
        own = sumtree.pack([n for of in proof.balances for n in (of.available, of.pending, of.held, of.debt)])
        leaf = sumtree.leaf(_hash(proof.salt), UUID(proof.member).bytes, own, lanes)
        reached = sumtree.climb(leaf, [_neighbour(step, lanes) for step in proof.path], lanes)
    except (ValueError, OverflowError):
        return ["the proof is not well formed: figures are never below zero, hashes are hexadecimal"]
    totals = [n for of in head.balances.units for n in (of.available, of.pending, of.held, of.debt)]
    if reached.hash.hex() != head.balances.root or list(sumtree.unpack(reached.sums, lanes)) != totals:
        return ["these balances are not counted in the head's totals"]
    return []


def _flaws_of_sum(proof: SumProof, head: Head) -> list[str]:
    signed = head.balances
    out = []
    if (proof.members, proof.root, proof.units) != (signed.members, signed.root, signed.units):
        out.append("members, root or totals are not those of the head")
    out += [
        f"{of.unit}: members have {of.liability} and owe {of.debt}, the ledger's accounts say otherwise"
        for of in signed.units
        if not of.agrees
    ]
    return out


def _neighbour(step: Step, lanes: int) -> tuple[bool, Node]:
    if len(step.sums) != lanes:
        message = "a step has another number of sums"
        raise ValueError(message)
    return step.side == "left", Node(_hash(step.hash), sumtree.pack(step.sums))


def _hash(digits: str) -> bytes:
    """Read a hash or a salt. Only the one length: else bytes could be moved from a hash into the sums beside it."""
    found = bytes.fromhex(digits)
    if len(found) != HASH_BYTES:
        message = "not a hash"
        raise ValueError(message)
    return found


def _tree(conn: Connection, program_id: str, number: int | None) -> tuple[Head, bytes, list[list[Node]]] | NoProof:
    head = queries.head(conn, program_id, number)
    if head is None:
        return NoProof.NO_HEAD
    stored = queries.snapshot(conn, program_id, head.number)
    if stored is None:
        return NoProof.NOT_KEPT
    accounts = balances.grow(stored)
    tree = balances.tree(accounts, program_id, head.number, len(head.balances.units))
    if not heads.is_signed(head) or sumtree.root(tree).hash.hex() != head.balances.root:
        return NoProof.NOT_AS_SIGNED
    return head, accounts, tree
