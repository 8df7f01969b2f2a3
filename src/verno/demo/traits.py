"""What the data know of a household, in words that people read."""

from verno.members.attributes.types import Attribute
from verno.members.types import AttributeKind

_NUMBERS = frozenset({"household_size", "kids_count"})
_NAMES = {
    "age_band": ("Age", "Возраст"),
    "home_ownership": ("Home", "Жильё"),
    "household_comp": ("Household", "Состав семьи"),
    "household_size": ("People in the household", "Человек в семье"),
    "income": ("Income a year", "Доход в год"),
    "kids_count": ("Children", "Детей"),
    "marital_status": ("Marital status", "Семейное положение"),
}


def declared() -> list[Attribute]:
    """Return the attributes of the demo's members; their values are the data's own, in English."""
    return [
        Attribute(
            name,
            AttributeKind.INTEGER if name in _NUMBERS else AttributeKind.TEXT,
            names={"en": english, "ru": russian},
        )
        for name, (english, russian) in _NAMES.items()
    ]
