"""Texts that the project makes: headers, sentences, lists and signatures drawn at random, with what must not be masked.

They bring breadth of words (every drug, every disease, names of eighty places), not of style: that comes from the texts
that people wrote. Each piece is a template with slots; a slot's value is marked where it is an identifier.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from training import wordlists
from training.lexicons import diseases, drugs, folder
from training.marks import Marked
from training.variety import MONTHS, TREES, Variety
from training.world import COUNTRIES, World

SLOT = re.compile(r"\{([A-Za-z0-9]+)\}")


def _pieces(name: str) -> list[str]:
    """Templates, one a line; ⏎ is a line's end within one."""
    return (Path(__file__).parent / "pieces" / f"{name}.txt").read_text().splitlines()


HEADERS = _pieces("headers")

SENTENCES = _pieces("sentences")

QUERIES = _pieces("queries")

PLAIN = _pieces("plain")

WORLD = _pieces("world")

BRANDS = "Medtronic Abbott Boston Scientific Biotronik Stryker Zimmer DePuy Arthrex Philips Siemens Hologic Baxter Hillrom".split()
SYMPTOMS = "chest pain,shortness of breath,fever,chills,nausea,vomiting,headache,dizziness,cough,abdominal pain,fatigue,weakness,rash,palpitations,back pain,leg swelling,dysuria,diarrhea,blurred vision,syncope,insomnia,anxiety".split(
    ","
)
LABS = "Na,K,Cl,CO2,BUN,Cr,glucose,WBC,Hgb,Plt,INR,troponin,BNP,TSH,ALT,AST,lipase,lactate,CRP,ESR,ferritin,PSA".split(
    ","
)
JOBS = "teacher,carpenter,nurse,mechanic,bookkeeper,truck driver,baker,electrician,librarian,farmer,engineer,cashier".split(
    ","
)
LANGS = "English Spanish Mandarin Cantonese Vietnamese Somali Arabic Russian Portuguese Tagalog Korean French Hmong Farsi".split()
INSURERS = "Aetna,Medicare,Medicaid,Blue Cross,Cigna,Humana,UnitedHealthcare,Kaiser,Tricare,Anthem".split(",")


@lru_cache(maxsize=1)
def _diseases() -> list[str]:
    text = (folder("simple_icd_10_cm") / "data" / "icd10c-tabular-April-1-2026.xml").read_text()
    found = {d.split(",")[0].replace("&amp;", "&") for d in re.findall(r"<desc>([^<]{5,60})<", text)}
    return sorted(found)


@lru_cache(maxsize=1)
def _drugs() -> list[str]:
    return sorted(word for word in drugs() if 5 < len(word) < 16)


@lru_cache(maxsize=1)
def _eponyms() -> list[str]:
    return sorted(
        {word for word in wordlists.EPONYMS if len(word) > 3} | {word for word in diseases()[1] if len(word) > 4}
    )


_DRAWN: dict[str, tuple[Callable[[World], str], str, Callable[[str], str]]] = {
    "WN": (World.person, "NAME", str),
    "WNU": (World.person, "NAME", str.upper),
    "WF": (World.first, "NAME", str),
    "WFL": (World.first, "NAME", str.lower),
    "WL": (World.last, "NAME", str),
    "WC": (World.city, "GEO", str),
    "WCU": (World.city, "GEO", str.upper),
    "WS": (World.street, "GEO", str),
    "WZ": (World.postcode, "GEO", str),
    "WO": (World.company, "FACILITY", str),
    "WP": (World.phone, "PHONE", str),
    "WCARD": (World.card, "ACCOUNT", str),
    "WI": (World.iban, "ACCOUNT", str),
    "WPLATE": (World.plate, "VEHICLE", str),
    "WE": (World.email, "EMAIL", str),
    "WD": (World.domain, "URL", str),
    "WIP": (World.ip, "IP", str),
    "WPASS": (World.passport, "OTHER_ID", str),
    "WFL2": (lambda world: world.rng.choice(["tomorrow", "soon", "on friday", "later"]), "", str),
    "COUNTRY": (lambda world: world.rng.choice(COUNTRIES), "", str),
}


