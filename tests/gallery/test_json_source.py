import json
import math
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from galleria_action.gallery.metadata import json_source
from galleria_action.gallery.metadata.json_source import Place, Problem, Unreadable, lines_of, parse


def unreadable(raw: bytes) -> Problem:
    with pytest.raises(Unreadable) as caught:
        parse(raw)
    return caught.value.problem


def only_problem(raw: bytes) -> Problem:
    (problem,) = parse(raw).problems
    return problem


def test_a_plain_document_has_no_problems() -> None:
    source = parse(b'{"a": [1, 2.5, "\\ud83d\\ude00", null, true]}')
    assert source.document == {"a": [1, 2.5, "😀", None, True]}
    assert source.problems == source.warnings == ()


@pytest.mark.parametrize("raw", [b"", b" \n\t"])
def test_nothing_is_an_empty_file(raw: bytes) -> None:
    assert unreadable(raw).message == "the file is empty"


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b'{\n "a": 1\n "b": 2}', 3, "not valid JSON"),
        (b'{\n "a" 1}', 2, "column 6"),
        (b'{"a": 1}\n\nx', 3, "Extra data"),
        (b'{\n"a": [1,\n2', 3, "ends in the middle"),
        (b'{\n"a": "b', 2, "ends in the middle"),
        (b'{"a": "b\nc"}', 1, "control character"),
        (b"{'a': 1}", 1, "not valid JSON"),
        (b'{"a": 01}', 1, "not valid JSON"),
        (b'\n["\\x"]', 2, "escape"),
    ],
)
def test_syntax_errors_have_their_line(raw: bytes, line: int, words: str) -> None:
    problem = unreadable(raw)
    assert problem.line == line
    assert words in problem.message


def test_invalid_utf8_has_its_line() -> None:
    problem = unreadable(b'{\n"a":\n"\xe9t\xe9"}')
    assert (problem.line, "0xe9" in problem.message) == (3, True)
    assert unreadable(b'\xef\xbb\xbf{\n"a": "\xff"}').line == 2
    assert "0xff" in unreadable(b'\xef\xbb\xbf{\n"a": "\xff"}').message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(encoding: str) -> None:
    assert "UTF-16 or UTF-32" in unreadable('{"a": 1}'.encode(encoding)).message


def test_a_byte_order_mark_is_tolerated_with_a_warning() -> None:
    raw = b'\xef\xbb\xbf{"a":\n 1, "a": 2}'
    source = parse(raw)
    assert source.document == {"a": 2}
    assert "byte order mark" in source.warnings[0]
    assert source.problems[0].line == 2
    assert lines_of(raw, [("a",)]) == [2]


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b'{"a": 1,\n"a": 2}', 2, "'a' is given twice"),
        (b'{"a": 1,\n"\\u0061": 2}', 2, "'a' is given twice"),
        (b'{"x": {"b": 1,\n"c": [{"d": 1},\n {"d": 1, "d": 1}]}}', 3, "'d' is given twice"),
        (b'{"photos": [{"id": 1},\n{"id": 1,\n"id": 2},\n{"id": 3}]}', 3, "'id' is given twice"),
        (b'{"photos": {"id": 1,\n"id": 2}}', 2, "'id' is given twice"),
        (b'[{"a": 1},\n {"a": 1, "a": 1}]', 2, "'a' is given twice"),
        (b'{"a":\nNaN}', 2, "NaN is not a JSON number"),
        (b'{"photos": [\n-Infinity]}', 2, "-Infinity is not"),
        (b"\n\nInfinity", 3, "Infinity is not"),
        (b'{"a": "NaN",\n"b": 1e999}', 2, "1e999' is too large"),
        (b'{"a":\n-' + b"9" * 400 + b".5}", 2, "is too large"),
    ],
)
def test_what_python_lets_pass_is_a_problem_with_its_line(raw: bytes, line: int, words: str) -> None:
    problem = only_problem(raw)
    assert problem.line == line
    assert words in problem.message
    assert len(problem.message) < 200


def test_every_problem_is_found() -> None:
    raw = b'{"photos": [\n{"a": 1, "a": NaN},\n{},\n{"b": 1e999}],\n"x": {"y": 1, "y": 2},\n"z": NaN}'
    assert [problem.line for problem in parse(raw).problems] == [2, 2, 4, 5, 6]


def test_the_same_name_in_different_objects_is_fine() -> None:
    assert parse(b'{"a": {"a": [{"a": 1}, {"a": 2}]}}').problems == ()


def test_numbers_with_too_many_digits_are_refused() -> None:
    assert parse(b'{"a": %s}' % (b"9" * 4300)).problems == ()
    problem = unreadable(b'{"a":\n%s}' % (b"9" * 4301))
    assert (problem.line, "4,301 digits" in problem.message) == (2, True)


@pytest.mark.parametrize("name", [b'"\\udc80"', b'"a\\ud800b"'])
def test_half_a_surrogate_pair_in_a_name_is_refused(name: bytes) -> None:
    problem = unreadable(b'{"photos": [{"x": {\n%s: 1}}]}' % name)
    assert (problem.line, "surrogate" in problem.message) == (2, True)
    assert problem.message.isprintable()


