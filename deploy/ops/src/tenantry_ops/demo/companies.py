"""The fictitious companies and their employees."""

import math
import random
from dataclasses import dataclass
from typing import Literal

Craft = Literal["engineering", "support", "office"]
# busy: works until today; suspended: until its suspension; silent: stopped weeks ago; new: has not started.
Story = Literal["busy", "suspended", "silent", "new"]

FIRST_NAMES = (
    "Ada Bram Calla Dario Edda Fenno Greta Hollis Imre Juna Kelda Lorcan Mira Nilo Odette Pascal Quilla Ravi Sorrel "
    "Tobin Uma Vesna Wendel Xanthe Yorick Zelda Anouk Basil Cosima Delphin"
)
SURNAMES = (
    "Pebblewick Thistledown Marrowgate Copperleaf Oakhollow Brindlemoor Windlestraw Fernwhistle Candlebrook "
    "Drizzlemere Emberquist Foxglade Gingersnap Hazelthorpe Inkwater Juniperson Kettlesworth Lanternby Mossbanks "
    "Nettlefold Otterburrow Plumridge Quickbramble Rookwater Saltmarshe Tumblewood Umberfield Velvetine Wrenhaven"
)


@dataclass(frozen=True)
class Team:
    """People with the same hours: `begins` is an hour of the day, `hours` the active hours of an ordinary day."""

    craft: Craft
    size: int
    begins: float
    hours: float


@dataclass(frozen=True)
class Company:
    """The plan of one demo company."""

    name: str
    plan: str
    time_zone: str
    domain: str
    contact: str
    story: Story
    teams: tuple[Team, ...] = ()
    silent_days: int = 0  # how long ago its history ends
    pays: bool = False  # its trial has become a subscription


@dataclass(frozen=True)
class Person:
    """An employee; `joined` is the share of the history that had passed when the person joined."""

    name: str
    email: str
    team: Team
    joined: float


COMPANIES = (
    Company(
        name="Larkspur Analytics",
        plan="ENTERPRISE",
        time_zone="America/New_York",
        domain="larkspur.example",
        pays=True,
        contact="Cosima Lanternby",
        story="busy",
        teams=(Team("engineering", 8, 9.5, 6.9), Team("support", 5, 8.0, 7.4), Team("office", 4, 9.0, 6.2)),
    ),
    Company(
        name="Kestrel Freight",
        plan="PRO",
        time_zone="Europe/Berlin",
        domain="kestrel-freight.example",
        pays=True,
        contact="Wendel Hazelthorpe",
        story="busy",
        teams=(Team("support", 7, 7.0, 7.6), Team("office", 5, 8.5, 6.6)),
    ),
    Company(
        name="Saffron Loop Studio",
        plan="PRO",
        time_zone="Asia/Kolkata",
        domain="saffron-loop.example",
        contact="Uma Yarrowby",
        story="busy",
        teams=(Team("engineering", 6, 10.0, 7.2), Team("office", 2, 9.5, 6.0)),
    ),
    Company(
        name="Tiny Harbor Books",
        plan="FREE",
        time_zone="UTC",
        domain="tiny-harbor.example",
        contact="Basil Inkwater",
        story="busy",
        teams=(Team("office", 4, 9.0, 5.8),),
    ),
    Company(
        name="Quillfeather Media",
        plan="PRO",
        time_zone="Europe/Berlin",
        domain="quillfeather.example",
        pays=True,
        contact="Odette Rookwater",
        story="suspended",
        teams=(Team("engineering", 3, 10.0, 6.4), Team("office", 3, 9.0, 5.9)),
    ),
    Company(
        name="Mossgate Consulting",
        plan="PRO",
        time_zone="America/New_York",
        domain="mossgate.example",
        pays=True,
        contact="Lorcan Saltmarshe",
        story="silent",
        teams=(Team("office", 5, 8.5, 6.3),),
        silent_days=24,
    ),
    Company(
        name="Brightwater Robotics",
        plan="ENTERPRISE",
        time_zone="Asia/Tokyo",
        domain="brightwater.example",
        contact="Greta Umberfield",
        story="new",
    ),
)


def people(company: Company) -> list[Person]:
    """Returns the employees, equal at every call: more than half from the first day, the others join later."""
    rng = random.Random(f"people of {company.name}")
    teams = [team for team in company.teams for _ in range(team.size)]
    first_names = rng.sample(FIRST_NAMES.split(), len(teams))
    surnames = rng.sample(SURNAMES.split(), len(teams))
    founders = math.ceil(len(teams) * 0.6)
    joined = [0.0] * founders + [rng.uniform(0.1, 0.85) for _ in teams[founders:]]
    rng.shuffle(joined)
    return [
        Person(f"{first} {last}", f"{first}.{last}@{company.domain}".lower(), team, share)
        for first, last, team, share in zip(first_names, surnames, teams, joined, strict=True)
    ]
