"""What sources can name in a program, as a menu: words and the tag to insert."""

from django.utils.translation import gettext as _

from verno.console import words
from verno.console.letters.desk import Desk
from verno.members.types import Channel

Group = tuple[str, list[tuple[str, str]]]


def tags(desk: Desk, channel: Channel) -> list[Group]:
    """Return the menu, group by group; every tag has its fallback where something may be missing."""
    known = desk.known()
    member = [
        (_("First name"), "{{ member.first_name | default('') }}"),
        (_("Name"), "{{ member.name | default('') }}"),
    ]
    member += [(name, f"{{{{ member.attributes.{name} | default('') }}}}") for name in sorted(known.attributes)]
    points = []
    for unit in known.units:
        told = words.say("unit", unit)
        points += [
            (_("Balance now: %(unit)s") % {"unit": told}, f"{{{{ {_of('balance', unit)} | points('{unit}') }}}}"),
            (
                _("About to expire: %(unit)s") % {"unit": told},
                f"{{{{ {_of('expiring', unit)}.points | points('{unit}') }}}}",
            ),
            (
                _("Last day of those: %(unit)s") % {"unit": told},
                f"{{% if {_of('expiring', unit)}.day %}}{{{{ {_of('expiring', unit)}.day | day }}}}{{% endif %}}",
            ),
        ]
    points += [(_("Step of %(track)s") % {"track": one}, _tier(one)) for one in sorted(known.tracks)]
    shown = [
        (_("Only where %(name)s") % {"name": one}, f"{{% if shown.{one} %}}…{{% endif %}}")
        for one in desk.one.template.shown
    ]
    out = [(_("Member"), member), (_("Points"), points), (_("Program"), _program(channel))]
    return [*out, (_("Conditions"), shown)] if shown else out


def _program(channel: Channel) -> list[tuple[str, str]]:
    brand = [(_("Program's name"), "{{ program.name }}"), (_("Site"), "{{ brand.site }}")]
    if channel is Channel.EMAIL:
        brand += [
            (_("Link to stop such letters"), "{{ unsubscribe_url }}"),
            (_("Link to one's choices"), "{{ preferences_url }}"),
            (_("Mark of advertising"), "{{ advert }}"),
        ]
    return brand


def _of(table: str, name: str) -> str:
    return f"{table}.{name}" if name.isidentifier() else f'{table}["{name}"]'


def _tier(track: str) -> str:
    return f"{{{{ {_of('tier', track)} | default('') }}}}"