@pytest.mark.parametrize("excess", [1, 5, 2_000, 100_000])
@pytest.mark.parametrize("pair", [b"[]", b'{"a":\n}'])
def test_nesting_is_limited(excess: int, pair: bytes) -> None:
    inner = json_source.MAX_DEPTH + excess - 1
    problem = unreadable(b'{"x":\n' + pair[:-1] * inner + b"1" + pair[-1:] * inner + b"}")
    assert "nests more than 64 levels" in problem.message
    assert problem.line == (2 if pair == b"[]" else 2 + json_source.MAX_DEPTH - 1)


def test_the_deepest_nesting_allowed_is_read() -> None:
    raw = b"[" * json_source.MAX_DEPTH + b"]" * json_source.MAX_DEPTH
    assert parse(raw).problems == ()


def test_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_source, "MAX_BYTES", 10)
    assert parse(b"[11111111]").document
    assert "11 bytes large; at most 10" in unreadable(b"[111111111]").message


def test_dense_documents_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_source, "DENSE", 10)
    monkeypatch.setattr(json_source, "MAX_VALUES", 5)
    assert parse(b"[1,2,3,4,5]").document
    assert "6 values; at most 5" in unreadable(b"[1,2,3,4,5,6]").message


def test_problems_are_looked_for_up_to_a_limit() -> None:
    raw = b'{"photos": [' + b'{"a": 1, "a": NaN},\n' * json_source.MAX_PROBLEMS + b"1]}"
    assert len(parse(raw).problems) == json_source.MAX_PROBLEMS


def test_an_unterminated_string_full_of_quotes_takes_no_longer_than_its_length() -> None:
    # Deep nesting first, so that the scanner looks at the text; each escaped quote could begin a string anew.
    raw = b"[" * 100_000 + b'"' + b'\\"' * 1_000_000
    assert "64 levels" in unreadable(raw).message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children),
    max_leaves=30,
)


@given(json_values, st.randoms(use_true_random=False))
def test_values_and_lines_are_those_of_the_text(document: object, random: Random) -> None:
    text, expected = _written(document, random)
    source = parse(text.encode())
    assert source.document == document
    assert source.problems == ()
    assert dict(zip(expected, lines_of(text.encode(), list(expected)), strict=True)) == expected


def _written(document: object, random: Random) -> tuple[str, dict[Place, int]]:
    """``document`` as JSON with line breaks anywhere, and the line of each place: of its name, or of a list's value."""
    text: list[str] = []
    lines: dict[Place, int] = {}
    line = 1

    def put(piece: str) -> None:
        text.append(piece)

    def space() -> None:
        nonlocal line
        breaks = random.choice([0, 0, 1, 2])
        line += breaks
        put("\n" * breaks + " " * random.choice([0, 1]))

    def write(value: object, place: Place) -> None:
        space()
        lines.setdefault(place, line)
        brackets = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else None
        if brackets is None:
            put(json.dumps(value))
            return
        put(brackets[0])
        members = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
        for number, (name, member) in enumerate(members):
            put("," if number else "")
            if isinstance(name, str):
                space()
                lines[*place, name] = line
                put(json.dumps(name) + ":")
            write(member, (*place, name))
        space()
        put(brackets[1])

    write(document, ())
    return "".join(text), lines


def test_lines_of_values() -> None:
    raw = b'\n{"a": 1,\n"photos": [\n{"id": "x",\n"files":\n{"web": "y"}},\n7],\n"photos2": []}'
    expected = {
        (): 2,
        ("a",): 2,
        ("photos",): 3,
        ("photos", 0): 4,
        ("photos", 0, "id"): 4,
        ("photos", 0, "files"): 5,
        ("photos", 0, "files", "web"): 6,
        ("photos", 0, "files", "thumb"): 5,
        ("photos", 1): 7,
        ("photos", 1, "id"): 7,
        ("photos", 2): 3,
        ("nothing", "here"): 2,
    }
    assert dict(zip(expected, lines_of(raw, list(expected)), strict=True)) == expected
    assert lines_of(raw, []) == []


def test_of_a_field_given_twice_the_second_counts() -> None:
    assert lines_of(b'{"a": {"b": 1},\n"a":\n{"b": 2}}', [("a", "b"), ("a",)]) == [3, 2]


tokens = st.sampled_from(
    ["{", "}", "[", "]", ":", ",", '"', '"a"', '"photos"', "\\", "\\u00", "NaN", "-", "1", "e9", ".", "\n", "\x00", "é"]
)


@given(st.lists(tokens).map("".join) | st.text(), st.binary(max_size=3))
@example("[" * 70 + "]" * 70, b"")
def test_any_bytes_end_in_a_value_or_a_clear_problem(text: str, tail: bytes) -> None:
    raw = text.encode("utf-8", "surrogatepass") + tail
    try:
        source = parse(raw)
    except Unreadable as error:
        assert error.problem.message.isprintable()
        return
    assert source.document == json.loads(raw.decode("utf-8-sig"), parse_constant=lambda _: 0.0) or source.problems
    assert all(problem.line is not None for problem in source.problems)
    assert math.isfinite(lines_of(raw, [()])[0])