class Generator:
    def __init__(self, variety: Variety) -> None:
        self.v = variety
        self.rng: random.Random = variety.rng
        self.world = World(variety.rng)
        self.values: dict[str, str] = {}

    def document(self, number: int) -> Marked:
        self.values = {}
        kind = self.rng.random()
        lines: list[str] = []
        if kind < 0.14:
            lines = self.rng.choices(WORLD, k=self.rng.choice([1, 1, 1, 2, 3]))
        elif kind < 0.26:
            lines = [self.rng.choice(QUERIES if self.rng.random() < 0.6 else PLAIN)]
        elif kind < 0.34:
            lines = self.rng.choices(SENTENCES, k=self.rng.randint(1, 2))
        elif kind < 0.45:
            lines = self.rng.choices(PLAIN, k=self.rng.randint(2, 14))
        else:
            lines += self.rng.sample(HEADERS, self.rng.randint(0, 9))
            for _ in range(self.rng.randint(3, 14)):
                lines.append(self.rng.choice(SENTENCES if self.rng.random() < 0.4 else PLAIN))
            lines += self.rng.sample(HEADERS, self.rng.randint(0, 2))
        between = self.rng.choice(["\n", "\n", " ", "\n\n", " | ", "; "])
        text, spans = "", []
        for line in lines:
            piece, found = self._filled(line)
            spans += [(start + len(text), end + len(text), label) for start, end, label in found]
            text += piece + between
        return self.v._case(Marked(f"generated/{number}", text, tuple(spans)))

    def _filled(self, template: str) -> tuple[str, list[tuple[int, int, str]]]:
        out, spans, at = "", [], 0
        for slot in SLOT.finditer(template):
            out += template[at : slot.start()].replace("⏎", "\n")
            for value, label in self._pieces_of(slot.group(1)):
                if label:
                    spans.append((len(out), len(out) + len(value), label))
                out += value
            at = slot.end()
        return out + template[at:].replace("⏎", "\n"), spans

    def _pieces_of(self, slot: str) -> list[tuple[str, str]]:
        if slot == "WA":
            return self.world.address()
        drawn = _DRAWN.get(slot)
        if drawn is None:
            return [self._value(slot)]
        draw, label, change = drawn
        return [(change(draw(self.world)), label)]

    def _name(self, given: bool) -> str:
        word = self.v.name(given)
        word = "'".join(part[:1].upper() + part[1:] for part in word.split("'"))
        if not given and self.rng.random() < 0.06:
            other = self.v.name(False).capitalize()
            word = self.rng.choice(
                [f"{word}-{other}", f"{word} {other}", f"de {word}", f"Mc{word}", f"van der {word}", f"al-{word}"]
            )
        if given and self.rng.random() < 0.05:
            word = (
                f"{word}-{self.v.name(True).capitalize()}"
                if self.rng.random() < 0.5
                else f"{word} {self.v.name(True).capitalize()}"
            )
        return word

    def _person(self, role: str) -> tuple[str, str]:
        for part, given in (("F", True), ("L", False)):
            if role + part not in self.values or self.rng.random() < 0.35:
                self.values[role + part] = self._name(given)
        return self.values[role + "F"], self.values[role + "L"]

    def _value(self, slot: str) -> tuple[str, str]:
        r = self.rng
        digits = lambda n: "".join(r.choice("0123456789") for _ in range(n))  # noqa: E731
        first, last = self._person("P")
        middle = r.choice("ABCDEFGHJKLMNPRSTW")
        if slot == "FL":
            return r.choice(
                [
                    f"{first} {last}",
                    f"{first} {middle}. {last}",
                    f"{first} {middle} {last}",
                    f"{first} {last} Jr" if r.random() < 0.1 else f"{first} {last}",
                ]
            ), "NAME"
        if slot == "LF":
            return r.choice(
                [
                    f"{last}, {first}",
                    f"{last},{first}",
                    f"{last.upper()}, {first.upper()}",
                    f"{last} {first}",
                    f"{last}, {first[0]}.",
                ]
            ), "NAME"
        if slot == "LFM":
            return r.choice(
                [
                    f"{last}, {first} {middle}",
                    f"{last}, {first} {middle}.",
                    f"{last.upper()},{first.upper()} {middle}",
                    f"{last.upper()}, {first.upper()} {self._name(True).upper()}",
                ]
            ), "NAME"
        if slot == "F":
            return (first if r.random() < 0.4 else self._name(True)), "NAME"
        if slot == "L":
            return last, "NAME"
        if slot in ("DN", "DL"):
            given, family = self._person("D" if r.random() < 0.6 else "E")
            if slot == "DL":
                return r.choice(
                    [family, family, family, f"{given[0]}. {family}", f"{given} {family}", family.lower()]
                ), "NAME"
            return r.choice(
                [f"{given} {family}", f"{given[0]}. {family}", f"{given} {middle}. {family}", f"{given[0]} {family}"]
            ), "NAME"
        if slot == "INI":
            return r.choice(["{a}{b}", "{a}.{b}.", "{a}{c}{b}"]).format(a=first[0], b=last[0], c=middle), "NAME"
        if slot == "DATE":
            return self.v.date(), "DATE"
        if slot == "DAY":
            m, d = r.randint(1, 12), r.randint(1, 28)
            return r.choice([f"{m}/{d}", f"{MONTHS[m - 1]} {d}", f"{MONTHS[m - 1][:3]} {d}", f"{d} {MONTHS[m - 1][:3]}", f"the {d}th", f"{m}/{d}/{r.randint(10, 26)}", f"{MONTHS[m - 1]} {d}th",
                             f"{r.choice(['Mon', 'Tue', 'Wed', 'Thu', 'Fri'])} {m}/{d}", f"{MONTHS[m - 1]} {r.randint(2005, 2026)}"]), "DATE"  # fmt: skip
        if slot == "MON":
            return r.choice(MONTHS), "DATE"
        if slot == "MONTH":
            return f"{r.choice(MONTHS)} {r.randint(1990, 2026)}", "DATE"
        if slot in ("PHONE", "FAX"):
            return self.v._phone("5555550100", {}), slot
        if slot == "PHONEI":
            return r.choice([f"+{digits(2)} {digits(2)} {digits(4)} {digits(4)}", f"0{digits(3)} {digits(3)} {digits(3)}", f"+{digits(2)} (0) {digits(3)} {digits(6)}", f"0{digits(2)}-{digits(7)}",
                             f"00{digits(2)} {digits(9)}", f"({digits(2)}) {digits(4)}-{digits(4)}", f"{digits(2)} {digits(2)} {digits(2)} {digits(2)}", f"{digits(3)}-{digits(3)}-{digits(4)}x{digits(3)}"]), "PHONE"  # fmt: skip
        if slot == "MRN":
            return r.choice([digits(7), digits(8), digits(6), f"{middle}{digits(7)}", f"{digits(3)}-{digits(2)}-{digits(3)}", f"{digits(2)}-{digits(2)}-{digits(2)}", f"E{digits(8)}", f"0{digits(7)}",
                             f"{digits(3)} {digits(3)} {digits(2)}"]), "MRN"  # fmt: skip
        if slot in ("ACC", "OID"):
            label = "ACCOUNT" if slot == "ACC" else "OTHER_ID"
            return r.choice([digits(9), digits(11), f"V{digits(9)}", f"{middle}{digits(2)}-{digits(6)}", f"{r.randint(2015, 2026)}-{digits(5)}", f"{middle}{middle}-{digits(5)}", f"{digits(4)}-{digits(4)}-{middle}",
                             f"{digits(5)}", f"{middle}{digits(5)}", f"S{digits(2)}-{digits(5)}", f"{digits(3)}{middle}{digits(4)}"]), label  # fmt: skip
        if slot == "PLAN":
            return r.choice(
                [
                    f"{middle}{middle}{middle}{digits(9)}",
                    f"W{digits(9)}",
                    digits(10),
                    f"{digits(3)}-{digits(2)}-{digits(4)}-A",
                    f"1EG4-TE{digits(1)}-MK{digits(2)}",
                    f"XYZ{digits(9)}",
                ]
            ), "PLAN"
        if slot == "SSN":
            return r.choice(
                [
                    f"{digits(3)}-{digits(2)}-{digits(4)}",
                    f"{digits(3)} {digits(2)} {digits(4)}",
                    digits(9),
                    f"xxx-xx-{digits(4)}",
                ]
            ), "SSN"
        if slot in ("NPI", "DEA"):
            return (
                digits(10)
                if slot == "NPI"
                else r.choice([f"{middle}{last[0].upper()}{digits(7)}", f"{middle}{digits(5)}", f"MD{digits(6)}"])
            ), "LICENSE"
        if slot == "DEV":
            return r.choice(
                [
                    f"{middle}{middle}{digits(6)}",
                    f"{digits(8)}",
                    f"{middle}{digits(3)}-{digits(4)}{middle}",
                    f"(01){digits(14)}(17){digits(6)}",
                ]
            ), "DEVICE"
        if slot == "VEH":
            return r.choice(
                [
                    f"{middle}{middle}{middle} {digits(4)}",
                    f"{digits(3)}-{middle}{middle}{middle}",
                    f"{digits(1)}{middle}{middle}{middle}{digits(3)}",
                ]
            ), "VEHICLE"
        if slot == "CARD":
            return r.choice(
                [
                    digits(16),
                    f"{digits(4)} {digits(4)} {digits(4)} {digits(4)}",
                    f"{digits(4)}-{digits(4)}-{digits(4)}-{digits(4)}",
                    f"{digits(4)} {digits(6)} {digits(5)}",
                ]
            ), "ACCOUNT"
        if slot == "IBAN":
            return r.choice(
                [
                    f"GB{digits(2)}BARC{digits(14)}",
                    f"DE{digits(2)} {digits(4)} {digits(4)} {digits(4)} {digits(4)} {digits(2)}",
                    f"FR{digits(25)}",
                ]
            ), "ACCOUNT"
        if slot == "EMAIL":
            return (
                f"{first.lower().replace(' ', '')}{r.choice(['.', '_', '', '-'])}{last.lower().replace(' ', '')}{r.choice(['', digits(2)])}@{r.choice(['example.com', 'mail.example.org', 'clinic.example'])}".replace(
                    "'", ""
                ),
                "EMAIL",
            )
        if slot == "IP":
            return f"10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}", "IP"
        if slot == "URL":
            return r.choice(
                ["https://portal.example/visit?id=", "www.example.org/p/", "http://chart.example/"]
            ) + digits(6), "URL"
        if slot in ("CITY", "CITYW"):
            return (self.v.rng.choice(self.v.world) if slot == "CITYW" and r.random() < 0.6 else self.v.place()), "GEO"
        if slot in ("ADDR", "ADDRI"):
            street = r.choice(
                [self.v.name(False).capitalize(), self.v.place(), r.choice(TREES), f"{r.randint(1, 99)}th"]
            )
            kind = r.choice(
                "Street St Ave Avenue Road Rd Lane Ln Drive Dr Court Ct Blvd Way Place Terrace Circle Trail Parkway Hwy".split()
            )
            unit = r.choice(
                [
                    "",
                    "",
                    "",
                    f" Apt {r.randint(1, 40)}",
                    f", Unit {middle}",
                    f" #{r.randint(1, 99)}",
                    f", Suite {r.randint(100, 900)}",
                ]
            )
            if slot == "ADDRI" and r.random() < 0.6:
                return r.choice([f"Rue {street} {r.randint(1, 200)}", f"{street}straße {r.randint(1, 200)}", f"Via {street}, {r.randint(1, 200)}", f"{r.randint(1, 200)} Avenue de {street}", f"Calle {street} {r.randint(1, 99)}, {r.randint(1, 9)}º",
                                 f"{street}gatan {r.randint(1, 99)}", f"{r.randint(1, 99)} {street} Close", f"{street}vej {r.randint(1, 99)}", f"ul. {street} {r.randint(1, 99)}/{r.randint(1, 30)}"]), "GEO"  # fmt: skip
            return r.choice(
                [
                    f"{r.randint(1, 9999)} {street} {kind}{unit}",
                    f"{r.randint(1, 999)} {r.choice('NSEW')} {street} {kind}{unit}",
                    f"PO Box {r.randint(10, 9999)}",
                    f"{r.randint(1, 9999)} County Road {r.randint(1, 99)}",
                ]
            ), "GEO"
        if slot == "ZIP":
            return r.choice([digits(5), digits(5), f"{digits(5)}-{digits(4)}"]), "GEO"
        if slot in ("FAC", "FACU"):
            stem = r.choice(
                [
                    r.choice(TREES),
                    self.v.place(),
                    self.v.name(False).capitalize(),
                    f"St. {self.v.name(True).capitalize()}",
                    f"Mount {self.v.name(False).capitalize()}",
                ]
            )
            if r.random() < 0.3:
                stem += " " + r.choice(TREES)
            kind = r.choice(["Hospital", "Medical Center", "Clinic", "Family Practice", "Pharmacy", "Health Center", "Regional Hospital", "Children's Hospital", "Nursing Home", "Rehab", "Elementary School", "High School",
                             "Community College", "Internal Medicine Associates", "Orthopedics", "Cardiology Group", "Dental", "Manor", "Hospice", "Urgent Care", "General", "Memorial", "Imaging", "Dialysis", "Drugs", "Lutheran Church"])  # fmt: skip
            name = f"{stem} {kind}"
            if r.random() < 0.12:
                name = f"{kind} of {self.v.place()}"
            if r.random() < 0.08:
                name += f" of {self.v.place()}"
            return (name.upper() if slot == "FACU" else name), "FACILITY"
        if slot == "ORG":
            a = self.v.name(False).capitalize()
            return r.choice([f"{a} {r.choice(['Inc', 'LLC', 'Group', 'PLC', 'Ltd', 'and Sons', 'Bros', 'Consulting', 'Logistics', 'Systems'])}", f"{a}, {self.v.name(False).capitalize()} and {self.v.name(False).capitalize()}", f"{a}-{self.v.name(False).capitalize()}",
                             f"{r.choice(TREES)} {r.choice(['Bank', 'Insurance', 'Motors', 'Foods', 'Airlines', 'Books'])}"]), "FACILITY"  # fmt: skip
        if slot == "AGE90":
            return str(r.randint(90, 104)), "AGE"
        return self._plain(slot), ""

    def _plain(self, slot: str) -> str:
        r = self.rng
        drug = r.choice(_drugs())
        return {
            "AGE": lambda: str(r.randint(1, 89)),
            "SEX": lambda: r.choice(["M", "F", "Male", "Female"]),
            "SEXW": lambda: r.choice(["man", "woman", "male", "female", "lady", "gentleman", "boy", "girl"]),
            "TITLE": lambda: r.choice(["Mr.", "Mrs.", "Ms.", "Miss", "Mr", "Mrs", "Ms", "Dr."]),
            "CRED": lambda: r.choice(
                ["MD", "DO", "RN", "NP", "PA-C", "PhD", "PT", "LCSW", "PharmD", "CRNA", "MD, FACS"]
            ),
            "REL": lambda: r.choice(
                [
                    "wife",
                    "husband",
                    "daughter",
                    "son",
                    "mother",
                    "father",
                    "sister",
                    "brother",
                    "partner",
                    "niece",
                    "neighbor",
                    "friend",
                    "aunt",
                    "roommate",
                ]
            ),
            "STATE": lambda: r.choice(
                "AL AK AZ CA CO CT FL GA IL IN KS KY MA MD ME MI MN MO MT NC NE NH NJ NM NY OH OK OR PA SC TN TX UT VA VT WA WI WV California Texas Ohio Florida Oregon Vermont Georgia Washington Virginia".split()
            ),
            "DXS": lambda: r.choice(_diseases()) if r.random() < 0.5 else r.choice(_diseases()).lower(),
            "DRUG": lambda: drug.capitalize() if r.random() < 0.45 else drug,
            "DOSE": lambda: (
                f"{r.choice([1, 2.5, 5, 10, 20, 25, 40, 50, 81, 100, 250, 500])} {r.choice(['mg', 'mcg', 'units', 'g', 'mL'])} {r.choice(['PO', 'IV', 'SC', 'by mouth', ''])} {r.choice(['daily', 'BID', 'TID', 'q6h', 'qhs', 'prn', 'weekly'])}"
            ),
            "SX": lambda: r.choice(SYMPTOMS),
            "BP": lambda: f"{r.randint(88, 190)}/{r.randint(45, 110)}",
            "HR": lambda: str(r.randint(48, 140)),
            "LAB": lambda: (
                f"{r.choice(LABS)} {r.choice([str(r.randint(1, 300)), f'{r.randint(0, 20)}.{r.randint(0, 9)}'])}"
            ),
            "EP": lambda: r.choice(_eponyms()).capitalize() + r.choice(["", "", "'s"]),
            "ICD": lambda: f"{r.choice('ABCDEFGHIJKLMNRSTZ')}{r.randint(10, 99)}.{r.randint(0, 99)}",
            "YEAR": lambda: str(r.randint(1960, 2026)),
            "n": lambda: str(r.randint(1, 9)),
            **{
                f"D{size}": lambda size=size: "".join(r.choice("0123456789") for _ in range(size))
                for size in (2, 3, 4, 5)
            },
            "TIME": lambda: r.choice(
                [
                    f"{r.randint(0, 23):02}:{r.randint(0, 59):02}",
                    f"{r.randint(1, 12)}:{r.randint(0, 59):02} {r.choice(['AM', 'PM', 'am', 'pm'])}",
                    f"{r.randint(0, 23):02}{r.randint(0, 59):02}",
                ]
            ),
            "LANG": lambda: r.choice(LANGS),
            "REG": lambda: r.choice(["Catholic", "Baptist", "Muslim", "Jewish", "none"]),
            "PROC": lambda: r.choice(
                ["laparoscopic cholecystectomy", "right hip arthroplasty", "colonoscopy", "CABG x3", "C-section"]
            ),
            "INS": lambda: r.choice(INSURERS),
            "BRAND": lambda: r.choice(BRANDS),
            "JOB": lambda: r.choice(JOBS),
        }[slot]()
