"""The words that errands are made of: people, files, facts, lists. The two splits share none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from types import MappingProxyType

from gameable_plugins.environments._errand import Kit, Pool

PEOPLE: Pool[str] = {
    "train": (
        *("Ann", "Ben", "Carl", "Dora", "Emma", "Finn", "Gina", "Hugo", "Iris", "Jack", "Kate", "Leo"),
        *("Maria", "Nils", "Olga", "Paul", "Rosa", "Sam", "Tina", "Victor", "Wendy", "Yusuf"),
    ),
    "eval": ("Alma", "Bruno", "Clara", "Diego", "Esther", "Felix", "Greta", "Henry", "Julia", "Marco"),
}

FOLDERS: Pool[str] = {
    "train": ("home", "garden", "trip", "kitchen", "office", "shop", "club", "school"),
    "eval": ("cabin", "harbour", "farm", "studio"),
}

WORDS: Pool[str] = {
    "train": (
        *("apple", "autumn", "balcony", "barrel", "basket", "bread", "bucket", "candle", "carpet", "cello"),
        *("cherry", "clock", "camel", "copper", "corner", "cotton", "curtain", "daisy", "dune", "easter"),
        *("elm", "fence", "flute", "fruit", "garage", "ginger", "glass", "grape", "hammock", "honey"),
        *("jungle", "ivory", "jacket", "kettle", "ladder", "lemon", "linen", "maple", "marble", "meadow"),
        *("mirror", "monday", "north", "orchard", "oven", "paper", "parrot", "pasta", "pebble", "pepper"),
        *("piano", "pillow", "pool", "quilt", "raven", "ribbon", "rope", "salad", "salmon", "shelf"),
        *("silver", "spoon", "spring", "sugar", "summer", "sunday", "tea", "thyme", "tiger", "tulip"),
        *("tunnel", "uncle", "valley", "velvet", "village", "violin", "walnut", "willow", "wagon", "wood"),
    ),
    "eval": (
        *("acorn", "anchor", "bamboo", "beach", "canoe", "cedar", "chapel", "comet", "coral", "dolphin"),
        *("ember", "fern", "forest", "harvest", "igloo", "jasmine", "lagoon", "lotus", "mango", "moss"),
        *("nectar", "otter", "pearl"),
    ),
}


def _many(known: Pool[str], *forms: str) -> Pool[str]:
    """Add to the known names one of each word of the split, in the forms by turns.

    A small model learns a few names by heart; only from many does it learn to copy the one that it is given.
    """
    return {
        split: (*names, *(form.format(word) for word, form in zip(WORDS[split], cycle(forms), strict=False)))
        for split, names in known.items()
    }


SUBFOLDERS = _many(
    {
        "train": ("old", "lists", "plans", "papers", "drafts", "family", "recipes", "letters"),
        "eval": ("archive", "maps", "spare", "barn"),
    },
    *("{}", "{}_box", "my_{}"),
)

NOTES = _many(
    {
        "train": (
            *("info.txt", "house.txt", "visit.txt", "week.txt", "tour.txt", "facts.txt", "day.txt", "memo.txt"),
            *("guide.txt", "desk.txt", "hotel.txt", "party.txt"),
        ),
        "eval": ("camp.txt", "choir.txt", "ferry.txt", "diary.txt", "guests.txt"),
    },
    *("{}.txt", "{}_notes.txt", "the_{}.txt"),
)

CODE = _many(
    {
        "train": ("settings.py", "config.py", "home.py", "values.py", "setup.py", "room.py", "table.py", "garden.py"),
        "eval": ("switch.py", "panel.py", "engine.py", "dials.py"),
    },
    *("{}.py", "{}_data.py", "about_{}.py"),
)

SWITCHES = _many(
    {
        "train": ("lights", "heating", "music", "alarm", "fan", "lamp", "dark_mode", "sound", "wifi"),
        "eval": ("pump", "radio", "horn", "shutter", "beacon", "winch"),
    },
    *("{}", "{}_open", "{}_is_on"),
)

NUMBERS = _many(
    {
        "train": ("limit", "width", "height", "pages", "seats", "days", "cups", "volume", "rows", "price"),
        "eval": ("depth", "crates", "beds", "knots", "lanes", "miles"),
    },
    *("{}_count", "{}_size", "{}"),
)

SENTENCES: Pool[str] = {
    "train": (
        *(
            "Back at six.",
            "Feed the cat at noon.",
            "The soup is in the fridge.",
            "Call me tonight.",
            "Dinner is ready.",
        ),
        *("Water the roses.", "I am at the market.", "The key is under the pot.", "See you on Friday.", "Good luck!"),
        *("Happy birthday!", "The bus was late.", "Take your umbrella.", "The cake is for you.", "Gone for a walk."),
    ),
    "eval": (
        *("The tide turns at four.", "Mind the wet paint.", "Soup for two is on the stove.", "We moved to the pier."),
        *("Bring a warm coat.", "Thank you for the plums.", "The goats are out."),
    ),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a note file says."""

    label: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}: {self.value}"


