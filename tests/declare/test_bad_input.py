"""Every bad tenant file gets its own finding, at its characters, with a hint."""

from __future__ import annotations

import pytest

ENTRY = """\
tenant: acme
schedules:
  - code: "1085431505565651039"
    name: 订单同步
    cron: "0 */30 8-19 ? * * *"
"""


def entry(line: str) -> str:
    """Return a good file with one more *line* in its entry, line 6."""
    return f"{ENTRY}    {line}\n"


def with_cron(cron: str) -> str:
    """Return a good file with another cron, as written, line 5 from column 11."""
    return ENTRY.replace('"0 */30 8-19 ? * * *"', cron)


CASES = [
    # the text
    pytest.param(ENTRY.replace("  - code", "\t- code"), ["3:1 tab-indentation [→]"], id="tab-indentation"),
    pytest.param(ENTRY.replace("    name", "  \tname"), ["4:3 tab-indentation [→]"], id="tab-after-blanks"),
    pytest.param(ENTRY.encode("gbk"), ["4:11 not-utf8 [�]"], id="gbk"),
    pytest.param(ENTRY.encode("utf-16"), ["1:1 not-utf8 [�]"], id="utf-16"),
    pytest.param(b"tenant: \xff\xfe\n", ["1:9 not-utf8 [�]"], id="no-known-encoding"),
    pytest.param(ENTRY + "# \x07\n", ["6:3 control-character [�]"], id="control-character"),
    pytest.param(ENTRY + "# \x85\n", ["6:3 line-separator [�]"], id="U+0085"),
    pytest.param(ENTRY.replace("订单同步", "订单\u2028同步"), ["4:13 line-separator [�]"], id="U+2028"),
    pytest.param(ENTRY.replace("订单同步", "订单\u2029同步"), ["4:13 line-separator [�]"], id="U+2029"),
    pytest.param(ENTRY.replace("订单同步", "订单\u200b同步"), ["4:13 control-character [�]"], id="zero-width-space"),
    pytest.param(ENTRY.replace("订单同步", "订单\u202e同步"), ["4:13 control-character [�]"], id="turned-writing"),
    pytest.param(entry('owner: "a\\u0007b"'), ['6:12 control-character ["a\\u0007b"]'], id="escaped-control"),
    pytest.param(entry('owner: "a\\u2028b"'), ['6:12 control-character ["a\\u2028b"]'], id="escaped-separator"),
    pytest.param(entry('owner: "a\\tb"'), ['6:12 control-character ["a\\tb"]'], id="tab-in-a-value"),
    pytest.param(entry("owner: 1\tb"), ["6:12 control-character [1→b]"], id="tab-in-an-unquoted-value"),
    pytest.param(entry("owner: |\n      a\n      b"), ["6:12 control-character [|]"], id="lines-in-an-owner"),
    # the structure of YAML
    pytest.param("", ["1:1 empty-file []"], id="empty-file"),
    pytest.param("# nothing yet\n", ["1:1 empty-file [#]"], id="only-a-comment"),
    pytest.param("---\n", ["1:1 empty-file [-]"], id="only-a-marker"),
    pytest.param("a" * 2000, ["1:1 not-a-mapping [" + "a" * 1000 + "]"], id="one-long-word"),
    pytest.param("- tenant: acme\n", ["1:1 not-a-mapping [- tenant: acme]"], id="a-list-at-the-top"),
    pytest.param("tenant： acme\n", ["1:7 full-width-sign [：]"], id="a-scalar-at-the-top"),
    pytest.param(ENTRY + "---\ntenant: b\n", ["6:1 several-documents [---]"], id="several-documents"),
    pytest.param("[" * 40 + "]" * 40, ["1:33 too-deep [[]"], id="nested-brackets"),
    pytest.param("{a: " * 40 + "}" * 40, ["1:129 too-deep [{]"], id="nested-braces"),
    pytest.param("- " * 40, ["1:65 too-deep [-]"], id="nested-lists"),
    pytest.param("? " * 100_000, ["1:3 key-not-text [?]"], id="nested-keys"),
    pytest.param(entry("? [a]\n    : b"), ["6:7 key-not-text [[]"], id="a-list-as-key"),
    pytest.param(entry("owner: &team a"), ["6:12 anchor [&team a]"], id="anchor"),
    pytest.param(entry("owner: *team"), ["6:12 alias [*team]"], id="alias"),
    pytest.param(entry("*team : a"), ["6:5 key-not-text [*team]"], id="alias-as-key"),
    pytest.param(entry("labels: &l {tier: gold}"), ["6:13 anchor [&l {]"], id="anchor-of-a-mapping"),
    pytest.param(entry("owner: !!str a"), ["6:12 tag [!!str a]"], id="tag"),
    pytest.param(entry("<<: {owner: a}"), ["6:5 merge-key [<<]"], id="merge-key"),
    pytest.param(entry('name: "b"'), ["6:5 duplicate-key [name]"], id="duplicate-key"),
    pytest.param(entry('owner: "open'), ['6:12 unclosed-quote ["open]'], id="unclosed-quote"),
    pytest.param(entry("labels: {tier: gold"), ["6:23 unclosed-bracket [d]"], id="unclosed-brace"),
    pytest.param(entry("owner: a: b"), ["6:13 yaml-syntax [:]"], id="two-colons"),
    pytest.param(entry("owner"), ["6:9 yaml-syntax [r]"], id="no-colon"),
    pytest.param(entry("owner: @team"), ["6:12 yaml-syntax [@]"], id="at-sign"),
    pytest.param(entry('owner: "\\d"'), ["6:13 yaml-syntax [\\]"], id="unknown-escape"),
    pytest.param(entry('owner: "a" b'), ["6:16 yaml-syntax [b]"], id="after-a-quote"),
    pytest.param(ENTRY + " owner: a\n", ["6:2 yaml-syntax [o]"], id="indentation"),
    pytest.param(ENTRY + "  owner: a\n", ["6:3 yaml-syntax [o]"], id="no-list-entry"),
    pytest.param(entry("owner: %a"), ["6:12 yaml-syntax [%]"], id="percent"),
    pytest.param(entry("owner: ? a"), ["6:12 yaml-syntax [?]"], id="question-mark"),
    pytest.param("%YAML 3.0\n---\n" + ENTRY, ["1:1 yaml-syntax [%]"], id="another-yaml"),
    pytest.param(with_cron("*/5 * * * * ?"), ["5:11 unquoted-asterisk [*/5 * * * * ?]"], id="unquoted-asterisk"),
    pytest.param(with_cron("* * * * * ?"), ["5:11 unquoted-asterisk [* * * * * ?]"], id="unquoted-asterisks"),
    pytest.param(
        with_cron("*5 * * * * ?"), ["5:11 alias [*5]", "5:14 unquoted-asterisk [* * * * ?]"], id="asterisk-number"
    ),
    # what an unquoted word means
    pytest.param(ENTRY.replace("acme", "no"), ["1:9 quote-this [no]"], id="tenant-no"),
    pytest.param(ENTRY.replace("acme", "="), ["1:9 quote-this [=]"], id="tenant-equals"),
    pytest.param(ENTRY.replace("acme", "false"), ["1:9 quote-this [false]"], id="tenant-false"),
    pytest.param(
        ENTRY.replace('"1085431505565651039"', "1085431505565651039"),
        ["3:11 quote-this [1085431505565651039]"],
        id="code-of-19-digits",
    ),
    pytest.param(
        ENTRY.replace('"1085431505565651039"', "10854315055656510391"),
        ["3:11 quote-this [10854315055656510391]"],
        id="code-of-20-digits",
    ),
    pytest.param(ENTRY.replace('"1085431505565651039"', "0123"), ["3:11 quote-this [0123]"], id="octal"),
    pytest.param(ENTRY.replace('"1085431505565651039"', "0189"), ["3:11 quote-this [0189]"], id="leading-zero"),
    pytest.param(ENTRY.replace('"1085431505565651039"', "0x1F"), ["3:11 quote-this [0x1F]"], id="hexadecimal"),
    pytest.param(ENTRY.replace('"1085431505565651039"', "1e5"), ["3:11 quote-this [1e5]"], id="exponent"),
    pytest.param(ENTRY.replace('"1085431505565651039"', "1_000"), ["3:11 quote-this [1_000]"], id="underscore"),
    pytest.param(ENTRY.replace('"1085431505565651039"', ".inf"), ["3:11 quote-this [.inf]"], id="infinity"),
    pytest.param(ENTRY.replace('"1085431505565651039"', ".nan"), ["3:11 quote-this [.nan]"], id="not-a-number"),
    pytest.param(entry("owner: 1.50"), ["6:12 quote-this [1.50]"], id="decimal"),
    pytest.param(entry("owner: 10:30"), ["6:12 quote-this [10:30]"], id="to-the-base-of-60"),
    pytest.param(entry("owner: 2024-01-01"), ["6:12 quote-this [2024-01-01]"], id="date"),
    pytest.param(entry("owner: 2024-01-01T00:00:00Z"), ["6:12 quote-this [2024-01-01T00:00:00Z]"], id="date-and-time"),
    pytest.param(entry("labels: {1: a}"), ["6:14 quote-this [1]"], id="number-as-key"),
    pytest.param(entry("labels: {on: a}"), ["6:14 quote-this [on]"], id="switch-as-key"),
    pytest.param(entry("owner:"), ["6:5 empty-value [owner]"], id="no-value"),
    pytest.param(entry("owner: ~"), ["6:12 empty-value [~]"], id="null"),
    pytest.param(entry("protect: yes"), ["6:14 wrong-type [yes]"], id="yes-where-true-is-meant"),
    # the schema
    pytest.param("schedules: []\n", ["1:1 no-kind [schedules: []]"], id="no-tenant"),
    pytest.param("tennant: acme\n", ["1:1 no-kind [tennant: acme]"], id="tennant"),
    pytest.param("tenant: a\nset: b\n", ["2:6 tenant-and-set [b]"], id="tenant-and-set"),
    pytest.param(entry("ownr: a"), ["6:5 unknown-key [ownr]"], id="unknown-key"),
    pytest.param(entry("grace: 10m"), ["6:5 not-built-yet [grace]"], id="not-built-yet"),
    pytest.param(entry("owner　: a"), ["6:5 full-width-sign [owner　]"], id="ideographic-blank-in-a-key"),
    pytest.param(entry("owner： a"), ["6:10 full-width-sign [：]"], id="full-width-colon"),
    pytest.param(ENTRY.replace("    name: ", "    name："), ["4:9 full-width-sign [：]"], id="full-width-colon-inside"),
    pytest.param(ENTRY.replace("    name", "　　　name"), ["4:1 full-width-sign [　]"], id="ideographic-indentation"),
    pytest.param(
        ENTRY.replace("schedules:\n", "schedules:　\n"),
        ["2:11 full-width-sign [　]"],
        id="ideographic-blank-after-a-key",
    ),
    pytest.param(
        ENTRY.replace('"1085431505565651039"', '"１２３"'), ['3:11 full-width-sign ["１２３"]'], id="full-width-code"
    ),
    pytest.param("tenant: acme\nschedules: {}\n", ["2:12 wrong-type [{}]"], id="mapping-for-a-list"),
    pytest.param("tenant: acme\nschedules: [a]\n", ["2:13 wrong-type [a]"], id="text-for-an-entry"),
    pytest.param("tenant: acme\nschedules:\n", ["2:1 empty-value [schedules]"], id="schedules-without-value"),
    pytest.param("tenant: acme\nschedules:\n- name: a\n", ["3:3 missing-key [name: a]"], id="no-code"),
    pytest.param('tenant: acme\nschedules:\n- code: "1"\n', ['3:3 missing-key [code: "1"]'] * 2, id="no-name-nor-cron"),
    pytest.param("tenant: a b\n", ["1:9 wrong-form [a b]"], id="tenant-with-a-blank"),
    pytest.param(entry("state: paused"), ["6:12 not-one-of [paused]"], id="unknown-state"),
    pytest.param(entry("labels: {a b: c}"), ["6:14 wrong-form [a b]"], id="label-name"),
    pytest.param(ENTRY.replace("订单同步", "名" * 201), ["4:11 too-long [" + "名" * 201 + "]"], id="long-name"),
    pytest.param(ENTRY.replace("订单同步", '""'), ['4:11 too-short [""]'], id="empty-name"),
    pytest.param("tenant: a\ninclude: [b, b]\n", ["2:14 listed-twice [b]"], id="listed-twice"),
    # crons
    pytest.param(with_cron('"0 0 8 ？ * ＊"'), ["5:18 full-width-sign [？]"], id="full-width-cron"),
    pytest.param(with_cron('"0 0 8　* * ?"'), ["5:17 full-width-sign [　]"], id="ideographic-blank-in-a-cron"),
    pytest.param(with_cron('"0 0 25 * * ?"'), ["5:16 cron-syntax [25]"], id="cron-syntax"),
    pytest.param(with_cron("0 0 25 * * ?"), ["5:15 cron-syntax [25]"], id="cron-syntax-unquoted"),
    pytest.param(
        with_cron('"0 0 \\u0032\\u0035 * * ?"'),
        ['5:11 cron-syntax ["0 0 \\u0032\\u0035 * * ?"]'],
        id="cron-syntax-escaped",
    ),
    pytest.param(with_cron(">-\n      0 0 25\n      * * ?"), ["5:11 cron-syntax [>-]"], id="cron-syntax-folded"),
]


@pytest.mark.parametrize("text, expected", CASES)
def test_a_bad_tenant_file_gets_findings_at_its_characters(sketches, text, expected):
    assert sketches({"tenants/a.yaml": text}) == expected


@pytest.mark.parametrize("text, expected", CASES)
def test_every_finding_says_what_to_do(outcome_of, text, expected):
    for finding in outcome_of({"tenants/a.yaml": text}).findings:
        assert finding.hint
        assert finding.message
        assert finding.place.file == "schedules/tenants/a.yaml"
        assert finding.line_text is not None
        assert finding.line_text.isprintable() or "\u3000" in finding.line_text


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_a_hundred_thousand_nested_collections_are_one_finding(outcome_of, opening):
    (finding,) = outcome_of({"tenants/a.yaml": opening * 100_000}).findings
    assert (finding.rule, finding.place.line) == ("too-deep", 1)
