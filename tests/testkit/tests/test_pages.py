"""The pages that tests read: what counts as text, as a field of a form, as a row of a table."""

import pytest

from testkit.pages import Field, Page

PAGE = Page("""
<!doctype html>
<html><head><title>A title</title><style>p { color: red }</style></head>
<body>
  <h1>A <em>heading</em></h1>
  <p role="status">Saved <data value="1200">1,200</data>.</p><p>Next&nbsp;line<br>and one more</p>
  <!-- a comment --><script>var hidden = "<p>not text</p>";</script>
  <p role="alert">Not <strong>saved</strong>.</p>
  <a href="/first/">One</a> <a href="/second/">One</a> <a href="/third/?a=1&amp;b=2">Two</a>
  <dl><div><dt>Plan</dt><dd>PRO <small>version 2</small></dd></div><div><dt>Price</dt><dd>99.00 USD</dd></div></dl>
  <table class="keys"><thead><tr><th>Key</th><th>State</th></tr></thead>
    <tbody><tr><th>ab12</th><td><span>Active</span></td></tr><tr><td colspan="2">No more</td></tr></tbody></table>
  <form id="edit" action="/edit/">
    <input type="hidden" name="once" value="a &quot;key&quot;">
    <input name="name" value="" aria-invalid="true" aria-describedby="name-problem">
    <div id="name-problem">Enter the company's name.</div>
    <input name="phone" value="12" aria-describedby="phone-hint"><div id="phone-hint">Digits.</div>
    <textarea name="address">1 Long Lane
London</textarea>
    <select name="zone"><option>UTC</option><option selected>Asia/Tokyo</option></select>
    <input type="radio" name="grace" value="1h"><input type="radio" name="grace" value="24h" checked>
    <input type="checkbox" name="move" value="yes">
  </form>
  <form id="other"><input name="phone" value="34"></form>
</body></html>
""")


def test_text_is_what_a_reader_sees() -> None:
    assert (PAGE.title, PAGE.heading) == ("A title", "A heading")
    assert "Saved 1,200. Next line and one more Not saved." in PAGE.text
    assert "hidden" not in PAGE.text
    assert "comment" not in PAGE.text
    assert "color" not in PAGE.text
    assert (PAGE.alerts, PAGE.statuses) == (["Not saved."], ["Saved 1,200."])


def test_links() -> None:
    assert PAGE.links == {"One": "/second/", "Two": "/third/?a=1&b=2"}
    assert PAGE.addresses == ["/first/", "/second/", "/third/?a=1&b=2", "/edit/"]


def test_facts_and_tables() -> None:
    assert PAGE.facts == {"Plan": "PRO version 2", "Price": "99.00 USD"}
    assert PAGE.table(".keys") == [{"Key": "ab12", "State": "Active"}, {"Key": "No more"}]
    assert PAGE.rows() == [["Key", "State"], ["ab12", "Active"], ["No more"]]
    assert PAGE.rows("tbody tr") == [["ab12", "Active"], ["No more"]]


def test_fields_have_their_values_and_errors() -> None:
    assert PAGE.field("name") == Field("name", "", "Enter the company's name.", invalid=True)
    assert PAGE.field("phone", form="#edit") == Field("phone", "12", "", invalid=False)
    assert PAGE.values("#edit") == {
        "once": 'a "key"',
        "name": "",
        "phone": "12",
        "address": "1 Long Lane\nLondon",
        "zone": "Asia/Tokyo",
        "grace": "24h",
    }
    assert PAGE.hidden() == PAGE.hidden("#edit") == {"once": 'a "key"'}
    assert PAGE.hidden("#other") == {}
    assert PAGE.choices("grace") == {"1h": False, "24h": True}
    assert PAGE.choices("move") == {"yes": False}


def test_a_part_is_a_page_of_its_own() -> None:
    assert PAGE.part("#other").values() == {"phone": "34"}
    assert PAGE.part("dl").text == "Plan PRO version 2 Price 99.00 USD"


@pytest.mark.parametrize("selector", ["form", "nav"])
def test_one_means_exactly_one(selector: str) -> None:
    with pytest.raises(AssertionError, match=f"elements match {selector}"):
        PAGE.one(selector)
    with pytest.raises(AssertionError, match="2 controls are named phone"):
        PAGE.field("phone")
