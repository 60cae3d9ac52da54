"""Texts that mean something to a page, a table, a spreadsheet, a terminal, XML or LaTeX."""

TEXTS = {
    "html": "</script></style><script>window.ran=1</script><img src=//evil.example onerror=ran=1>",
    "details": "</details><details open><summary>all passed</summary>",
    "attribute": "\" onmouseover=window.ran=1 x='",
    "comment": "--> <!-- <![CDATA[ ]]>",
    "template": "{{ 7 * 7 }}{% raw %}<< card >><% raw %>",
    "table": "a | b |\n|---|---|\n# PASS",
    "link": "[x](javascript:alert(1)) ![p](https://evil.example/x.png) @everyone #1",
    "ansi": "\x1b[31mred\x1b]8;;https://evil.example\x07",
    "control": "a\x00b\x08c\x7fd\x0b\x0c\r\n\r\x85",
    "override": "\u202egnp.exe\u2066\u200b\u2028\u2029",
    "nonchar": "\ufffe\uffff\ufdd0\U0001ffff",
    "command": "::error title=ran::ran\n::error::ran%0A",
    "formula": "=cmd|' /C calc'!A0",
    "entity": "&lt;b&gt;&#60;&xxe;",
    "latex": r"\input{/etc/passwd} \write18{ls} $x$ #1 %off ~ ^ & _ { } \end{document}",
    "letters": "naïve Łódź 中文 😀 ﷽ Ωμέγα e\u0301",
    "quotes": "?` !` -- --- ''x'' ``y`` [1] * (2) [U+",
    "line": "x" * 1_000_000,
}
SURROGATE = "half \ud800 a pair"
"""No table can hold it, so no name in one; a warning, a record or a finding may."""
EVERY = TEXTS | {"surrogate": SURROGATE}
