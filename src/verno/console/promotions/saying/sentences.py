"""The engine's sentences, and what a marketer reads instead.

Names in braces are kept; ``money`` is minor units, ``date`` as 2026-11-26.
"""

from collections.abc import Mapping

from verno.predicate.words import gettext_noop

SENTENCES: Mapping[str, str] = {
    # The shape of records.
    "missing": gettext_noop("This must be filled in."),
    "Expected `int`, got {got}": gettext_noop("This must be a number."),
    "Expected `int | null`, got {got}": gettext_noop("This must be a number, or empty."),
    "Expected `int` >= {least}": gettext_noop("This number is too small."),
    "Expected `int` <= {most}": gettext_noop("This number is too large."),
    "Expected `str` of length >= 1": gettext_noop("This must be filled in."),
    "Expected `str` of length <= {most}": gettext_noop("This is too long: {most} characters at most."),
    "Expected `str` matching regex {pattern}": gettext_noop(
        "Only small Latin letters, digits and _, a letter first, are possible here."
    ),
    "Expected `array` of length >= 1": gettext_noop("At least one is needed here."),
    "Expected `array` of length <= {most}": gettext_noop("At most {most} are possible here."),
    "Expected `object` of length >= 1": gettext_noop("At least one is needed here."),
    "Expected `object` of length <= {most}": gettext_noop("At most {most} are possible here."),
    "Expected {what}, got {got}": gettext_noop("This is not what belongs here."),
    "Object contains unknown field `{name}`": gettext_noop("“{name}” is not known here."),
    "Invalid enum value {value}": gettext_noop("This is none of the possible ones."),
    "Invalid value {value}": gettext_noop("This is none of the possible ones."),
    # The rulebook.
    "at most {most} rules": gettext_noop("A rulebook has at most {most} rules."),
    "the id is used twice": gettext_noop("Another rule has this code."),
    "a category is named twice": gettext_noop("Two categories have the same code."),
    "category {code}: there is no category {other}": gettext_noop("Category {code}: there is no category {other}."),
    "there is no category {code}": gettext_noop("There is no category {code}."),
    "'free' must be less than 'of'": gettext_noop("Fewer pieces are free than there are."),
    "it says either how many 'days' longer points live, or 'until' which date": gettext_noop(
        "Say either by how many days longer points live, or through which date."
    ),
    "nobody can be so": gettext_noop("Nobody can be so: the conditions contradict each other."),
    "a card counts the pieces of all goods together": gettext_noop("A card counts the pieces of all goods together."),
    "a bundle must have parts": gettext_noop("A set must have parts."),
    "the program has no unit {unit}": gettext_noop("The program has no points called {unit}."),
    "nobody has said yet what a point of {unit} is worth (setting spend.value)": gettext_noop(
        "Nobody has said yet what the points “{unit}” are worth: see the settings."
    ),
    "there is no rule {id} to multiply": gettext_noop("There is no rule {id} to multiply."),
    "there is no step {step} of a track {track}": gettext_noop("The track {track} has no tier {step}."),
    "'per' must be at least 1 minor unit": gettext_noop("The amount must be more than nothing."),
    "'points' must be from 1 to {most}": gettext_noop("The points must be from 1 to {most}."),
    "more than {most} points for one minor unit": gettext_noop("These are too many points for so little money."),
    "a rulebook has rules": gettext_noop("A rulebook has rules."),
    # Who keeps an earlier version.
    "{date} is over before the version begins": gettext_noop("{date} is over before these rules begin."),
    "there is no earlier version": gettext_noop("There are no earlier rules to keep."),
    "version {number} has not held and will not before this one begins": gettext_noop(
        "Version {number} has not held, and will not before these rules begin."
    ),
    # What gives the shop away.
    "it gives a gift with every receipt: it needs a least sum, goods that are bought, or a budget": gettext_noop(
        "It gives a gift with every receipt: it needs a least sum, goods that are bought, or a budget."
    ),
    "it takes everything off, without end: it needs a least sum, goods that it is for, a cap or a budget": gettext_noop(
        "It takes everything off, without end: it needs a least sum, goods that it is for, a cap or a budget."
    ),
    "rules that always act give, together, points worth more than what is paid": gettext_noop(
        "Rules that always act give, together, points worth more than what is paid."
    ),
    "rules that act from {money} on give, together, as much as that or more": gettext_noop(
        "Rules that act from {money} on give, together, as much as that or more."
    ),
    "its points are worth more than what is paid for them": gettext_noop(
        "Its points are worth more than what is paid for them."
    ),
    "it gives goods for nothing, without end: it needs a price or a budget": gettext_noop(
        "It gives goods for nothing, without end: it needs a price or a budget."
    ),
    "it sells whatever there is at one price: it needs goods that it is for, or a budget": gettext_noop(
        "It sells whatever there is at one price: it needs goods that it is for, or a budget."
    ),
    "its points can be worth as much as what is paid for them, or more: it needs a least sum paid, or a budget of "
    "{few} uses or less for each member, a month or longer": gettext_noop(
        "Its points can be worth as much as what is paid for them, or more: it needs a least sum paid, or a budget of "
        "{few} receipts or fewer for each member, for a month or longer."
    ),
    "with it, the points of rule {rule} are worth more than what is paid for them": gettext_noop(
        "With it, the points of rule {rule} are worth more than what is paid for them."
    ),
    "with it, the points of rule {rule} can be worth as much as what is paid, or more": gettext_noop(
        "With it, the points of rule {rule} can be worth as much as what is paid, or more."
    ),
    # What can never act.
    "its conditions contradict each other: it can never act": gettext_noop(
        "Its conditions contradict each other: it can never act."
    ),
    "it asks for receipts that points pay a part of, and does not act on them": gettext_noop(
        "It asks for receipts that points pay a part of, and does not act on them."
    ),
    "the conditions on its lines contradict each other: it can never act": gettext_noop(
        "The conditions on its goods contradict each other: it can never act."
    ),
    "no rule gives what it would make more": gettext_noop("No rule gives what it would make more of."),
    "it can never act: rule {rule} goes first and always does": gettext_noop(
        "It can never act: rule {rule} goes first and always does."
    ),
    "a rule that takes something off cannot ask what is known only after that": gettext_noop(
        "A rule that takes something off cannot ask for the sum paid or the discount: they are known only after it. "
        "Ask for the sum before discounts."
    ),
    "rates go by a choice or a category, not by {field}": gettext_noop("Rates cannot go by {field}."),
    "there is no track {code}": gettext_noop("There is no progress track {code}."),
    "there is no turnover scale {code}": gettext_noop("There is no turnover scale {code}."),
    "a turnover scale says its own rates": gettext_noop("A turnover scale says its own rates: name none."),
    "there is no {names}": gettext_noop("There is no {names}."),
    # Conditions.
    "must have a rule": gettext_noop("An empty group: it needs a condition."),
    "at most {most} rules and groups": gettext_noop("At most {most} conditions and groups are possible."),
    "must be a rule or a group": gettext_noop("This is no condition."),
    "there is no field ''": gettext_noop("Choose what is asked."),
    "there is no field {name}": gettext_noop("Nothing is called {name} here."),
    "fields are compared with values only": gettext_noop("This can be compared with values only."),
    "at most {most} values in all lists together": gettext_noop(
        "At most {most} values are possible, all lists together."
    ),
    "must be an object with a mode": gettext_noop("Choose how many lines must be so."),
    "must be left out: the match says what is asked": gettext_noop("This is not what belongs here."),
    "at most {most} groups within each other": gettext_noop("At most {most} groups within each other are possible."),
    "must be a group: a combinator, rules, and maybe not": gettext_noop("This is no group of conditions."),
    "must be and or or": gettext_noop("Choose how these conditions go together."),
    "must be true or false": gettext_noop("Choose yes or no."),
    "must be a number of {name}": gettext_noop("Choose what is added up."),
    "must be one of: {names}": gettext_noop("Choose one of the possible ones."),
    "does not take {name}": gettext_noop("“{name}” is not known here."),
    "must be a whole number, {least} to {most}": gettext_noop("This must be a number."),
    "must be a number of days, {least} to {most}": gettext_noop("This must be a number of days, {least} to {most}."),
    "must be a day of the week, Monday first, 1 to 7": gettext_noop("Choose a day of the week."),
    "must be left out": gettext_noop("This must be left out."),
    "must be a text of 1 to {most} characters": gettext_noop("This must be a text of 1 to {most} characters."),
    "must be one of the field's choices": gettext_noop("This is none of the possible ones."),
    "must be a date, as 2026-11-26": gettext_noop("This must be a date."),
    "must be a time with an offset, as 2026-11-26T10:00:00+03:00": gettext_noop("This must be a date and a time."),
    "must be a time of day, as 09:30, from 00:00 to 24:00": gettext_noop("This must be a time of day, as 09:30."),
    "must be two different times, the first before 24:00": gettext_noop("These must be two different times of day."),
    "must be a path of 1 to {most} names, from the root down": gettext_noop(
        "This must be a category, from the top down, as food / tea."
    ),
    "must be a list of two values": gettext_noop("Two values are needed here."),
    "must be two values, the lower first": gettext_noop("The first value must not be above the second."),
    "must be a list of 1 to {most}": gettext_noop("At least one is needed here."),
    "must be a list": gettext_noop("This is not what belongs here."),
}