_LABELS: Pool[tuple[str, str]] = {
    "train": (
        *(("gate code", "code"), ("safe code", "code"), ("train time", "time"), ("bus time", "time")),
        *(("dinner time", "time"), ("room number", "number"), ("bus number", "number"), ("shoe size", "number")),
        *(("plumber", "name"), ("teacher", "name"), ("neighbour", "name"), ("door colour", "colour")),
        *(("car colour", "colour"), ("key place", "place"), ("bike place", "place")),
    ),
    "eval": (
        *(("locker code", "code"), ("ferry time", "time"), ("cabin number", "number"), ("captain", "name")),
        *(("sail colour", "colour"), ("rope place", "place"), ("vet", "name"), ("market time", "time")),
    ),
}
_COLOURS: Pool[str] = {
    "train": ("red", "blue", "green", "yellow", "white", "black", "brown"),
    "eval": ("orange", "purple", "grey"),
}
_PLACES: Pool[str] = {
    "train": ("cellar", "drawer", "garage", "hallway", "attic", "shed", "cupboard"),
    "eval": ("boathouse", "chest", "stable"),
}
_VALUES: Mapping[str, Callable[[Kit], str]] = MappingProxyType(
    {
        "code": lambda kit: str(kit.rng.randint(1000, 9999)),
        "time": lambda kit: f"{kit.rng.randint(6, 21)}:{kit.rng.choice((10, 15, 20, 30, 40, 45))}",
        "number": lambda kit: str(kit.rng.randint(12, 48)),
        "name": lambda kit: kit.pick(PEOPLE),
        "colour": lambda kit: kit.pick(_COLOURS),
        "place": lambda kit: kit.pick(_PLACES),
    }
)


def facts(kit: Kit, count: int) -> list[Fact]:
    """Draw facts with different labels and different values."""
    drawn: list[Fact] = []
    for label, value in kit.some(_LABELS, count):
        fact = Fact(label, _VALUES[value](kit))
        while fact.value in {other.value for other in drawn}:
            fact = Fact(label, _VALUES[value](kit))
        drawn.append(fact)
    return drawn


@dataclass(frozen=True, slots=True)
class Theme:
    """A household, garden or travel list: its file, what can be done to its things, and a name for "all done"."""

    file: str
    past: str
    name: str
    things: tuple[str, ...]


THEMES: Pool[Theme] = {
    "train": (
        Theme("groceries.txt", "bought", "food_bought", ("eggs", "apples", "beans", "plums", "lemons", "onions")),
        Theme("suitcase.txt", "packed", "bags_packed", ("socks", "books", "towels", "boots", "gloves", "snacks")),
        Theme("plants.txt", "watered", "plants_watered", ("roses", "herbs", "tomatoes", "ferns", "tulips", "figs")),
        Theme("rooms.txt", "cleaned", "rooms_cleaned", ("windows", "floors", "stairs", "shelves", "carpets", "doors")),
        Theme("picnic.txt", "brought", "picnic_ready", ("chairs", "plates", "balloons", "drinks", "napkins", "buns")),
        Theme("laundry.txt", "washed", "clothes_washed", ("shirts", "sheets", "jeans", "scarves", "aprons", "coats")),
        Theme("mail.txt", "posted", "mail_posted", ("cards", "parcels", "letters", "bills", "forms", "gifts")),
    ),
    "eval": (
        Theme("camping.txt", "loaded", "car_loaded", ("tents", "stoves", "mats", "lanterns", "kettles", "bikes")),
        Theme("animals.txt", "fed", "animals_fed", ("goats", "hens", "ducks", "rabbits", "ponies", "geese")),
        Theme("boat.txt", "repaired", "boat_repaired", ("sails", "oars", "pumps", "hooks", "nets", "ladders")),
        Theme("tools.txt", "oiled", "tools_oiled", ("saws", "drills", "clamps", "hammers", "shears", "axes")),
    ),
}
