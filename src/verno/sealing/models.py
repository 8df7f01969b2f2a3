"""Tables of sealing. Blocks, heads and notices are only ever added to."""

from django.db import models


class Link(models.Model):
    """One link of a program's chain: up to 4,096 rows, their ids and leaves joined, and the hashes over them."""

    pk = models.CompositePrimaryKey("program_id", "number")
    program_id = models.UUIDField()
    number = models.BigIntegerField()
    total = models.BigIntegerField()
    count = models.IntegerField()
    last_txid = models.BigIntegerField()
    last_id = models.UUIDField()
    ids = models.BinaryField()
    leaves = models.BinaryField()
    root = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        """Numbered from 1 without gaps in a program; each book has a table of its own."""

        abstract = True


class Block(Link):
    """A link of transfers."""

    class Meta:
        """As every link."""

        db_table = "sealing_block"


class ConsentBlock(Link):
    """A link of consents. ``evidence`` stands in for what an erasure takes."""

    evidence = models.BinaryField()

    class Meta:
        """As every link."""

        db_table = "sealing_consent_block"


class Head(models.Model):
    """A signed head as it left the house. ``closes`` tells the daily one from those that somebody asked for."""

    pk = models.CompositePrimaryKey("program_id", "number")
    program_id = models.UUIDField()
    number = models.BigIntegerField()
    date = models.DateField()
    closes = models.BooleanField()
    sealed_at = models.DateTimeField()
    document = models.TextField()

    class Meta:
        """A day is closed once."""

        db_table = "sealing_head"
        constraints = [
            models.UniqueConstraint(
                fields=["program_id", "date"], name="sealing_head_closes", condition=models.Q(closes=True)
            )
        ]


class Snapshot(models.Model):
    """Every member's balances at a head's moment, compressed; kept for the newest heads, for proofs."""

    pk = models.CompositePrimaryKey("program_id", "number")
    program_id = models.UUIDField()
    number = models.BigIntegerField()
    accounts = models.BinaryField()

    class Meta:
        """One row a head."""

        db_table = "sealing_snapshot"


class Notice(models.Model):
    """That an owner was sent a head, and what the mail server said."""

    pk = models.CompositePrimaryKey("program_id", "number", "staff_id")
    program_id = models.UUIDField()
    number = models.BigIntegerField()
    staff_id = models.UUIDField()
    at = models.DateTimeField()
    response = models.TextField()

    class Meta:
        """One row a head and owner."""

        db_table = "sealing_notice"
