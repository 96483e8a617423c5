"""The page in a real browser: what it draws, how it is used, and what it never does."""

from itertools import pairwise

import pytest

TEXT_COLOURS = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const element of document.querySelectorAll('body *:not(script):not(style)')) {
    const text = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!text || element.closest('svg') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    found.set(`${element.tagName}.${element.className} ${style.color}`, [rgb(style.color), behind(element)]);
  }
  return [...found];
}"""


def luminance(colour):
    """Relative luminance by WCAG 2.1."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour[:3])]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def column(tab, place):
    return tab.eval_on_selector_all(
        ".sortable tbody tr", f"rows => rows.map(row => row.cells[{place}].firstChild.textContent)"
    )


def heads(tab):
    return tab.eval_on_selector_all(".sortable thead button", "buttons => buttons.map(each => each.textContent)")


def test_every_figure_is_drawn_and_nothing_is_complained_of(page, visit):
    tab = visit(page)
    marks = "all => all.map(each => each.querySelectorAll('path, use').length)"
    assert all(count > 4 for count in tab.eval_on_selector_all("figure svg.drawn", marks))
    assert tab.locator("figure svg.drawn").count() == 4 + 3
    assert tab.complaints == []


def test_the_page_asks_the_network_for_nothing(page, visit):
    tab = visit(page)
    tab.mouse.wheel(0, 3000)
    assert tab.requests == [page.as_uri()]


def test_nothing_that_is_put_into_the_page_can_run_or_load(page, visit):
    tab = visit(page)
    tab.evaluate("""async () => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="http://localhost:9/x.png" onerror="window.ran = true">');
      await fetch('http://localhost:9/').then(() => { window.ran = true }, () => {});
      document.addEventListener('click', () => eval('window.ran = true')); // not in the debugger, which is exempt
    }""")
    tab.locator("h1").click()
    assert tab.evaluate("window.ran") is None
    assert sum("Content Security Policy" in text for text in tab.complaints) >= 4
    assert tab.loaded == [page.as_uri()]


def test_a_click_on_a_head_sorts_and_a_second_one_turns_the_order(page, visit):
    tab = visit(page)
    place = next(i for i, head in enumerate(heads(tab)) if head.startswith("mean"))
    before = [float(text) for text in column(tab, place)]
    button = tab.locator(".sortable thead button").nth(place)
    button.click()
    assert [float(text) for text in column(tab, place)] == sorted(before)
    assert tab.locator(".sortable thead th").nth(place).get_attribute("aria-sort") == "ascending"
    button.click()
    assert [float(text) for text in column(tab, place)] == sorted(before, reverse=True)
    assert tab.locator(".sortable thead th").nth(place).get_attribute("aria-sort") == "descending"


def test_what_has_no_number_stays_below_in_both_orders(page, visit):
    tab = visit(page)
    place = heads(tab).index("Holm p")
    button = tab.locator(".sortable thead button").nth(place)
    for _ in range(2):
        button.click()
        assert column(tab, place)[-1] == "–"
        assert column(tab, 0)[-1] == "random"


def test_names_are_sorted_as_names(page, visit):
    tab = visit(page)
    tab.locator(".sortable thead button").first.click()
    names = column(tab, 0)
    assert names == sorted(names)
    assert {"evolution", "random"} < set(names)


def test_the_filter_hides_the_other_rows_and_says_how_many_are_left(page, visit):
    tab = visit(page)
    total = tab.locator(".sortable tbody tr").count()
    tab.locator("input[type=search]").fill("EVOL")
    assert tab.locator(".sortable tbody tr:visible").count() == 1
    assert tab.locator("[role=status]").inner_text() == f"1 of {total} rows"
    tab.locator("input[type=search]").fill("")
    assert tab.locator(".sortable tbody tr:visible").count() == total
    assert tab.locator("[role=status]").inner_text() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(page, visit, scheme):
    tab = visit(page, scheme=scheme)
    low = {name: contrast(*pair) for name, pair in tab.evaluate(TEXT_COLOURS) if contrast(*pair) < 4.5}
    assert low == {}
    dark = luminance(
        [int(part) for part in tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")]
    )
    assert (dark < 0.05) == (scheme == "dark")


def test_the_button_turns_the_page_and_its_figures_dark_and_back(page, visit):
    tab = visit(page)
    colour = "getComputedStyle(document.querySelector('.drawn text')).fill"
    light = tab.evaluate(colour)
    tab.get_by_role("button", name="Dark page").click()
    assert tab.evaluate(colour) != light
    tab.get_by_role("button", name="Light page").click()
    assert tab.evaluate(colour) == light


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_the_page_never_scrolls_sideways(page, visit, width):
    tab = visit(page, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate("Math.max(...[...document.querySelectorAll('.chart')].map(e => e.clientWidth))") <= width


def test_the_tab_key_reaches_the_content_then_the_sort_buttons_and_enter_sorts(page, visit):
    tab = visit(page)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.matches('.sortable thead button')"):
            break
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"


def test_headings_are_in_order_and_every_figure_and_field_has_a_name(page, visit):
    tab = visit(page)
    levels = tab.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    unnamed = """() => [...document.querySelectorAll('figure, section, article, [role=region], nav, input')].filter(
        each => !(each.getAttribute('aria-label') || each.labels?.length
          || document.getElementById(each.getAttribute('aria-labelledby') || '')?.textContent.trim())).length"""
    assert tab.evaluate(unnamed) == 0
    for figure in tab.locator("figure:has(details)").all():
        assert figure.locator("figcaption").inner_text().strip()
        assert figure.locator("details table tbody tr").count() > 0


def test_no_name_stands_twice_and_every_link_leads_somewhere(page, visit):
    tab = visit(page)
    names = tab.eval_on_selector_all("body [id]", "all => all.map(each => each.id)")
    assert len(names) == len(set(names))
    links = tab.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))")
    assert {link.removeprefix("#") for link in links} <= set(names)


def test_on_paper_everything_is_open_and_no_control_is_left(page, visit):
    tab = visit(page, scheme="dark")
    tab.emulate_media(media="print")
    tab.wait_for_selector("details:not([open])", state="detached")
    assert not tab.locator("input[type=search]").is_visible()
    assert not tab.locator("#theme").is_visible()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.locator("figure details table").first.is_visible()
    tab.emulate_media(media="screen")
    tab.wait_for_selector("details[open]", state="detached")


def test_without_scripts_the_numbers_and_the_figures_are_still_there(page, visit):
    tab = visit(page, scripts=False)
    assert tab.locator(".sortable tbody tr").count() >= 3
    assert tab.locator("figure svg.drawn").first.is_visible()


def test_hostile_text_is_shown_as_it_is_and_does_nothing(hostile_page, visit):
    tab = visit(hostile_page)
    assert tab.evaluate("window.broken") is None
    assert tab.locator("img").count() == 0
    assert tab.complaints == []
    assert "onerror=window.broken=1>'\"&{{ 7*7 }}" in tab.locator(".sortable tbody").inner_text()
    assert tab.locator("script").count() == 1
