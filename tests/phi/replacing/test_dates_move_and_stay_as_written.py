"""A date moves by days and is written as it was: order, padding, capitals, language, ordinals, weekday, time of day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.phi.replacing.date_ranges import shifted_range, year_of_range
from lockgate.phi.replacing.dates import Hints, hints_of, is_no_date, read, shifted, year_of

IN_2019 = Hints(year=2019, month=5)


@pytest.mark.parametrize(
    ("written", "forty_days_later"),
    [
        ("2019-05-03", "2019-06-12"),
        ("05/03/2019", "06/12/2019"),
        ("5/3/19", "6/12/19"),
        ("5/3/19 14:30", "6/12/19 14:30"),
        ("14:30 5/3/19", "14:30 6/12/19"),
        ("7/9/22 0214", "8/18/22 0214"),
        ("05/03", "06/12"),
        ("10/4 0022", "11/13 0022"),
        ("4/7 pm", "5/17 pm"),
        ("05-03-19", "06-12-19"),
        ("03 /21/98", "04 /30/98"),
        ("5.3.19", "6.12.19"),
        ("31/12/2019", "09/02/2020"),
        ("20190503", "20190612"),
        ("201905031430", "201906121430"),
        ("2019-05-03T14:30:00.123Z", "2019-06-12T14:30:00.123Z"),
        ("2019-05-03T14:30:00+02:00", "2019-06-12T14:30:00+02:00"),
        ("Fri, 03 May 2019 14:30:00 GMT", "Wed, 12 June 2019 14:30:00 GMT"),
        ("Fri May  3 14:30:00 2019", "Wed June  12 14:30:00 2019"),
        ("3rd of May", "12th of June"),
        ("May 3rd", "June 12th"),
        ("MAY 3RD", "JUNE 12TH"),
        ("may 3", "june 12"),
        ("May 31, 2019", "July 10, 2019"),
        ("Sept. 3, 2019", "Oct. 13, 2019"),
        ("3-May-19", "12-Jun-19"),
        ("03MAY2019", "12JUN2019"),
        ("03-MAY-2019 0214", "12-JUN-2019 0214"),
        ("May 3 0214", "June 12 0214"),
        ("OCTOBER 3, 2019 11:47 PM", "NOVEMBER 12, 2019 11:47 PM"),
        ("Tuesday, May 3", "Sunday, June 12"),
        ("Thursday 3/2/23 at 10:40", "Tuesday 4/11/23 at 10:40"),
        ("5/3/19 (Fri)", "6/12/19 (Wed)"),
        ("the 14th", "the 23rd"),
        ("Tuesday", "Sunday"),
        ("TUES", "SUN"),
        ("May '19", "June '19"),
        ("May 2019", "June 2019"),
        ("mid-May 2019", "mid-June 2019"),
        ("05/2019", "06/2019"),
        ("2019-05", "2019-06"),
        ("3 de mayo de 2019", "12 de junio de 2019"),
        ("el martes 3 de mayo", "el domingo 12 de junio"),
        ("miércoles 3 de abril del 2019", "lunes 13 de mayo del 2019"),
        ("1º de mayo de 2019", "10º de junio de 2019"),
        ("3. Mai 2019", "12. Juni 2019"),
        ("3 août 2019", "12 septembre 2019"),
        ("O5/O3/2019", "06/12/2019"),
        ("３/４/２０１９", "4/13/2019"),
        ("3/4-3/6/19", "4/13-4/15/19"),
        ("May 3 to June 5, 2019", "June 12 to July 15, 2019"),
        ("May 3-5, 2019", "June 12-14, 2019"),
        ("May 3-25, 2019", "June 12-July 4, 2019"),
        ("3-5 May 2019", "12-14 June 2019"),
    ],
)
def test_written_forms(written, forty_days_later):
    assert (shifted(written, 40, IN_2019) or shifted_range(written, 40, IN_2019)) == forty_days_later


@pytest.mark.parametrize("written", ["POD 2", "HD#3", "2019", "'19", "1990s", "yesterday", "two weeks ago", "day 3"])
def test_what_is_no_date_stays(written):
    assert shifted(written, 40, IN_2019) == written
    assert is_no_date(written)


@pytest.mark.parametrize(
    "written", ["31/04/2019", "02/29/19", "Christmas", "1430", "123-45-6789", "march twelfth", "12345/67", "99/99", ""]
)
def test_what_cannot_be_read_gives_nothing(written):
    assert shifted(written, 40, IN_2019) is None
    assert shifted_range(written, 40, IN_2019) is None


def test_a_day_of_no_month_cannot_be_read_where_the_document_has_no_month():
    assert shifted("the 14th", 40, Hints()) is None


FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%-d %B %Y", "%A, %B %-d, %Y", "%b %-d, %Y", "%Y-%m-%dT08:15Z")
DATES = st.dates(date(1900, 1, 1), date(2150, 1, 1))
DAYS = st.integers(-364, 364)


def of(written: str) -> date:
    found = read(written)
    assert found and found.value
    return found.value


@given(DATES, DAYS, st.sampled_from(FORMS))
def test_what_is_read_after_a_shift_is_so_many_days_later(day, days, form):
    moved = shifted(day.strftime(form), days)
    assert moved is not None
    assert of(moved) == day + timedelta(days=days)


@given(DATES, DAYS, st.sampled_from(FORMS))
def test_a_shift_is_undone_by_its_opposite_to_the_letter(day, days, form):
    # May is long and short; as a long word it comes back as itself, as a short one among long ones it cannot.
    if "%b" in form and 5 in (day.month, (day + timedelta(days=days)).month):
        return
    written = day.strftime(form)
    moved = shifted(written, days)
    assert moved is not None
    assert shifted(moved, -days) == written


@given(DATES, DATES, DAYS, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_intervals_stay_whatever_they_are_written_in(one, other, days, form, another):
    moved, moved_too = shifted(one.strftime(form), days), shifted(other.strftime(another), days)
    assert moved and moved_too
    assert of(moved_too) - of(moved) == other - one


@given(DATES, DAYS)
def test_a_weekday_moves_with_its_date(day, days):
    moved = shifted(day.strftime("%A, %B %d, %Y"), days)
    assert moved is not None
    assert moved.startswith((day + timedelta(days=days)).strftime("%A"))


@given(DATES, st.sampled_from([*FORMS, "%b %Y", "%m/%Y", "%B '%y", "%m/%d/%y"]))
def test_the_year_is_what_a_general_date_keeps(day, form):
    if "y" in form and not 1932 <= day.year <= 2031:
        return
    assert year_of(day.strftime(form)) == day.year


@given(st.text(max_size=40), DAYS)
def test_no_text_breaks_it(written, days):
    shifted(written, days)
    shifted_range(written, days, IN_2019)
    year_of(written)
    year_of_range(written, IN_2019)


def test_a_leap_day_without_its_year_takes_a_leap_year_from_before():
    assert shifted("2/29", 1, Hints(year=2019)) == "3/1"
    assert shifted("2/28", 1, Hints(year=2020)) == "2/29"
    assert shifted("2/28", 1, Hints(year=2019)) == "3/1"


def test_one_number_over_twelve_tells_the_order_in_the_whole_document():
    assert shifted("05/03/2019", 1, hints_of(["25/03/2019", "05/03/2019"])) == "06/03/2019"
    assert shifted("05/03/2019", 1, hints_of(["03/25/2019", "05/03/2019"])) == "05/04/2019"
    assert shifted("31/03/2019", 1, hints_of(["03/25/2019"])) == "01/04/2019"


def test_a_language_that_has_the_day_first_tells_the_order_too():
    assert shifted("05/03/2019", 1, hints_of(["3 de mayo de 2019"])) == "06/03/2019"


def test_nothing_told_the_month_is_first():
    assert shifted("05/03/2019", 30, hints_of(["05/03/2019"])) == "06/02/2019"


def test_dates_without_a_year_take_the_most_frequent_of_the_document():
    assert hints_of(["1/2/1950", "3/4/2020", "3/5/2020", "2/28"]).year == 2020


def test_a_year_of_two_digits_lies_not_far_beyond_the_documents():
    assert year_of("5/3/49") == 1949
    assert year_of("5/3/24") == 2024
    assert year_of("5/3/49", Hints(written=2050)) == 2049
