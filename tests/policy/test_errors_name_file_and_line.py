"""Whoever wrote it must be able to find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import PolicyError
from lockgate.policy import load, parse
from lockgate.policy.profiles import read_profiles
from lockgate.policy.source import statements

OK = '@id("ok") permit (principal is User, action == Action::"sql.select", resource);\n'
EMPTY = "profiles: {}\n"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    grant: 1h\n",
            r'profiles.yaml:4: the key "grant" is unknown',
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    riks: low\n",
            r'profiles.yaml:4: .*did you mean "risk"',
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n  x:\n    stages: []\n",
            r'profiles.yaml:4: the key "x" is there twice',
        ),
        ("profiles:\n  x: {}\n", r'profiles.yaml:2: the profile "x" has no stages'),
        ("profiles:\n  x: {stages: []}\n", r'profiles.yaml:2: the profile "x" asks nobody'),
        ("profiles:\n  x:\n    stages: [{count: 2}]\n", r"profiles.yaml:3: a stage names the group"),
        (
            "profiles:\n  x:\n    stages: [{count: 0, group: a}]\n",
            r"profiles.yaml:3: a stage takes between 1 and 10",
        ),
        ("profiles:\n  x:\n    stages: [{count: yes, group: a}]\n", r"profiles.yaml:3: a whole number"),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    decision_ttl: 9h\n",
            r"profiles.yaml:4: .*longer than 8h",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    decision_ttl: 0s\n",
            r"profiles.yaml:4: this is no duration",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    decision_ttl: soon\n",
            r"profiles.yaml:4: this is no duration",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    step_up: passkey\n",
            r"profiles.yaml:4: votes carry no step-up yet",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    grant_ttl: 2h\n",
            r"profiles.yaml:4: this is longer than 1h",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}]\n    denials: 0\n",
            r"profiles.yaml:4: this is between 1 and the 1 people",
        ),
        (
            "profiles:\n  x:\n    stages: [{group: a}, {group: b}]\n    denials: 3\n",
            r"profiles.yaml:4: this is between 1 and the 2 people",
        ),
        ("profiles:\n  X Y: {stages: [{group: a}]}\n", r'profiles.yaml:2: "X Y" cannot be the name'),
        ("profiles:\n  - x\n", r"profiles.yaml:2: a mapping"),
        ("profiles: {\n", r"profiles.yaml:[12]: "),
        ("profiles:\n\tx: 1\n", r"profiles.yaml:2: "),
        ("- x\n", r"profiles.yaml:1: a mapping"),
        ("profils: {}\n", r'profiles.yaml:1: .*did you mean "profiles"'),
        (
            "profiles:\n" + "".join(f"  p{i}: {{stages: [{{group: a}}]}}\n" for i in range(9)),
            r"profiles.yaml:2: there are more than 8",
        ),
    ],
)
def test_in_profiles(text: str, error: str) -> None:
    with pytest.raises(PolicyError, match=error):
        parse({"p.cedar": OK, "profiles.yaml": text})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (OK + "\n// a comment\npermit (principal,,);", r"p.cedar:4: "),
        (
            OK + 'permit (principal is User, action == Action::"sql.select", resource);',
            r"p.cedar:2: .*no @id",
        ),
        (OK.replace('"ok"', '"no-permit"'), r"p.cedar:1: this @id cannot be used"),
        (OK.replace('"ok"', '"a\\nb"'), r"p.cedar:1: this @id cannot be used"),
        (OK + OK, r'p.cedar:2: the id "ok" is taken by the policy at p.cedar:1'),
        (
            OK + '\n@id("b") permit (principal, action == Action::"sql.selekt", resource);',
            r"p.cedar:3: .*sql.selekt",
        ),
        (
            OK + '\n\n@id("b") permit (principal, action, resource) when { context.colour == "red" };',
            r'p.cedar:4: .*colour.*in the policy "b"',
        ),
        (OK + '@id("b") permit (principal, action, resource) when { context.rows == "x" };', r"p.cedar:2: "),
        (
            OK + '@id("b")\npermit (principal, action, resource)',
            r"p.cedar:2: .*does not end with a semicolon",
        ),
        (OK + '@id("b)\npermit (principal, action, resource);', r"p.cedar:2: a string starts here"),
        (OK + '@id("t") permit (principal == ?principal, action, resource);', r"p.cedar:2: templates"),
        (
            OK
            + '@id("b") permit (principal is User, action, resource)'
            + ' when { context.satisfied.contains("two") };',
            r'p.cedar:2: in "b": the profile "two" is not in profiles.yaml',
        ),
        (
            OK + '@id("b") permit (principal is User, action, resource) when { context.purpose == "care" };',
            r'p.cedar:2: the permit "b" rests on context.purpose',
        ),
        (OK + ";;", r"there is|p.cedar:2: "),
    ],
)
def test_in_policies(text: str, error: str) -> None:
    with pytest.raises(PolicyError, match=error):
        parse({"p.cedar": text, "profiles.yaml": EMPTY})


def test_a_folder_without_policies_or_profiles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is no folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "p.cedar").write_text(OK)
    with pytest.raises(PolicyError, match=r"no profiles\.yaml"):
        load(tmp_path)
    (tmp_path / "profiles.yaml").write_text("")
    assert len(load(tmp_path).policies) == 1
    (tmp_path / "p.cedar").unlink()
    with pytest.raises(PolicyError, match="no policy at all"):
        load(tmp_path)


def test_a_policy_in_a_subfolder_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text(EMPTY)
    (tmp_path / "p.cedar").write_text(OK)
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "no.cedar").write_text('@id("no") forbid (principal, action, resource);')

    assert {p.id for p in load(tmp_path).policies} == {"ok", "no"}


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text(EMPTY)
    (tmp_path / "p.cedar").write_bytes(b"\xff\xfe")

    with pytest.raises(PolicyError, match=r"p\.cedar:1: this file cannot be read"):
        load(tmp_path)


def test_a_profile_keeps_its_body_when_another_is_put_before_it() -> None:
    alone = read_profiles("profiles: {x: {stages: [{count: 2, group: g}], decision_ttl: 90m, denials: 2}}")
    after = read_profiles(
        "profiles: {w: {stages: [{group: a}]}, x: {stages: [{count: 2, group: g}], decision_ttl: 90m, denials: 2}}"
    )
    assert alone["x"].body() == after["x"].body()
    assert (alone["x"].decision_ttl_s, alone["x"].grant_ttl_s, alone["x"].people) == (5400, 3600, 2)
    assert (alone["x"].denials, after["w"].denials) == (2, 1), "one deny ends it, unless the profile says otherwise"
    assert (after["w"].rank, after["x"].rank) == (0, 1)
    assert after["w"].risk == "high", "what nobody rated is the highest"


def test_the_digest_is_of_policies_and_profiles_and_nothing_else() -> None:
    one = parse({"p.cedar": OK, "profiles.yaml": EMPTY})

    assert parse({"p.cedar": OK, "profiles.yaml": EMPTY, "tests.yaml": "x"}).digest == one.digest
    assert parse({"p.cedar": OK + "// more", "profiles.yaml": EMPTY}).digest != one.digest
    assert parse({"p.cedar": OK, "profiles.yaml": EMPTY + "# more"}).digest != one.digest


PIECES = st.sampled_from(
    ['@id("a;b")', "// no; end\n", "permit", '"\\"; //"', "\n", " ", "(x)", "// c", "\n\n", '"//"', "\\"]
)


@given(st.lists(st.lists(PIECES, max_size=6), max_size=5))
def test_a_statement_ends_at_a_semicolon_outside_strings_and_comments(parts: list[list[str]]) -> None:
    """Cut anywhere else, and a policy could be two, or two could be one."""
    parts = [[*p, "\n", "permit"] for p in parts]
    text = ";".join("".join(p) for p in parts) + ";" if parts else ""

    cut = list(statements("f", text))

    assert len(cut) == len(parts)
    assert all(statement.endswith(";") for _, statement in cut)
    lines = text.split("\n")
    assert all(statement.split("\n")[0] in lines[line - 1] for line, statement in cut)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_file(text: str) -> None:
    for files in ({"p.cedar": text, "profiles.yaml": EMPTY}, {"p.cedar": OK, "profiles.yaml": text}):
        said = ""
        try:
            parse(files)
        except PolicyError as error:
            said = str(error)
        assert not said or "p.cedar:" in said or "profiles.yaml:" in said or "no policy" in said
