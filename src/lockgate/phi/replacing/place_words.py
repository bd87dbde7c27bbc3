"""Of what the names of invented places are made, and what says only what kind of place it is."""

from __future__ import annotations

HEADS = (
    "alder ash aspen beech birch briar cedar cherry clover copper crystal cypress elder elm fern fox garnet hazel "
    "hawk heron hickory holly iron ivy juniper larch laurel linden maple marsh meadow mill moss oak olive otter "
    "pine poplar quarry quartz raven river rock rowan sage silver sparrow spruce stone summer sycamore teal "
    "thistle timber walnut willow winter wren"
).split()
"""How an invented place begins …"""
TAILS = (
    "bank bend bourne bridge brook burn bury crest dale den fall field ford gate glen grove ham haven hill hollow "
    "hurst land ley march mead mere mont moor more port ridge side stead ton vale view ville water well wick wood "
    "worth"
).split()
"""… and how it ends."""
_ONE = frozenset(
    (
        "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh "
        "ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc usa us alabama alaska arizona arkansas california colorado "
        "connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine "
        "maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma "
        "oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming"
    ).split()
)
"""States, their codes and their country."""
STATES = _ONE | {
    "district of columbia",
    "new hampshire",
    "new jersey",
    "new mexico",
    "new york",
    "north carolina",
    "north dakota",
    "puerto rico",
    "rhode island",
    "south carolina",
    "south dakota",
    "west virginia",
}
"""They stay: 164.514(b)(2)(i)(B) speaks of what is smaller."""
STREET = frozenset(
    (
        "street st avenue ave av road rd lane ln drive dr court ct boulevard blvd way place pl terrace ter circle "
        "cir trail trl parkway pkwy highway hwy route rte square sq loop alley pike turnpike tpke crossing xing "
        "calle avenida avda paseo carretera camino c row run path plaza"
    ).split()
)
"""Kinds of streets."""
BESIDE = frozenset(
    (
        "apt apartment suite ste unit floor fl bldg building room rm po p o box rr n s e w ne nw se sw north south "
        "east west lot of the and at in near by de del la el los las"
    ).split()
)
"""What stands beside streets and towns."""
FACILITY = frozenset(
    (
        "hospital hospitals clinic clinics medical center centre health healthcare healthsystem pharmacy drugs drug "
        "infirmary sanatorium hospice rehab rehabilitation nursing home manor school elementary middle high academy "
        "university college institute associates associate practice group pediatrics cardiology orthopedics "
        "orthopaedics oncology dermatology neurology urology gastroenterology family physicians surgery surgical "
        "partners imaging radiology laboratory laboratories labs lab diagnostics dialysis care senior living "
        "village assisted memorial general regional community county veterans affairs va internal medicine primary "
        "urgent walk-in dental eye cancer heart women children childrens kidney clinica centro residencia "
        "ambulatorio medico salud hospitalario hospitalaria universitario department dept emergency ed er icu de "
        "del la el of the and at for in s store branch plant factory church library bank services service system "
        "specialists wellness outpatient inpatient unit ward tower campus building physical therapy mental "
        "behavioral"
    ).split()
)
"""What institutions are called besides their names."""
