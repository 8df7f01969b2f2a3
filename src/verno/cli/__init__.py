"""The command line. Commands are imported when they are called, so that ``verno --help`` is quick."""

from verno.cli.lazy import LazyGroup

COMMANDS = {
    "init": ("verno.cli.start:init", "Make an empty program with one place and the starter rule."),
    "up": ("verno.cli.run:up", "Run database, server and worker until Ctrl-C."),
    "serve": ("verno.cli.run:serve", "Run the server alone."),
    "work": ("verno.cli.run:work", "Run the worker alone."),
    "demo": ("verno.cli.demo:demo", "Load a year of a real grocer's receipts and serve them."),
    "key": ("verno.cli.key:key", "Make, list, rotate and revoke API keys."),
    "staff": ("verno.cli.staff:group", "Add and change who works here."),
    "unit": ("verno.cli.unit:unit", "Keep several kinds of points."),
    "place": ("verno.cli.workspace.place:place", "Keep stores and the regions they are in."),
    "limit": ("verno.cli.limit:limit", "Limit what may happen in an hour or a day."),
    "promotions": ("verno.cli.promotions:promotions", "Publish rules: drafts, versions, what is paused."),
    "set": ("verno.cli.settings:set_value", "Set what an owner may set."),
    "get": ("verno.cli.settings:get_value", "Show the settings and where they come from."),
    "setup-link": ("verno.cli.start:setup_link", "Print a one-use link to choose the owner's password."),
    "import": ("verno.cli.imports:imports", "Import receipts, members, goods or balances from a file."),
    "member": ("verno.cli.people.member:member", "Merge members, forget one, take an industry's attributes."),
    "export": ("verno.cli.people.exporting:export", "Export members, what is held of one, or impressions of adverts."),
    "track": ("verno.cli.marketing.track:track", "Keep tiers, scales, stamp cards and other progress tracks."),
    "replay": ("verno.cli.marketing.replay:replay", "Try a rulebook on stored receipts."),
    "mail": ("verno.cli.post.mail:mail", "Read letters that came back."),
    "sms": ("verno.cli.post.sms:sms", "Connect an SMS gateway."),
    "report": ("verno.cli.report:report", "Print reports: the liability in points."),
    "verify": ("verno.cli.verify:verify", "Check independently that the books balance."),
    "seal": ("verno.cli.seal:seal", "Seal history and file a signed head of it."),
    "proof": ("verno.cli.proof:proof", "Prove a balance, or the sum of all; check such a proof."),
    "bench": ("verno.cli.bench:bench", "Measure, and print ratios."),
    "migrate": ("verno.cli.upkeeping.migrate:migrate", "Bring the database to this version."),
    "backup": ("verno.cli.upkeeping.backup:backup", "Make a backup while everything runs."),
    "restore": ("verno.cli.upkeeping.restore:restore", "Restore a backup, to a minute, and verify it."),
    "release": ("verno.cli.upkeeping.restore:release", "Let messages leave again after a restore."),
    "doctor": ("verno.cli.upkeeping.doctor:doctor", "Name what is unsafe, and what to do."),
}
"""Command -> where it lies, and its line in the help."""

group = LazyGroup(
    "verno",
    COMMANDS,
    help="Verno: points counted like money. Results go to standard output, words to standard error.",
)


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    group()
