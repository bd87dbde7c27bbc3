"""People, places and companies of some sixty countries, as Faker draws them: for the texts that the project makes."""

from __future__ import annotations

import random
import re
from functools import lru_cache

LOCALES = (
    "en_US en_GB en_CA en_AU en_NZ en_IE en_IN de_DE de_AT de_CH fr_FR fr_CH nl_NL nl_BE it_IT es_ES es_MX es_AR es_CO pt_BR pt_PT "
    "sv_SE no_NO da_DK fi_FI is_IS pl_PL cs_CZ sk_SK hu_HU ro_RO hr_HR sl_SI lt_LT lv_LV et_EE el_GR tr_TR ru_RU uk_UA bg_BG ja_JP "
    "ko_KR zh_CN vi_VN id_ID az_AZ ar_AA he_IL fa_IR hi_IN zu_ZA en_KE yo_NG sw tw_GH ga_IE ka_GE"
).split()
LATIN = [
    place
    for place in LOCALES
    if place not in "el_GR ru_RU uk_UA bg_BG ja_JP ko_KR zh_CN ar_AA he_IL fa_IR hi_IN ka_GE".split()
]
COUNTRIES = (
    "Germany,France,Finland,Norway,Sweden,Denmark,Iceland,Poland,Czechia,Hungary,Romania,Croatia,Slovenia,Lithuania,Latvia,Estonia,"
    "Greece,Turkey,Ukraine,Japan,South Korea,China,Vietnam,Indonesia,Israel,Iran,India,South Africa,Kenya,Nigeria,Ghana,Ireland,"
    "Georgia,Spain,Mexico,Argentina,Colombia,Brazil,Portugal,Italy,Switzerland,Austria,Belgium,Netherlands,United Kingdom,Canada,"
    "Australia,New Zealand,USA,United States,Cyprus,Uruguay,Philippines,Egypt,Morocco"
).split(",")
COINED = (
    "Ver Nov Zen Quant Lum Ark Opti Sol Tri Hex Cor Ax Neo Flux Orb Pix Dat Cred Med Agri Bolt Kyn Vell Strat".split()
)
ENDINGS = "ix ia ora ion is exa ium ly io aro ent ova ics eon aly ista hub base loop wave grid mint stack pay sight cloud".split()
KINDS = "Inc,LLC,Ltd,Group,PLC,Corp,GmbH,AG,AB,Oy,S.A.,SpA,BV,Holdings,Partners,Technologies,Solutions,Systems,Media,Labs,Capital,Logistics,Foods".split(
    ","
)
WORDS = "Open Green Blue North Silver Red Bright Global Urban First True Clear Smart Next Iron Golden Wild Aunt Little Big Data Health Trip Book Snow Fire Path Ship Cargo Home".split()
NOUNS = "Door Bird Table Garden Stone Bridge River Point Street Map Wheel Kitchen Insight Works Bank House Spark Cloud Harbor Fund Trail Motors Airlines".split()


@lru_cache(maxsize=1)
def _fakers() -> dict[str, object]:
    from faker import Faker

    return {place: Faker(place) for place in LOCALES}


class World:
    """Draws by one random generator. What is marked is `(text, label)`, or pieces of it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.fakers = _fakers()
        for number, faker in enumerate(self.fakers.values()):
            faker.seed_instance(rng.randrange(1 << 30) + number)  # type: ignore[attr-defined]

    def _faker(self, latin: bool = False):
        return self.fakers[self.rng.choice(LATIN if latin or self.rng.random() < 0.85 else LOCALES)]

    def first(self) -> str:
        return self._faker(True).first_name()

    def last(self) -> str:
        return self._faker().last_name()

    def person(self) -> str:
        faker, r = self._faker(), self.rng.random()
        first, last = faker.first_name(), faker.last_name()
        middle = self.rng.choice("ABCDEFGHIJKLMNOPRSTVWYZ")
        if r < 0.7:
            return f"{first} {last}"
        if r < 0.85:
            return f"{first} {middle}. {last}" if r < 0.8 else f"{first} {middle} {last}"
        if r < 0.92:
            return f"{last}, {first}"
        return f"{first[0]}. {last}" if r < 0.97 else f"{first} {faker.first_name()} {last}"

    def city(self) -> str:
        city = re.sub(r"^(ΤΚ|п\.|хутір) ", "", self._faker().city())
        return city.upper() if self.rng.random() < 0.12 else city

    def postcode(self) -> str:
        return self.rng.choice(
            [self._faker(True).postcode(), "".join(self.rng.choices("0123456789", k=self.rng.randint(4, 6)))]
        )

    def street(self) -> str:
        r = self.rng
        street = self._faker().street_address().split("\n")[0]
        if r.random() < 0.3:
            street = f"{r.randint(1, 9999)} {street}"
        if r.random() < 0.35:
            street += r.choice([f" Apt. {r.randint(1, 999)}", f" Suite {r.randint(1, 999)}", f", Apt {r.randint(1, 40)}{r.choice('ABCD')}", f" #{r.randint(1, 99)}",
                                f", {r.randint(1, 9)}. Stock", f" {r.randint(1, 9)} tr.", f", {r.randint(1, 12)}/{r.randint(1, 60)}", f" bte {r.randint(1, 20)}", f", Flat {r.randint(1, 30)}"])  # fmt: skip
        return street

    def address(self) -> list[tuple[str, str]]:
        """Pieces; states and countries have no label."""
        r = self.rng
        if r.random() < 0.3:
            return self._split(self._faker().address())
        between = r.choice(["\n", ", ", "\n ", " ", "\n\n", ",\n", "; ", "\n    "])
        street = f"PO Box {r.randint(10, 99999)}" if r.random() < 0.06 else self.street()
        if r.random() < 0.05:
            return [(f"{r.choice(['PSC', 'Unit', 'CMR'])} {r.randint(100, 9999)}, Box {r.randint(100, 9999)}", "GEO"), ("\n", ""),
                    (f"{r.choice(['APO', 'FPO', 'DPO'])} {r.choice(['AE', 'AP', 'AA'])} {r.randint(10000, 99999)}", "GEO")]  # fmt: skip
        pieces = [(street, "GEO"), (between, ""), (self.city(), "GEO")]
        if r.random() < 0.25:
            pieces += [
                (r.choice([", ", between, " "]), ""),
                (r.choice("CA TX NY WA CO MP NI VIC QC BC SP RJ CT ME".split()), ""),
            ]
        if r.random() < 0.5:
            pieces += [(r.choice([" ", between, ", "]), ""), (self.postcode(), "GEO")]
            if r.random() < 0.5:
                pieces += [(between, ""), (r.choice(COUNTRIES), "")]
        elif r.random() < 0.6:
            pieces += [(r.choice([" ", between]), ""), (r.choice(COUNTRIES), ""), (" ", ""), (self.postcode(), "GEO")]
        elif r.random() < 0.5:
            pieces = [(street, "GEO"), (between, ""), (self.postcode(), "GEO"), (" ", ""), (self.city(), "GEO")]
        return pieces

    @staticmethod
    def _split(address: str) -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        for part in re.split(r"([,\n]\s*)", address):
            state = re.fullmatch(r"([A-Z]{2,3}) (\d[\d-]*)", part)
            if state:
                pieces += [(state.group(1) + " ", ""), (state.group(2), "GEO")]
            elif part:
                pieces.append((part, "" if part[0] in ",\n" or re.fullmatch(r"[A-Z]{2,3}", part) else "GEO"))
        return pieces

    def phone(self) -> str:
        return self._faker(True).phone_number()

    def company(self) -> str:
        r = self.rng.random()
        choose = self.rng.choice
        if r < 0.35:
            return self._faker(True).company()
        if r < 0.55:
            return choose(COINED) + choose(ENDINGS) + (f" {choose(KINDS)}" if self.rng.random() < 0.4 else "")
        if r < 0.75:
            return f"{choose(WORDS)} {choose(NOUNS)}" + (f" {choose(KINDS)}" if self.rng.random() < 0.4 else "")
        if r < 0.85:
            return (
                f"{self.last()} {choose(['&', 'and'])} {choose([self.last(), 'Sons', 'Co', 'Associates', 'Partners'])}"
            )
        if r < 0.92:
            return "".join(self.rng.choices("ABCDEFGHIKLMNPRSTVW", k=3)) + f" {choose(KINDS)}"
        return choose(WORDS) + choose(NOUNS).lower() + (f" {choose(KINDS)}" if self.rng.random() < 0.3 else "")

    def card(self) -> str:
        number = self._faker(True).credit_card_number()
        if len(number) == 16 and self.rng.random() < 0.3:
            number = self.rng.choice([" ", "-"]).join(number[n : n + 4] for n in range(0, 16, 4))
        return number

    def iban(self) -> str:
        iban = self.fakers[self.rng.choice("de_DE fr_FR nl_NL en_GB it_IT es_ES pl_PL".split())].iban()  # type: ignore[attr-defined]
        return " ".join(iban[n : n + 4] for n in range(0, len(iban), 4)) if self.rng.random() < 0.5 else iban

    def plate(self) -> str:
        return self.fakers[self.rng.choice("en_US en_GB de_DE es_ES fr_FR it_IT sv_SE pl_PL".split())].license_plate()  # type: ignore[attr-defined]

    def email(self) -> str:
        return (
            self._faker(True).email()
            if self.rng.random() < 0.6
            else f"{self._faker(True).user_name()}@{self._faker(True).domain_name()}"
        )

    def domain(self) -> str:
        return self.rng.choice(
            [self._faker(True).domain_name, self._faker(True).url, lambda: "www." + self._faker(True).domain_name()]
        )()

    def ip(self) -> str:
        faker = self._faker(True)
        return faker.ipv6() if self.rng.random() < 0.2 else faker.ipv4()

    def passport(self) -> str:
        r = self.rng
        return r.choice("ABCDEFGHJKLMNPRST") + "".join(r.choices("0123456789", k=r.randint(7, 12)))
